"""Verification by libraries that are not ours: nothing is answered that they do not accept (DESIGN promise 4).

libsodium for Ed25519 and ristretto255, OpenSSL for Ed448, `ecdsa` for P-256, libsecp256k1 for secp256k1 and BIP-340.
"""

from __future__ import annotations

from collections.abc import Callable

from thresign.frost import challenge, suites
from thresign.groups import ed25519, schnorr

Verifier = Callable[[bytes, bytes, bytes], bool]


def is_valid(suite: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True iff the suite's independent verifier accepts the signature of the message under the group's public key.

    Strict: other lengths, encodings that are not canonical and scalars not below the order are not valid. Raises
    UnknownSuite for a number that is none: that says nothing about the signature.
    """
    known = suites.by_id(suite)
    if len(public_key) != known.element_bytes or len(signature) != known.signature_bytes:
        return False
    return _VERIFIERS[known.id](public_key, message, signature)


def _ristretto255(public_key: bytes, message: bytes, signature: bytes) -> bool:
    commitment, encoded = signature[:32], signature[32:]
    if int.from_bytes(encoded, "little") >= challenge.ORDER_RISTRETTO255:
        return False
    c = challenge.ristretto255(commitment, public_key, message)
    return schnorr.ristretto255(commitment, public_key, encoded, c.to_bytes(32, "little"))


def _p256(public_key: bytes, message: bytes, signature: bytes) -> bool:
    commitment, z = signature[:33], int.from_bytes(signature[33:], "big")
    c = challenge.p256(commitment, public_key, message)
    return z < challenge.ORDER_P256 and schnorr.p256(commitment, public_key, z, c)


def _secp256k1(public_key: bytes, message: bytes, signature: bytes) -> bool:
    commitment, z = signature[:33], int.from_bytes(signature[33:], "big")
    c = challenge.secp256k1(commitment, public_key, message)
    return z < challenge.ORDER_SECP256K1 and schnorr.secp256k1(commitment, public_key, z, c)


def _bip340(public_key: bytes, message: bytes, signature: bytes) -> bool:
    return public_key[0] in (2, 3) and schnorr.bip340(public_key[1:], message, signature)


_VERIFIERS: dict[int, Verifier] = {
    suites.ED25519.id: ed25519.is_valid,
    suites.RISTRETTO255.id: _ristretto255,
    suites.ED448.id: schnorr.ed448,
    suites.P256.id: _p256,
    suites.SECP256K1.id: _secp256k1,
    suites.SECP256K1_TR.id: _bip340,
}
