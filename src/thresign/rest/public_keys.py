"""Public keys as they are exported."""

from __future__ import annotations

from thresign.errors import Conflict, MalformedRequest
from thresign.frost import public_keys, suites
from thresign.ledger.snapshot import KeyPart


def pem(key: KeyPart) -> bytes:
    """SubjectPublicKeyInfo, PEM. Raises Conflict if there is no key yet, MalformedRequest if it has no such form."""
    document = public_keys.pem(key.suite, _made(key))
    if document is None:
        name = suites.by_id(key.suite).name
        raise MalformedRequest(f"no standard has a PEM form for keys of suite {name}: ask for public.hex")
    return document


def hexadecimal(key: KeyPart) -> bytes:
    """A line of lower-case hex: RFC 9591's encoding; x alone for BIP-340. Raises Conflict if there is no key yet."""
    return public_keys.bare(key.suite, _made(key)).hex().encode() + b"\n"


def _made(key: KeyPart) -> bytes:
    if not key.public_key:
        raise Conflict(f"key {key.name!r} has no public key yet")
    return key.public_key
