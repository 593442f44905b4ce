"""Signing at a node: what the walks of orders want, asked of the vault, written to the journal, said to the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from thresign.errors import ThresignError
from thresign.ids import Digest
from thresign.node import events as out
from thresign.node.allowance import MESSAGE_BYTES_A_BYTE, Allowance, Work
from thresign.node.giving import AskVault
from thresign.node.records import AnsweredRecord, FoundRecord, ReportedRecord, ResultRecord
from thresign.orders.batch import Entry
from thresign.orders.roster import Roster
from thresign.orders.statements import FoundReport, KeyConfirmed, MissingReport
from thresign.signing import events as sign
from thresign.signing import journey
from thresign.signing.messages import Held, Result
from thresign.signing.state import Journey
from thresign.vault import calls
from thresign.wire.canonical import Record


class Write(Protocol):
    """To the journal; calls `then` once it is on disk."""

    def __call__(self, records: tuple[Record, ...], then: Callable[[], None]) -> None: ...


@dataclass(slots=True)
class Ports:
    """What signing needs of the node."""

    ask: AskVault
    write: Write
    submit: Callable[[Entry], None]
    say: Callable[[out.Output], None]
    busy: Callable[[bool], None]
    """Tells the agreement whether orders are being signed."""
    admits: Callable[[int, Work, int], int]
    """How many of a peer's questions are to be answered."""
    verified: Callable[[Digest], bool]
    """True if the node's journal has the result of this order."""


