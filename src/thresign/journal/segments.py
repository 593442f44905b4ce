"""A journal in segments, for what is kept long: places stay what they are when the oldest segments are thrown away.

Each segment is a file named by the place of its first byte. Only the newest is written to; an older one was synced
before its successor was made, so damage in it is no crash's doing.
"""

from __future__ import annotations

import fcntl
import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path

from thresign.errors import JournalCorrupt, StorageError
from thresign.journal.file import JournalFile, sync_directory
from thresign.journal.frames import HEAD_BYTES, frame_bytes, scan

SEGMENT_BYTES = 64 * 1024 * 1024
_DIGITS = 20


class SegmentedJournal:
    """An open journal. Raises StorageError when the disk says no; after that nothing more is written."""

    def __init__(self, path: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Opens or creates the segments `path`.PLACE, takes the lock `path`.lock, and cuts a torn tail off."""
        self.path = path
        self._segment_bytes = segment_bytes
        self._busy = threading.Lock()
        """A sync may run in a thread of its own: the file that it works on must not be closed meanwhile."""
        try:
            self._lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = path.parent.glob(f"{path.name}.{'[0-9]' * _DIGITS}")
            self._starts = sorted(int(segment.suffix[1:]) for segment in found) or [0]
        except BlockingIOError:
            raise StorageError(f"{path} is in use by another process") from None
        except OSError as error:
            raise StorageError(f"{path}: {error.strerror}") from error
        self._last = JournalFile(self._segment(self._starts[-1]))
        sync_directory(path.parent)

    def _segment(self, start: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{start:0{_DIGITS}}")

    @property
    def first(self) -> int:
        """The place of the oldest byte that is still here."""
        return self._starts[0]

    @property
    def size(self) -> int:
        """The place after the newest frame."""
        return self._starts[-1] + self._last.size

    @property
    def segments(self) -> tuple[int, ...]:
        """Where the segments begin, oldest first."""
        return tuple(self._starts)

    def records_from(self, place: int) -> Iterator[tuple[int, bytes]]:
        """The frames from the one that begins at `place` on: where each begins, and its payload.

        Raises JournalCorrupt if a segment before the newest does not end where the next one begins.
        """
        place = max(place, self.first)
        for index, start in enumerate(self._starts):
            newest = index == len(self._starts) - 1
            end = self.size if newest else self._starts[index + 1]
            if end <= place:
                continue
            at = max(place, start)
            data = self._segment(start).read_bytes()[at - start : end - start]
            for payload, frame_end in scan(data):
                yield at, payload
                at = max(place, start) + frame_end
            if at != end:
                raise JournalCorrupt(f"{self._segment(start)}: damaged at byte {at - start}")

    def append(self, payloads: Iterable[bytes]) -> list[int]:
        """Appends frames; returns where each begins. Not on disk before `sync`."""
        if self._last.size >= self._segment_bytes:
            self._roll()
        start = self._starts[-1]
        return [start + place for place in self._last.append(payloads)]

    def _roll(self) -> None:
        with self._busy:
            self._last.sync()
            start = self.size
            following = JournalFile(self._segment(start))
            self._last.close()
            self._last = following
            self._starts.append(start)
            try:
                sync_directory(self.path.parent)
            except OSError as error:
                raise StorageError(f"{self.path}: {error.strerror}") from error

    def read(self, place: int) -> bytes:
        """The payload of the frame that begins at this place. Raises StorageError if it is not here any more."""
        if not self.first <= place < self.size:
            raise StorageError(f"{self.path}: byte {place} is not kept")
        start = self._starts[bisect_right(self._starts, place) - 1]
        if start == self._starts[-1]:
            return self._last.read(place - start)
        try:
            descriptor = os.open(self._segment(start), os.O_RDONLY | os.O_CLOEXEC)
            try:
                head = os.pread(descriptor, HEAD_BYTES, place - start)
                data = os.pread(descriptor, frame_bytes(head) or 0, place - start)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StorageError(f"{self.path}: {error.strerror}") from error
        for payload, _ in scan(data):
            return payload
        raise StorageError(f"{self.path}: no frame at byte {place}")

    def sync(self) -> None:
        """Returns when everything appended is on disk."""
        with self._busy:
            self._last.sync()

    def prune(self, place: int) -> None:
        """Throws away the segments that end at or before `place`, oldest first; never the newest."""
        try:
            while len(self._starts) > 1 and self._starts[1] <= place:
                self._segment(self._starts[0]).unlink()
                del self._starts[0]
            sync_directory(self.path.parent)
        except OSError as error:
            raise StorageError(f"{self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Releases the lock."""
        self._last.close()
        os.close(self._lock)
