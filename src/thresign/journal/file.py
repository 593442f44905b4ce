"""A journal file: opened by one process, appended to, synced when asked."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from thresign.errors import JournalCorrupt, StorageError
from thresign.journal.frames import HEAD_BYTES, frame, frame_bytes, scan

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
_COPY_BYTES = 1 << 20


def _write(descriptor: int, data: bytes | bytearray) -> int:
    """Writes all of it; returns how many bytes that were."""
    written = 0
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])
    return written


def sync_directory(path: Path) -> None:
    """Returns when the names in this directory are on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class JournalFile:
    """An open journal. Raises StorageError when the disk says no; after that nothing more is written."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file (0600), takes its lock, and cuts a torn tail off."""
        self.path = path
        self._failed = False
        try:
            self._fd = os.open(path, _FLAGS | os.O_CREAT, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The file may have been replaced between the open and the lock: then the lock is that of a file gone.
            if os.fstat(self._fd).st_ino != os.stat(path).st_ino:
                raise BlockingIOError
            self._replacement.unlink(missing_ok=True)
        except BlockingIOError:
            os.close(self._fd)
            raise StorageError(f"{path} is in use by another process") from None
        except OSError as error:
            raise StorageError(f"{path}: {error.strerror}") from error
        try:
            ends = [end for _, end in scan(self._contents())]
        except JournalCorrupt:
            os.close(self._fd)
            raise
        self.size = ends[-1] if ends else 0
        os.ftruncate(self._fd, self.size)

    @property
    def _replacement(self) -> Path:
        return self.path.with_name(self.path.name + ".new")

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
            _write(self._fd, out)
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
        return os.pread(self._fd, frame_bytes(os.pread(self._fd, HEAD_BYTES, place)) or 0, place)

    def sync(self) -> None:
        """Returns when everything appended is on disk."""
        self._guard()
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self._failed = True
            raise StorageError(f"{self.path}: {error.strerror}") from error

    def replace(self, payloads: Iterable[bytes], keep_from: int) -> None:
        """Puts these payloads in the place of everything before byte `keep_from`; what follows it stays as it is.

        The new file is whole and on disk before it takes the old one's name, and the directory is synced afterwards: a
        crash leaves the one or the other. Places in the old file mean nothing in the new one. Raises StorageError;
        the old file is untouched then, but nothing more is written to it.
        """
        self._guard()
        new = self._replacement
        try:
            descriptor = os.open(new, _FLAGS | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                size = sum(_write(descriptor, frame(payload)) for payload in payloads)
                while chunk := os.pread(self._fd, _COPY_BYTES, keep_from):
                    size += _write(descriptor, chunk)
                    keep_from += len(chunk)
                os.fsync(descriptor)
                os.rename(new, self.path)
                sync_directory(self.path.parent)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as error:
            self._failed = True
            raise StorageError(f"{self.path}: {error.strerror}") from error
        os.close(self._fd)
        self._fd, self.size = descriptor, size

    def _guard(self) -> None:
        # After a failed write or sync the kernel may have dropped pages: what is on disk is not known any more.
        if self._failed:
            raise StorageError(f"{self.path}: an earlier write failed")

    def close(self) -> None:
        """Releases the lock."""
        os.close(self._fd)
