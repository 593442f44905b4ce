"""The rejoin rule: a vault whose disk forgot what it signed does not vote until a quorum has passed its horizon.

How far may such a vault have voted? It votes only on the slot after its ledger, and its ledger rests on certificates.
Say it had applied slot D: then q modules committed D, and of any q *other* modules at least one is honest and did. That
one has applied D - 1, and proves it. So the highest sequence that q others prove, and two more, bounds every slot that
was voted on. Likewise for views: it signed a view-change for v only if q modules had for v - 1, so one of those q
others has entered v - 1, and the highest view they state, and one more, bounds every view-change. Votes for higher
slots in views not below that cannot contradict any that was forgotten. A view-change is sent again once every slot
that may have been voted on is decided: it carries the certificate, and so states all that was prepared.

All of this holds within one roster epoch: reports of another one are not taken, and a horizon that was not passed when
an epoch ends is asked for anew in the next (voting.epoch). One that was passed bounds later epochs too: had the vault
voted in a later one, it had applied the last slot S of this one, so a quorum had committed S, one of the q others had
applied S - 1, and the horizon lay above S.
"""

from __future__ import annotations

from thresign.errors import InvalidVote
from thresign.orders.header import Phase
from thresign.orders.votes import Checkpoint, HorizonReport, SignedVote, ViewChange
from thresign.vault.voting.book import Ballot, Book, refuse
from thresign.vault.voting.decide import check_certificate
from thresign.vault.voting.records import Forgot, Horizon
from thresign.vault.voting.view_change import check_changes
from thresign.wire.canonical import Record

NO_SIGNATURE = bytes(64)


def report(book: Book, asker: int, incarnation: int) -> HorizonReport:
    """States how far this module has come.

    - the asker is another member; [VOTE-R1]
    - this vault remembers, and has passed its own horizon: else it might state too little. [VOTE-4]
    """
    book.require_member()
    if asker == book.number or book.state.roster.member(asker) is None:
        refuse("VOTE-R1", f"module {asker} is no other member")
    book.require_memory()
    if book.state.sequence < book.horizon:
        refuse("VOTE-4", f"no report before sequence {book.horizon}: this disk may have forgotten votes")
    decided = (book.decided,) if book.decided is not None else ()
    roster = book.state.roster
    place = (book.state.domain, roster.epoch, roster.digest())
    fields = (*place, book.number, asker, incarnation, book.entered, decided, book.justified)
    signature = book.key.sign_statement(HorizonReport(*fields, NO_SIGNATURE).signed_bytes())
    return HorizonReport(*fields, signature)


def check_report(book: Book, said: HorizonReport, incarnation: int) -> None:
    """Raises InvalidVote unless another member made this report, for this life of this vault's token, and proves it.

    - domain, roster epoch, asker, incarnation, membership, signature; [VOTE-R2]
    - its certificate verifies; q view-changes justify the view that it has entered. [VOTE-R3]
    """
    member = book.state.roster.member(said.number)
    if member is None or said.number == book.number or said.domain != book.state.domain:
        raise InvalidVote("a horizon report of no other member")
    if (said.roster_epoch, said.roster) != (book.state.roster.epoch, book.state.roster.digest()):
        raise InvalidVote("a horizon report of another roster epoch: this module has to come there first")
    if (said.asker, said.incarnation) != (book.number, incarnation):
        raise InvalidVote("a horizon report for somebody else, or for an earlier life of this token")
    if not book.checks.signature(member.vote_key, said.signed_bytes(), said.signature):
        raise InvalidVote(f"the horizon report of module {said.number} does not verify", (said.number,))
    for certificate in said.decided:
        check_certificate(book, certificate)
    proven = check_changes(book, said.justification) if said.justification else 0
    if said.entered > proven + 1:
        raise InvalidVote(f"module {said.number} states view {said.entered} and proves {proven}", (said.number,))


def rejoin(book: Book, reports: dict[int, HorizonReport], said: HorizonReport, incarnation: int) -> tuple[Record, ...]:
    """Takes a report in; with those of q other modules the horizon is known, and this vault votes beyond it."""
    if not book.forgot:
        return ()
    check_report(book, said, incarnation)
    reports[said.number] = said
    if len(reports) < book.state.roster.q:
        return ()
    began = book.state.began
    proven = max(r.decided[0].header.sequence if r.decided else began for r in reports.values())
    book.horizon = max(book.horizon, proven + 2)
    book.view_horizon = max(book.view_horizon, max(r.entered for r in reports.values()) + 1)
    book.forgot = False
    return (Horizon(book.horizon, book.view_horizon),)


def remind(book: Book, shown: tuple[SignedVote | ViewChange | Checkpoint, ...]) -> Ballot | None:
    """Looks at messages with this module's own signature; one that its disk knows nothing of proves that it forgot.

    What does not carry its signature proves nothing, whoever sent it. None if nothing is proven. [VOTE-R4]
    """
    if book.forgot or not any(_forgotten(book, message) and _own(book, message) for message in shown):
        return None
    book.forgot = True
    record = Forgot()
    return Ballot(record, (record,), sync=True)


def _own(book: Book, message: SignedVote | ViewChange | Checkpoint) -> bool:
    """A disk that was put back may say that this module is to join, when it has."""
    member = book.state.roster.member(book.number)
    if member is None and book.state.pending is not None:
        member = book.state.pending.member(book.number)
    domain = message.header.domain if isinstance(message, SignedVote) else message.domain
    return (
        member is not None
        and message.number == book.number
        and domain == book.state.domain
        and book.checks.signature(member.vote_key, message.signed_bytes(), message.signature)
    )


def _forgotten(book: Book, message: SignedVote | ViewChange | Checkpoint) -> bool:
    """True if an intact disk would show more than this one does."""
    epoch = message.header.roster_epoch if isinstance(message, SignedVote) else message.roster_epoch
    if isinstance(message, ViewChange):
        if epoch != book.state.roster.epoch:
            return epoch > book.state.roster.epoch
        return message.view > max(book.entered, book.view_horizon)
    if isinstance(message, Checkpoint):
        return message.sequence > max(book.state.sequence, book.horizon)
    sequence = message.header.sequence
    if sequence <= max(book.state.sequence, book.horizon):
        return False
    later = epoch > book.state.roster.epoch or message.view > max(book.entered, book.view_horizon)
    if later or sequence > book.next:
        return True
    held = book.votes.get((Phase(message.phase), message.view, sequence))
    return (held is None or held[0] != message.header.digest()) and message.view >= book.view
