"""How records stand in a journal: U32 length, 8 bytes of the SHA-256 of the payload, payload.

A crash can cut the last frame short or leave garbage there: scanning ends before it, and the file is cut back. Damage
before the last frame is not a crash's doing, and is an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from thresign.errors import JournalCorrupt

HEAD_BYTES = 12
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    """The payload as it stands in the file."""
    return len(payload).to_bytes(4, "big") + hashlib.sha256(payload).digest()[:8] + payload


def scan(data: bytes | memoryview) -> Iterator[tuple[bytes, int]]:
    """Each whole payload and where its frame ends; stops before a torn tail.

    Raises JournalCorrupt if a frame is damaged but whole frames follow it.
    """
    at, size = 0, len(data)
    while at + HEAD_BYTES <= size:
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + HEAD_BYTES + length
        if length > PAYLOAD_BYTES_MAX or end > size:
            return
        payload = bytes(data[at + HEAD_BYTES : end])
        if hashlib.sha256(payload).digest()[:8] != data[at + 4 : at + HEAD_BYTES]:
            if end < size and _follows(data, end):
                raise JournalCorrupt(f"the frame at byte {at} is damaged, and others follow it")
            return
        yield payload, end
        at = end


def _follows(data: bytes | memoryview, at: int) -> bool:
    """True if a whole, undamaged frame begins here."""
    length = int.from_bytes(data[at : at + 4], "big")
    end = at + HEAD_BYTES + length
    if length > PAYLOAD_BYTES_MAX or end > len(data):
        return False
    payload = bytes(data[at + HEAD_BYTES : end])
    return hashlib.sha256(payload).digest()[:8] == bytes(data[at + 4 : at + HEAD_BYTES])
