"""Room for large bodies: bounded, first come first served, and never lost with one who gave up."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from thresign.errors import Overloaded, Undecided
from thresign.limits import BODY_BYTES_MAX
from thresign.node.room import WAITING_BYTES_MAX, Room


class Users:
    """Who is inside, in which order they came in, and when each may leave."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.entered: list[int] = []
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.leave: dict[int, asyncio.Event] = {}

    def come(self, name: int, size: int) -> None:
        self.leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.ensure_future(self._use(name, size))

    async def _use(self, name: int, size: int) -> None:
        async with self.room.taken(size):
            self.entered.append(name)
            await self.leave[name].wait()

    async def turns(self) -> list[int]:
        for _ in range(5):
            await asyncio.sleep(0)
        return self.entered


def test_as_many_as_there_is_room_for_in_their_order() -> None:
    async def run() -> None:
        users = Users(Room(10))
        for name, size in enumerate((4, 6, 5, 1, 1)):
            users.come(name, size)
        assert await users.turns() == [0, 1]
        users.leave[0].set()
        assert await users.turns() == [0, 1]  # 5 does not fit yet, and nobody overtakes it
        users.leave[1].set()
        assert await users.turns() == [0, 1, 2, 3, 4]
        for event in users.leave.values():
            event.set()
        await asyncio.gather(*users.tasks.values())
        assert users.room._used == 0

    asyncio.run(run())


def test_one_that_is_longer_than_the_room_goes_alone() -> None:
    async def run() -> None:
        users = Users(Room(10))
        for name, size in enumerate((1, 99, 1)):
            users.come(name, size)
        assert await users.turns() == [0]
        users.leave[0].set()
        assert await users.turns() == [0, 1]
        users.leave[1].set()
        assert await users.turns() == [0, 1, 2]
        users.leave[2].set()
        await asyncio.gather(*users.tasks.values())

    asyncio.run(run())


@pytest.mark.parametrize("at_its_turn", [False, True])
def test_who_gives_up_takes_no_room(at_its_turn: bool) -> None:
    async def run() -> None:
        users = Users(Room(10))
        for name, size in enumerate((10, 10, 10)):
            users.come(name, size)
        await users.turns()
        if at_its_turn:
            users.leave[0].set()
            await users.tasks[0]  # it has left: the next has been called up, and has not run yet
            users.tasks[1].cancel()
        else:
            users.tasks[1].cancel()
            await users.turns()
            users.leave[0].set()
        with suppress(asyncio.CancelledError):
            await users.tasks[1]
        assert (await users.turns())[-1] == 2
        users.leave[2].set()
        await users.tasks[2]
        assert users.room._used == 0

    asyncio.run(run())


def test_what_waits_is_bounded() -> None:
    async def run() -> None:
        users = Users(Room(1))
        for name in range(WAITING_BYTES_MAX // BODY_BYTES_MAX + 2):
            users.come(name, BODY_BYTES_MAX)
        await users.turns()
        refused = [name for name, task in users.tasks.items() if task.done()]
        assert refused == [WAITING_BYTES_MAX // BODY_BYTES_MAX + 1]
        assert isinstance(users.tasks[refused[0]].exception(), Overloaded)
        users.room.close(Undecided("this module stops"))
        users.leave[0].set()
        results = await asyncio.gather(*users.tasks.values(), return_exceptions=True)
        assert [type(result) for result in results[1:-1]] == [Undecided] * (len(results) - 2)
        assert users.room._used == 0

    asyncio.run(run())
