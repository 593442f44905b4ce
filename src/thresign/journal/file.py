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
            self.new_path.unlink(missing_ok=True)
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
    def new_path(self) -> Path:
        """Where a replacement is written."""
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
        self.guard()
        try:
            _write(self._fd, out)
        except OSError as error:
            raise self.failed(error) from error
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
        self.guard()
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            raise self.failed(error) from error

    def replacement(self, payloads: Iterator[bytes], keep_from: int) -> Replacement:
        """Begins to put these payloads in the place of everything before byte `keep_from`; what follows it stays.

        The journal is written to as before until the replacement's last `step`. Raises StorageError.
        """
        self.guard()
        try:
            return Replacement(self, payloads, keep_from)
        except OSError as error:
            raise self.failed(error) from error

    def replace(self, payloads: Iterable[bytes], keep_from: int) -> None:
        """The same, at once."""
        begun = self.replacement(iter(payloads), keep_from)
        while not begun.step():
            pass

    def peek(self, place: int, count: int) -> bytes:
        """Up to so many bytes from this place on, frames or not. Raises OSError."""
        return os.pread(self._fd, count, place)

    def adopt(self, descriptor: int, size: int) -> None:
        """Goes on with the file that has taken this one's place."""
        os.close(self._fd)
        self._fd, self.size = descriptor, size

    def guard(self) -> None:
        """Raises StorageError once anything has failed: after a failed write or sync the kernel may have dropped pages,
        and what is on disk is not known any more."""
        if self._failed:
            raise StorageError(f"{self.path}: an earlier write failed")

    def failed(self, error: OSError) -> StorageError:
        """Writes nothing any more; the error to raise."""
        self._failed = True
        return StorageError(f"{self.path}: {error.strerror}")

    def close(self) -> None:
        """Releases the lock."""
        os.close(self._fd)


class Replacement:
    """A new beginning for a journal, written beside it piece by piece, so that nobody has to wait for all of it.

    The new file is whole and on disk before it takes the old one's name, and the directory is synced afterwards: a
    crash leaves the one or the other. Places in the old file mean nothing in the new one, but for `moved`.
    """

    def __init__(self, journal: JournalFile, payloads: Iterator[bytes], keep_from: int) -> None:
        """Raises OSError."""
        self._journal = journal
        self._payloads = payloads
        self._first_kept = self._kept_to = keep_from
        self._size = 0
        self._fd = os.open(journal.new_path, _FLAGS | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise
        self._base_bytes = 0

    def step(self) -> bool:
        """Writes one piece, and has it on disk; True once the new file has taken the old one's place.

        Raises StorageError; the old file is untouched then, but nothing more is written to it.
        """
        journal = self._journal
        journal.guard()
        try:
            piece = self._piece()
            self._size += _write(self._fd, piece)
            if len(piece) >= _COPY_BYTES:
                os.fdatasync(self._fd)
                return False
            os.fsync(self._fd)
            os.rename(journal.new_path, journal.path)
            sync_directory(journal.path.parent)
        except OSError as error:
            self.abandon()
            raise journal.failed(error) from error
        journal.adopt(self._fd, self._size)
        return True

    def _piece(self) -> bytearray:
        """The next payloads, and after the last of them what the journal has kept; short only at the very end."""
        piece = bytearray()
        while len(piece) < _COPY_BYTES and (payload := next(self._payloads, None)) is not None:
            piece += frame(payload)
        self._base_bytes += len(piece)
        while len(piece) < _COPY_BYTES and (kept := self._journal.peek(self._kept_to, _COPY_BYTES)):
            piece += kept
            self._kept_to += len(kept)
        return piece

    def moved(self, place: int) -> int:
        """Where in the new file this place of the old one is, if what was there was kept."""
        return place - self._first_kept + self._base_bytes

    def abandon(self) -> None:
        """Gives up: the old file stays."""
        os.close(self._fd)
