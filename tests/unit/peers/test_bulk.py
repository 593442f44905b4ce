"""Two nodes over TLS: what is large waits for room on the connection, and nothing else waits behind it."""

from __future__ import annotations

import asyncio
import datetime
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from thresign.limits import CHUNK_BYTES_MAX, PEER_QUEUE_BYTES_MAX
from thresign.peers.connection import BULK_BYTES, BULK_WAITING_BYTES_MAX, Address, Events, Peers
from thresign.peers.identity import contexts, issue, make_ca, module_uri

DOMAIN = bytes(32)
WAIT_S = 30.0
PIECES = 3 * PEER_QUEUE_BYTES_MAX // CHUNK_BYTES_MAX


class Side:
    """One node, and what it hears."""

    def __init__(self, number: int, addresses: dict[int, Address], directory: Path) -> None:
        ca_key, ca = (directory / "ca.key").read_bytes(), (directory / "ca").read_bytes()
        key, certificate = issue(ca_key, ca, module_uri(DOMAIN, number), ("localhost",), NOW, 3650)
        (directory / f"key{number}").write_bytes(key)
        (directory / f"certificate{number}").write_bytes(certificate)
        tls = contexts(directory / "ca", directory / f"certificate{number}", directory / f"key{number}")
        self.heard: list[bytes] = []
        self.ups = self.downs = 0
        self.peers = Peers(number, DOMAIN, addresses, tls, Events(self._up, self._down, self._frame), lambda *_: None)

    def _up(self, _number: int) -> None:
        self.ups += 1

    def _down(self, _number: int) -> None:
        self.downs += 1

    def _frame(self, _number: int, payload: bytes) -> None:
        self.heard.append(payload[:16])


NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture
def addresses(tmp_path: Path) -> dict[int, Address]:
    ca_key, ca = make_ca("test", NOW, 3650)
    (tmp_path / "ca").write_bytes(ca)
    (tmp_path / "ca.key").write_bytes(ca_key)
    found = {}
    for number in (1, 2):
        with socket.socket() as own:
            own.bind(("127.0.0.1", 0))
            found[number] = Address(*own.getsockname())
    return found


async def until(what: object) -> None:
    async with asyncio.timeout(WAIT_S):
        while not what():  # type: ignore[operator]
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_bulk_waits_for_room_and_votes_do_not_wait_for_bulk(
    loop: Callable[[], asyncio.AbstractEventLoop], addresses: dict[int, Address], tmp_path: Path
) -> None:
    made: list[int] = []

    def pieces() -> Iterator[bytes]:
        for i in range(PIECES):
            made.append(i)
            yield b"%016d" % i + bytes(CHUNK_BYTES_MAX)

    async def run() -> None:
        one, two = (Side(number, addresses, tmp_path) for number in (1, 2))
        await one.peers.start()
        await two.peers.start()
        try:
            await until(lambda: one.ups and two.ups)
            await talk(one, two)
        finally:
            await one.peers.stop()
            await two.peers.stop()
        assert [heard for heard in two.heard if heard.startswith(b"0")] == [b"%016d" % i for i in range(PIECES)]
        assert two.heard[-1] == b"the other"
        assert made == list(range(PIECES))
        assert (one.ups, two.ups) == (1, 1)

    async def talk(one: Side, two: Side) -> None:
        one.peers.send_bulk(2, b"body", pieces())
        one.peers.send_bulk(2, b"body", pieces())  # is on its way already
        one.peers.send_bulk(2, b"other", iter([b"the other"]))
        one.peers.send_bulk(7, b"body", pieces())  # is not there
        await until(lambda: len(made) >= 3)
        for i in range(20):
            one.peers.send(2, b"vote %d" % i)
            await asyncio.sleep(0)
            assert len(made) * CHUNK_BYTES_MAX <= len(two.heard) * CHUNK_BYTES_MAX + 8 * BULK_BYTES
        await until(lambda: b"vote 19" in two.heard)
        assert len(made) < PIECES
        await until(lambda: b"the other" in two.heard)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


@pytest.mark.parametrize(("kept_bytes", "most"), [(8 * 1024 * 1024, 4), (0, 8192)])
def test_what_waits_for_a_peer_that_does_not_read_is_bounded(
    kept_bytes: int, most: int, addresses: dict[int, Address], tmp_path: Path
) -> None:
    """In bytes that stay in memory, and in number; and there is room again once it reads."""
    begun: set[bytes] = set()

    def pieces(name: bytes) -> Iterator[bytes]:
        begun.add(name)
        yield name

    async def run() -> None:
        one, two = (Side(number, addresses, tmp_path) for number in (1, 2))
        await one.peers.start()
        await two.peers.start()
        try:
            await until(lambda: one.ups and two.ups)
            link = one.peers._links[2]
            for _ in range(2):
                begun.clear()
                link.pause_writing()
                for i in range(most + 5):
                    one.peers.send_bulk(2, b"%d" % i, pieces(b"%d" % i), kept_bytes)
                await asyncio.sleep(0)
                assert not begun
                link.resume_writing()
                await until(lambda: not link._bulk)
                assert len(begun) == most
        finally:
            await one.peers.stop()
            await two.peers.stop()
        assert most * kept_bytes <= BULK_WAITING_BYTES_MAX

    asyncio.run(run())
