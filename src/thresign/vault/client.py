"""The node's side of the vault's socket: calls with numbers, answers in any order, found again when the vault restarts.

Own buffering on a plain non-blocking socket, because large bodies go along as file descriptors (sealed memfd).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from thresign.errors import MalformedRecord, ThresignError
from thresign.limits import ANSWER_BYTES_MAX, FRAME_BYTES_MAX
from thresign.vault import calls, lanes
from thresign.wire.canonical import Record, decode_one_of

_HEAD = struct.Struct(">II")
_SEND_BYTES = 1 << 18
_RECEIVE_BYTES = 1 << 18
_STATUS_ID = 0
RETRY_S = 0.05
_F_ADD_SEALS, _SEALS = 1033, 0xF


class Events(NamedTuple):
    """What the node is told."""

    up: Callable[[calls.Status], None]
    down: Callable[[], None]
    answer: Callable[[int, Record | ThresignError], None]


class VaultLink:
    """A connection that is kept up. Calls made while it is down are dropped: the node hears `down`, then `up`."""

    def __init__(self, path: Path, events: Events, complain: Callable[[Exception], None]) -> None:
        """`complain` hears why a connection that stood is given up."""
        self._path = path
        self._events = events
        self._complain = complain
        self._sock: socket.socket | None = None
        self._in = bytearray()
        self._room = memoryview(bytearray(_RECEIVE_BYTES))
        """Received into, again and again."""
        self._out = bytearray()
        self._sent = 0
        """Bytes that have left this connection: `_out` begins there in the stream."""
        self._descriptors: deque[tuple[int, int]] = deque()
        """Where in the stream a descriptor goes along, and which."""
        self._up = False
        self._flushing = False
        self._task: asyncio.Task[None] | None = None
        self._lost: asyncio.Future[Exception] | None = None
        """Set to why, once the connection is of no use any more."""

    def start(self) -> None:
        """Begins to connect."""
        self._task = asyncio.get_running_loop().create_task(self._keep_up())

    async def stop(self) -> None:
        """Closes the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._close()

    @property
    def is_up(self) -> bool:
        """True while the vault answers."""
        return self._up

    def ask(self, call_id: int, call: Record) -> None:
        """Sends a call; `call_id` is above 0. The answer comes through Events.answer; to a call that is longer than a
        frame, for which the vault would end the connection, it is MalformedRecord."""
        if self._up:
            self._push(call_id, call, None)

    def give_body(self, call_id: int, content_sha256: bytes, body: bytes) -> None:
        """Hands a large body over as a sealed memfd. Raises OSError if there is no memory for it."""
        if not self._up:
            return
        descriptor = os.memfd_create("body", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            view = memoryview(body)
            while view:
                view = view[os.write(descriptor, view) :]
            os.lseek(descriptor, 0, os.SEEK_SET)
            fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEALS)
        except OSError:
            os.close(descriptor)
            raise
        self._push(call_id, calls.BodyCall(content_sha256, len(body)), descriptor)

    def _push(self, call_id: int, call: Record, descriptor: int | None) -> None:
        payload = call.encode()
        if len(payload) > FRAME_BYTES_MAX:
            error = MalformedRecord(f"a {type(call).__name__} of {len(payload)} bytes, at most {FRAME_BYTES_MAX}")
            asyncio.get_running_loop().call_soon(self._events.answer, call_id, error)
            return
        if descriptor is not None:
            self._descriptors.append((self._sent + len(self._out), descriptor))
        self._out += _HEAD.pack(len(payload), call_id) + payload
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        sock = self._sock
        if sock is None:
            return
        try:
            while self._out:
                self._send_some(sock)
        except BlockingIOError:
            asyncio.get_running_loop().add_writer(sock.fileno(), self._writable)
        except OSError as error:
            self._lose(error)

    def _send_some(self, sock: socket.socket) -> None:
        """Sends up to the next descriptor's place in the stream; a descriptor goes with the first bytes of its call."""
        waiting = self._descriptors
        with_one = bool(waiting) and waiting[0][0] == self._sent
        ahead = list(waiting)[int(with_one) :]
        end = ahead[0][0] - self._sent if ahead else len(self._out)
        chunk = bytes(memoryview(self._out)[: min(end, _SEND_BYTES)])
        if with_one:
            sent = socket.send_fds(sock, [chunk], [waiting[0][1]])
            os.close(waiting.popleft()[1])
        else:
            sent = sock.send(chunk)
        del self._out[:sent]
        self._sent += sent

    def _writable(self) -> None:
        if self._sock is not None:
            asyncio.get_running_loop().remove_writer(self._sock.fileno())
            self._flush()

    def _readable(self) -> None:
        if self._sock is None:
            return
        try:
            count = self._sock.recv_into(self._room)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if not count:
            self._lose(EOFError("the vault ended the connection"))
            return
        self._in += self._room[:count]
        try:
            answers = self._cut()
        except MalformedRecord as error:
            self._lose(error)
            return
        for call_id, answer in answers:
            if call_id == _STATUS_ID and isinstance(answer, calls.Status):
                self._up = True
                self._events.up(answer)
            else:
                self._events.answer(call_id, answer.error() if isinstance(answer, calls.Failure) else answer)

    def _lose(self, why: Exception) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _cut(self) -> list[tuple[int, Record]]:
        at, buffer = 0, self._in
        answers = []
        while len(buffer) - at >= _HEAD.size:
            length, call_id = _HEAD.unpack_from(buffer, at)
            if length > ANSWER_BYTES_MAX:
                raise MalformedRecord("an answer that is too long")
            end = at + _HEAD.size + length
            if end > len(buffer):
                break
            answers.append((call_id, decode_one_of(lanes.ANSWERS, bytes(buffer[at + _HEAD.size : end]))))
            at = end
        del buffer[:at]
        return answers

    async def _keep_up(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            try:
                await loop.sock_connect(sock, str(self._path))
            except OSError:
                sock.close()
                await asyncio.sleep(RETRY_S)
                continue
            self._sock = sock
            self._lost = loop.create_future()
            loop.add_reader(sock.fileno(), self._readable)
            self._push(_STATUS_ID, calls.StatusCall(), None)
            self._complain(await self._lost)
            self._close()
            await asyncio.sleep(RETRY_S)

    def _close(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(sock.fileno())
            loop.remove_writer(sock.fileno())
            sock.close()
        for _, descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()
        self._out.clear()
        self._sent = 0
        self._in.clear()
        if self._up:
            self._up = False
            self._events.down()
