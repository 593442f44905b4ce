"""VIEW-CHANGE and NEW-VIEW (OSDI '99 section 4.4): leaving a view, and entering one.

A decided slot is carried as its certificate, which by the chain of headers stands for every slot before it; a prepared
one as its prepared certificate. Every vault computes for itself what the new view must propose (orders.votes.outcome).
"""

from __future__ import annotations

from collections.abc import Sequence

from thresign.errors import InvalidVote
from thresign.ids import Digest
from thresign.orders.digests import sha256
from thresign.orders.header import Phase, vote_bytes
from thresign.orders.votes import NewView, Outcome, Prepared, ViewChange, outcome
from thresign.vault.voting.book import Ballot, Book, refuse
from thresign.vault.voting.commit import check_prepares
from thresign.vault.voting.decide import check_certificate
from thresign.vault.voting.records import Changed, Installed, Justified
from thresign.wire.canonical import Record

NO_SIGNATURE = bytes(64)


def change_view(book: Book, view: int, justification: Sequence[ViewChange]) -> Ballot:
    """Signs a view-change; afterwards this vault takes no part in any view below.

    - above every view that was entered; a repeat gets the stored bytes; [VOTE-V1]
    - at most one beyond the installed view, or beyond a view for which `justification` holds q valid view-changes: a
      node alone cannot drive its vault far ahead; [VOTE-V2]
    - past the horizon: a disk that forgot must not state what it prepared. [VOTE-4]
    """
    held = book.changes.get(view)
    if held is not None:
        return Ballot(held)
    if view <= book.entered:
        refuse("VOTE-V1", f"view {view} is not above {book.entered}")
    book.require_member()
    book.require_memory()
    if book.state.sequence < book.horizon:
        refuse("VOTE-4", f"no view-change before sequence {book.horizon}: this disk may have forgotten votes")
    reached = book.view
    records: tuple[Record, ...] = ()
    if justification:
        justified = check_changes(book, justification)
        if justified > reached and book.justified != tuple(justification):
            records = (Justified(tuple(justification)),)
        reached = max(reached, justified)
    if view > reached + 1:
        refuse("VOTE-V2", f"view {view} is more than one beyond {reached}")
    decided = (book.decided,) if book.decided is not None else ()
    prepared = tuple(book.prepared[sequence] for sequence in sorted(book.prepared))
    fields = (*_place(book), view, book.number, decided, prepared)
    signature = book.key.sign_statement(ViewChange(*fields, NO_SIGNATURE).signed_bytes())
    change = ViewChange(*fields, signature)
    book.entered = view
    book.changes = {kept: value for kept, value in book.changes.items() if kept > book.view}
    book.changes[view] = change
    if records:
        book.justified = tuple(justification)
    return Ballot(change, (*records, Changed(change)), sync=True)


def new_view(book: Book, view: int, changes: Sequence[ViewChange]) -> Ballot:
    """Signs a new-view as the primary of `view`, which this vault has entered, over q valid view-changes. [VOTE-N1]"""
    if book.state.roster.primary(view) != book.number or book.entered != view or book.view >= view:
        refuse("VOTE-N1", f"module {book.number} is not about to lead view {view}")
    book.require_memory()
    if view < book.view_horizon:
        refuse("VOTE-4", f"this disk may have forgotten a new-view for view {view}")
    check_changes(book, changes, view)
    ordered = tuple(sorted(changes, key=lambda change: change.number))
    fields = (*_place(book), view, book.number, ordered)
    signature = book.key.sign_statement(NewView(*fields, NO_SIGNATURE).signed_bytes())
    return Ballot(NewView(*fields, signature))


def _place(book: Book) -> tuple[Digest, int, Digest]:
    """Domain, roster epoch and roster."""
    roster = book.state.roster
    return book.state.domain, roster.epoch, roster.digest()


