"""One module's node without its sockets: agreement, signing and key generation joined, sans-IO.

The runtime feeds it what arrives and does what it says; the simulator does the same with a simulated world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from thresign.agreement.pbft import core as pbft
from thresign.agreement.pbft import events as agree
from thresign.agreement.pbft import messages as agreement_messages
from thresign.agreement.pbft.state import Core
from thresign.agreement.pbft.state import Timing as AgreementTiming
from thresign.errors import InvalidEvidence, MalformedRecord, ThresignError, VoteRefused
from thresign.frost import suites
from thresign.ids import Digest
from thresign.ledger.snapshot import KeyPart
from thresign.ledger.state import KeyState
from thresign.node import events as out
from thresign.node.allowance import QUESTIONS, Allowance, Work
from thresign.node.generation import Generation
from thresign.node.giving import Giving
from thresign.node.records import DecidedRecord, FoundRecord
from thresign.node.signing import Ports as SigningPorts
from thresign.node.signing import Signing
from thresign.node.supply import Ports as SupplyPorts
from thresign.node.supply import Supply
from thresign.orders import equivocation
from thresign.orders.batch import Batch, Entry
from thresign.orders.equivocation import Equivocation
from thresign.orders.merkle import order_hash
from thresign.orders.roster import Roster
from thresign.orders.statements import (
    Announcement,
    FoundReports,
    Present,
)
from thresign.orders.votes import HorizonReport
from thresign.signing import events as sign
from thresign.signing import journey
from thresign.signing import messages as signing_messages
from thresign.signing.combining import Combiner
from thresign.signing.opening import signing_key
from thresign.signing.state import Journey
from thresign.signing.state import Timing as SigningTiming
from thresign.vault import calls
from thresign.wire.canonical import Record, decode_one_of

MESSAGES: dict[bytes, type[Record]] = {**agreement_messages.MESSAGES, **signing_messages.MESSAGES}
WALK_TICK_MS = 100
FILL_MAX = 256
WALKED_MAX = 4096
CEREMONY_TICK_MS = 500
REFILL_TICK_MS = 30_000
"""So often the pools are looked at where no batch is applied: an idle domain's nonces expire, and without new ones no
request could be ordered, so that nothing would make agreed time go on and have the pools filled."""
PROVEN_MAX = 1024


def decode_message(data: bytes) -> Record:
    """A message between nodes. Raises MalformedRecord."""
    return decode_one_of(MESSAGES, data)


@dataclass(slots=True)
class Parts:
    """What a replica is given."""

    number: int
    domain: Digest
    roster: Roster
    combiner: Combiner
    body_of: Callable[[bytes], bytes | None]
    entries: Callable[[bytes], Iterable[Entry]]
    """What the node's journal has that was ordered under a request's id."""
    past: Callable[[tuple[bytes, ...]], sign.Past]
    """What the node's journal says of these orders."""
    verified: Callable[[Digest], bool]
    """True if the node's journal has the result of this order."""
    journalled: int = 0
    """The newest sequence in the node's journal."""
    agreement: AgreementTiming = field(default_factory=AgreementTiming)
    signing: SigningTiming = field(default_factory=SigningTiming)


