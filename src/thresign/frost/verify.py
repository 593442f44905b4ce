"""Verification by libraries that are not ours: nothing is answered that they do not accept (DESIGN promise 4)."""

from __future__ import annotations

from thresign.frost import suites
from thresign.groups import ed25519


def is_valid(suite: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True iff the suite's independent verifier accepts: libsodium for Ed25519."""
    if suite == suites.ED25519.id:
        return ed25519.is_valid(public_key, message, signature)
    return False
