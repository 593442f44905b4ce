"""State transfer: taking over a ledger that a quorum signed, from whoever has its bytes."""

from __future__ import annotations

from thresign.errors import InvalidVote, MalformedRecord
from thresign.ledger import snapshot
from thresign.ledger.state import State
from thresign.orders.header import Certificate
from thresign.orders.votes import CheckpointCertificate
from thresign.vault.voting.book import Book, refuse
from thresign.vault.voting.checkpoint import check_checkpoints
from thresign.vault.voting.decide import check_certificate


def check_offer(book: Book, checkpoint: CheckpointCertificate, decided: Certificate) -> None:
    """Raises unless the offered ledger may be taken over.

    - it is ahead of this vault's; [VOTE-T1]
    - q distinct members signed its digest; [VOTE-K2]
    - the certificate of its sequence is there, for the header that the checkpoints name: a later view-change has to
      carry it. [VOTE-T2]
    """
    if checkpoint.sequence <= book.state.sequence:
        refuse("VOTE-T1", f"a ledger at sequence {checkpoint.sequence} is not ahead of {book.state.sequence}")
    check_checkpoints(book, checkpoint)
    header = decided.header
    if header.sequence != checkpoint.sequence or header.digest() != checkpoint.header:
        raise InvalidVote("an offer whose certificate is not for its checkpoint")
    check_certificate(book, decided)


def restore(book: Book, checkpoint: CheckpointCertificate, encoded: bytes) -> State:
    """The ledger in these bytes. Raises InvalidVote unless it is the one that the quorum signed: its digest is computed
    here, over what was restored. [VOTE-T3]"""
    try:
        state = snapshot.restore(snapshot.Snapshot.decode(encoded), book.state.domain)
    except MalformedRecord as error:
        raise InvalidVote(f"a snapshot that is none: {error.detail}") from None
    if (state.sequence, state.head) != (checkpoint.sequence, checkpoint.header):
        raise InvalidVote("a snapshot of another place")
    if snapshot.digest(state) != checkpoint.state:
        raise InvalidVote("a snapshot that is not the state which a quorum signed")
    return state


def take_over(book: Book, checkpoint: CheckpointCertificate, decided: Certificate, state: State) -> None:
    """The book stands on this ledger now. What was said about slots up to it is settled."""
    book.state = state
    book.decided = decided
    book.low, book.stable = checkpoint.sequence, checkpoint
    book.checkpoints = {}
    book.forget_below()
