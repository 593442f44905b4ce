"""The syncs of a node's journal: several writes share one, and a slow disk holds nothing else up."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

INLINE_SYNC_S = 0.0005
SYNCS_REMEMBERED = 16


class Journal(Protocol):
    """What was appended before is on disk after `sync`."""

    def sync(self) -> None:
        """Raises StorageError."""


class Disk:
    """`sync` says of which writes it is to be told that they are on disk."""

    def __init__(
        self, journal: Journal, written: Callable[[list[int]], None], fail: Callable[[BaseException], None]
    ) -> None:
        """`written` hears of each write, in order, in a later turn of the loop; `fail`, once, why none will follow."""
        self._journal = journal
        self._written = written
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._waiting: list[int] = []
        self._syncing = False
        self._took_s: deque[float] = deque((0.0,), SYNCS_REMEMBERED)
        """The last syncs."""
        self._thread = ThreadPoolExecutor(1, "journal")

    def sync(self, write: int) -> None:
        """A write was appended. Raises StorageError if it is synced here and that fails."""
        self._waiting.append(write)
        self._sync()

    def _sync(self) -> None:
        """Syncs what waits for it: here, while the disk is so fast that a thread would cost more; else in the thread.

        The fastest of the last syncs says how fast the disk is. The others also waited for a processor.
        """
        if self._syncing or not self._waiting:
            return
        writes, self._waiting = self._waiting, []
        if min(self._took_s) < INLINE_SYNC_S:
            self._timed()
            self._loop.call_soon(self._written, writes)
            return
        self._syncing = True
        done = self._loop.run_in_executor(self._thread, self._timed)
        done.add_done_callback(lambda future: self._synced(writes, future))

    def _timed(self) -> None:
        began = time.perf_counter()
        self._journal.sync()
        self._took_s.append(time.perf_counter() - began)

    def _synced(self, writes: list[int], future: asyncio.Future[None]) -> None:
        self._syncing = False
        error = future.exception()
        if error is None:
            self._written(writes)
            self._sync()
        else:
            self._fail(error)

    async def stop(self) -> None:
        """Syncs what was appended. Raises StorageError."""
        await self._loop.run_in_executor(self._thread, self._journal.sync)
        self._thread.shutdown()
