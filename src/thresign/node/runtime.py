"""The node around its replica: sockets, clock, disk.

Everything runs on one event loop. Outputs of the replica are carried out in order; only the journal's sync leaves the
loop, and several writes share one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain

from thresign.agreement.pbft.messages import DecidedBatch
from thresign.errors import StorageError, ThresignError
from thresign.node import bodies as body_messages
from thresign.node import events as ev
from thresign.node.accusations import Accusations
from thresign.node.allowance import Work
from thresign.node.bodies import Bodies, BodyChunk, BodyHeld, FetchBody
from thresign.node.disk import Disk
from thresign.node.history import History
from thresign.node.ports import Ports
from thresign.node.records import DecidedRecord
from thresign.node.replica import MESSAGES, Replica
from thresign.node.signing import held_message, result_message
from thresign.orders.batch import Batch, Entry
from thresign.orders.roster import Roster
from thresign.signing.events import Delivered
from thresign.vault import calls
from thresign.wire.canonical import Record, decode_one_of

ALL_MESSAGES: dict[bytes, type[Record]] = {**MESSAGES, **body_messages.MESSAGES}
RECOVER_BATCHES = 256
DECIDED_AT_ONCE = 16
_OWN_CALLS = 1 << 31
"""Calls of the runtime itself have numbers above this; those of the replica lie below."""


class Runtime:
    """Feeds the replica and does what it says. `fail` is called once when the node must stop."""

    def __init__(
        self,
        number: int,
        replica: Replica,
        history: History,
        bodies: Bodies,
        accusations: Accusations,
        retention_ms: int = 0,
    ) -> None:
        """`retention_ms`: what is older, by agreed time, may be thrown away; 0 keeps everything."""
        self.number = number
        self.replica = replica
        self.history = history
        self.bodies = bodies
        self.accusations = accusations
        self.retention_ms = retention_ms
        self._time_ms = 0
        """Agreed time of the newest batch."""
        self._pruning: asyncio.Task[None] | None = None
        self.ports: Ports
        self.failure: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.vault_is_up = False
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._own: dict[int, Callable[[Record | ThresignError], None]] = {}
        self._own_ids = _OWN_CALLS
        self._recovered = False
        self._to_submit: list[Entry] = []
        self._disk = Disk(history, self._written, self._fail)

    @property
    def roster(self) -> Roster:
        """That of the epoch which the vault is in."""
        return self.replica.core.roster

    def now_ms(self) -> int:
        """The loop's monotonic clock."""
        return int(self._loop.time() * 1000)

    def answering(self) -> int:
        """How many modules can take part in a decision now, this one included, as far as it has heard."""
        return int(self.vault_is_up) + len(self.replica.core.answering)

    # --- what comes in --------------------------------------------------------------------------------------------

    def feed(self, event: ev.Event) -> None:
        """Gives the replica an event, and does what follows. Nothing any more once the disk has failed: the vault would
        go on, and this node's journal would not have what it decides."""
        if self.failure.done():
            return
        self._do_all(self.replica.handle(event, self.now_ms()))

    def vault_up(self, status: calls.Status) -> None:
        """The vault's connection stands. After a start of this node, its newest orders are walked again."""
        self.vault_is_up = True
        for content_sha256, body in self.bodies.everything():
            self.give_body(content_sha256, body, lambda _reply: None)
        self.ports.watcher.vault_up(status)
        self.feed(ev.VaultUp(status))
        self._members()
        if not self._recovered:
            self._recovered = True
            gap = self.history.newest() < status.sequence
            self._do_all(self.replica.recover(self._past(gap), self.now_ms()))

    def _members(self) -> None:
        """Tells the connections whom to keep: a module that is no member itself follows whoever was configured."""
        members = frozenset(self.roster.numbers())
        self.ports.mesh.keep(members if self.number in members else None)

    def vault_down(self) -> None:
        """The vault's connection broke."""
        self.vault_is_up = False
        waiting, self._own = self._own, {}
        for then in waiting.values():
            then(StorageError("the vault does not answer"))
        self.ports.watcher.vault_down()
        self.feed(ev.VaultDown())

    def vault_answer(self, call_id: int, reply: Record | ThresignError) -> None:
        """An answer of the vault."""
        if call_id > _OWN_CALLS:
            then = self._own.pop(call_id, None)
            if then is not None:
                then(reply)
        else:
            self.feed(ev.VaultSaid(call_id, reply))

    def peer_frame(self, sender: int, payload: bytes) -> None:
        """A frame of another module. Raises MalformedRecord."""
        message = decode_one_of(ALL_MESSAGES, payload)
        match message:
            case BodyChunk():
                self._body_chunk(sender, message)
            case BodyHeld():
                self._body_held(message.content_sha256, sender)
            case FetchBody():
                if self._admits(sender, Work.BODIES):
                    self._send_body(sender, message.content_sha256, Work.BODIES)
            case _:
                self.feed(ev.PeerSaid(sender, message))

    def peer_up(self, number: int) -> None:
        """A connection stands."""
        self.feed(ev.PeerUp(number))

    def peer_down(self, number: int) -> None:
        """A connection broke."""
        self.bodies.forget_peer(number)
        self.feed(ev.PeerDown(number))

    def submit(self, entry: Entry) -> None:
        """Has an entry ordered. Those of one loop turn go to the primary in one message."""
        if not self._to_submit:
            self._loop.call_soon(self._submit)
        self._to_submit.append(entry)

    def _submit(self) -> None:
        entries, self._to_submit = tuple(self._to_submit), []
        self.feed(ev.Submitted(entries))

    def ask_vault(self, call: Record, then: Callable[[Record | ThresignError], None]) -> None:
        """A call of the node itself; `then` is called with the answer, or with an error if the vault goes away."""
        if not self.vault_is_up:
            then(StorageError("the vault does not answer"))
            return
        self._own_ids += 1
        self._own[self._own_ids] = then
        self.ports.link.ask(self._own_ids, call)

    # --- what goes out --------------------------------------------------------------------------------------------

    def _do_all(self, outputs: list[ev.Output]) -> None:
        try:
            for output in outputs:
                self._do(output)
        except StorageError as error:
            self._fail(error)

    def _do(self, output: ev.Output) -> None:
        ports = self.ports
        match output:
            case ev.Send():
                ports.mesh.send(output.to, output.message.encode())
            case ev.Broadcast():
                ports.mesh.broadcast(output.message.encode())
            case ev.Ask():
                ports.link.ask(output.id, output.call)
            case ev.SetTimer():
                self._set_timer(output.name, output.after_ms)
            case ev.CancelTimer():
                held = self._timers.pop(output.name, None)
                if held is not None:
                    held.cancel()
            case ev.Write():
                self.history.append(output.records)
                if output.id:
                    self._disk.sync(output.id)
            case ev.Applied():
                self._time_ms = output.applied.time_ms
                ports.watcher.applied(output.applied, output.entries)
            case ev.Answer():
                ports.watcher.answered(output.answered)
            case ev.Refused():
                ports.watcher.refused(output.entry, output.error)
            case ev.SendDecided():
                self._send_decided(output)
            case ev.SendHeld():
                self._send_held(output)
            case ev.Restored():
                ports.watcher.vault_up(output.status)
                self._members()
            case ev.Switched():
                ports.watcher.vault_up(output.status)
                self._members()
            case ev.Equivocated():
                if self.accusations.add(output.evidence):
                    ports.watcher.observed("equivocation", output.evidence.number, "two signed messages in one place")
            case ev.WantBody():
                self._want_body(output.to, output.content_sha256)
            case ev.Prunable():
                self._prune(output.sequence)
            case ev.Observe():
                ports.watcher.observed(output.what, output.number, output.detail)

    def _set_timer(self, name: str, after_ms: int) -> None:
        held = self._timers.pop(name, None)
        if held is not None:
            held.cancel()
        self._timers[name] = self._loop.call_later(after_ms / 1000, self._fire, name)

    def _fire(self, name: str) -> None:
        self._timers.pop(name, None)
        self.feed(ev.TimerFired(name))

    def _fail(self, error: BaseException) -> None:
        """The node must stop."""
        if not self.failure.done():
            self.failure.set_result(error if isinstance(error, Exception) else StorageError(str(error)))

    def _written(self, ids: list[int]) -> None:
        for written in ids:
            self.feed(ev.Written(written))

    def _send_decided(self, output: ev.SendDecided) -> None:
        records = self.history.batches_from(output.sequence, DECIDED_AT_ONCE)
        first = next(records, None)
        if first is None:
            self.feed(ev.NotHeld(output.to, output.sequence))
        else:
            payloads = self._charged(output.to, Work.BATCHES, self._decided(chain([first], records)))
            self.ports.mesh.send_bulk(output.to, DecidedBatch.TAG, payloads)

    def _decided(self, records: Iterator[DecidedRecord]) -> Iterator[bytes]:
        try:
            for record in records:
                yield DecidedBatch(record.certificate, record.body).encode()
        except StorageError as error:
            self._fail(error)

    def _prune(self, sequence: int) -> None:
        """Throws away what is older than the retention setting and not needed by the vault, if anything is to go."""
        if self.retention_ms and self._pruning is None:
            work = self.history.prune(sequence, self._time_ms - self.retention_ms)
            self._pruning = self._loop.create_task(work)
            self._pruning.add_done_callback(self._pruned)

    def _pruned(self, task: asyncio.Task[None]) -> None:
        self._pruning = None
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _send_held(self, output: ev.SendHeld) -> None:
        held = []
        for order in output.orders:
            found = self.history.result(order)
            if found is None:
                continue
            if output.with_result:
                payload = result_message(found).encode()
                self.replica.allowance.spend(output.to, Work.RECALLS, len(payload))
                self.ports.mesh.send(output.to, payload)
            if not self.history.gave_up(order):
                held.append(order)
        if held:
            self.ports.mesh.send(output.to, held_message(held).encode())

    def _past(self, gap: bool) -> list[Delivered]:
        """The newest batches of the journal, back to the first gap, with what is known of their orders. There is one
        behind them if the vault is ahead."""
        return [self._replay(record, gap) for record in self.history.newest_batches(RECOVER_BATCHES)]

    def walk_again(self, sequence: int) -> None:
        """Walks a batch of the journal once more: its orders were answered, if at all, while this node was away."""
        record = self.history.batch(sequence)
        if record is not None:
            replay = self._replay(record, gap=not self.history.whole_since(sequence))
            self._do_all(self.replica.recover([replay], self.now_ms()))

    def _replay(self, record: DecidedRecord, gap: bool) -> Delivered:
        header = record.certificate.header
        applied = calls.Applied(header.sequence, header.time_ms, record.body, record.orders, (), (), 0, 0, ())
        past = self.history.past(record.orders)._replace(gap=gap)
        return Delivered(record.certificate, Batch.decode(record.body), applied, past)

    # --- large bodies ---------------------------------------------------------------------------------------------

    def give_body(self, content_sha256: bytes, body: bytes, then: Callable[[Record | ThresignError], None]) -> None:
        """Hands a large body to the vault."""
        if not self.vault_is_up:
            then(StorageError("the vault does not answer"))
            return
        self._own_ids += 1
        try:
            self.ports.link.give_body(self._own_ids, content_sha256, body)
        except OSError as error:
            then(StorageError(f"no memory to hand a body over: {error.strerror}"))
        else:
            self._own[self._own_ids] = then

    def _want_body(self, to: int, content_sha256: bytes) -> None:
        body = self.bodies.get(content_sha256)
        if body is None:
            self.bodies.want(content_sha256)
            self.ports.mesh.send(to, FetchBody(content_sha256).encode())
        else:
            self._loop.call_soon(self._given, content_sha256, body, self.number, calls.Done())

    def _admits(self, peer: int, work: Work) -> bool:
        """True if the peer's budget has room for this; if not, that is counted."""
        if self.replica.allowance.take(peer, work, self.now_ms()):
            return True
        self.ports.watcher.observed("asked too much", peer, work.value)
        return False

    def _send_body(self, to: int, content_sha256: bytes, work: Work | None = None) -> None:
        """Sends a body, or the message of an order, to one module, in chunks; at its cost if it has asked."""
        body = self.bodies.get(content_sha256) or self.replica.message_of(content_sha256)
        if body:
            pieces = (piece.encode() for piece in body_messages.chunks(content_sha256, body))
            charged = pieces if work is None else self._charged(to, work, pieces)
            self.ports.mesh.send_bulk(to, content_sha256, charged, len(body))

    def _charged(self, to: int, work: Work, payloads: Iterator[bytes]) -> Iterator[bytes]:
        for payload in payloads:
            self.replica.allowance.spend(to, work, len(payload))
            yield payload

    def spread_body(self, content_sha256: bytes, body: bytes) -> None:
        """A caller's large body: keep it, give it to the vault, send it to all."""
        self.bodies.put(content_sha256, body)
        self.bodies.spread(content_sha256)
        self.give_body(content_sha256, body, lambda reply: self._given(content_sha256, body, self.number, reply))
        for number in self.ports.mesh.up():
            self._send_body(number, content_sha256)

    def _body_chunk(self, sender: int, chunk: BodyChunk) -> None:
        digest = chunk.content_sha256
        if chunk.offset == 0 and not self._admits(sender, Work.HANDOVERS):
            return
        body = self.bodies.take(sender, chunk)
        if body is None and chunk.offset == 0:
            body = self.bodies.again(digest)  # of an earlier request: the vault may not have it any more
        if body is not None:
            self.replica.allowance.spend(sender, Work.HANDOVERS, len(body))
            self.give_body(digest, body, lambda reply: self._given(digest, body, sender, reply))

    def _given(self, content_sha256: bytes, body: bytes, origin: int, reply: Record | ThresignError) -> None:
        if isinstance(reply, ThresignError):
            return
        self.feed(ev.BodyArrived(content_sha256, body))
        if origin == self.number:
            self._body_held(content_sha256, self.number)
        else:
            self.ports.mesh.send(origin, BodyHeld(content_sha256).encode())

    def _body_held(self, content_sha256: bytes, number: int) -> None:
        holders = self.bodies.held_by(content_sha256, number)
        self.ports.watcher.body_held(content_sha256, holders)

    async def stop(self) -> None:
        """Writes everything out."""
        for timer in self._timers.values():
            timer.cancel()
        await self._disk.stop()
        self.history.close()
        self.accusations.close()
