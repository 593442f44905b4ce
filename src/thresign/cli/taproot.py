"""The Taproot output of a key, for commands that sign and verify by key path (BIP-341)."""

from __future__ import annotations

import base64
import re

from thresign.errors import ConfigurationError
from thresign.frost import suites
from thresign.frost.tweaks import taproot, tweaked
from thresign.orders.orders import Tweak
from thresign.rest.schemas import KeyView

_ROOT = re.compile(r"[0-9a-fA-F]{64}")
KEY_PATH_ONLY = "none"
"""In place of a Merkle root: an output without scripts."""


def output_of(key: KeyView, root: str | None) -> tuple[tuple[Tweak, ...], bytes]:
    """What tweaks the key to the output with this script tree, and the output's key; without `root`, the key as it is.

    `root` is 32 bytes of hex, or KEY_PATH_ONLY. Raises ConfigurationError if it is neither or the key has no outputs.
    """
    public_key = base64.b64decode(key.public_key)
    if root is None:
        return (), public_key
    if key.suite != suites.SECP256K1_TR.name:
        raise ConfigurationError(f"key {key.name} is of suite {key.suite}: only {suites.SECP256K1_TR.name} has outputs")
    if root != KEY_PATH_ONLY and _ROOT.fullmatch(root) is None:
        raise ConfigurationError(f"--taproot is 32 bytes of hex, or {KEY_PATH_ONLY!r}")
    tweak = taproot(public_key, b"" if root == KEY_PATH_ONLY else bytes.fromhex(root))
    output, _ = tweaked(suites.SECP256K1_TR.id, public_key, [tweak])
    return (Tweak(tweak.kind, tweak.value),), output
