"""An answer leaves in one write, in order, and before its connection closes."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from thresign.rest.connection import _Gathering


class Transport:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("close")
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def get_extra_info(self, name: str) -> str:
        return name


def gathering() -> tuple[_Gathering, Transport]:
    transport = Transport()
    return _Gathering(cast(asyncio.Transport, transport), asyncio.get_running_loop()), transport


def test_what_is_written_in_one_turn_is_one_write() -> None:
    async def run() -> None:
        made, transport = gathering()
        made.write(b"head, ")
        made.write(b"body")
        assert transport.done == []
        await asyncio.sleep(0)
        assert transport.done == [b"head, body"]
        made.write(b"next")
        await asyncio.sleep(0)
        assert transport.done == [b"head, body", b"next"]
        await asyncio.sleep(0)
        assert len(transport.done) == 2

    asyncio.run(run())


def test_closing_comes_after_what_was_written() -> None:
    async def run() -> None:
        made, transport = gathering()
        made.write(b"last")
        made.close()
        await asyncio.sleep(0)
        assert transport.done == [b"last", "close"]

    asyncio.run(run())


def test_nothing_is_written_to_a_transport_that_closes() -> None:
    async def run() -> None:
        made, transport = gathering()
        made.write(b"lost")
        transport.closing = True
        await asyncio.sleep(0)
        assert transport.done == []

    asyncio.run(run())


def test_all_else_is_the_transports() -> None:
    async def run() -> None:
        made, _ = gathering()
        assert made.get_extra_info("peername") == "peername"
        assert made.is_closing() is False

    asyncio.run(run())
