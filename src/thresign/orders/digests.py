"""Digests: SHA-256 over canonical bytes. Tags inside the bytes keep the domains of different records apart."""

from __future__ import annotations

import hashlib

from thresign.ids import Digest, KeyId, RequestId

DIGEST_BYTES = 32


def sha256(data: bytes | memoryview) -> Digest:
    """32 bytes."""
    return Digest(hashlib.sha256(data).digest())


def request_id(domain: Digest, caller: str, idempotency_key: str) -> RequestId:
    """Names a request before it is sent: a retry under the same idempotency key is the same request."""
    who, key = caller.encode(), idempotency_key.encode()
    parts = (b"ts.rqid1", domain, len(who).to_bytes(4, "big"), who, len(key).to_bytes(4, "big"), key)
    return RequestId(sha256(b"".join(parts)))


def key_id(domain: Digest, request: RequestId) -> KeyId:
    """16 bytes. The ledger refuses a second key of the same id, so a collision harms nobody but who looked for it."""
    return KeyId(sha256(b"ts.keyid" + domain + request)[:16])
