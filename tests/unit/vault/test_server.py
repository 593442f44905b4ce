"""The vault's server: durable before sent, votes before bulk work, one node at a time, and nothing from a stranger.

The service is a stub that answers by the script of the test; socket and journal are real.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.house.served_vault import PATIENCE_S, ServedVault
from thresign.errors import CeremonyFailed, InvariantBroken, StorageError, VoteRefused
from thresign.limits import FRAME_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.vault import calls
from thresign.vault.recovery import Recovery
from thresign.vault.voting.book import Ballot
from thresign.vault.voting.records import RECORDS, Horizon, SnapshotPart
from thresign.wire.canonical import Record, decode_one_of

_HEAD = struct.Struct(">II")


class Script:
    """Stands for the Service. A call's sequence says how it is answered."""

    DURABLE, LAZY, REFUSED, BLAMED, BROKEN, DISK, MARK, BASE, WHOLE = range(1, 10)

    def __init__(self) -> None:
        self.base: Iterable[Record] = ()
        self.served: list[Record] = []
        self.recovery = Recovery()
        self.bodies: dict[bytes, bytes] = {}

    def serve(self, call: Record, now_ms: int) -> Ballot:
        assert now_ms > 1_600_000_000_000
        self.served.append(call)
        if isinstance(call, calls.CommitCall):
            match call.sequence:
                case self.DURABLE:
                    return Ballot(calls.Done(), (Horizon(call.view),), sync=True)
                case self.LAZY:
                    return Ballot(calls.Done(), (Horizon(call.view),))
                case self.MARK:
                    return Ballot(calls.Done(), (Horizon(call.view),), sync=True, mark=True)
                case self.BASE:
                    return Ballot(calls.Done(), (Horizon(call.view),), sync=True, base=self.base)
                case self.WHOLE:
                    return Ballot(calls.Done(), (Horizon(call.view),), sync=True, mark=True, base=self.base)
                case self.REFUSED:
                    raise VoteRefused("VOTE-1: no")
                case self.BLAMED:
                    raise CeremonyFailed("sch\N{LATIN SMALL LETTER O WITH DIAERESIS}n\n", (3, 4))
                case self.BROKEN:
                    raise InvariantBroken("a bug")
                case self.DISK:
                    raise StorageError("no space")
        return Ballot(calls.Done())

    def add_body(self, content_sha256: bytes, body: bytes) -> None:
        self.bodies[content_sha256] = body


class Running(ServedVault):
    """A server over a Script."""

    def __init__(self, directory: Path, node_uid: int | None = None) -> None:
        self.service = Script()
        super().__init__(self.service, directory, node_uid)

    def connect(self) -> Node:
        return Node(self.path)


class Node:
    """The other end."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(path))

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, *asked: Record, first_id: int = 1) -> None:
        self.sock.sendall(b"".join(frame(call, first_id + i) for i, call in enumerate(asked)))

    def answer(self) -> tuple[int, Record]:
        head = self._exactly(_HEAD.size)
        length, call_id = _HEAD.unpack(head)
        return call_id, decode_one_of({kind.TAG: kind for kind in (calls.Done, calls.Failure)}, self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            got = self.sock.recv(count - len(data))
            if not got:
                raise EOFError
            data += got
        return data

    def closed(self) -> bool:
        """True once the server has ended the connection."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


def frame(call: Record, call_id: int) -> bytes:
    payload = call.encode()
    return _HEAD.pack(len(payload), call_id) + payload


def commit(sequence: int, view: int = 0) -> calls.CommitCall:
    return calls.CommitCall(view, sequence, bytes(32), ())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.stop()


def test_nothing_is_sent_before_it_is_on_disk(running: Running) -> None:
    running.journal.may_sync.clear()
    with running.connect() as node:
        node.send(commit(Script.DURABLE, 7))
        assert running.journal.syncing.wait(PATIENCE_S)
        node.sock.setblocking(False)
        with pytest.raises(BlockingIOError):  # the server stands in sync: it has sent nothing
            node.sock.recv(1)
        node.sock.settimeout(PATIENCE_S)
        running.journal.may_sync.set()
        assert node.answer() == (1, calls.Done())
    assert list(running.journal.records()) == [Horizon(7).encode()]


def test_calls_that_came_together_share_a_sync(running: Running) -> None:
    running.journal.may_sync.clear()
    with running.connect() as node:
        node.send(commit(Script.DURABLE))
        assert running.journal.syncing.wait(PATIENCE_S)
        node.send(*(commit(Script.DURABLE, view) for view in range(1, 9)), first_id=2)
        running.journal.may_sync.set()
        assert [node.answer()[0] for _ in range(9)] == list(range(1, 10))
    assert running.journal.syncs == 2
    assert list(running.journal.records()) == [Horizon(view).encode() for view in range(9)]


