"""State transfer: taking over a ledger that a quorum signed, from whoever has its bytes."""

from __future__ import annotations

from collections.abc import Sequence

from thresign.errors import InvalidVote, MalformedRecord
from thresign.ledger import snapshot
from thresign.ledger.state import State
from thresign.orders import certificates
from thresign.orders.header import Certificate
from thresign.orders.succession import Succession
from thresign.orders.votes import CheckpointCertificate
from thresign.vault.voting import epoch
from thresign.vault.voting.book import Book, refuse


def check_offer(
    book: Book, chain: Sequence[Succession], checkpoint: CheckpointCertificate, decided: Certificate
) -> tuple[Succession, ...]:
    """The links of the chain that this vault has not passed. Raises unless the offered ledger may be taken over.

    - it is ahead of this vault's; [VOTE-T1]
    - the chain leads from the genesis through this vault's own roster to that of the ledger; [VOTE-T4]
    - q distinct members signed its digest; [VOTE-K2]
    - the certificate of its sequence is there, for the header that the checkpoints name: a later view-change has to
      carry it. [VOTE-T2]
    """
    if checkpoint.sequence <= book.state.sequence:
        refuse("VOTE-T1", f"a ledger at sequence {checkpoint.sequence} is not ahead of {book.state.sequence}")
    state, verifies = book.state, book.checks.signature
    rosters = epoch.rosters(book, chain)
    if len(chain) < state.roster.epoch or rosters[state.roster.epoch] != state.roster:
        raise InvalidVote("an offer whose chain does not lead through this vault's roster")
    certificates.check_checkpoints(checkpoint, state.domain, rosters[-1], verifies)
    if chain and checkpoint.sequence <= chain[-1].sequence:
        raise InvalidVote("an offer of a ledger from before its roster")
    header = decided.header
    if header.sequence != checkpoint.sequence or header.digest() != checkpoint.header:
        raise InvalidVote("an offer whose certificate is not for its checkpoint")
    certificates.check(decided, state.domain, rosters[-1], verifies)
    return tuple(chain[state.roster.epoch :])


def restore(book: Book, checkpoint: CheckpointCertificate, encoded: bytes) -> State:
    """The ledger in these bytes. Raises InvalidVote unless it is the one that the quorum signed: its digest is computed
    here, over what was restored. [VOTE-T3]"""
    try:
        state = snapshot.restore(snapshot.Snapshot.decode(encoded), book.state.domain)
    except MalformedRecord as error:
        raise InvalidVote(f"a snapshot that is none: {error.detail}") from None
    place = (state.sequence, state.head, state.roster.epoch, state.roster.digest())
    if place != (checkpoint.sequence, checkpoint.header, checkpoint.roster_epoch, checkpoint.roster):
        raise InvalidVote("a snapshot of another place")
    if snapshot.digest(state) != checkpoint.state:
        raise InvalidVote("a snapshot that is not the state which a quorum signed")
    return state


def take_over(
    book: Book,
    links: Sequence[Succession],
    checkpoint: CheckpointCertificate,
    decided: Certificate,
    state: State,
) -> None:
    """The book stands on this ledger now. What was said about slots up to it is settled, and what was said under a
    roster that these links end."""
    if links:
        epoch.begin(book, links)
    book.state = state
    book.decided = decided
    book.low, book.stable = checkpoint.sequence, checkpoint
    book.checkpoints = {}
    book.forget_below()
