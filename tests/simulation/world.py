"""A simulated trust domain: real agreement, voting, ledger and signing over a simulated network, clock and disks.

Everything is drawn from one seed. A module is a node and a vault, which crash separately and have separate disks; what
was not synced may be lost.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.byzantine.behaviour import Behaviour, well_formed
from tests.simulation.monitor import Monitor, hold
from tests.simulation.stubs import StubChecks, StubCombiner, StubToken, sign, signed
from thresign.agreement.pbft.messages import DecidedBatch
from thresign.callers import profile
from thresign.errors import InvariantBroken, ThresignError
from thresign.ids import Digest, ModuleNumber
from thresign.journal.frames import frame, scan
from thresign.ledger import snapshot
from thresign.ledger.ledger import first_state
from thresign.ledger.state import KeyState
from thresign.node import events as ev
from thresign.node.allowance import Work
from thresign.node.bodies import BodyChunk, FetchBody, chunks
from thresign.node.records import AnsweredRecord, DecidedRecord, FoundRecord, ReportedRecord, ResultRecord
from thresign.node.replica import Parts, Replica
from thresign.node.signing import held_message, result_message
from thresign.orders.batch import Batch, Entry
from thresign.orders.digests import sha256
from thresign.orders.equivocation import Equivocation, verify
from thresign.orders.genesis import Caller, Genesis, Settings
from thresign.orders.merkle import order_hash
from thresign.orders.orders import SignOrder, sign_order
from thresign.orders.requests import Request
from thresign.orders.roster import Member, Roster, make_roster
from thresign.orders.statements import MissingReport
from thresign.orders.succession import Succession
from thresign.orders.votes import PrePrepare
from thresign.signing.events import Delivered, Past
from thresign.signing.messages import Held
from thresign.vault import calls, lanes
from thresign.vault.recovery import begin_life
from thresign.vault.replay import replay
from thresign.vault.service import Environment, Service
from thresign.vault.voting.book import Ballot
from thresign.wire.canonical import Record

START_MS = 1_700_000_000_000
ENVIRONMENT = Environment("stub", True, "simulated", ())
REWRITING = 3
"""So many ballots a vault takes while its journal's new beginning is written."""


@dataclass
class Faults:
    """Rates drawn for one run. Probabilities by message or by module and second; times in ms."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay_max: int = 5
    slow_link: float = 0.0
    node_crash: float = 0.0
    vault_crash: float = 0.0
    partition: float = 0.0
    skew: int = 0


class Disk:
    """An append-only file: what was synced survives a crash; of the rest a part, cut off at any byte."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.synced = 0
        self.mark = 0
        self.cut = 0
        """How many records were thrown away."""
        self.said_held: set[Digest] = set()
        self.said_missing: set[Digest] = set()
        """What the node told others; one that loses its disk does not know it any more."""
        self.coming: tuple[tuple[Record, ...], int, int] | None = None
        """A new beginning that is being written, where what is kept begins, and for how many ballots more."""

    def take(self, ballot: Ballot) -> None:
        """What the vault's server does with a ballot."""
        self._rewrite()
        if ballot.mark:
            self.mark = len(self.records)
        self.append(ballot.records, ballot.sync)
        if ballot.base:
            self.coming = (tuple(ballot.base), self.mark, 0 if ballot.mark else REWRITING)
            if ballot.mark:
                self._rewrite()

    def _rewrite(self) -> None:
        if self.coming is None:
            return
        base, kept_from, more = self.coming
        self.coming = (base, kept_from, more - 1)
        if more == 0:
            self.records[:kept_from] = base
            self.mark += len(base) - kept_from
            self.synced, self.coming = len(self.records), None

    def append(self, records: tuple[Record, ...], sync: bool) -> None:
        self.records.extend(records)
        if sync:
            self.synced = len(self.records)

    def crash(self, rng: random.Random) -> str:
        """What of the tail was lost: "tail lost" whole records, "tail torn" within one, or nothing."""
        self.coming = None
        tail = b"".join(frame(record.encode()) for record in self.records[self.synced :])
        if not tail:
            return ""
        end = rng.randint(0, len(tail))
        ends = [0, *(end_of for _, end_of in scan(tail[:end]))]
        del self.records[self.synced + len(ends) - 1 :]
        self.synced = len(self.records)
        return "tail torn" if ends[-1] != end else "tail lost" if end < len(tail) else ""


