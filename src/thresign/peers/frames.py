"""Frames on a stream: U32 length, payload. Bounded; a frame that is too long ends the connection."""

from __future__ import annotations

from collections.abc import Iterator

from thresign.errors import MalformedRecord
from thresign.limits import FRAME_BYTES_MAX

HEAD_BYTES = 4


def frame(payload: bytes) -> bytes:
    """The payload as it goes over the stream. Raises MalformedRecord if it is too long."""
    if len(payload) > FRAME_BYTES_MAX:
        raise MalformedRecord(f"a frame of {len(payload)} bytes, at most {FRAME_BYTES_MAX}")
    return len(payload).to_bytes(HEAD_BYTES, "big") + payload


class FrameReader:
    """Collects what arrives and yields whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are whole now. Raises MalformedRecord for one that announces too many bytes."""
        buffer = self._buffer
        buffer += data
        at = 0
        try:
            while len(buffer) - at >= HEAD_BYTES:
                length = int.from_bytes(buffer[at : at + HEAD_BYTES], "big")
                if length > FRAME_BYTES_MAX:
                    raise MalformedRecord(f"a frame of {length} bytes, at most {FRAME_BYTES_MAX}")
                end = at + HEAD_BYTES + length
                if end > len(buffer):
                    break
                payload = bytes(buffer[at + HEAD_BYTES : end])
                at = end
                yield payload
        finally:
            del buffer[:at]
