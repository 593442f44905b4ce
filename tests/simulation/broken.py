"""What the mutants put in place of the rules (tests.simulation.mutants). Everything in here is wrong on purpose."""

from __future__ import annotations

from typing import Any

from tests.simulation.stubs import StubToken, sign, signature_of
from thresign.agreement.pbft import prepare
from thresign.agreement.pbft.events import Ask
from thresign.agreement.pbft.state import Core
from thresign.errors import VoteRefused
from thresign.ids import Digest
from thresign.ledger import ledger
from thresign.ledger.assign import Assigner
from thresign.ledger.draft import Draft
from thresign.ledger.state import State
from thresign.ledger.verdicts import Checks, Verdict
from thresign.limits import faults
from thresign.orders.batch import Batch, Entry
from thresign.orders.header import Certificate, Header, MemberSignature, Phase, vote_bytes
from thresign.orders.statements import MissingReports
from thresign.orders.votes import Outcome, PrePrepare, ViewChange, Vote, outcome
from thresign.signing import holding
from thresign.signing.events import Submit
from thresign.signing.stages import Combined
from thresign.vault import calls, replay
from thresign.vault.voting import propose, view_change
from thresign.vault.voting.book import Book, Proposal
from thresign.vault.voting.records import Changed, Committed


def nothing(*_: Any, **__: Any) -> None:
    """In place of a check."""


def first_of(first: int, _second: int) -> int:
    """In place of max."""
    return first


# --- quorums ----------------------------------------------------------------------------------------------------------


def small_quorum(n: int) -> int:
    return (n + faults(n) + 2) // 2 - 1


def count_messages(core: Core, vote: Vote, votes: dict[Digest, dict[int, bytes]]) -> bool:
    """Every message counts: a second one of the same sender stands under a number beyond all members."""
    held = votes.setdefault(Digest(vote.header), {})
    number = vote.number
    while number in held:
        number += 1000
    held[number] = vote.signature
    return True


def _repeated(votes: dict[int, bytes], wanted: int) -> tuple[MemberSignature, ...]:
    return tuple(MemberSignature(number % 1000, votes[number]) for number in sorted(votes)[:wanted])


def check_prepared_repeating(core: Core, sequence: int) -> None:
    slot = core.slots.get(sequence)
    if slot is None or not slot.accepted or slot.digest is None or Phase.COMMIT in slot.own or not core.active:
        return
    prepares = slot.prepares.get(slot.digest, {})
    if sequence == core.next and len(prepares) >= core.roster.q - 1:
        chosen = _repeated(prepares, core.roster.q - 1)
        core.ask(Ask.COMMIT, core.view, sequence, calls.CommitCall(core.view, sequence, slot.digest, chosen))


def check_committed_repeating(core: Core, sequence: int) -> None:
    slot = core.slots.get(sequence)
    if slot is None or slot.digest is None or slot.pre_prepare is None or sequence in core.decided:
        return
    commits = slot.commits.get(slot.digest, {})
    if len(commits) >= core.roster.q:
        certificate = Certificate(slot.pre_prepare.header, core.view, _repeated(commits, core.roster.q))
        core.decided[sequence] = (certificate, b"" if slot.accepted else slot.pre_prepare.body)


def _note_header(token: StubToken, header: Header) -> None:
    token.headers[header.digest()] = header
    token.newest_ms = max(token.newest_ms, header.time_ms)


def check_certificate_repeating(token: StubToken, certificate: bytes) -> None:
    header = Header.decode_from(certificate, len(Certificate.TAG))[0]
    _note_header(token, header)


def check_no_certificate(token: StubToken, certificate: bytes) -> None:
    _note_header(token, Certificate.decode(certificate).header)


def check_prepared_at_once(core: Core, sequence: int) -> None:
    """Commits on the proposal alone."""
    slot = core.slots.get(sequence)
    if slot is None or not slot.accepted or slot.digest is None or Phase.COMMIT in slot.own or not core.active:
        return
    if sequence == core.next:
        core.ask(Ask.COMMIT, core.view, sequence, calls.CommitCall(core.view, sequence, slot.digest, ()))


# --- disks ------------------------------------------------------------------------------------------------------------


def append_unsynced(disk: Any, records: tuple[Any, ...], _sync: bool) -> None:
    disk.records.extend(records)


_replay_one = replay._replay_one


def replay_without_prepared(service: Any, book: Book, record: Any) -> Any:
    return None if isinstance(record, Committed) else _replay_one(service, book, record)


def replay_without_changes(service: Any, book: Book, record: Any) -> Any:
    return None if isinstance(record, Changed) else _replay_one(service, book, record)


def replay_accepted_without_vote(book: Book, record: Any) -> None:
    proposal = propose.judge_body(book, record.header, record.body)
    propose.remember(book, record.view, proposal, record.pre_prepare)


# --- views ------------------------------------------------------------------------------------------------------------

_change_view = view_change.change_view


def change_view_forgetting(book: Book, view: int, justification: Any) -> Any:
    book.prepared = {}
    return _change_view(book, view, justification)


def outcome_of_nothing(changes: tuple[ViewChange, ...], base: int) -> Outcome:
    return Outcome(base, outcome(changes, base).decided, ())


_on_pre_prepare = prepare.on_pre_prepare