@dataclass
class Module:
    """One member: the node's replica, the vault's service, and their disks."""

    number: int
    key: bytes
    member: Member
    pinned: list[Succession] = field(default_factory=list)
    """What its token has followed."""
    node_disk: Disk = field(default_factory=Disk)
    vault_disk: Disk = field(default_factory=Disk)
    life: list[int] = field(default_factory=lambda: [0])
    replica: Replica | None = None
    service: Service | None = None
    node_run: int = 0
    vault_run: int = 0
    vault_busy: float = 0.0
    timers: dict[str, int] = field(default_factory=dict)
    timer_ids: int = 0
    skew_ms: int = 0
    up: set[int] = field(default_factory=set)
    behaviour: Behaviour | None = None


def service_grows(service: Service, ballot: Ballot) -> None:
    """Every checkpoint is one at which the journal may begin anew."""
    if ballot.records:
        service.recovery.grown = 1 << 40


class World:
    """`run_until` moves simulated time; `check` raises AssertionError when a promise is broken."""

    def __init__(
        self, seed: int, n: int = 4, faults: Faults | None = None, interval: int = 16, spares: int = 0
    ) -> None:
        """`spares` modules beyond n may join later."""
        self.rng = random.Random(seed)
        self.faults = faults or Faults()
        self.now = 0.0
        self.heap: list[tuple[float, int, Any]] = []
        self.ticket = 0
        self.monitor = Monitor()
        self.counts: Counter[str] = Counter()
        self.answers: dict[bytes, bytes] = {}
        self.taken_over: dict[int, float] = {}
        """By module: when it last took a ledger over."""
        self.answered_at: dict[bytes, set[int]] = {}
        self.refused: dict[bytes, str] = {}
        self.requests: dict[bytes, Request] = {}
        self.cut: set[tuple[int, int]] = set()
        self.settled = False
        """Set where a run asks for progress: from then on the members stay as they are."""
        self.audit = hashlib.sha256()
        self.views = 0
        self.boundaries = 0
        """How often any process wrote anything down."""
        self.crash_at: dict[int, str] = {}
        """By such a write: the process crashes "before" it, or "after" it and before anything that follows."""
        self.conspiracy: dict[tuple[int, int], list[PrePrepare]] = {}
        """What liars have shown for a slot: by view and sequence."""
        self.on_write: Any = None
        """Told before each write, with how to crash the writer and how to write; False means that it crashed."""
        self.retain = 10_000
        """Batches that nodes keep below the sequence at which their vault's journal begins."""
        members = tuple(
            Member(i, f"m{i}", sha256(b"vote%d/%d" % (seed, i)), sha256(b"seal%d/%d" % (seed, i)))
            for i in range(1, n + spares + 1)
        )
        roster = make_roster(0, members[:n])
        caller = Caller("alice", sha256(b"alice"), ("admin", "signer"))
        self.settings = Settings(120_000, 5_000, 3_600_000, 20_000, 500, interval, (caller,))
        self.genesis = Genesis("simulated", START_MS, bytes(32), self.settings.digest(), roster)
        self.domain = self.genesis.domain()
        self.roster = roster
        self.note_roster(roster)
        self.modules = {m.number: Module(m.number, m.vote_key, m) for m in members[:n]}
        self.spares = {m.number: Module(m.number, m.vote_key, m) for m in members[n:]}
        for module in self.modules.values():
            module.skew_ms = self.rng.randint(-self.faults.skew, self.faults.skew)
        for module in self.modules.values():
            self.start_vault(module)
            self.start_node(module)

    def note_roster(self, roster: Roster) -> None:
        """The monitor counts by its own arithmetic."""
        numbers = frozenset(member.number for member in roster.members)
        quorum = -(-(len(numbers) + (len(numbers) - 1) // 3 + 1) // 2)
        self.monitor.rosters[roster.digest()] = (numbers, quorum)

    def newest_roster(self) -> Roster:
        """That of the newest epoch that any correct module has come to."""
        books = [m.service.book.state.roster for m in self.modules.values() if m.service is not None]
        known = [roster for roster in books if roster.digest() in self.monitor.rosters]
        return max([*known, self.roster], key=lambda roster: roster.epoch)

    def honest(self) -> list[Module]:
        """The members that do not lie."""
        members = self.newest_roster()
        return [
            m
            for m in self.modules.values()
            if m.number not in self.monitor.byzantine and members.member(m.number) is not None
        ]

    # --- time -----------------------------------------------------------------------------------------------------

    def at(self, after: float, what: Any) -> None:
        self.ticket += 1
        heapq.heappush(self.heap, (self.now + after, self.ticket, what))

    def run_until(self, when: float) -> None:
        while self.heap and self.heap[0][0] <= when:
            self.now, _, what = heapq.heappop(self.heap)
            what()
            self.counts["events"] += 1
        self.now = when

    def clock(self, module: Module) -> int:
        return START_MS + int(self.now) + module.skew_ms

    # --- processes ------------------------------------------------------------------------------------------------

    def start_vault(self, module: Module) -> None:
        key = (module.pinned, module.key)
        token = StubToken(module.number, self.roster, self.domain, self.monitor, module.life, *key)
        state = first_state(self.genesis, self.settings)
        service = Service(ModuleNumber(module.number), token, state, ENVIRONMENT, StubChecks(token))
        replay(service, module.vault_disk.records)
        service.recovery.grown_bytes_min = 0
        begin_life(service, lambda records: module.vault_disk.append(records, True))
        module.service = service
        module.vault_run += 1
        module.vault_busy = self.now
        self.vault_connects(module)

    def vault_connects(self, module: Module) -> None:
        """The node's connection to the vault stands: it learns the status."""
        if module.replica is None or module.service is None:
            return
        ballot = module.service.serve(calls.StatusCall(), self.clock(module))
        status = ballot.reply
        assert isinstance(status, calls.Status)
        self.feed(module, ev.VaultUp(status))
        self._recover(module)

    def start_node(self, module: Module) -> None:
        module.node_run += 1
        module.timers.clear()
        records = [r for r in module.node_disk.records if isinstance(r, DecidedRecord)]
        newest = max((record.certificate.header.sequence for record in records), default=0)
        module.replica = Replica(
            Parts(
                module.number,
                self.domain,
                self.roster,
                StubCombiner(),
                lambda _d: None,
                lambda request: entries(module.node_disk.records, request),
                lambda _orders: past(module.node_disk.records),
                lambda order: any(isinstance(r, ResultRecord) and r.order == order for r in module.node_disk.records),
                newest,
            )
        )
        self._answers_again(module)
        self.vault_connects(module)
        for other in self.modules.values():
            if other.replica is not None and other is not module:
                self.connect(module, other)

    def _answers_again(self, module: Module) -> None:
        """What the journal says was answered is what this node answers from now on."""
        records = module.node_disk.records
        results = {r.order: r for r in records if isinstance(r, ResultRecord)}
        for record in records:
            if isinstance(record, AnsweredRecord) and record.order in results:
                result = results[record.order]
                self.answered(module, result.request, result.order, result.signature)

    def _recover(self, module: Module) -> None:
        """What the runtime does after a start: replay the journal's newest batches."""
        assert module.replica is not None
        decided = [r for r in module.node_disk.records if isinstance(r, DecidedRecord)][-64:]
        if not module.replica.journey.walks and decided:
            self._walk_again(module, decided)

    def _walk_again(self, module: Module, decided: list[DecidedRecord]) -> None:
        assert module.replica is not None
        known = past(module.node_disk.records)
        newest = module.service.book.state.sequence if module.service is not None else 0
        has = {r.certificate.header.sequence for r in module.node_disk.records if isinstance(r, DecidedRecord)}
        known = known._replace(gap=not has >= set(range(decided[0].certificate.header.sequence, newest + 1)))
        again = []
        for record in decided:
            header = record.certificate.header
            applied = calls.Applied(header.sequence, header.time_ms, record.body, record.orders, (), (), 0, 0, ())
            again.append(Delivered(record.certificate, Batch.decode(record.body), applied, known))
        for output in module.replica.recover(again, int(self.now)):
            self.do(module, output)

    def crash_node(self, module: Module) -> None:
        module.replica = None
        module.node_run += 1
        self.lose_tail(module.node_disk)
        self.counts["node crash"] += 1
        for other in self.modules.values():
            module.up.discard(other.number)
            if module.number in other.up:
                other.up.discard(module.number)
                self.at(self.rng.uniform(0, 3), lambda o=other: self.feed(o, ev.PeerDown(module.number)))

    def crash_vault(self, module: Module) -> None:
        module.service = None
        module.vault_run += 1
        self.lose_tail(module.vault_disk)
        self.counts["vault crash"] += 1
        self.feed(module, ev.VaultDown())

    def lose_tail(self, disk: Disk) -> None:
        what = disk.crash(self.rng)
        if what:
            self.counts[what] += 1

    def connect(self, a: Module, b: Module) -> None:
        if not (self.takes(a, b) and self.takes(b, a)):
            return
        for one, two in ((a, b), (b, a)):
            if two.number not in one.up:
                one.up.add(two.number)
                self.feed(one, ev.PeerUp(two.number))

    def takes(self, module: Module, other: Module) -> bool:
        """Whom a node talks to: members of the epoch it has entered; or anybody, as long as it is no member itself."""
        if module.replica is None:
            return False
        core = module.replica.core
        return core.roster.member(other.number) is not None or not core.member

    def part(self, module: Module) -> None:
        """The roster has changed: connections to who is in it, and to nobody else."""
        for other in self.modules.values():
            if other is module:
                continue
            if not self.takes(module, other) and other.number in module.up:
                for one, two in ((module, other), (other, module)):
                    one.up.discard(two.number)
                    self.feed(one, ev.PeerDown(two.number))
            elif other.replica is not None and other.number not in module.up:
                self.connect(module, other)

    # --- feeding and doing ----------------------------------------------------------------------------------------

    def feed(self, module: Module, event: ev.Event) -> None:
        if module.replica is None:
            return
        run = module.node_run
        for output in module.replica.handle(event, int(self.now)):
            if module.node_run == run:  # it may crash while it writes
                self.do(module, output)

    def do(self, module: Module, output: ev.Output) -> None:
        match output:
            case ev.Send():
                self.transmit(module, output.to, output.message)
            case ev.Broadcast():
                for other in self.modules:
                    if other != module.number:
                        self.transmit(module, other, output.message)
            case ev.Ask():
                self.ask(module, output)
            case ev.SetTimer():
                self.set_timer(module, output.name, output.after_ms)
            case ev.CancelTimer():
                module.timers.pop(output.name, None)
            case ev.Write():
                self.write(module, output)
            case ev.Applied():
                self.on_applied(module, output)
            case ev.Answer():
                self.on_answer(module, output)
            case ev.Refused():
                if isinstance(output.entry, Request):
                    self.refused.setdefault(output.entry.id(), output.error.code)
            case ev.SendDecided():
                self.send_decided(module, output)
            case ev.SendHeld():
                self.send_held(module, output)
            case ev.Equivocated():
                self.on_equivocated(module, output)
            case ev.Prunable():
                self.prune(module, output.sequence)
            case ev.Restored():
                self.counts["ledger taken over"] += 1
                self.taken_over[module.number] = self.now
                self.part(module)
            case ev.Switched():
                self.counts["rosters followed"] += 1
                self.part(module)
            case ev.WantBody():
                self.transmit(module, output.to, FetchBody(output.content_sha256))
            case ev.Observe():
                self.on_observe(module, output)

    def set_timer(self, module: Module, name: str, after_ms: int) -> None:
        module.timer_ids += 1
        mine, run = module.timer_ids, module.node_run
        module.timers[name] = mine

        def fire() -> None:
            if module.node_run == run and module.timers.get(name) == mine:
                del module.timers[name]
                self.feed(module, ev.TimerFired(name))

        self.at(after_ms, fire)

    def transmit(self, module: Module, to: int, message: Record) -> None:
        self.note_said(module, message)
        if module.behaviour is not None:
            for target, changed in module.behaviour.outgoing(to, message):
                if changed is message or well_formed(changed):
                    self.send(module, target, changed)
        else:
            self.send(module, to, message)

    def note_said(self, module: Module, message: Record) -> None:
        """What a module says of results binds it."""
        disk = module.node_disk
        if isinstance(message, Held):
            for leaf in map(Digest, message.orders):
                self.monitor.held(module.number, leaf, disk.said_missing)
                disk.said_held.add(leaf)
        elif isinstance(message, MissingReport):
            self.monitor.missing(module.number, Digest(message.order), disk.said_held)
            disk.said_missing.add(Digest(message.order))

    def send(self, module: Module, to: int, message: Record) -> None:
        faults, rng = self.faults, self.rng
        copies = 1
        if (module.number, to) in self.cut or rng.random() < faults.loss:
            self.counts["lost"] += 1
            copies = 0
        elif rng.random() < faults.duplicate:
            self.counts["duplicated"] += 1
            copies = 2
        run = module.node_run
        for _ in range(copies):
            delay = rng.uniform(0.1, faults.delay_max)
            if rng.random() < faults.slow_link:
                delay *= rng.uniform(10, 100)
                self.counts["delayed"] += 1

            def arrive() -> None:
                target = self.modules[to]
                sent = module.node_run == run or rng.random() < 0.5
                if sent and target.behaviour is not None and not target.behaviour.incoming(module.number, message):
                    return
                if sent and target.replica is not None and module.number in target.up:
                    self.hear(target, module, message)

            self.at(delay, arrive)

    def hear(self, module: Module, sender: Module, message: Record) -> None:
        """What the runtime does with a frame."""
        match message:
            case FetchBody():
                assert module.replica is not None
                admitted = module.replica.allowance.take(sender.number, Work.BODIES, int(self.now))
                body = module.replica.message_of(message.content_sha256) if admitted else None
                for chunk in chunks(message.content_sha256, body or b""):
                    self.transmit(module, sender.number, chunk)
            case BodyChunk():
                if module.service is not None and sha256(message.data) == message.content_sha256:
                    self.counts["message fetched"] += 1
                    module.service.add_body(message.content_sha256, message.data)
                    self.feed(module, ev.BodyArrived(message.content_sha256, message.data))
            case _:
                self.feed(module, ev.PeerSaid(sender.number, message))

    def ask(self, module: Module, ask: ev.Ask) -> None:
        if module.service is None:
            return
        start = max(self.now, module.vault_busy)
        module.vault_busy = start + self.rng.uniform(0.1, 1.0)
        vault_run, node_run = module.vault_run, module.node_run

        def serve() -> None:
            if module.vault_run != vault_run or module.service is None:
                return
            try:
                ballot = module.service.serve(ask.call, self.clock(module))
                assert type(ballot.reply) in lanes.ANSWERS_TO[type(ask.call)], f"{ask.call} is answered {ballot.reply}"
                if not self.persist(module, module.vault_disk, ballot):
                    return
                service_grows(module.service, ballot)
                self.monitor.release()
                reply: Record | ThresignError = ballot.reply
            except InvariantBroken:
                raise
            except ThresignError as error:
                reply = error
                self.counts[f"vault refuses {error.detail.split(':')[0]}"] += 1
            self.at(self.rng.uniform(0.05, 0.5), lambda: back(reply))

        def back(reply: Record | ThresignError) -> None:
            if module.node_run == node_run and module.vault_run == vault_run:
                self.feed(module, ev.VaultSaid(ask.id, reply))

        self.at(module.vault_busy - self.now, serve)

    def write(self, module: Module, write: ev.Write) -> None:
        run = module.node_run
        if not self.persist(module, module.node_disk, Ballot(None, write.records)) or write.id == 0:
            return
        upto = module.node_disk.cut + len(module.node_disk.records)

        def synced() -> None:
            if module.node_run == run:
                disk = module.node_disk
                disk.synced = max(disk.synced, upto - disk.cut)
                self.feed(module, ev.Written(write.id))

        self.at(self.rng.uniform(0.1, 2.0), synced)

    def persist(self, module: Module, disk: Disk, ballot: Ballot) -> bool:
        """Writes down; False if the process crashes at it: before the write, or after it, with everything kept."""
        if self.on_write is not None:
            return self.struck(module, disk, ballot)
        if not (ballot.records or ballot.base):
            disk.take(ballot)
            return True
        crash = self.crash_at.get(self.boundaries)
        self.boundaries += 1
        if crash != "before":
            disk.take(ballot)
        if crash is None:
            return True
        if crash == "after":
            disk.synced = len(disk.records)
            self.monitor.release()
        else:
            self.monitor.withdraw()
        self.crash_at_write(module, disk, 150)
        return False

    def struck(self, module: Module, disk: Disk, ballot: Ballot) -> bool:
        """The same where a test decides, write by write, who crashes."""
        written = False

        def write() -> None:
            nonlocal written
            written = True
            disk.take(ballot)

        if self.on_write(module, lambda: self.crash_at_write(module, disk, None), write):
            return True
        if written:
            self.monitor.release()
        else:
            self.monitor.withdraw()
        return False

    def crash_at_write(self, module: Module, disk: Disk, back_after_ms: int | None) -> None:
        """Crashes whose disk it is; back after a time that is drawn if it is not given."""
        after = self.rng.uniform(5, 500) if back_after_ms is None else back_after_ms
        if disk is module.vault_disk:
            self.crash_vault(module)
            self.at(after, lambda: module.service is None and self.start_vault(module))
        else:
            self.crash_node(module)
            self.at(after, lambda: module.replica is None and self.start_node(module))

    def send_decided(self, module: Module, output: ev.SendDecided) -> None:
        records = {
            record.certificate.header.sequence: record
            for record in module.node_disk.records
            if isinstance(record, DecidedRecord)
        }
        if output.sequence not in records:
            self.feed(module, ev.NotHeld(output.to, output.sequence))
        for sequence in range(output.sequence, output.sequence + 16):
            if sequence in records:
                self.transmit(module, output.to, DecidedBatch(records[sequence].certificate, records[sequence].body))

    def prune(self, module: Module, sequence: int) -> None:
        """The node throws away what its vault does not need, as far as the retention setting of this run says."""
        self.counts["journal begun anew"] += 1
        disk = module.node_disk
        kept = [
            not isinstance(r, DecidedRecord) or r.certificate.header.sequence > sequence - self.retain
            for r in disk.records
        ]
        disk.synced -= kept[: disk.synced].count(False)
        disk.cut += kept.count(False)
        disk.records = [r for r, keep in zip(disk.records, kept, strict=True) if keep]

    def send_held(self, module: Module, output: ev.SendHeld) -> None:
        results = {r.order: r for r in module.node_disk.records if isinstance(r, ResultRecord)}
        reported = past(module.node_disk.records).reported
        held = []
        for order in output.orders:
            if order in results:
                if output.with_result:
                    self.transmit(module, output.to, result_message(results[order]))
                if order not in reported:
                    held.append(order)
        if held:
            self.transmit(module, output.to, held_message(held))

    # --- observing ------------------------------------------------------------------------------------------------

    def on_equivocated(self, module: Module, output: ev.Equivocated) -> None:
        evidence = Equivocation.decode(output.evidence.encode())
        if module.number not in self.monitor.byzantine:
            self.counts["equivocation proven"] += 1
            verify(evidence, module.replica.core.roster, self.domain, signed)  # type: ignore[union-attr]
            hold(evidence.number in self.monitor.byzantine, "nobody is wrongly accused", f"module {evidence.number}")

    def on_applied(self, module: Module, output: ev.Applied) -> None:
        service = module.service
        if service is None or module.number in self.monitor.byzantine:
            return
        applied, state, decided = output.applied, service.book.state, service.book.decided
        assert decided is not None and decided.header.sequence == applied.sequence == state.sequence
        self.monitor.apply(applied.sequence, decided, applied.body, applied.orders)
        self.counts["applied"] += 1
        if applied.sequence % 4 == 0:
            self.monitor.state(applied.sequence, snapshot.digest(state))
        self.audit.update(b"%d %d " % (module.number, applied.sequence) + decided.header.digest())

    def on_answer(self, module: Module, output: ev.Answer) -> None:
        combined = output.answered.held.combined
        certified = combined.certified
        self.answered(module, certified.order.request, certified.leaf, combined.signature)

    def answered(self, module: Module, request: bytes, leaf: bytes, signature: bytes) -> None:
        """A node answers a request."""
        if module.number in self.monitor.byzantine:
            return
        self.monitor.answer(request, leaf, signature)
        self.answers[request] = signature
        self.answered_at.setdefault(request, set()).add(module.number)
        self.audit.update(request + signature)

    def on_observe(self, module: Module, output: ev.Observe) -> None:
        self.counts[f"observe {output.what}"] += 1
        if module.number in self.monitor.byzantine:
            return
        if output.what == "view":
            self.views += 1
        elif output.what == "blame":
            self.monitor.blamed(output.number, output.detail)
        elif output.what == "asked too much":
            self.monitor.refused(output.number, output.detail)

    # --- the caller -----------------------------------------------------------------------------------------------

    def request(self, path: str, body: bytes, content_type: str, lifetime_s: int = 60) -> Request:
        """A signed request of alice."""
        created = (START_MS + int(self.now)) // 1000
        key = f"r{len(self.requests)}"
        fields = (self.domain, "alice", path, content_type, key, created, created + lifetime_s, sha256(body))
        unsigned = Request(*fields, len(body), body, bytes(64))
        signature = sign(sha256(b"alice"), profile.post_base(unsigned))
        request = Request(*fields, len(body), body, signature)
        self.requests[request.id()] = request
        return request

    def submit(self, module: Module, request: Request) -> None:
        self.feed(module, ev.Submitted((request,)))

    def ordered_unanswered(self) -> list[Request]:
        """Sign requests without an answer whose newest order, not expired, q correct modules know; or f + 1, one of
        which has its result. An order of a roster that was succeeded is not replaced any more: what was missing then
        may stay so."""
        wanted = {
            request.id(): request
            for request in self.requests.values()
            if request.path.endswith("/sign")
            and request.id() not in self.answers
            and START_MS + self.now < request.expires_s * 1000
        }
        roster = self.newest_roster()
        knowing = Counter(
            Digest(sign_order(order).request)
            for module in self.honest()
            for record in module.node_disk.records
            if isinstance(record, DecidedRecord) and record.certificate.header.roster_epoch == roster.epoch
            for order in record.orders
            if order[:8] == SignOrder.TAG and sign_order(order).attempt == 1
        )
        return [r for name, r in wanted.items() if knowing[name] >= roster.q or self.findable(name, roster.f + 1)]

    def findable(self, request: bytes, needed: int) -> bool:
        """True if as many correct modules know the newest order of a request, and one has the result."""
        attempts = self.monitor.attempts.get((request, 0))
        if attempts is None or self.monitor.decided_at[Digest(attempts[-1])] <= self.monitor.closed:
            return False
        knowing = [module for module in self.honest() if self.knows(module, attempts[-1])]
        records = (record for module in knowing for record in module.node_disk.records)
        verified = any(isinstance(record, ResultRecord) and record.order == attempts[-1] for record in records)
        return verified and len(knowing) >= needed

    def answered_elsewhere(self) -> list[tuple[Module, Request]]:
        """Sign requests that some correct module has answered, and one that knows the order has not: of those that have
        not expired, for their orders are not found any more."""
        waiting = []
        for name, request in self.requests.items():
            if name not in self.answers or START_MS + self.now >= request.expires_s * 1000:
                continue
            leaf = self.monitor.answers[name][0]
            waiting += [
                (module, request)
                for module in self.honest()
                if module.number not in self.answered_at[name] and self.knows(module, leaf)
            ]
        return waiting

    def knows(self, module: Module, leaf: bytes) -> bool:
        """True if the module's node has this order, and its message: of one that replaced another it may lack that,
        having taken the ledger over from beyond the request."""
        if module.replica is not None and leaf in module.replica.journey.wanted:
            return False
        decided = (r for r in module.node_disk.records if isinstance(r, DecidedRecord))
        return any(order_hash(order) == leaf for record in decided for order in record.orders)

    def ask_again(self, module: Module, request: Request) -> None:
        """What the desk does with a retry: an order that the ledger knows is walked again."""
        known = [
            record
            for record in module.node_disk.records
            if isinstance(record, DecidedRecord)
            for order in record.orders
            if order[:8] == SignOrder.TAG and sign_order(order).request == request.id()
        ]
        if module.replica is not None and known:
            self._walk_again(module, known[-1:])

    def key_active(self, name: str) -> bool:
        """True once the key can sign at every module."""
        for module in self.modules.values():
            key = module.service.book.state.key_by_name(name) if module.service is not None else None
            if key is None or key.state is not KeyState.ACTIVE:
                return False
        return True


def past(records: Iterable[Record]) -> Past:
    """What a node's journal says of orders."""
    kinds: dict[type[Record], set[Digest]] = {ReportedRecord: set(), FoundRecord: set(), AnsweredRecord: set()}
    results, newest, orders = {}, {}, set()
    for record in records:
        if isinstance(record, DecidedRecord):
            for encoded in record.orders:
                if encoded[:8] == SignOrder.TAG:
                    orders.add(order_hash(encoded))
                    place = (record.certificate.header.sequence, order_hash(encoded))
                    request = sign_order(encoded).request
                    newest[request] = max(place, newest.get(request, place))
        elif isinstance(record, ResultRecord):
            results[Digest(record.order)] = (record.signature, record.partials)
        elif isinstance(record, ReportedRecord | FoundRecord | AnsweredRecord):
            kinds[type(record)].add(Digest(record.order))
    reported, found, answered = map(frozenset, kinds.values())
    return Past(
        results, reported - found, found, answered, frozenset(orders - {leaf for _, leaf in newest.values()}), True
    )


def entries(records: Iterable[Record], request: bytes) -> Iterator[Entry]:
    """What a node's journal has that was ordered under a request's id."""
    for record in records:
        if isinstance(record, DecidedRecord):
            for entry, encoded in zip(Batch.decode(record.body).entries, record.orders, strict=True):
                if encoded[:8] == SignOrder.TAG and sign_order(encoded).request == request:
                    yield entry
