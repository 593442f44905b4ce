"""A journal file: opened by one process, appended to, synced when asked."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from thresign.errors import StorageError
from thresign.journal.frames import frame, scan


class JournalFile:
    """An open journal. Raises StorageError when the disk says no; after that nothing more is written."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file (0600), takes its lock, and cuts a torn tail off."""
        self.path = path
        self._failed = False
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(f"{path} is in use by another process") from None
        except OSError as error:
            raise StorageError(f"{path}: {error.strerror}") from error
        ends = [end for _, end in scan(self._contents())]
        self.size = ends[-1] if ends else 0
        os.ftruncate(self._fd, self.size)

    def _contents(self) -> bytes:
        return self.path.read_bytes()

    def records(self) -> Iterator[bytes]:
        """The payloads, oldest first."""
        for _, payload in self.records_from(0):
            yield payload

    def records_from(self, place: int) -> Iterator[tuple[int, bytes]]:
        """The frames from the one that begins at `place` on: where each begins, and its payload."""
        at = place
        for payload, end in scan(memoryview(self._contents())[place:]):
            yield at, payload
            at = place + end

    def append(self, payloads: Iterable[bytes]) -> list[int]:
        """Appends frames; returns where each begins. Not on disk before `sync`."""
        places, out = [], bytearray()
        for payload in payloads:
            places.append(self.size + len(out))
            out += frame(payload)
        self._guard()
        try:
            written = 0
            while written < len(out):
                written += os.write(self._fd, memoryview(out)[written:])
        except OSError as error:
            self._failed = True
            raise StorageError(f"{self.path}: {error.strerror}") from error
        self.size += len(out)
        return places

    def read(self, place: int) -> bytes:
        """The payload of the frame that begins at this place."""
        for payload, _ in scan(self._frame_at(place)):
            return payload
        raise StorageError(f"{self.path}: no frame at byte {place}")

    def _frame_at(self, place: int) -> bytes:
        head = os.pread(self._fd, 4, place)
        return os.pread(self._fd, 12 + int.from_bytes(head, "big"), place)

    def sync(self) -> None:
        """Returns when everything appended is on disk."""
        self._guard()
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self._failed = True
            raise StorageError(f"{self.path}: {error.strerror}") from error

    def _guard(self) -> None:
        # After a failed write or sync the kernel may have dropped pages: what is on disk is not known any more.
        if self._failed:
            raise StorageError(f"{self.path}: an earlier write failed")

    def close(self) -> None:
        """Releases the lock."""
        os.close(self._fd)
