"""The calls that a node may make, served: from record to record, with what must be on disk before the answer leaves.

Pure but for the token that it drives: time is an argument, the disk is the server's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from thresign.custody import interface
from thresign.custody.interface import Refused, SignCall, Token
from thresign.errors import CeremonyFailed, CustodyError, InvariantBroken, ThresignError, VoteRefused
from thresign.ids import ModuleNumber, RequestId
from thresign.ledger import ledger, snapshot
from thresign.ledger.draft import Draft
from thresign.ledger.judge_keys import confirmation_of
from thresign.ledger.state import KeyState, State
from thresign.ledger.verdicts import Checks, Later, Permit, Refuse
from thresign.ledger.verdicts import Verdict as LedgerVerdict
from thresign.limits import BODIES_BYTES_MAX, BODY_BYTES_IN_BATCH_MAX, BODY_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.orders.header import Certificate
from thresign.orders.merkle import inclusion_proofs
from thresign.orders.orders import KeygenOrder, Order, SignOrder
from thresign.orders.requests import Request
from thresign.orders.statements import (
    Announcement,
    CeremonyAbort,
    FoundReport,
    KeyGenerated,
    MissingReport,
    Partials,
    Present,
    SharePart,
)
from thresign.policy.actions import Sign, parse
from thresign.trust.standing import Standing
from thresign.vault import calls, recovery
from thresign.vault.checks import VaultChecks
from thresign.vault.kept import Kept, KeptBatch
from thresign.vault.voting import checkpoint, commit, decide, prepare, propose, view_change
from thresign.vault.voting.book import Ballot, Book, Proposal
from thresign.wire.canonical import Record

GROUPS_MAX = 16
SIGN_AT_ONCE = 16
NO_SIGNATURE = bytes(64)


class Environment(NamedTuple):
    """What the process knows and the service only reports."""

    custody: str
    emulated: bool
    boundary: str
    measures: tuple[calls.Measure, ...]


class Service:
    """One vault. `serve` answers a call; what it raises is a ThresignError, to be sent as Failure."""

    def __init__(
        self, number: ModuleNumber, token: Token, state: State, environment: Environment, checks: Checks | None = None
    ) -> None:
        self.bodies: OrderedDict[bytes, bytes] = OrderedDict()
        self.kept = Kept()
        self.token = token
        self.incarnation = 0
        self.environment = environment
        self.recovery = recovery.Recovery()
        self.book = Book(number, token, checks or VaultChecks(token, self.bodies), state)
        self._serve: dict[type[Record], Callable[[Any, int], Ballot]] = {
            calls.StatusCall: self._status,
            calls.JudgeCall: self._judge,
            calls.ProposeCall: self._propose,
            calls.ReproposeCall: lambda c, _: propose.repropose(self.book, c.view, c.header, c.body),
            calls.PrepareCall: lambda c, now_ms: prepare.prepare(self.book, c.message, now_ms),
            calls.CommitCall: lambda c, _: commit.commit(self.book, c.view, c.sequence, c.header, c.prepares),
            calls.DecideCall: self._decide,
            calls.ChangeViewCall: lambda c, _: view_change.change_view(self.book, c.view, c.justification),
            calls.NewViewCall: lambda c, _: view_change.new_view(self.book, c.view, c.changes),
            calls.InstallCall: self._install,
            calls.DecidedCall: self._decided,
            calls.SignCall: self._sign,
            calls.ForgetCall: self._forget,
            calls.UnusedCall: self._count_unused,
            calls.AnnounceCall: self._announce,
            calls.ReportMissingCall: self._report_missing,
            calls.ReportFoundCall: self._report_found,
            calls.PresentCall: self._present,
            calls.KeygenBeginCall: self._keygen_begin,
            calls.KeygenDealCall: self._keygen_deal,
            calls.KeygenFinishCall: self._keygen_finish,
            calls.AbortCall: self._abort,
            **recovery.calls_of(self),
        }

    def serve(self, call: Record, now_ms: int) -> Ballot:
        """Answers one call at this clock reading (Unix milliseconds)."""
        return self._serve[type(call)](call, now_ms)

    def add_body(self, content_sha256: bytes, body: bytes) -> None:
        """Holds a body that travels apart until its request is decided; the oldest go when there are too many."""
        self.bodies.pop(content_sha256, None)
        self.bodies[content_sha256] = body
        while len(self.bodies) > 1 and sum(map(len, self.bodies.values())) > BODIES_BYTES_MAX:
            del self.bodies[next(iter(self.bodies))]

    def begin_incarnation(self) -> None:
        """Starts a life of the token above all that the ledger knows; before any nonce is made."""
        known = self.book.state.incarnations.get(self.book.number, 0)
        self.incarnation = self.token.begin_incarnation(max(known, self.recovery.life - 1))

    # --- voting ---------------------------------------------------------------------------------------------------

    def _status(self, _call: calls.StatusCall, now_ms: int) -> Ballot:
        book, state, env = self.book, self.book.state, self.environment
        state.changed_keys.clear()
        return Ballot(
            calls.Status(
                book.number,
                state.domain,
                book.view,
                book.entered,
                state.sequence,
                state.time_ms,
                state.head,
                book.low,
                book.horizon,
                self.incarnation,
                env.custody,
                int(env.emulated),
                env.boundary,
                env.measures,
                snapshot.callers(state),
                snapshot.keys(state),
                (book.decided,) if book.decided is not None else (),
                tuple(change for view, change in sorted(book.changes.items()) if view > book.view)[-16:],
                (book.installed,) if book.installed is not None else (),
                self._unused(now_ms),
                (book.stable,) if book.stable is not None else (),
                recovery.base_of(self),
                int(book.forgot),
                tuple(state.found)[-calls.FOUND_MAX :],
                book.chain,
                int(state.pending is not None),
            )
        )

    def _judge(self, call: calls.JudgeCall, now_ms: int) -> Ballot:
        time_ms = max(now_ms, self.book.state.time_ms)
        verdicts = tuple(
            _verdict(ledger.judge(Draft(self.book.state, self.book.checks, time_ms), entry))
            for entry in call.batch.entries
        )
        return Ballot(calls.Judged(verdicts))

    def _propose(self, call: calls.ProposeCall, now_ms: int) -> Ballot:
        ballot, verdicts = propose.propose(self.book, call.view, call.batch.entries, now_ms)
        told = tuple(_verdict(verdict) for verdict in verdicts)
        if ballot is None:
            return Ballot(calls.Proposed((), told))
        return Ballot(calls.Proposed((ballot.reply,), told), ballot.records, ballot.sync)  # type: ignore[arg-type]

    def follow(self) -> None:
        """Brings the token to the roster of this vault's journal: a crash may have come between the two writes."""
        epoch = self.token.roster_epoch()
        for link in self.book.chain[epoch:]:
            epoch = self.token.reconfigure(link.encode())

    def _decide(self, call: calls.DecideCall, now_ms: int) -> Ballot:
        if call.certificate.header.sequence != self.book.next:
            raise VoteRefused(f"VOTE-D1: the next slot is {self.book.next}")
        believed = self.check_certificate(call.certificate)
        proposal, record = decide.decide(self.book, call.certificate, call.body, past=not believed)
        # The ledger has moved on: should anything fail from here on, what is written would not lead to it any more.
        try:
            self.keep(proposal, call.certificate)
            self._forget_failed_ceremonies()
            return Ballot(self._applied(proposal, now_ms), (record,))
        except ThresignError as error:
            raise InvariantBroken(f"after batch {proposal.header.sequence} was applied: {error.detail}") from error

    def _forget_failed_ceremonies(self) -> None:
        for key in self.book.state.changed_keys:
            if self.book.state.keys[key].state is KeyState.FAILED:
                with suppress(CustodyError):  # a new one takes its room, or the token's next life
                    self.token.keygen_forget(self.book.state.keys[key].ceremony)

    def check_certificate(self, certificate: Certificate) -> bool:
        """Has the token check a certificate. If it refuses, the rule in Python says whose vote is to blame.

        A vault that is behind its token applies what a roster before the token's decided. The token does not come to
        believe in it, and signs nothing that was ordered there: it is history. Then False.
        """
        if certificate.header.roster_epoch < self.token.roster_epoch():
            decide.check_certificate(self.book, certificate)
            return False
        try:
            self.token.check_certificate(certificate.encode())
        except CustodyError:
            decide.check_certificate(self.book, certificate)
            raise
        return True

    def keep(self, proposal: Proposal, certificate: Certificate) -> None:
        """Keeps what signing needs: leaves for the proofs, messages for the partials."""
        plan = proposal.plan
        leaves = (tuple(plan.orders), tuple(plan.leaves), tuple(plan.leaf_hashes))
        kept = KeptBatch(certificate, proposal.body, proposal.digest, *leaves)
        self.kept.keep(proposal.header.sequence, kept)
        for entry in proposal.batch.entries:
            if isinstance(entry, Request):
                self._keep_message(entry)
            elif isinstance(entry, KeyGenerated):
                key = next(key for key in self.book.state.keys.values() if key.ceremony == entry.order)
                self.kept.add_message(sha256(entry.encode()), confirmation_of(self.book.state.domain, key))

    def _keep_message(self, request: Request) -> None:
        action = parse(request)
        if isinstance(action, Sign):
            message = self._body(request) if action.message is None else action.message
            if message is not None:
                self.kept.add_message(request.id(), message)

    def _body(self, request: Request) -> bytes | None:
        """What travelled apart, if it is here. Another request may be for the same: it goes first when there is no
        room, not now."""
        body = self.bodies.get(request.content_sha256)
        if body is not None:
            self.bodies.move_to_end(request.content_sha256, last=False)
        return body

    def _applied(self, proposal: Proposal, now_ms: int) -> calls.Applied:
        state = self.book.state
        own = self.book.number
        standing = state.standings.get(own, Standing())
        changed = [state.keys[key] for key in state.changed_keys]
        state.changed_keys.clear()
        return calls.Applied(
            state.sequence,
            state.time_ms,
            proposal.body,
            tuple(proposal.plan.leaves),
            tuple(snapshot.key_part(key) for key in changed),
            self._unused(now_ms),
            int(standing.may_return(max(now_ms, state.time_ms), state.settings.silence_ms)),
            int(checkpoint.is_due(self.book)),
            (self._signed(state.sequence, 0),) if self._is_little(proposal.plan.orders) else (),
        )

    def _is_little(self, orders: Sequence[Order]) -> bool:
        """True if the partials for these can be had before the answer to a vote."""
        mine = [order for order in orders if isinstance(order, SignOrder) and order.names(self.book.number)]
        return len(orders) <= SIGN_AT_ONCE and sum(order.message_bytes for order in mine) <= BODY_BYTES_IN_BATCH_MAX

    def _unused(self, now_ms: int) -> tuple[int, ...]:
        book, time_ms = self.book, max(now_ms, self.book.state.time_ms)
        return tuple(
            ledger.unused_nonces(book.state, book.number, self.incarnation, group, time_ms)
            for group in range(GROUPS_MAX)
        )

    def _count_unused(self, _call: calls.UnusedCall, now_ms: int) -> Ballot:
        return Ballot(calls.Unused(self._unused(now_ms)))

    def _install(self, call: calls.InstallCall, _now_ms: int) -> Ballot:
        ballot = view_change.install(self.book, call.message)
        return Ballot(calls.Done(), ballot.records, ballot.sync)

    def _decided(self, call: calls.DecidedCall, _now_ms: int) -> Ballot:
        batch = self.kept.batch(call.sequence)
        if batch is None:
            raise VoteRefused(f"the batch of sequence {call.sequence} is not kept")
        return Ballot(calls.DecidedBatch(batch.certificate, batch.body, batch.leaves))

    # --- signing --------------------------------------------------------------------------------------------------

    def _sign(self, call: calls.SignCall, _now_ms: int) -> Ballot:
        return Ballot(self._signed(call.sequence, call.start))

    def _signed(self, sequence: int, start: int) -> calls.Signed:
        """The token's partials for the orders of an applied batch that name this module: from this order on, until the
        messages together are longer than the longest may be alone."""
        wanted: list[SignCall] = []
        leaves, refusals, room, following = [], [], BODY_BYTES_MAX, 0
        for index, leaf, sign_call in self.kept.sign_calls(sequence, self.book.number, start, self.bodies):
            if sign_call is None:
                refusals.append(calls.Refusal(leaf, 0, "the message is not here"))
                continue
            room -= len(sign_call.message)
            if wanted and room < 0:
                following = index
                break
            leaves.append(leaf)
            wanted.append(sign_call)
        answers, signature = self._ask_token(wanted)
        shares = []
        for leaf, answer in zip(leaves, answers, strict=True):
            if isinstance(answer, Refused):
                refusals.append(calls.Refusal(leaf, answer.code, f"{answer.name}: {answer.text}"))
            else:
                shares.append(SharePart(leaf, answer))
        partials = Partials(self.book.state.domain, self.book.number, tuple(shares), signature)
        return calls.Signed(sequence, partials, tuple(refusals), following)

    def _ask_token(self, wanted: list[SignCall]) -> tuple[list[bytes | Refused], bytes]:
        """A token that cannot sign is as one that refuses each: the orders are asked for again, or replaced."""
        if not wanted:
            return [], NO_SIGNATURE
        try:
            return self.token.sign(wanted)
        except CustodyError as error:
            return [Refused(0, error.code, calls.printable(error.detail)[:128])] * len(wanted), NO_SIGNATURE

    def _forget(self, call: calls.ForgetCall, _now_ms: int) -> Ballot:
        for request in call.requests:
            self.kept.drop_message(RequestId(request))
        return Ballot(calls.Done())

    def _announce(self, call: calls.AnnounceCall, _now_ms: int) -> Ballot:
        return Ballot(Announcement.decode(self.token.announce(call.group, call.count)))

    def _report_missing(self, call: calls.ReportMissingCall, _now_ms: int) -> Ballot:
        unsigned = MissingReport(self.book.state.domain, self.book.number, call.order, call.missing, NO_SIGNATURE)
        signature = self.token.sign_statement(unsigned.signed_bytes())
        return Ballot(MissingReport(unsigned.domain, unsigned.number, call.order, call.missing, signature))

    def _report_found(self, call: calls.ReportFoundCall, _now_ms: int) -> Ballot:
        unsigned = FoundReport(self.book.state.domain, self.book.number, call.order, NO_SIGNATURE)
        signature = self.token.sign_statement(unsigned.signed_bytes())
        return Ballot(FoundReport(unsigned.domain, unsigned.number, call.order, signature))

    def _present(self, _call: calls.PresentCall, _now_ms: int) -> Ballot:
        state = self.book.state
        fields = (state.domain, self.book.number, self.incarnation, state.sequence)
        signature = self.token.sign_statement(Present(*fields, NO_SIGNATURE).signed_bytes())
        return Ballot(Present(*fields, signature))

    # --- key generation -------------------------------------------------------------------------------------------

    def _keygen_begin(self, call: calls.KeygenBeginCall, _now_ms: int) -> Ballot:
        batch = self.kept.batch(call.sequence)
        leaf = batch.leaves[call.index] if batch is not None and call.index < len(batch.leaves) else b""
        if batch is None or leaf[:8] != KeygenOrder.TAG:
            raise CeremonyFailed(f"order {call.index} of sequence {call.sequence} is no key generation kept here")
        path = inclusion_proofs(batch.leaf_hashes)[call.index]
        place = (batch.header, call.index, len(batch.leaves), path, leaf)
        return _step(self.token.keygen_begin(interface.SignCall(*place, b"")))

    def _keygen_deal(self, call: calls.KeygenDealCall, _now_ms: int) -> Ballot:
        return _step(self.token.keygen_deal(call.order, call.packages))

    def _keygen_finish(self, call: calls.KeygenFinishCall, _now_ms: int) -> Ballot:
        return _step(self.token.keygen_finish(call.order, call.packages))

    def _abort(self, call: calls.AbortCall, _now_ms: int) -> Ballot:
        unsigned = CeremonyAbort(
            self.book.state.domain, self.book.number, call.order, call.culprit, call.reason, NO_SIGNATURE
        )
        signature = self.token.sign_statement(unsigned.signed_bytes())
        return Ballot(CeremonyAbort(unsigned.domain, unsigned.number, call.order, call.culprit, call.reason, signature))


def _step(step: interface.CeremonyStep) -> Ballot:
    if step.refused is not None:
        culprits = (step.culprit,) if step.culprit else ()
        raise CeremonyFailed(f"{step.refused.name}: {step.refused.text}", culprits)
    return Ballot(calls.KeygenStep(step.package))


def _verdict(verdict: LedgerVerdict) -> calls.Verdict:
    if isinstance(verdict, Permit):
        return calls.Verdict(calls.PERMIT, "", "")
    if isinstance(verdict, Refuse):
        return calls.Verdict(calls.REFUSE, verdict.error.code, calls.printable(verdict.error.detail))
    kind = calls.LATER if isinstance(verdict, Later) else calls.KNOWN
    return calls.Verdict(kind, "", calls.printable(verdict.reason))
