"""The vault process: one token, one journal, one socket, and the node on the other side of it.

Single-threaded on purpose: calls are served one after the other, votes before bulk work. What a vote needs on disk is
synced before the answer is sent; calls that came together share one sync.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import time
from collections import deque
from pathlib import Path

from thresign.errors import InvariantBroken, MalformedRecord, StorageError, ThresignError
from thresign.journal.file import JournalFile, Replacement
from thresign.limits import BODY_BYTES_MAX, FRAME_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.vault import calls, lanes
from thresign.vault.service import Service
from thresign.vault.voting.book import Ballot
from thresign.wire.canonical import Record, decode_one_of

_RECEIVE_BYTES = 1 << 18
_DESCRIPTORS_MAX = 16
_INT_BYTES = struct.calcsize("i")
_ANCILLARY_BYTES = socket.CMSG_LEN(_DESCRIPTORS_MAX * _INT_BYTES)
WAITING_BYTES_MAX = 2 * FRAME_BYTES_MAX
"""Calls that wait to be served take up to this and one frame more; the rest stays in the socket, or at the node."""
_HEAD = struct.Struct(">II")


class _Waiting:
    """A call that has not been answered, `size` bytes long."""

    __slots__ = ("call", "descriptor", "id", "size")

    def __init__(self, call_id: int, call: Record, descriptor: int | None, size: int) -> None:
        self.id = call_id
        self.call = call
        self.descriptor = descriptor
        self.size = size


class Connection:
    """The node's connection: frames in two lanes, descriptors in the order of the calls that they belong to."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.votes: deque[_Waiting] = deque()
        self.bulk: deque[_Waiting] = deque()
        self._buffer = bytearray()
        self._room = memoryview(bytearray(_RECEIVE_BYTES))
        """Received into, again and again: a new piece of memory each time would have to be locked each time."""
        self._descriptors: deque[int] = deque()
        self.waiting_bytes = 0
        self.open = True

    @property
    def full(self) -> bool:
        """True while so much waits that no more is taken in."""
        return self.waiting_bytes >= WAITING_BYTES_MAX

    def take(self) -> list[_Waiting]:
        """What is served next: all votes, or one bulk call."""
        if self.votes:
            taken = list(self.votes)
            self.votes.clear()
        else:
            taken = [self.bulk.popleft()] if self.bulk else []
        self.waiting_bytes -= sum(waiting.size for waiting in taken)
        return taken

    def receive(self) -> None:
        """Takes in what has arrived. A malformed frame ends the connection: a node of ours does not send any."""
        try:
            count, ancillary, _, _ = self.sock.recvmsg_into([self._room], _ANCILLARY_BYTES)
        except BlockingIOError:
            return
        except OSError:
            count, ancillary = 0, []
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors.extend(struct.unpack_from(f"{len(data) // _INT_BYTES}i", data))
        if not count:
            self.open = False
            return
        self._buffer += self._room[:count]
        try:
            self._cut()
        except MalformedRecord:
            self.open = False

    def _cut(self) -> None:
        at, buffer = 0, self._buffer
        while len(buffer) - at >= _HEAD.size:
            length, call_id = _HEAD.unpack_from(buffer, at)
            if length > FRAME_BYTES_MAX:
                raise MalformedRecord("a call that is too long")
            end = at + _HEAD.size + length
            if end > len(buffer):
                break
            call = decode_one_of(lanes.CALLS, bytes(buffer[at + _HEAD.size : end]))
            at = end
            descriptor = None
            if isinstance(call, calls.BodyCall):
                if not self._descriptors:
                    raise MalformedRecord("a body without its descriptor")
                descriptor = self._descriptors.popleft()
            lane = self.votes if call.TAG in lanes.VOTE_LANE else self.bulk
            lane.append(_Waiting(call_id, call, descriptor, length))
            self.waiting_bytes += length
        del buffer[:at]

    def answer(self, answers: list[tuple[int, Record]]) -> None:
        """Sends answers; the socket is switched to blocking for it, the node always reads."""
        out = bytearray()
        for call_id, reply in answers:
            payload = reply.encode()
            out += _HEAD.pack(len(payload), call_id) + payload
        try:
            self.sock.setblocking(True)
            self.sock.sendall(out)
            self.sock.setblocking(False)
        except OSError:
            self.open = False

    def close(self) -> None:
        """Gives up what is left."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        for waiting in (*self.votes, *self.bulk):
            if waiting.descriptor is not None:
                os.close(waiting.descriptor)
        self.sock.close()


class Server:
    """Serves one node at a time; a new connection takes the place of the old one."""

    def __init__(self, service: Service, journal: JournalFile, listener: socket.socket, node_uid: int) -> None:
        self._service = service
        self._journal = journal
        self._listener = listener
        self._node_uid = node_uid
        self._selector = selectors.DefaultSelector()
        self._connection: Connection | None = None
        self._mark = 0
        """Where in the journal the last Ballot with a mark stands."""
        self._replacement: Replacement | None = None
        """The journal's new beginning, which is being written: a piece each turn."""
        self.refused_uids: set[int] = set()

    def run(self) -> None:
        """Serves until a StorageError or InvariantBroken says that going on would be wrong."""
        self.begin()
        while True:
            self.turn()

    def begin(self) -> None:
        """Listens for the node."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def turn(self) -> None:
        """One round: take in what is there, serve all votes, or one bulk call."""
        self._rewrite()
        connection = self._connection
        waiting = connection is not None and bool(connection.votes or connection.bulk)
        busy = waiting or self._replacement is not None
        for key, _ in self._selector.select(0 if busy else None):
            if key.fileobj is self._listener:
                self._accept()
            elif connection is not None and not connection.full:
                connection.receive()
        if connection is None or connection is not self._connection:
            return
        if not connection.open:
            self._drop()
            return
        self._serve(connection, connection.take())

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if uid != self._node_uid:
            self.refused_uids.add(uid)
            sock.close()
            return
        self._drop()
        sock.setblocking(False)
        self._connection = Connection(sock)
        self._selector.register(sock, selectors.EVENT_READ)

    def _drop(self) -> None:
        if self._connection is not None:
            self._selector.unregister(self._connection.sock)
            self._connection.close()
            self._connection = None

    def _serve(self, connection: Connection, batch: list[_Waiting]) -> None:
        answers: list[tuple[int, Record]] = []
        if not batch:
            return
        sync = False
        for waiting in batch:
            try:
                ballot = self._one(waiting)
                reply = ballot.reply
                if ballot.mark:
                    self._mark = self._journal.size
                self._append(ballot.records)
                sync = sync or ballot.sync
                if ballot.base:
                    self._begin_anew(ballot)
            except (InvariantBroken, StorageError):
                raise
            except ThresignError as error:
                reply = calls.failure(error)
            answers.append((waiting.id, reply))
        if sync:
            self._journal.sync()
        connection.answer(answers)

    def _begin_anew(self, ballot: Ballot) -> None:
        if self._replacement is not None:
            self._replacement.abandon()
        self._replacement = self._journal.replacement((record.encode() for record in ballot.base), self._mark)
        while ballot.mark and self._replacement is not None:
            self._rewrite()

    def _rewrite(self) -> None:
        """Writes a piece of the journal's new beginning, if there is one to write."""
        if self._replacement is not None and self._replacement.step():
            self._mark = self._replacement.moved(self._mark)
            self._replacement = None

    def _append(self, records: tuple[Record, ...]) -> None:
        if records:
            before = self._journal.size
            self._journal.append(record.encode() for record in records)
            self._service.recovery.grown += self._journal.size - before

    def _one(self, waiting: _Waiting) -> Ballot:
        if isinstance(waiting.call, calls.BodyCall) and waiting.descriptor is not None:
            return Ballot(self._body(waiting.call, waiting.descriptor))
        return self._service.serve(waiting.call, time.time_ns() // 1_000_000)

    def _body(self, call: calls.BodyCall, descriptor: int) -> Record:
        """Takes a large body from a sealed memfd: read once, so what is hashed is what is signed."""
        try:
            with os.fdopen(descriptor, "rb") as file:
                body = file.read(BODY_BYTES_MAX + 1)
        except OSError as error:
            raise MalformedRecord(f"body: {error.strerror}") from None
        if len(body) != call.body_bytes or sha256(body) != call.content_sha256:
            raise MalformedRecord("body: not what its digest says")
        self._service.add_body(call.content_sha256, body)
        return calls.Done()


def listen(path: Path, node_gid: int) -> socket.socket:
    """The vault's socket: in a directory of its own, for the node's group alone."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.bind(str(path))
    os.chmod(path, 0o660)
    if os.geteuid() == 0:
        os.chown(path, -1, node_gid)
    listener.listen(4)
    return listener