def test_what_needs_no_sync_gets_none(running: Running) -> None:
    with running.connect() as node:
        node.send(commit(Script.LAZY, 3))
        assert node.answer() == (1, calls.Done())
    assert running.journal.syncs == 0
    assert list(running.journal.records()) == [Horizon(3).encode()]


class Endless:
    """A beginning that goes on until it is told to end."""

    def __init__(self) -> None:
        self.ends = threading.Event()
        self.records = 0

    def __iter__(self) -> Iterator[Record]:
        while not self.ends.is_set():
            self.records += 1
            yield SnapshotPart(bytes(200_000))


def journal_of(running: Running) -> list[Record]:
    return [decode_one_of(RECORDS, payload) for payload in running.journal.records()]


def test_votes_do_not_wait_for_a_journal_that_begins_anew(running: Running) -> None:
    """What is said meanwhile is synced where it stands, kept, and follows the new beginning; so does what is marked."""
    beginning = Endless()
    running.service.base = beginning
    with running.connect() as node:
        node.send(commit(Script.DURABLE, 1), commit(Script.MARK, 2), commit(Script.BASE, 3))
        for view in range(4, 10):
            node.send(commit(Script.MARK if view == 6 else Script.DURABLE, view), first_id=view)
        assert [node.answer()[0] for _ in range(9)] == list(range(1, 10))
        assert [r for r in journal_of(running) if isinstance(r, Horizon)] == [Horizon(n) for n in range(1, 10)]
        beginning.ends.set()
        while isinstance(journal_of(running)[0], Horizon):
            node.send(calls.CheckpointCall())
            node.answer()
        begun = [SnapshotPart(bytes(200_000))] * beginning.records
        assert journal_of(running) == [*begun, *(Horizon(n) for n in range(2, 10))]
        running.service.base = (Horizon(77),)
        node.send(commit(Script.BASE, 10))
        node.answer()
        while running.server._replacement is not None:
            node.send(calls.CheckpointCall())
            node.answer()
    assert journal_of(running) == [Horizon(77), *(Horizon(n) for n in range(6, 11))]


def test_a_newer_beginning_takes_the_place_of_one_that_is_not_written_yet(running: Running) -> None:
    running.service.base = Endless()
    with running.connect() as node:
        node.send(commit(Script.DURABLE, 1), commit(Script.MARK, 2), commit(Script.BASE, 3), commit(Script.MARK, 4))
        for _ in range(4):
            node.answer()
        running.service.base = (Horizon(77),)
        node.send(commit(Script.BASE, 5))
        node.answer()
        while running.server._replacement is not None:
            node.send(calls.CheckpointCall())
            node.answer()
    assert journal_of(running) == [Horizon(77), Horizon(4), Horizon(5)]


def test_a_ledger_that_was_taken_over_is_on_disk_before_the_answer(running: Running) -> None:
    """What follows such a mark means nothing without what lies before it."""
    running.service.base = Endless()
    with running.connect() as node:
        node.send(commit(Script.MARK, 1), commit(Script.BASE, 2))
        for _ in range(2):
            node.answer()
        running.service.base = [SnapshotPart(bytes([i]) * 1_000_000) for i in range(5)]
        node.send(commit(Script.WHOLE, 3))
        assert node.answer() == (1, calls.Done())
        assert journal_of(running) == [*running.service.base, Horizon(3)]


def test_a_refusal_among_good_calls(running: Running) -> None:
    with running.connect() as node:
        node.send(commit(Script.DURABLE), commit(Script.REFUSED), commit(Script.BLAMED), commit(Script.LAZY))
        answers = [node.answer() for _ in range(4)]
    assert answers == [
        (1, calls.Done()),
        (2, calls.Failure("vote_refused", "VOTE-1: no", ())),
        (3, calls.Failure("ceremony_failed", "sch\\xf6n?", (3, 4))),
        (4, calls.Done()),
    ]


def test_votes_are_served_before_bulk_work(running: Running) -> None:
    running.journal.may_sync.clear()
    with running.connect() as node:
        node.send(commit(Script.DURABLE))
        assert running.journal.syncing.wait(PATIENCE_S)
        bulk, vote = calls.SignCall(5, 0), calls.CheckpointCall()
        node.send(bulk, bulk, vote, vote, first_id=2)
        running.journal.may_sync.set()
        assert [node.answer()[0] for _ in range(5)] == [1, 4, 5, 2, 3]
    assert [type(call) for call in running.service.served[1:]] == [type(c) for c in (vote, vote, bulk, bulk)]


