"""Both ends of the vault's socket together: every call may be answered as the table says, and the link outlasts it.

The service is a stub; the server's thread, the socket and the node's end are real.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.house.records import Draw
from tests.house.served_vault import PATIENCE_S, ServedVault
from tests.house.stub_node import StubNode
from thresign.errors import MalformedRecord, ThresignError
from thresign.limits import FRAME_BYTES_MAX
from thresign.orders.batch import Batch
from thresign.orders.digests import sha256
from thresign.orders.requests import Request
from thresign.vault import calls, lanes
from thresign.vault.client import Events, VaultLink
from thresign.vault.recovery import Recovery
from thresign.vault.server import WAITING_BYTES_MAX
from thresign.vault.voting.book import Ballot
from thresign.wire.canonical import Record

DRAW = Draw(random.Random(1))
STATUS: calls.Status = DRAW.record(calls.Status)
PAIRS = [
    (call, answer)
    for call, answers in lanes.ANSWERS_TO.items()
    for answer in (*answers, calls.Failure)
    if call not in (calls.StatusCall, calls.BodyCall)
]


class Script:
    """Stands for the Service: says what it is told to say."""

    def __init__(self) -> None:
        self.recovery = Recovery()
        self.says: Callable[[Record], Record] = lambda _call: calls.Done()
        self.goes = threading.Event()
        self.goes.set()
        self.bodies: list[bytes] = []

    def serve(self, call: Record, _now_ms: int) -> Ballot:
        if isinstance(call, calls.StatusCall):
            return Ballot(STATUS)
        assert self.goes.wait(PATIENCE_S)
        return Ballot(self.says(call))

    def add_body(self, _digest: bytes, body: bytes) -> None:
        self.bodies.append(body)


class Node:
    """The node's end, and what it is told."""

    def __init__(self, path: Path) -> None:
        self.ups = self.downs = 0
        self.complaints: list[str] = []
        self.answers: dict[int, Record | ThresignError] = {}
        self.link = VaultLink(
            path, Events(self._up, self._down, self._answer), lambda e: self.complaints.append(str(e))
        )

    def _up(self, status: calls.Status) -> None:
        assert status == STATUS
        self.ups += 1

    def _down(self) -> None:
        self.downs += 1

    def _answer(self, call_id: int, answer: Record | ThresignError) -> None:
        assert call_id not in self.answers
        self.answers[call_id] = answer

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not what():
                await asyncio.sleep(0.001)


def against(directory: Path, script: Script, plot: Callable[[Node, ServedVault], Any]) -> Node:
    """Runs the plot with a node that is connected to a vault."""
    vault = ServedVault(script, directory)

    async def play() -> Node:
        node = Node(vault.path)
        node.link.start()
        await node.until(lambda: node.ups)
        await plot(node, vault)
        await node.link.stop()
        return node

    try:
        return asyncio.run(play())
    finally:
        script.goes.set()
        assert vault.stop() is None


def request(body: bytes) -> Request:
    return replace(DRAW.record(Request), body=body, content_sha256=sha256(body), body_bytes=len(body))


def test_the_table_has_the_calls_that_are_served() -> None:
    assert StubNode(1).service._serve.keys() == lanes.ANSWERS_TO.keys() - {calls.BodyCall}


def test_every_answer_reaches_the_node(tmp_path: Path) -> None:
    """Each call, answered with each record that may answer it."""
    script = Script()
    said: list[Record] = [DRAW.record(answer) for _, answer in PAIRS]
    coming = iter(said)
    script.says = lambda _call: next(coming)

    async def plot(node: Node, _vault: ServedVault) -> None:
        for number, (call, _) in enumerate(PAIRS, 1):
            node.link.ask(number, DRAW.record(call))
            await node.until(lambda at=number: at in node.answers or node.downs)  # type: ignore[misc]

    node = against(tmp_path, script, plot)
    for number, (answer, (call, _)) in enumerate(zip(said, PAIRS, strict=True), 1):
        got = node.answers.get(number)
        if isinstance(answer, calls.Failure):
            assert isinstance(got, ThresignError), call
        else:
            assert got == answer, call
    assert (node.ups, node.downs, node.complaints) == (1, 1, [])


def test_why_a_link_is_lost_is_heard_and_it_comes_back(tmp_path: Path) -> None:
    """The vault answers what no table has; then it ends the connection."""
    script = Script()
    script.says = lambda _call: DRAW.record(Request)

    async def plot(node: Node, vault: ServedVault) -> None:
        node.link.ask(1, calls.CheckpointCall())
        await node.until(lambda: node.ups == 2)
        vault.server._drop()
        node.link.ask(2, calls.CheckpointCall())
        await node.until(lambda: node.ups == 3)

    node = against(tmp_path, script, plot)
    assert node.complaints[0].startswith("unexpected record")
    assert len(node.complaints) == 2
    assert node.answers == {}


def test_a_call_that_is_too_long_fails_alone(tmp_path: Path) -> None:
    batch = Batch(tuple(request(bytes(60_000 + i)) for i in range(80)))
    assert len(calls.JudgeCall(batch).encode()) > FRAME_BYTES_MAX

    async def plot(node: Node, _vault: ServedVault) -> None:
        node.link.ask(1, calls.JudgeCall(batch))
        node.link.ask(2, calls.CheckpointCall())
        await node.until(lambda: len(node.answers) == 2)

    node = against(tmp_path, Script(), plot)
    assert isinstance(node.answers[1], MalformedRecord)
    assert node.answers[2] == calls.Done()
    assert (node.ups, node.complaints) == (1, [])


def test_a_vault_that_is_behind_takes_no_more_in(tmp_path: Path) -> None:
    """What it cannot serve yet stays with the node, votes and bodies as well; all of it is answered in the end."""
    script = Script()
    call = calls.JudgeCall(Batch((request(bytes(60_000)),)))
    size, count = len(call.encode()), 1000
    assert size * count / 2 > 3 * WAITING_BYTES_MAX

    async def plot(node: Node, vault: ServedVault) -> None:
        script.goes.clear()
        for number in range(1, count, 2):
            node.link.ask(number, call)
            node.link.ask(number + 1, calls.CheckpointCall())
        node.link.give_body(count + 1, sha256(b"body"), b"body")
        await node.until(lambda: vault.server._connection is not None and vault.server._connection.bulk)
        script.says = lambda _call: taken(vault)
        script.goes.set()
        await node.until(lambda: len(node.answers) == count + 1)

    most = 0

    def taken(vault: ServedVault) -> Record:
        nonlocal most
        time.sleep(0.001)  # so that the socket is full again
        connection = vault.server._connection
        assert connection is not None
        most = max(most, connection.waiting_bytes)
        assert connection.waiting_bytes == sum(w.size for w in (*connection.votes, *connection.bulk))
        return calls.Done()

    node = against(tmp_path, script, plot)
    assert WAITING_BYTES_MAX / 2 < most < WAITING_BYTES_MAX + FRAME_BYTES_MAX
    assert set(node.answers.values()) == {calls.Done()}
    assert script.bodies == [b"body"]
    assert (node.ups, node.complaints) == (1, [])