def on_pre_prepare_again(core: Core, sender: int, message: PrePrepare) -> None:
    """Takes a second proposal for a slot as if there had been none."""
    slot = core.slots.get(message.header.sequence)
    if slot is not None and slot.digest != message.header.digest():
        slot.pre_prepare = slot.digest = None
        slot.accepted = False
    _on_pre_prepare(core, sender, message)


def require_view_only(book: Book, view: int, sequence: int) -> None:
    if view != book.view or sequence != book.next or sequence <= book.floor:
        raise VoteRefused("VOTE-2: another view or slot")


active_always = property(lambda core: core.vault_up)


# --- judging ----------------------------------------------------------------------------------------------------------


def judge_any_time(book: Book, header: Header, body: bytes, checks: Checks | None = None) -> Proposal:
    """Judges as if the header's time were no matter."""
    batch = Batch.decode(body)
    plan = ledger.plan(book.state, book.checks, header.time_ms, batch.entries)
    if not isinstance(plan, ledger.Plan) or ledger.next_header(book.state, plan) != header:
        raise VoteRefused("VOTE-J1: not what follows")
    book.proposal = Proposal(header, header.encode(), Digest(header.digest()), body, batch, plan)
    return book.proposal


_judge_body = propose.judge_body


def judge_unchecked(book: Book, header: Header, body: bytes, checks: Checks | None = None) -> Proposal:
    """Takes the primary's word for it that the header is that of the body."""
    try:
        return _judge_body(book, header, body, checks)
    except VoteRefused:
        batch = Batch.decode(body)
        plan = ledger.plan(book.state, book.checks, header.time_ms, batch.entries)
        if not isinstance(plan, ledger.Plan):
            raise
        book.proposal = Proposal(header, header.encode(), Digest(header.digest()), body, batch, plan)
        return book.proposal


def record_nothing(*_: Any) -> Any:
    return lambda _state: None


_assigner_init = Assigner.__init__
_moods: dict[int, int] = {}


def assigner_with_moods(self: Assigner, state: Any, time_ms: int) -> None:
    """Credits that depend on whose ledger it is."""
    _assigner_init(self, state, time_ms)
    self._credits[1] = self._credits.get(1, 0) + 300 * (_moods.setdefault(id(state), len(_moods)) % 3)


# --- results ----------------------------------------------------------------------------------------------------------


def on_report_of_few(walks: Any, report: Any) -> None:
    walk = walks.walks.get(Digest(report.order))
    if walk is None or report.number in walk.reports:
        return
    walk.reports[report.number] = report
    if walk.combined is None and len(walk.reports) > walks.roster.f and not walk.replace_at_ms:
        walk.replace_at_ms = walks.now_ms
        chosen = tuple(walk.reports[number] for number in sorted(walk.reports)[: walks.roster.f + 1])
        walks.out.append(Submit(MissingReports(walk.certified.encoded, chosen)))


_journalled = holding.journalled


def journalled_regardless(walks: Any, event: Any) -> None:
    """Forgets that it gave the order up."""
    for leaf in event.leaves:
        if leaf in walks.walks:
            walks.walks[leaf].reported = False
    _journalled(walks, event)


_on_held = holding.on_held


def on_held_again(walks: Any, sender: int, leaf: Digest) -> None:
    walk = walks.walks.get(leaf)
    if walk is not None and sender in walk.holders:
        absent = [member.number for member in walks.roster.members if member.number not in walk.holders]
        sender = absent[0] if absent else sender
    _on_held(walks, sender, leaf)


def one_holder(_journey: Any, _walk: Any) -> int:
    return 1


def accept_any(certified: Any, signature: bytes, partials: Any, _roster: Any, combiner: Any) -> Combined | None:
    """A signature that verifies is taken for this order's, whichever order it was made for."""
    valid = signature_of(certified.key.public_key, certified.message, signature[:32]) == signature
    return Combined(certified, signature, partials) if valid else None


# --- membership changes ---------------------------------------------------------------------------------------------

_judge = ledger.judge
_require_active = Book.require_active
_enter_roster = ledger.enter_roster


def judge_while_pending(draft: Draft, entry: Entry) -> Verdict:
    """Judges for the next slot although another roster is to follow."""
    pending, draft.state.pending = draft.state.pending, None
    try:
        return _judge(draft, entry)
    finally:
        draft.state.pending = pending


def require_active_while_pending(self: Book, view: int, sequence: int) -> None:
    """Votes on the next slot although another roster is to follow."""
    pending, self.state.pending = self.state.pending, None
    try:
        _require_active(self, view, sequence)
    finally:
        self.state.pending = pending


_entered: set[tuple[bytes, int, int]] = set()


def enter_roster_at_half(state: State) -> None:
    """Every other vault goes on under the roster before."""
    roster = state.roster
    place = (state.domain, state.sequence, sum(1 for entered in _entered if entered[0] == state.domain))
    _entered.add(place)
    _enter_roster(state)
    if place[2] % 2:
        state.roster = roster


def sign_any_vote(self: StubToken, phase: Phase, view: int, header: bytes) -> bytes:
    """A token that signs votes under any roster."""
    self.monitor.vote(self.number, phase, view, Header.decode(header))
    return sign(self.key, vote_bytes(phase, view, header))
