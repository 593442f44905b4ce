"""Large bodies at a node: kept while there is room, in pieces on their way, and handed to the vault."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from thresign.limits import BODIES_BYTES_MAX, BODY_BYTES_MAX, CHUNK_BYTES_MAX
from thresign.node.bodies import Bodies, chunks
from thresign.node.runtime import Ports, Runtime
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


# --- what goes to the vault -------------------------------------------------------------------------------------------


def test_a_body_that_is_here_is_given_to_the_vault_again() -> None:
    """Another request for the same: the vault may have used it up for the first."""

    async def run() -> None:
        given: list[bytes] = []
        replica: Any = SimpleNamespace()
        runtime = Runtime(1, replica, SimpleNamespace(), Bodies(), None)  # type: ignore[arg-type]
        link: Any = SimpleNamespace(give_body=lambda _id, _digest, body: given.append(body))
        runtime.ports = Ports(link, SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
        runtime.vault_is_up = True
        runtime.bodies.put(DIGEST, BODY)
        for piece in chunks(DIGEST, BODY):
            runtime.peer_frame(2, piece.encode())
        assert given == [BODY]

    asyncio.run(run())
