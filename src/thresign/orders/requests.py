"""Requests: the bytes that a caller signed, as they go to every vault.

The signature base is that of RFC 9421; the record holds just what callers.profile needs to rebuild it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord
from thresign.ids import Digest, RequestId
from thresign.limits import (
    BODY_BYTES_IN_BATCH_MAX,
    BODY_BYTES_MAX,
    IDEMPOTENCY_KEY_BYTES_MAX,
    TEXT_BYTES_MAX,
)
from thresign.orders.digests import request_id, sha256
from thresign.wire.canonical import U32, U64, Bytes32, Bytes64, Chars, Record, Var


class Request(Record, frozen=True):
    """A POST that a caller signed. A body longer than BODY_BYTES_IN_BATCH_MAX travels apart: `body` is then empty."""

    TAG: ClassVar[bytes] = b"ts.rqst1"
    domain: Bytes32
    caller: Annotated[str, Chars(TEXT_BYTES_MAX)]
    path: Annotated[str, Chars(256)]
    content_type: Annotated[str, Chars(TEXT_BYTES_MAX)]
    idempotency_key: Annotated[str, Chars(IDEMPOTENCY_KEY_BYTES_MAX)]
    created_s: U64
    expires_s: U64
    content_sha256: Bytes32
    body_bytes: U32
    body: Annotated[bytes, Var(BODY_BYTES_IN_BATCH_MAX)]
    signature: Bytes64

    def check(self) -> None:
        if not self.idempotency_key:
            raise MalformedRecord("request: empty idempotency key")
        if self.body_bytes > BODY_BYTES_MAX:
            raise MalformedRecord(f"request: {self.body_bytes} bytes, at most {BODY_BYTES_MAX}")
        if self.expires_s <= self.created_s:
            raise MalformedRecord("request: expires before it was created")
        if self.detached:
            if self.body:
                raise MalformedRecord("request: a large body travels apart")
        elif len(self.body) != self.body_bytes or sha256(self.body) != self.content_sha256:
            raise MalformedRecord("request: body and digest differ")

    @property
    def detached(self) -> bool:
        """True if the body travels apart from the batch."""
        return self.body_bytes > BODY_BYTES_IN_BATCH_MAX

    def id(self) -> RequestId:
        return request_id(Digest(self.domain), self.caller, self.idempotency_key)

    def what(self) -> Digest:
        """What is asked for, in 32 bytes: a retry must have the same."""
        return sha256(f"{self.path}\0{self.content_type}\0".encode() + self.content_sha256)
