"""Large bodies at a node: kept while there is room, in pieces on their way, and handed to the vault."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from thresign.limits import BODIES_BYTES_MAX, BODY_BYTES_IN_BATCH_MAX, BODY_BYTES_MAX, CHUNK_BYTES_MAX
from thresign.node.allowance import BOUNDS, Allowance, Work
from thresign.node.bodies import Bodies, BodyHeld, FetchBody, chunks
from thresign.node.ports import Ports
from thresign.node.runtime import Runtime
from thresign.orders.digests import sha256

BODY = b"x" * (2 * CHUNK_BYTES_MAX + 5)
DIGEST = sha256(BODY)


def numbered(i: int) -> bytes:
    return b"%08d" % i + bytes(BODY_BYTES_MAX - 8)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_is_asked_for_again_is_the_newest_again() -> None:
    bodies = Bodies()
    room = BODIES_BYTES_MAX // BODY_BYTES_MAX
    for i in range(room):
        bodies.put(sha256(numbered(i)), numbered(i))
    assert bodies.again(sha256(numbered(0))) == numbered(0)
    bodies.put(sha256(numbered(1)), numbered(1))
    for i in range(room, room + 2):
        bodies.put(sha256(numbered(i)), numbered(i))
    assert [bodies.get(sha256(numbered(i))) is not None for i in range(4)] == [True, True, False, False]
    assert bodies.again(sha256(b"never came")) is None


def test_pieces_make_the_body() -> None:
    taker = Bodies()
    *first, last = chunks(DIGEST, BODY)
    assert [taker.take(2, piece) for piece in first] == [None, None]
    assert taker.take(2, last) == BODY
    assert list(chunks(sha256(b""), b"")) == []


def test_what_fits_in_a_batch_comes_only_if_it_was_asked_for() -> None:
    bodies = Bodies()
    for size in (1, BODY_BYTES_IN_BATCH_MAX):
        body = bytes(size)
        (piece,) = chunks(sha256(body), body)
        assert bodies.take(2, piece) is None
        bodies.want(sha256(body))
        assert bodies.take(2, piece) == body
    body = bytes(BODY_BYTES_IN_BATCH_MAX + 1)
    (piece,) = chunks(sha256(body), body)
    assert bodies.take(2, piece) == body


# --- what goes to the vault -------------------------------------------------------------------------------------------


def test_a_body_that_is_here_is_given_to_the_vault_again() -> None:
    """Another request for the same: the vault may have used it up for the first."""

    async def run() -> None:
        node = Node()
        for piece in chunks(DIGEST, BODY):
            node.runtime.peer_frame(2, piece.encode())
        assert node.given == [BODY]

    asyncio.run(run())


# --- what a peer may have done for it ---------------------------------------------------------------------------------


class Node:
    """A runtime that holds BODY, and what it gives to its vault and sends."""

    def __init__(self) -> None:
        self.given: list[bytes] = []
        self.sent: list[bytes] = []
        self.observed: list[tuple[str, int, str]] = []
        self.holders: list[int] = []
        replica: Any = SimpleNamespace(allowance=Allowance())
        self.runtime = Runtime(1, replica, SimpleNamespace(), Bodies(), None)  # type: ignore[arg-type]
        link: Any = SimpleNamespace(give_body=lambda _id, _digest, body: self.given.append(body))
        mesh: Any = SimpleNamespace(send_bulk=lambda _to, _name, payloads, _bytes: self.sent.extend(payloads))
        watcher: Any = SimpleNamespace(
            observed=lambda *what: self.observed.append(what),
            body_held=lambda _digest, holders: self.holders.append(holders),
        )
        self.runtime.ports = Ports(link, mesh, watcher)
        self.runtime.vault_is_up = True
        self.runtime.bodies.put(DIGEST, BODY)
        self.runtime.now_ms = lambda: 1000  # type: ignore[method-assign]


def test_a_peer_gets_so_many_bytes_of_bodies() -> None:
    async def run() -> None:
        node = Node()
        most = BOUNDS[Work.BODIES].bytes_max // len(BODY) + 1
        for _ in range(most + 5):
            node.runtime.peer_frame(2, FetchBody(DIGEST).encode())
        assert len(node.sent) == most * len(list(chunks(DIGEST, BODY)))
        assert node.observed == 5 * [("asked too much", 2, "bodies")]
        node.runtime.peer_frame(3, FetchBody(DIGEST).encode())
        assert len(node.sent) > most * len(list(chunks(DIGEST, BODY)))

    asyncio.run(run())


def test_a_peer_has_so_many_bytes_handed_to_the_vault() -> None:
    """The first piece of a body that is here is enough for that, and its sender need not send the others."""

    async def run() -> None:
        node = Node()
        most = BOUNDS[Work.HANDOVERS].bytes_max // len(BODY) + 1
        for _ in range(most + 5):
            node.runtime.peer_frame(2, next(chunks(DIGEST, BODY)).encode())
        assert len(node.given) == most
        assert node.observed == 5 * [("asked too much", 2, "handovers")]

    asyncio.run(run())


def test_what_a_node_spreads_by_itself_costs_its_peers_nothing() -> None:
    async def run() -> None:
        node = Node()
        node.runtime.ports.mesh.up = lambda: frozenset({2})  # type: ignore[method-assign]
        node.runtime.peer_frame(2, FetchBody(DIGEST).encode())
        for _ in range(BOUNDS[Work.BODIES].bytes_max // len(BODY) + 2):
            node.runtime.spread_body(DIGEST, BODY)
        node.sent.clear()
        node.runtime.peer_frame(2, FetchBody(DIGEST).encode())
        assert node.sent

    asyncio.run(run())


def test_bodies_that_a_peer_sends_unasked_are_so_many() -> None:
    async def run() -> None:
        node = Node()
        most = BOUNDS[Work.HANDOVERS].questions_max
        for i in range(most + 5):
            body = b"%08d" % i + bytes(BODY_BYTES_IN_BATCH_MAX)
            node.runtime.peer_frame(2, next(chunks(sha256(body), body)).encode())
        assert len(node.given) == most
        assert node.observed == 5 * [("asked too much", 2, "handovers")]

    asyncio.run(run())


def test_a_message_that_was_asked_for_is_handed_over_however_short() -> None:
    async def run() -> None:
        node = Node()
        (piece,) = chunks(sha256(b"message"), b"message")
        node.runtime.peer_frame(2, piece.encode())
        assert node.given == []
        node.runtime.ports.mesh.send = lambda *_: None  # type: ignore[method-assign]
        node.runtime._want_body(2, sha256(b"message"))
        node.runtime.peer_frame(2, piece.encode())
        assert node.given == [b"message"]

    asyncio.run(run())


def test_a_peer_that_names_many_bodies_hides_no_holder() -> None:
    """Of what this node spreads it counts who has it, whatever else they say they have."""

    async def run() -> None:
        node = Node()
        node.runtime.ports.mesh.up = lambda: frozenset({2, 3, 4})  # type: ignore[method-assign]
        node.runtime.spread_body(DIGEST, BODY)
        node.runtime.peer_frame(3, BodyHeld(DIGEST).encode())
        for i in range(1000):
            node.runtime.peer_frame(2, BodyHeld(sha256(b"%d" % i)).encode())
        node.runtime.peer_frame(4, BodyHeld(DIGEST).encode())
        assert node.holders[-1] == 2
        node.runtime.spread_body(DIGEST, BODY)
        node.runtime.peer_frame(3, BodyHeld(DIGEST).encode())
        assert node.holders[-1] == 1

    asyncio.run(run())