class Signing:
    """The walks of this module's orders, with the vault and the journal at hand."""

    def __init__(self, walks: Journey, allowance: Allowance, ports: Ports) -> None:
        self._journey = walks
        self._allowance = allowance
        self._ports = ports
        self.now_ms = 0
        self.asking = 0
        """The peer whose question is being answered; 0 for none."""
        self._signed_for: dict[int, int] = {}
        """Batches whose partials the vault is asked for, and the peer that asked for them; 0 for none."""
        self._forget: list[bytes] = []

    def vault_lost(self) -> None:
        """What was asked will not be answered."""
        self._signed_for.clear()

    def walk(self, event: sign.Event) -> None:
        """Takes an event in."""
        self._carry_out(journey.step(self._journey, event, self.now_ms))

    def tick(self) -> None:
        """Some time has passed. Messages whose requests are answered need not be kept by the vault any longer."""
        self.walk(sign.Tick())
        if self._forget:
            requests, self._forget = tuple(self._forget[:512]), self._forget[512:]
            self._ports.ask(calls.ForgetCall(requests), lambda _reply: None)

    def know_found(self, orders: list[Digest]) -> None:
        """What the ledger found in batches that this node may have missed, its vault having taken the ledger over."""
        if orders:
            self._ports.say(out.Write(0, tuple(FoundRecord(order) for order in orders)))
            self.walk(sign.Found(frozenset(orders)))

    def skip(self, status: calls.Status) -> None:
        """The vault took a ledger over: of orders of rosters before, what it has as found is all that is known."""
        journey.skip(self._journey, len(status.chain), frozenset(Digest(order) for order in status.found))
        self._tell_busy()

    def enter_roster(self, rosters: tuple[Roster, ...]) -> None:
        """The walks of orders go on under the last of these rosters."""
        if self._journey.roster == rosters[-1]:
            return
        given_up = tuple(FoundRecord(leaf) for leaf, walk in self._journey.walks.items() if walk.reported)
        if given_up:
            self._ports.say(out.Write(0, given_up))
        self._carry_out(journey.enter_roster(self._journey, rosters, self.now_ms))

    def forget_before(self, time_ms: int) -> None:
        """Orders that expired before this agreed time are walked no further."""
        journey.forget_before(self._journey, time_ms)
        self._tell_busy()

    def _carry_out(self, effects: list[sign.Effect]) -> None:
        answered = tuple(
            AnsweredRecord(effect.answered.held.combined.certified.leaf)
            for effect in effects
            if isinstance(effect, sign.Answer)
        )
        if answered:
            self._ports.say(out.Write(0, answered))
        for effect in effects:
            match effect:
                case sign.AskSigned():
                    self._ask_signed(effect.sequence)
                case sign.AskReport():
                    self._ports.ask(calls.ReportMissingCall(effect.order, effect.missing), self._reported)
                case sign.AskFound():
                    self._ports.ask(calls.ReportFoundCall(effect.order), self._found)
                case sign.AskMessage():
                    self._ports.say(out.WantBody(effect.to, effect.message_sha256))
                case sign.Broadcast():
                    self._ports.say(out.Broadcast(effect.message))
                case sign.Send():
                    self._ports.say(out.Send(effect.to, effect.message))
                case sign.Journal():
                    self._journal(effect)
                case sign.Answer():
                    self._answer(effect)
                case sign.Submit():
                    self._ports.submit(effect.entry)
                case sign.Recall():
                    self._recall(effect)
                case sign.RecallFound():
                    self._recall_found(effect)
                case sign.Blame():
                    self._ports.say(out.Observe("blame", effect.number, effect.why))
        self._tell_busy()

    def _tell_busy(self) -> None:
        self._ports.busy(bool(self._journey.unsettled))

    def _recall(self, effect: sign.Recall) -> None:
        admitted = self._ports.admits(effect.to, Work.RECALLS, len(effect.orders))
        if admitted:
            self._ports.say(out.SendHeld(effect.to, effect.orders[:admitted], effect.with_result))

    def _recall_found(self, effect: sign.RecallFound) -> None:
        def then(reply: Record | ThresignError) -> None:
            if isinstance(reply, FoundReport):
                self._ports.say(out.Send(effect.to, reply))

        if self._ports.verified(effect.order):
            self._ports.ask(calls.ReportFoundCall(effect.order), then)

    def _ask_signed(self, sequence: int) -> None:
        """Has the partials of a batch made, some a call; who asks for them meanwhile gets them when they are."""
        if sequence not in self._signed_for:
            self._signed_for[sequence] = self.asking
            self._ports.ask(calls.SignCall(sequence, 0), partial(self._signed, sequence))

    def _signed(self, sequence: int, reply: Record | ThresignError) -> None:
        asked_by = self._signed_for.get(sequence, 0)
        if not isinstance(reply, calls.Signed) or not reply.next:
            self._signed_for.pop(sequence, None)
        if not isinstance(reply, calls.Signed):
            return
        if asked_by:
            self._allowance.spend(asked_by, Work.PARTIALS, self._effort(reply))
        if reply.next:
            self._ports.ask(calls.SignCall(sequence, reply.next), partial(self._signed, sequence))
        self.walk(sign.OwnSigned(reply))

    def _effort(self, signed: calls.Signed) -> int:
        """What partials that were asked for once more are counted as, in bytes."""
        walks = (self._journey.walks.get(Digest(part.order)) for part in signed.partials.shares)
        read = sum(walk.certified.order.message_bytes for walk in walks if walk is not None)
        return len(signed.partials.encode()) + read // MESSAGE_BYTES_A_BYTE

    def _reported(self, reply: Record | ThresignError) -> None:
        if isinstance(reply, MissingReport):
            self._ports.write((ReportedRecord(reply.order),), lambda: self.walk(sign.OwnReport(reply)))

    def _found(self, reply: Record | ThresignError) -> None:
        if isinstance(reply, FoundReport):
            self.walk(sign.OwnFound(reply))

    def _journal(self, effect: sign.Journal) -> None:
        records = []
        for combined in effect.results:
            certified = combined.certified
            place = (certified.order.request, certified.order.item, certified.sequence, certified.index)
            records.append(ResultRecord(certified.leaf, *place, combined.signature, combined.partials))
        leaves = frozenset(combined.certified.leaf for combined in effect.results)
        self._ports.write(tuple(records), lambda: self.walk(sign.Journalled(leaves)))

    def _answer(self, effect: sign.Answer) -> None:
        combined = effect.answered.held.combined
        certified = combined.certified
        self._ports.say(out.Answer(effect.answered))
        self._forget.append(certified.order.request)
        if certified.order.request == certified.order.entry:  # a key's confirmation
            self._ports.submit(KeyConfirmed(certified.order.key, combined.signature))


def result_message(record: ResultRecord) -> Record:
    """A result of the journal, for a module that lacks it."""
    return Result(record.order, record.signature, record.partials)


def held_message(orders: list[bytes]) -> Record:
    """That this module holds these orders' results."""
    return Held(tuple(orders))