def install(book: Book, message: NewView) -> Ballot:
    """Enters the view.

    - above the installed view, and not below one that was entered; [VOTE-N2]
    - its primary signed it for this domain and roster, over exactly q valid view-changes of distinct members for this
      view; [VOTE-N3]
    - what it must propose again follows the newest decided slot without a gap. [VOTE-N4]
    """
    view = message.view
    if view == book.view:
        return Ballot(message)
    if view < book.entered or view < book.view:
        refuse("VOTE-N2", f"view {view} is below {max(book.entered, book.view)}")
    roster = book.state.roster
    if (message.domain, message.roster_epoch, message.roster) != _place(book):
        refuse("VOTE-N3", "a new-view of another domain or roster")
    member = roster.member(message.number)
    if member is None or message.number != roster.primary(view):
        refuse("VOTE-N3", f"module {message.number} does not lead view {view}")
    if not book.checks.signature(member.vote_key, message.signed_bytes(), message.signature):
        refuse("VOTE-N3", "the new-view's signature does not verify")
    check_changes(book, message.changes, view)
    enter(book, message)
    return Ballot(message, (Installed(message),), sync=True)


def enter(book: Book, message: NewView) -> Outcome:
    """What installing does to the book; also on replay."""
    result = outcome(message.changes, book.state.began)
    before = Digest(result.decided[0].header.digest()) if result.decided else book.state.began_head or book.state.domain
    for header in result.demanded:
        if header.previous != before:
            refuse("VOTE-N4", f"sequence {header.sequence} does not follow the slot before it")
        before = Digest(header.digest())
    book.view = message.view
    book.installed = message
    book.entered = max(book.entered, message.view)
    book.justified = message.changes
    book.floor = result.floor()
    book.demanded = {header.sequence: Digest(header.digest()) for header in result.demanded}
    book.changes = {view: change for view, change in book.changes.items() if view > book.view}
    return result


def check_changes(book: Book, changes: Sequence[ViewChange], view: int | None = None) -> int:
    """The view of exactly q valid view-changes of distinct members; raises InvalidVote. Each stands on its own."""
    if len(changes) != book.state.roster.q or len({change.number for change in changes}) != len(changes):
        raise InvalidVote(f"{len(changes)} view-changes, {book.state.roster.q} of distinct members are needed")
    wanted = changes[0].view if view is None else view
    for change in changes:
        if change.view != wanted:
            raise InvalidVote(f"a view-change for view {change.view} among those for {wanted}", (change.number,))
        check_change(book, change)
    return wanted


def check_change(book: Book, change: ViewChange) -> None:
    """Raises InvalidVote unless the view-change is of a member of this roster and all its proofs hold. [VOTE-V3]"""
    roster, culprit = book.state.roster, (change.number,)
    exact = sha256(change.encode())
    if exact in book.verified:
        return
    member = roster.member(change.number)
    if member is None or (change.domain, change.roster_epoch, change.roster) != _place(book):
        raise InvalidVote("a view-change of another domain or roster", culprit)
    if not book.checks.signature(member.vote_key, change.signed_bytes(), change.signature):
        raise InvalidVote(f"the view-change of module {change.number} does not verify", culprit)
    try:
        for certificate in change.decided:
            check_certificate(book, certificate)
        for proof in change.prepared:
            check_prepared(book, proof)
    except InvalidVote as error:
        # Whoever signed the view-change put the proof together: the voters that stand in it may be innocent.
        raise InvalidVote(f"the view-change of module {change.number}: {error.detail}", culprit) from None
    book.remember_verified(exact)


def check_prepared(book: Book, proof: Prepared) -> None:
    """Raises InvalidVote unless a quorum prepared the header: the primary's vote and q - 1 backups' prepares."""
    roster, header = book.state.roster, proof.header
    if (header.domain, header.roster_epoch, header.roster) != _place(book):
        raise InvalidVote("a prepared certificate of another domain or roster")
    encoded = header.encode()
    primary = roster.member(roster.primary(proof.view))
    message = vote_bytes(Phase.PRE_PREPARE, proof.view, encoded)
    if primary is None or not book.checks.signature(primary.vote_key, message, proof.pre_prepare):
        raise InvalidVote("a prepared certificate without its primary's vote")
    check_prepares(book, proof, encoded)
