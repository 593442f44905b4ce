"""Room for large bodies on their way: a node's share of what vaults hold. Who finds none waits for its turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from thresign.errors import Overloaded
from thresign.limits import BODY_BYTES_MAX

WAITING_BYTES_MAX = 32 * BODY_BYTES_MAX


class Room:
    """So many bytes; a body that is longer than all of it goes alone."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, size: int) -> AsyncIterator[None]:
        """Waits until there is room, first come first served, and holds it. Raises Overloaded if too much waits."""
        if self._waiting or not self._fits(size):
            await self._turn(size)
        else:
            self._used += size
        try:
            yield
        finally:
            self._give_back(size)

    def close(self, why: Exception) -> None:
        """Nobody waits any more: all are told why."""
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(why)

    def _fits(self, size: int) -> bool:
        return self._used == 0 or self._used + size <= self._bytes_max

    async def _turn(self, size: int) -> None:
        if sum(waiting for waiting, _ in self._waiting) + size > WAITING_BYTES_MAX:
            raise Overloaded(f"{len(self._waiting)} large bodies wait at this node")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, future))
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._give_back(size)  # it was this one's turn as it gave up
            else:
                self._waiting = deque(one for one in self._waiting if one[1] is not future)
                self._call_up()
            raise

    def _give_back(self, size: int) -> None:
        self._used -= size
        self._call_up()

    def _call_up(self) -> None:
        while self._waiting and self._fits(self._waiting[0][0]):
            size, future = self._waiting.popleft()
            if not future.done():
                self._used += size
                future.set_result(None)
