"""Public keys as PEM."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from thresign.errors import Conflict, MalformedRequest
from thresign.frost import suites
from thresign.ledger.snapshot import KeyPart


def public_key(key: KeyPart) -> bytes:
    """SubjectPublicKeyInfo, PEM (Ed25519: RFC 8410). Raises Conflict if the key does not exist yet."""
    if not key.public_key:
        raise Conflict(f"key {key.name!r} has no public key yet")
    if key.suite == suites.ED25519.id:
        public = ed25519.Ed25519PublicKey.from_public_bytes(key.public_key)
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raise MalformedRequest(f"there is no PEM form for keys of suite {suites.BY_ID[key.suite].name}")
