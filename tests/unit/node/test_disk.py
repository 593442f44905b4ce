"""The syncs of a node's journal: shared, never before the write, and told when they fail."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from thresign.errors import StorageError
from thresign.node.disk import INLINE_SYNC_S, SYNCS_REMEMBERED, Disk


class Journal:
    """Takes as long as it is told, and may fail."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.takes_s = takes_s
        self.threads: list[int] = []
        self.broken = False

    def sync(self) -> None:
        self.threads.append(threading.get_ident())
        time.sleep(self.takes_s)
        if self.broken:
            raise StorageError("no more")


class Told:
    """What the disk says."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.failed: list[BaseException] = []

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.written) + len(self.failed) < count:
                await asyncio.sleep(0.001)


def make(journal: Journal) -> tuple[Disk, Told]:
    told = Told()
    return Disk(journal, told.written.extend, told.failed.append), told


def test_a_fast_disk_is_synced_here_and_says_so_in_a_later_turn() -> None:
    async def run() -> None:
        journal = Journal()
        disk, told = make(journal)
        disk.sync(1)
        assert journal.threads == [threading.get_ident()]
        assert told.written == []
        await told.until(1)
        assert told.written == [1]
        await disk.stop()

    asyncio.run(run())


def test_a_slow_disk_holds_nothing_up_and_writes_share_a_sync() -> None:
    async def run() -> None:
        journal = Journal(4 * INLINE_SYNC_S)
        disk, told = make(journal)
        count = SYNCS_REMEMBERED
        for write in range(count):
            disk.sync(write)
            await told.until(write + 1)
        assert threading.get_ident() in journal.threads
        journal.threads.clear()
        for write in range(count, count + 5):
            disk.sync(write)
        assert told.written == list(range(count))
        await told.until(count + 5)
        assert told.written == list(range(count + 5))
        assert len(journal.threads) == 2  # the first, and all that came meanwhile
        assert threading.get_ident() not in journal.threads
        await disk.stop()
        assert len(journal.threads) == 3

    asyncio.run(run())


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_sync_that_fails_is_told_and_no_write_counts_as_written(in_thread: bool) -> None:
    async def run() -> None:
        journal = Journal(4 * INLINE_SYNC_S)
        disk, told = make(journal)
        for write in range(SYNCS_REMEMBERED if in_thread else 0):
            disk.sync(write)
            await told.until(write + 1)
        told.written.clear()
        journal.broken = True
        if in_thread:
            disk.sync(98)
            disk.sync(99)
            await told.until(1)
            assert isinstance(told.failed[0], StorageError)
        else:
            with pytest.raises(StorageError):
                disk.sync(99)
        await asyncio.sleep(0.01)
        assert told.written == []
        with pytest.raises(StorageError):
            await disk.stop()

    asyncio.run(run())
