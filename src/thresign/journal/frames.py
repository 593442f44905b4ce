"""How records stand in a journal: U32 length, 4 bytes of the SHA-256 of that length, 8 of that of the payload, payload.

A crash can cut the last frame short, or leave zeros where it was to be: scanning ends before it, and the file is cut
back. Any other damage is not a crash's doing, and is an error: were it taken for a torn tail, all that follows would be
cut off, and a vault would forget votes that it has sent. The length has a check of its own to tell the two apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from thresign.errors import JournalCorrupt, ensure

HEAD_BYTES = 16
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    """The payload as it stands in the file."""
    ensure(len(payload) <= PAYLOAD_BYTES_MAX, "a payload fits in a frame")
    length = len(payload).to_bytes(4, "big")
    return length + hashlib.sha256(length).digest()[:4] + hashlib.sha256(payload).digest()[:8] + payload


def frame_bytes(head: bytes | memoryview) -> int | None:
    """The length of the frame that begins with these HEAD_BYTES bytes, head and all; None if no frame begins so."""
    length = int.from_bytes(head[:4], "big")
    if hashlib.sha256(head[:4]).digest()[:4] != head[4:8] or length > PAYLOAD_BYTES_MAX:
        return None
    return HEAD_BYTES + length


def scan(data: bytes | memoryview) -> Iterator[tuple[bytes, int]]:
    """Each whole payload and where its frame ends; stops before a torn tail.

    Raises JournalCorrupt if a frame is damaged and anything but zeros follows it.
    """
    at, size = 0, len(data)
    while at + HEAD_BYTES <= size:
        length = frame_bytes(data[at : at + HEAD_BYTES])
        end = at + (HEAD_BYTES if length is None else length)
        if end > size:
            return
        payload = bytes(data[at + HEAD_BYTES : end])
        if length is None or hashlib.sha256(payload).digest()[:8] != data[at + 8 : at + HEAD_BYTES]:
            if bytes(data[end:]).strip(b"\0"):
                raise JournalCorrupt(f"the frame at byte {at} is damaged, and others follow it")
            return
        yield payload, end
        at = end
