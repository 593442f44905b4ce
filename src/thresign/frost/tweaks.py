"""Keys with public scalars added to them: the children of a wallet's key, and Taproot outputs (BIP-341).

A tweak applies to the key as a whole: signers, aggregation and checks all use the tweaked key, and nobody learns more
of the shares. Only suites with x-only keys (secp256k1-tr) have tweaks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from thresign.frost.suites import SECP256K1_TR
from thresign.groups import native

TWEAKS_MAX = 8
"""Of one signature: TS_TWEAKS_MAX of native/include/thresign/certificate.h."""


class TweakKind(IntEnum):
    """How a child key is made from the key (names of BIP 445)."""

    PLAIN = 1
    """key + t G: non-hardened BIP-32 derivation."""
    X_ONLY = 2
    """The key with even Y, + t G: BIP-341."""


class KeyTweak(NamedTuple):
    """One tweak: its kind, and a scalar of 32 bytes below the group order, big-endian."""

    kind: int
    value: bytes


def tweaked(
    suite: int, public_key: bytes, tweaks: Sequence[KeyTweak], verification_shares: Sequence[bytes] = ()
) -> tuple[bytes, list[bytes]]:
    """The key and verification shares with the tweaks applied one after the other.

    Raises ValueError if the suite has no tweaks, a value is no scalar, or the key would become the identity.
    """
    if any(len(tweak.value) != SECP256K1_TR.scalar_bytes for tweak in tweaks):
        raise ValueError("tweaks: a value is 32 bytes")
    return native.tweak(suite, public_key, [(tweak.kind, tweak.value) for tweak in tweaks], verification_shares)


def taproot(public_key: bytes, merkle_root: bytes = b"") -> KeyTweak:
    """BIP-341's taproot_tweak_pubkey: what makes an output key of an internal key (33 bytes, either Y).

    `merkle_root` is the script tree's, 32 bytes, or empty for key path alone (then nobody can have hidden a script).
    """
    if len(public_key) != SECP256K1_TR.element_bytes or len(merkle_root) not in {0, 32}:
        raise ValueError("an internal key is 33 bytes, a Merkle root 32 or none")
    tag = hashlib.sha256(b"TapTweak").digest()
    return KeyTweak(TweakKind.X_ONLY, hashlib.sha256(tag + tag + public_key[1:] + merkle_root).digest())