@pytest.mark.parametrize(("how", "kind"), [(Script.BROKEN, InvariantBroken), (Script.DISK, StorageError)])
def test_what_must_stop_the_vault_stops_it_unanswered(tmp_path: Path, how: int, kind: type[Exception]) -> None:
    running = Running(tmp_path)
    with running.connect() as node:
        node.send(commit(Script.DURABLE), commit(how))
        running.thread.join(PATIENCE_S)
        assert isinstance(running.stop(), kind)
        assert node.closed()  # without a word, about the good call before it neither: its vote was not synced


def test_a_disk_that_says_no_stops_it_unanswered(tmp_path: Path) -> None:
    running = Running(tmp_path)
    running.journal.fails = True
    with running.connect() as node:
        node.send(commit(Script.DURABLE))
        running.thread.join(PATIENCE_S)
        assert isinstance(running.stop(), StorageError)
        assert node.closed()


@pytest.mark.parametrize(
    "data",
    [
        _HEAD.pack(FRAME_BYTES_MAX + 1, 1),
        _HEAD.pack(2**32 - 1, 1),
        _HEAD.pack(8, 1) + b"tv.none?",
        _HEAD.pack(3, 1) + b"tv.",
        _HEAD.pack(9, 1) + b"tv.stat?\0",
        _HEAD.pack(0, 1),
        frame(calls.BodyCall(sha256(b"x"), 1), 1),  # without its descriptor
    ],
)
def test_malformed_frames_end_the_connection_and_not_the_vault(running: Running, data: bytes) -> None:
    with running.connect() as node:
        node.sock.sendall(data)
        assert node.closed()
    with running.connect() as node:
        node.send(calls.CheckpointCall())
        assert node.answer() == (1, calls.Done())


def test_frames_may_come_byte_by_byte(running: Running) -> None:
    with running.connect() as node:
        for byte in frame(calls.CheckpointCall(), 9):
            node.sock.sendall(bytes([byte]))
        assert node.answer() == (9, calls.Done())


def test_a_new_connection_takes_the_place_of_the_old_one(running: Running) -> None:
    with running.connect() as old:
        old.send(calls.CheckpointCall())
        old.answer()
        with running.connect() as new:
            new.send(calls.CheckpointCall())
            assert new.answer() == (1, calls.Done())
            assert old.closed()


def test_strangers_are_turned_away(tmp_path: Path) -> None:
    running = Running(tmp_path, node_uid=os.geteuid() + 1)
    with running.connect() as node:
        assert node.closed()
    assert running.server.refused_uids == {os.geteuid()}
    assert running.service.served == []
    running.stop()


def memfd(body: bytes) -> int:
    descriptor = os.memfd_create("body")
    os.write(descriptor, body)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def send_body(node: Node, call: calls.BodyCall, body: bytes) -> None:
    descriptor = memfd(body)
    socket.send_fds(node.sock, [frame(call, 1)], [descriptor])
    os.close(descriptor)


def test_a_large_body_comes_as_a_file(running: Running) -> None:
    body = b"x" * 100_000
    with running.connect() as node:
        send_body(node, calls.BodyCall(sha256(body), len(body)), body)
        assert node.answer() == (1, calls.Done())
    assert running.service.bodies == {sha256(body): body}


@pytest.mark.parametrize(("digest", "length"), [(sha256(b"other"), 3), (sha256(b"abc"), 2), (sha256(b"abc"), 4)])
def test_a_body_that_is_not_what_its_digest_says(running: Running, digest: bytes, length: int) -> None:
    with running.connect() as node:
        send_body(node, calls.BodyCall(digest, length), b"abc")
        _, failure = node.answer()
    assert isinstance(failure, calls.Failure)
    assert failure.code == "malformed_record"
    assert running.service.bodies == {}


def test_descriptors_do_not_leak(running: Running) -> None:
    """A connection that ends with bodies unread, or good and bad ones served, leaves no file open."""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with running.connect() as node:
            send_body(node, calls.BodyCall(sha256(b"abc"), 3), b"abc")
            node.answer()
            send_body(node, calls.BodyCall(sha256(b"abc"), 4), b"abc")
            node.answer()
    with running.connect() as node:
        node.send(calls.CheckpointCall())
        node.answer()
        assert len(os.listdir("/proc/self/fd")) <= before + 2