class Replica:
    """`handle` takes in one event and returns what is to be done, in order."""

    def __init__(self, parts: Parts) -> None:
        self.core = Core(parts.number, parts.roster, parts.agreement)
        self.journey = Journey(
            parts.number, parts.domain, parts.roster, parts.combiner, parts.body_of, parts.entries, parts.signing
        )
        self._past = parts.past
        self._journalled = parts.journalled
        self._floor = parts.journalled
        """Batches up to here are walked only by `recover`."""
        self._walked: set[int] = set()
        self.allowance = Allowance()
        self._giving = Giving(self._ask, self._give)
        self._generation = Generation(parts.number, self._ask, self._submit, self._say)
        ports = SigningPorts(
            self._ask, self._write, self._submit, self._say, self._tell_busy, self.admits, parts.verified
        )
        self._signing = Signing(self.journey, self.allowance, ports)
        self._supply = Supply(self.core, SupplyPorts(self._ask, self._submit, self._say))
        self._proven: dict[equivocation.Place, None] = {}
        """Where a module has been seen to say two things. Bounded."""
        self._lacking: set[int] = set()
        """Batches that the journal lacks and the vault is asked to give back."""
        self._asked: dict[int, Callable[[Record | ThresignError], None]] = {}
        self._writing: dict[int, Callable[[], None]] = {}
        self._ids = 0
        self._presenting = False
        self._now_ms = 0
        self._out: list[out.Output] = []

    def handle(self, event: out.Event, now_ms: int) -> list[out.Output]:
        """Takes in one event at this (monotonic) clock reading."""
        self._out, self._now_ms, self._signing.now_ms = [], now_ms, now_ms
        match event:
            case out.PeerSaid():
                self._peer_asked(event)
            case out.VaultSaid():
                then = self._asked.pop(event.id, None)
                if then is not None:
                    then(event.reply)
            case out.Submitted():
                self._agree(agree.Submitted(event.entries))
            case out.TimerFired():
                self._timer(event.name)
            case out.Written():
                self._writing.pop(event.id)()
            case out.VaultUp():
                self._vault_up(event.status)
            case out.VaultDown():
                self._asked.clear()
                self._signing.vault_lost()
                self._giving.vault_lost()
                self._presenting = False
                self._agree(agree.VaultDown())
            case out.PeerUp():
                self._agree(agree.PeerUp(event.number))
            case out.PeerDown():
                self._agree(agree.PeerDown(event.number))
            case out.BodyArrived():
                self._agree(agree.BodyArrived())
                self._signing.walk(sign.MessageArrived(event.content_sha256, event.body))
            case out.NotHeld():
                self._giving.not_held(event.to)
        return self._out

    def recover(self, past: Iterable[sign.Delivered], now_ms: int) -> list[out.Output]:
        """Replays decided batches of this node's journal after a restart, oldest first, once the vault is up."""
        self._out, self._now_ms, self._signing.now_ms = [], now_ms, now_ms
        for delivered in past:
            self._signing.walk(delivered)
        return self._out

    # --- what comes in --------------------------------------------------------------------------------------------

    def _vault_up(self, status: calls.Status) -> None:
        self._asked.clear()
        self._signing.vault_lost()
        self._giving.vault_lost()
        for part in status.keys:
            self._know_key(part)
        self._supply.lost()
        self._agree(agree.VaultUp(status))
        self._enter_roster()
        self._signing.know_found([Digest(order) for order in status.found])
        self._supply.fill(status.unused)
        self._fill_journal(status.sequence)
        self._out.append(out.SetTimer("walk", WALK_TICK_MS))
        self._out.append(out.SetTimer("ceremony", CEREMONY_TICK_MS))
        self._out.append(out.SetTimer("refill", REFILL_TICK_MS))

    def _fill_journal(self, sequence: int) -> None:
        """Has the vault give back what a crash cut off this node's journal: others may need it to catch up. What it was
        asked for when it went down it is asked for again."""
        self._lacking.update(range(max(self._journalled + 1, sequence - FILL_MAX), sequence + 1))
        self._journalled = sequence
        for missing in sorted(self._lacking):
            self._ask(calls.DecidedCall(missing), self._fill(missing))

    def _fill(self, sequence: int) -> Callable[[Record | ThresignError], None]:
        def then(reply: Record | ThresignError) -> None:
            self._lacking.discard(sequence)
            if isinstance(reply, calls.DecidedBatch):
                batch = Batch.decode(reply.body)
                self._write_decided(DecidedRecord(reply.certificate, reply.body, reply.orders), batch)
                place = (sequence, reply.certificate.header.time_ms, reply.body, reply.orders)
                applied = calls.Applied(*place, (), (), 0, 0, ())
                # Not new: its orders may have been walked before the crash, and their results be in the journal.
                self._act(sign.Delivered(reply.certificate, batch, applied, self._past(reply.orders)))

        return then

    def _peer_asked(self, event: out.PeerSaid) -> None:
        """A message of a peer; if it asks for something, the peer's budget has to have room for the answer."""
        work = QUESTIONS.get(type(event.message))
        if work is None:
            self._peer_said(event)
        elif self.admits(event.sender, work):
            self._signing.asking = event.sender
            self._peer_said(event)
            self._signing.asking = 0
            answers = [o.message for o in self._out if isinstance(o, out.Send) and o.to == event.sender]
            self.allowance.spend(event.sender, work, sum(len(answer.encode()) for answer in answers))

    def admits(self, peer: int, work: Work, questions: int = 1) -> int:
        """How many of a peer's questions are to be answered; the others are counted and dropped."""
        admitted = self.allowance.take(peer, work, self._now_ms, questions)
        if admitted < questions:
            self._out.append(out.Observe("asked too much", peer, work.value))
        return admitted

    def _peer_said(self, event: out.PeerSaid) -> None:
        message: Any = event.message
        if self._giving.said(event.sender, message):
            return
        if message.TAG in agreement_messages.MESSAGES:
            self._agree(agree.Received(event.sender, message))
        elif isinstance(message, signing_messages.KeygenPackage | signing_messages.FetchPackage):
            self._generation.received(event.sender, message)
        else:
            self._signing.walk(sign.Received(event.sender, message))

    def _timer(self, name: str) -> None:
        if name == "walk":
            self._signing.tick()
            self._supply.pass_horizon()
            self._out.append(out.SetTimer("walk", WALK_TICK_MS))
        elif name == "ceremony":
            self._generation.tick()
            self._out.append(out.SetTimer("ceremony", CEREMONY_TICK_MS))
        elif name == "refill":
            self._supply.count()
            self._out.append(out.SetTimer("refill", REFILL_TICK_MS))
        else:
            self._agree(agree.TimerFired(agree.Timer(name)))

    # --- the parts ------------------------------------------------------------------------------------------------

    def _agree(self, event: agree.Event) -> None:
        for effect in pbft.step(self.core, event):
            match effect:
                case agree.Send():
                    self._out.append(out.Send(effect.to, effect.message))
                case agree.Broadcast():
                    self._out.append(out.Broadcast(effect.message))
                case agree.AskVault():
                    self._ask_for_core(effect)
                case agree.SetTimer():
                    self._out.append(out.SetTimer(effect.timer.value, effect.after_ms))
                case agree.CancelTimer():
                    self._out.append(out.CancelTimer(effect.timer.value))
                case agree.Deliver():
                    self._deliver(effect)
                case agree.SendDecided():
                    self._out.append(out.SendDecided(effect.to, effect.sequence))
                case agree.Refuse():
                    self._settled(effect.entry)
                    self._out.append(out.Refused(effect.entry, effect.error))
                case agree.Settled():
                    self._settled(effect.entry)
                case agree.Suspect():
                    self._out.append(out.Observe("suspect", effect.number, effect.why))
                case agree.Equivocated():
                    self._equivocated(effect.evidence)
                case agree.Stable():
                    self._out.append(out.Observe("stable", 0, str(effect.sequence)))
                    if effect.base:
                        self._out.append(out.Prunable(effect.base))
                case agree.Restored():
                    self._restored(effect.status)
                case agree.Switched():
                    self._switched(effect.status)
                case agree.Entered():
                    self._out.append(out.Observe("view", 0, str(effect.view)))

    def _ask_for_core(self, effect: agree.AskVault) -> None:
        tag = effect.tag

        def answered(reply: Record | ThresignError) -> None:
            self._agree(agree.Answered(tag, reply))

        if tag.ask is not agree.Ask.STABILISE:
            self._ask(effect.call, answered)
        elif self._lacking:
            answered(VoteRefused("the journal is not whole yet"))
        else:
            # The vault may forget what lies before a stable checkpoint: it has to be in the node's journal by then.
            self._write((), lambda: self._ask(effect.call, answered))

    def _equivocated(self, evidence: Equivocation) -> None:
        """Keeps a proof that holds, the first of each place; whoever brought it."""
        place = equivocation.place_of(evidence.first)
        if place in self._proven:
            return
        try:
            equivocation.verify(evidence, self.journey.roster, self.journey.domain, self.journey.combiner.signed)
        except (InvalidEvidence, MalformedRecord):
            return
        self._proven[place] = None
        if len(self._proven) > PROVEN_MAX:
            del self._proven[next(iter(self._proven))]
        self._out.append(out.Equivocated(evidence))

    def _give(self, output: out.Send) -> None:
        work = Work.MEMORY if isinstance(output.message, HorizonReport) else Work.LEDGER
        self.allowance.spend(output.to, work, len(output.message.encode()))
        self._out.append(output)

    def _restored(self, status: calls.Status) -> None:
        """The vault took a ledger over: what was decided in between is not in this journal, and cannot be had."""
        self._journalled = status.sequence
        self._out.append(out.Restored(status))
        self._signing.skip(status)
        self._vault_up(status)

    def _switched(self, status: calls.Status) -> None:
        """The next roster's epoch has begun."""
        self._presenting = False
        self._enter_roster()
        self._supply.lost()
        self._out.append(out.Switched(status, self.core.roster))
        self._supply.fill(status.unused)

    def _enter_roster(self) -> None:
        self._signing.enter_roster((self.core.genesis, *(link.roster for link in self.core.chain)))

    def _deliver(self, effect: agree.Deliver) -> None:
        applied, entries = effect.applied, effect.batch.entries
        self._write_decided(DecidedRecord(effect.certificate, applied.body, applied.orders), effect.batch)
        self._journalled = applied.sequence
        self._lacking.discard(applied.sequence)
        self._out.append(out.Applied(applied, entries))
        for part in applied.keys:
            self._know_key(part)
        for entry in entries:
            self._settled(entry)
        self._act(sign.Delivered(effect.certificate, effect.batch, applied))
        self._signing.forget_before(effect.certificate.header.time_ms)
        self._supply.fill(applied.unused)
        if applied.silent and not self._presenting:
            self._presenting = True
            self._ask(calls.PresentCall(), self._present)

    def _write_decided(self, record: DecidedRecord, batch: Batch) -> None:
        """What a batch finds stands before it: cut off behind it by a crash, it would be missed by nobody."""
        found = (FoundRecord(order_hash(e.order)) for e in batch.entries if isinstance(e, FoundReports))
        self._out.append(out.Write(0, (*found, record)))

    def _act(self, event: sign.Delivered) -> None:
        """Walks the orders of a batch, once: a vault that lost its newest records applies batches again."""
        sequence = event.applied.sequence
        if sequence <= self._floor or sequence in self._walked:
            return
        self._walked.add(sequence)
        if len(self._walked) > WALKED_MAX:
            self._floor = max(self._floor, sequence - WALKED_MAX // 2)
            self._walked = {walked for walked in self._walked if walked > self._floor}
        self._signing.walk(event)
        self._generation.open(event.applied)

    def _tell_busy(self, busy: bool) -> None:
        if busy != self.core.signing:
            self._agree(agree.Signing(busy))

    def message_of(self, message_sha256: bytes) -> bytes | None:
        """The message of an order that is walked here, for a module that lacks it."""
        return journey.message_of(self.journey, message_sha256)

    # --- keys, presence -------------------------------------------------------------------------------------------

    def _know_key(self, part: KeyPart) -> None:
        if part.public_key:
            self.journey.keys[part.id] = signing_key(part)
        self._supply.know_group(suites.BY_ID[part.suite].group)
        if part.state != KeyState.GENERATING:
            self._generation.over(part.ceremony)

    def _settled(self, entry: Entry) -> None:
        """An entry is ordered, or will not be."""
        if isinstance(entry, Announcement) and entry.number == self.core.number:
            self._supply.settled(entry)
        elif isinstance(entry, Present) and entry.number == self.core.number:
            self._presenting = False

    def _present(self, reply: Record | ThresignError) -> None:
        if isinstance(reply, Present):
            self._submit(reply)
        else:
            self._presenting = False

    # --- saying, asking and writing -------------------------------------------------------------------------------

    def _say(self, output: out.Output) -> None:
        self._out.append(output)

    def _submit(self, entry: Entry) -> None:
        self._agree(agree.Submitted((entry,)))

    def _ask(self, call: Record, then: Callable[[Record | ThresignError], None]) -> None:
        if not self.core.vault_up:  # it would not hear, and `then` be kept until it is there again
            return
        self._ids += 1
        self._asked[self._ids] = then
        self._out.append(out.Ask(self._ids, call))

    def _write(self, records: tuple[Record, ...], then: Callable[[], None]) -> None:
        self._ids += 1
        self._writing[self._ids] = then
        self._out.append(out.Write(self._ids, records))
