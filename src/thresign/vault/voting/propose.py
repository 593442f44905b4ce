"""PRE-PREPARE: the primary's own slot; and the judgement of a batch that all votes rest on."""

from __future__ import annotations

from collections.abc import Sequence

from thresign.errors import MalformedRecord, ThresignError
from thresign.ids import Digest
from thresign.ledger import ledger
from thresign.ledger.verdicts import Checks, Permit, Verdict
from thresign.orders.batch import Batch, Entry
from thresign.orders.header import Header, Phase
from thresign.orders.votes import PrePrepare
from thresign.vault.voting.book import Ballot, Book, Proposal, refuse
from thresign.vault.voting.records import Accepted


def propose(book: Book, view: int, entries: Sequence[Entry], now_ms: int) -> tuple[Ballot | None, list[Verdict]]:
    """Signs a pre-prepare of those entries that are permitted now; None if there are none.

    - this module is the primary of the installed view; the next slot; [VOTE-PP1]
    - the new view demands nothing else for the slot; nothing else was proposed in it; [VOTE-PP2]
    - agreed time is the vault's clock, and never goes back. [VOTE-PP3]
    """
    _require_primary(book, view)
    slot = (Phase.PRE_PREPARE, view, book.next)
    if book.next in book.demanded:
        refuse("VOTE-PP2", "the new view demands a header for this slot")
    if slot in book.votes:
        return Ballot(book.votes[slot][1]), []
    time_ms = max(now_ms, book.state.time_ms)
    plan, verdicts = ledger.select(book.state, book.checks, time_ms, entries)
    if not plan.orders:
        return None, verdicts
    permitted = tuple(entry for entry, verdict in zip(entries, verdicts, strict=True) if isinstance(verdict, Permit))
    header = ledger.next_header(book.state, plan)
    batch = Batch(permitted)
    encoded = header.encode()
    book.proposal = Proposal(header, encoded, header.digest(), batch.encode(), batch, plan)
    return _sign(book, view), verdicts


def repropose(book: Book, view: int, header: Header, body: bytes) -> Ballot:
    """Signs a pre-prepare of the header that the new view demands for the slot. [VOTE-PP1] [VOTE-PP2]

    `body` may be empty if this vault voted for the header in a view before.
    """
    _require_primary(book, view)
    digest = header.digest()
    if book.demanded.get(book.next) != digest:
        refuse("VOTE-PP2", "not the header that the new view demands")
    held = book.voted(Phase.PRE_PREPARE, view, book.next, digest)
    if held is not None:
        return Ballot(held)
    judge_body(book, header, book.bodies.get(digest, b"") or body)
    return _sign(book, view)


def _require_primary(book: Book, view: int) -> None:
    book.require_active(view, book.next)
    if book.state.roster.primary(view) != book.number:
        refuse("VOTE-PP1", f"module {book.number} is not the primary of view {view}")


def _sign(book: Book, view: int) -> Ballot:
    proposal = book.proposal
    if proposal is None:
        refuse("VOTE-PP1", "nothing was judged")
    signature = book.key.sign_vote(Phase.PRE_PREPARE, view, proposal.encoded)
    message = PrePrepare(view, proposal.header, proposal.body, signature)
    remember(book, view, proposal, signature)
    book.votes[Phase.PRE_PREPARE, view, proposal.header.sequence] = (proposal.digest, message)
    record = Accepted(view, proposal.header, proposal.body, signature, signature)
    return Ballot(message, (record,), sync=True)


def remember(book: Book, view: int, proposal: Proposal, primary_signature: bytes) -> None:
    """Notes that the primary proposed this, and keeps the body until the slot is decided."""
    book.accepted[view, proposal.header.sequence] = (proposal.digest, primary_signature)
    book.bodies[proposal.digest] = proposal.body


def judge_body(book: Book, header: Header, body: bytes, checks: Checks | None = None) -> Proposal:
    """Judges a body for the slot after the ledger: every entry permitted, and the header what follows from them.

    The judgement rests on ledger and header alone, so it is the same in every view and every vault. [VOTE-J1]
    `checks` are the vault's own unless given.
    """
    digest = header.digest()
    if book.proposal is not None and book.proposal.digest == digest and book.proposal.body == body:
        return book.proposal
    if header.previous != book.state.head or header.time_ms < book.state.time_ms:
        refuse("VOTE-J1", "the header does not follow the last decided one")
    try:
        batch = Batch.decode(body)
    except MalformedRecord as error:
        refuse("VOTE-J1", f"body: {error.detail}")
    plan = ledger.plan(book.state, checks or book.checks, header.time_ms, batch.entries)
    if isinstance(plan, ThresignError):
        refuse("VOTE-J1", f"{plan.code}: {plan.detail}")
    if isinstance(plan, str):
        refuse("VOTE-J1", plan)
    if ledger.next_header(book.state, plan) != header:
        refuse("VOTE-J1", "the header is not what follows from the entries")
    book.proposal = Proposal(header, header.encode(), Digest(digest), body, batch, plan)
    return book.proposal
