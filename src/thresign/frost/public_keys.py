"""Public keys in the forms that other programs read."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from thresign.frost import suites

_Key = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | ec.EllipticCurvePublicKey


def _on(curve: ec.EllipticCurve) -> Callable[[bytes], _Key]:
    return lambda data: ec.EllipticCurvePublicKey.from_encoded_point(curve, data)


_READERS: dict[int, Callable[[bytes], _Key]] = {
    suites.ED25519.id: ed25519.Ed25519PublicKey.from_public_bytes,
    suites.ED448.id: ed448.Ed448PublicKey.from_public_bytes,
    suites.P256.id: _on(ec.SECP256R1()),
    suites.SECP256K1.id: _on(ec.SECP256K1()),
}
"""The suites whose keys have a SubjectPublicKeyInfo; ristretto255 has none, and a BIP-340 key is an x-coordinate."""


def pem(suite: int, public_key: bytes) -> bytes | None:
    """SubjectPublicKeyInfo as PEM (RFC 8410, RFC 5480); None if no standard has one for keys of this suite.

    Raises ValueError if the bytes are no key, UnknownSuite for a suite that is none.
    """
    reader = _READERS.get(suites.by_id(suite).id)
    if reader is None:
        return None
    return reader(public_key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def bare(suite: int, public_key: bytes) -> bytes:
    """The bytes by which the key is known elsewhere: RFC 9591's encoding; for BIP-340 the 32 bytes of x."""
    return public_key[1:] if suites.by_id(suite).x_only else public_key
