"""Membership changes: one roster's epoch ends at a stable checkpoint that names the next roster, and the next begins
there.

After the batch that holds the change a vault votes for no slot before it holds q checkpoints of the old roster, and
then for none under the old roster: the slots up to that sequence are the old roster's, all others the next one's. So
no slot has votes of two rosters from any honest vault, and no two quorums for it need to meet across rosters."""

from __future__ import annotations

from collections.abc import Sequence

from thresign.errors import ensure
from thresign.ledger import ledger
from thresign.ledger.snapshot import digest as state_digest
from thresign.orders import succession
from thresign.orders.roster import Roster
from thresign.orders.succession import Succession
from thresign.orders.votes import CheckpointCertificate
from thresign.vault.voting.book import Book
from thresign.vault.voting.checkpoint import check_checkpoints


def ending(book: Book, certificate: CheckpointCertificate) -> Succession | None:
    """How the epoch ends, if these checkpoints end it: q members of the present roster signed this vault's own ledger
    and the roster that is pending in it. None if they are about something else. [VOTE-E3]

    The ledger itself is asked, not what this vault signed: who joins, or forgot, may have signed nothing. Another
    ledger under a quorum means that this one is wrong: InvariantBroken, the vault stops."""
    state = book.state
    if state.pending is None or certificate.sequence != state.sequence:
        return None
    check_checkpoints(book, certificate)
    own = (state.head, state_digest(state), state.pending.digest())
    same = own == (certificate.header, certificate.state, certificate.next)
    ensure(same, f"a quorum has another state at sequence {certificate.sequence} than this vault")
    return Succession(certificate, state.pending)


def enter(book: Book, link: Succession) -> None:
    """The next roster's epoch begins; also on replay. Views begin at 0, and nothing that was said about slots and views
    of the old roster counts.

    A horizon holds for the epoch in which a quorum proved it: what was signed in a later one, reports of this one do
    not bound. If the slots up to it were all decided in this epoch, nothing can have been signed beyond
    (voting.rejoin); if not, this vault asks anew. [VOTE-E4]"""
    state = book.state
    ensure(state.pending == link.roster and state.sequence == link.sequence, "the roster that follows is pending")
    ledger.enter_roster(state)
    begin(book, (link,))
    book.low, book.stable = link.sequence, link.certificate
    book.decided = None
    book.floor = state.began


def begin(book: Book, links: Sequence[Succession]) -> None:
    """Forgets what belonged to the epoch before the first of these."""
    if links[0].sequence < book.horizon:
        book.forgot = True
    book.chain += tuple(links)
    book.view = book.entered = book.view_horizon = 0
    book.installed, book.justified = None, ()
    book.floor = 0
    book.proposal = None
    for held in (book.demanded, book.bodies, book.accepted, book.votes, book.prepared, book.changes):
        held.clear()
    book.verified.clear()  # under another roster


def rosters(book: Book, chain: Sequence[Succession]) -> list[Roster]:
    """The rosters of all epochs of a chain from the genesis. Raises InvalidVote or MalformedRecord. [CERT-2]"""
    state = book.state
    return succession.rosters(state.genesis.roster, chain, state.domain, book.checks.signature)
