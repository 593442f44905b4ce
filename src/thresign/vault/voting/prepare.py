"""PREPARE: this vault holds the body, has judged it, and will say so once."""

from __future__ import annotations

from thresign.orders.header import Phase
from thresign.orders.votes import PrePrepare, Vote
from thresign.vault.voting.book import Ballot, Book, refuse
from thresign.vault.voting.propose import judge_body, remember
from thresign.vault.voting.records import Accepted


def prepare(book: Book, message: PrePrepare, now_ms: int) -> Ballot:
    """Signs a prepare.

    - installed view, next slot; [VOTE-2] [VOTE-3]
    - the view's primary, not this module, signed the pre-prepare; [VOTE-P1]
    - what the new view demands for the slot, if it demands anything; [VOTE-P2]
    - nothing else was prepared for this slot of this view; a repeat gets the stored bytes; [VOTE-1]
    - on first proposal only: agreed time within the allowed skew of this vault's clock; [VOTE-P3]
    - the whole body is here, and the judgement of every entry leads to this header. [VOTE-J1]
    """
    header, view = message.header, message.view
    book.require_active(view, header.sequence)
    primary = book.state.roster.primary(view)
    if primary == book.number:
        refuse("VOTE-P1", "the primary does not prepare")
    member = book.state.roster.member(primary)
    if member is None or not book.checks.signature(member.vote_key, message.signed_bytes(), message.signature):
        refuse("VOTE-P1", f"the pre-prepare is not signed by module {primary}")
    digest = header.digest()
    held = book.voted(Phase.PREPARE, view, header.sequence, digest)
    if held is not None:
        return Ballot(held)
    demanded = book.demanded.get(header.sequence)
    if demanded is not None and demanded != digest:
        refuse("VOTE-P2", "not the header that the new view demands")
    if demanded is None and abs(header.time_ms - now_ms) > book.state.settings.clock_skew_ms_max:
        refuse("VOTE-P3", f"proposed time is {header.time_ms - now_ms} ms from this vault's clock")
    proposal = judge_body(book, header, message.body)
    signature = book.key.sign_vote(Phase.PREPARE, view, proposal.encoded)
    vote = Vote(Phase.PREPARE, view, header.sequence, digest, book.number, signature)
    remember(book, view, proposal, message.signature)
    book.votes[Phase.PREPARE, view, header.sequence] = (digest, vote)
    return Ballot(vote, (Accepted(view, header, message.body, message.signature, signature),), sync=True)
