"""Connections to all other modules: one a pair, dialled by the lower number, kept up with growing patience.

A frame is handed up with the number that the sender's certificate proves. Frames of one loop turn leave in one write:
at load that is what makes TLS cheap. What is large and can wait goes apart, frame by frame as the connection takes it,
so that the rest need not wait behind it. A peer that does not read, or has said nothing for too long, is dropped and
dialled again; nothing here is retried, since those above say again what matters.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, cast

from thresign.errors import MalformedRecord
from thresign.limits import PEER_QUEUE_BYTES_MAX
from thresign.peers.frames import FrameReader, frame
from thresign.peers.identity import number_of

BULK_BYTES = 1024 * 1024
"""With this much on its way to a peer, nothing of what can wait is added."""
BULK_AT_ONCE = 64 * 1024
BULK_WAITING_BYTES_MAX = PEER_QUEUE_BYTES_MAX
"""What waits for room on one connection keeps so much in memory; what is beyond is dropped."""
BULK_EACH_BYTES = 4096
"""Of that, each of what waits counts as so much at least."""
SILENCE_S = 3.0
"""Every node says where it stands several times a second; one that says nothing for this long is gone."""
REDIAL_S = (0.05, 1.0)
"""First and longest pause between attempts to connect."""
DIAL_S = 5.0
"""How long one attempt may take. The kernel's own attempt asks ever more rarely, and would find a network that was gone
for a while only as long again after it is back."""


PARTING_S = 3.0
"""How long a connection to a module that is no member any more stays."""


class Address(NamedTuple):
    """Where a node listens for its peers."""

    host: str
    port: int


class Events(NamedTuple):
    """What a node is told. `frame` may raise MalformedRecord, which ends the connection."""

    up: Callable[[int], None]
    down: Callable[[int], None]
    frame: Callable[[int, bytes], None]


class _Link(asyncio.Protocol):
    """One connection, either side."""

    def __init__(self, peers: Peers, expected: int | None) -> None:
        self._peers = peers
        self._expected = expected
        self._reader = FrameReader()
        self._out: list[bytes] = []
        self._bulk: OrderedDict[bytes, tuple[Iterator[bytes], int]] = OrderedDict()
        """By name: what waits, and what it counts as, in bytes."""
        self._bulk_bytes = 0
        self._full = self._pumping = False
        self._transport: asyncio.Transport | None = None
        self.number: int | None = None
        self.heard = 0.0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        number = number_of(transport.get_extra_info("peercert"), self._peers.domain)
        wanted = self._expected if self._expected is not None else number
        if number is None or number != wanted or not self._peers.admit(number, self):
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=BULK_BYTES)
        self.number = number
        self.heard = asyncio.get_running_loop().time()
        self._peers.events.up(number)

    def data_received(self, data: bytes) -> None:
        if self.number is None:
            return
        self.heard = asyncio.get_running_loop().time()
        try:
            for payload in self._reader.feed(data):
                self._peers.events.frame(self.number, payload)
        except MalformedRecord as error:
            self._peers.complain(self.number, error)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
        if self.number is not None:
            self._peers.lost(self.number, self)

    def send(self, data: bytes) -> None:
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        data, self._out = b"".join(self._out), []
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() + len(data) > PEER_QUEUE_BYTES_MAX:
            self.abort()
            return
        self._transport.write(data)

    def send_bulk(self, name: bytes, payloads: Iterator[bytes], kept_bytes: int) -> None:
        counted = max(kept_bytes, BULK_EACH_BYTES)
        if name not in self._bulk and self._bulk_bytes + counted <= BULK_WAITING_BYTES_MAX:
            self._bulk[name] = (payloads, counted)
            self._bulk_bytes += counted
            self._pump_soon()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._pump_soon()

    def _pump_soon(self) -> None:
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """A large frame of what can wait, or some small ones; the next in the loop's next turn, while there is room."""
        self._pumping = False
        if self._full or not self._bulk or self._transport is None or self._transport.is_closing():
            return
        out = bytearray()
        while self._bulk and len(out) < BULK_AT_ONCE:
            name, (payloads, counted) = next(iter(self._bulk.items()))
            payload = next(payloads, None)
            if payload is None:
                del self._bulk[name]
                self._bulk_bytes -= counted
            else:
                out += frame(payload)
        self._transport.write(out)
        self._pump_soon()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Peers:
    """All connections of one node."""

    def __init__(
        self,
        number: int,
        domain: bytes,
        addresses: Mapping[int, Address],
        tls: tuple[ssl.SSLContext, ssl.SSLContext],
        events: Events,
        complain: Callable[[int, Exception], None],
    ) -> None:
        """`addresses` holds this module and those that it knows of; `tls` the contexts for accepting and connecting."""
        self.number = number
        self.domain = domain
        self.events = events
        self.complain = complain
        self._addresses = dict(addresses)
        self._accepting, self._connecting = tls
        self._links: dict[int, _Link] = {}
        self._members: frozenset[int] | None = None
        self._dialled: set[int] = set()
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listens, and begins to dial. Raises OSError if the address cannot be had."""
        loop = asyncio.get_running_loop()
        own = self._addresses[self.number]
        self._server = await loop.create_server(
            lambda: _Link(self, None), own.host, own.port, ssl=self._accepting, ssl_handshake_timeout=DIAL_S
        )
        self._dial_all()
        self._tasks.append(loop.create_task(self._watch()))

    def _dial_all(self) -> None:
        for number in sorted(set(self._addresses) - self._dialled):
            if number > self.number:
                self._dialled.add(number)
                self._tasks.append(asyncio.get_running_loop().create_task(self._dial(number)))

    def know(self, addresses: Mapping[int, Address]) -> None:
        """Takes in where modules listen: new ones, and ones that have moved."""
        self._addresses |= {number: address for number, address in addresses.items() if number != self.number}
        self._dial_all()

    def keep(self, members: frozenset[int] | None) -> None:
        """From now on only these modules are talked to; None: all whose address is known. Who has left is given a
        moment to hear that, and what it has said already is read."""
        self._members = members
        asyncio.get_running_loop().call_later(PARTING_S, self._part)

    def _part(self) -> None:
        for number, link in list(self._links.items()):
            if not self._wanted(number):
                link.abort()

    def _wanted(self, number: int) -> bool:
        return number in self._addresses if self._members is None else number in self._members

    async def stop(self) -> None:
        """Closes everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for link in list(self._links.values()):
            link.abort()

    def up(self) -> frozenset[int]:
        """The numbers of the modules that are connected."""
        return frozenset(self._links)

    def send(self, to: int, payload: bytes) -> None:
        """To one module; dropped if it is not connected."""
        link = self._links.get(to)
        if link is not None:
            link.send(frame(payload))

    def broadcast(self, payload: bytes) -> None:
        """To all that are connected."""
        framed = frame(payload)
        for link in self._links.values():
            link.send(framed)

    def send_bulk(self, to: int, name: bytes, payloads: Iterator[bytes], kept_bytes: int = 0) -> None:
        """To one module, each when the connection has room for it; until then `kept_bytes` stay in memory. Dropped if
        it is not connected, if the connection breaks meanwhile, if something of this name is on its way, or if too much
        waits: a peer may read slowly, or not at all."""
        link = self._links.get(to)
        if link is not None:
            link.send_bulk(name, payloads, kept_bytes)

    def admit(self, number: int, link: _Link) -> bool:
        """Takes a link in as the one to this module. An older one is given up: its peer has started afresh."""
        if not self._wanted(number) or number == self.number:
            return False
        old = self._links.pop(number, None)
        if old is not None:
            self.events.down(number)
            old.abort()
        self._links[number] = link
        return True

    def lost(self, number: int, link: _Link) -> None:
        """A link is closed."""
        if self._links.get(number) is link:
            del self._links[number]
            self.events.down(number)

    async def _dial(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        pause = REDIAL_S[0]
        while True:
            if not self._wanted(number):
                await asyncio.sleep(REDIAL_S[1])
                continue
            address = self._addresses[number]
            try:
                async with asyncio.timeout(DIAL_S):
                    _, link = await loop.create_connection(
                        lambda: _Link(self, number), address.host, address.port, ssl=self._connecting
                    )
                began = loop.time()
                await link.closed
                pause = REDIAL_S[0] if loop.time() - began > REDIAL_S[1] else pause
            except (OSError, ssl.SSLError, TimeoutError) as error:
                self.complain(number, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, REDIAL_S[1])

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SILENCE_S / 4)
            for link in list(self._links.values()):
                if loop.time() - link.heard > SILENCE_S:
                    link.abort()
