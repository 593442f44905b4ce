"""CHECKPOINT: what the ledger is, and the low watermark that q equal statements move."""

from __future__ import annotations

from thresign.errors import ensure
from thresign.ledger.snapshot import digest as state_digest
from thresign.orders import certificates
from thresign.orders.votes import NO_ROSTER, Checkpoint, CheckpointCertificate
from thresign.vault.voting.book import Ballot, Book, refuse
from thresign.vault.voting.records import Checkpointed, Stable

NO_SIGNATURE = bytes(64)


def is_due(book: Book) -> bool:
    """True right after a batch at whose sequence a checkpoint is taken: every so many, and where a roster is to follow.
    Where one has followed there was one, under the old roster."""
    state = book.state
    if state.sequence == state.began:
        return False
    return state.pending is not None or state.sequence % state.settings.checkpoint_interval == 0


def checkpoint(book: Book) -> Ballot:
    """Signs the digest of this vault's own ledger at the last applied sequence, if a checkpoint is due. [VOTE-K1]"""
    book.require_member()
    if not is_due(book):
        refuse("VOTE-K1", f"no checkpoint is due at sequence {book.state.sequence}")
    held = book.checkpoints.get(book.state.sequence)
    if held is not None:
        return Ballot(held)
    state = book.state
    place = (state.domain, state.roster.epoch, state.roster.digest(), state.sequence)
    following = NO_ROSTER if state.pending is None else state.pending.digest()
    fields = (*place, state.head, state_digest(state), following, book.number)
    signature = book.key.sign_statement(Checkpoint(*fields, NO_SIGNATURE).signed_bytes())
    message = Checkpoint(*fields, signature)
    book.checkpoints[state.sequence] = message
    return Ballot(message, (Checkpointed(message),), sync=True)


def stabilise(book: Book, certificate: CheckpointCertificate) -> Ballot:
    """Moves the low watermark.

    - q distinct members signed it; [VOTE-K2]
    - this vault's own checkpoint there says the same. Another digest under a quorum means that this ledger is wrong:
      InvariantBroken, the vault stops. [VOTE-K3]
    """
    check_checkpoints(book, certificate)
    if certificate.sequence <= book.low:
        return Ballot(certificate)
    own = book.checkpoints.get(certificate.sequence)
    if own is None:
        refuse("VOTE-K3", f"this vault has no checkpoint at sequence {certificate.sequence}")
    same = (own.header, own.state, own.next) == (certificate.header, certificate.state, certificate.next)
    ensure(same, f"a quorum has another state at sequence {certificate.sequence} than this vault")
    move(book, certificate)
    return Ballot(certificate, (Stable(certificate),), sync=True)


def move(book: Book, certificate: CheckpointCertificate) -> None:
    """What a stable checkpoint does to the book, never backwards; also on replay."""
    if certificate.sequence >= book.low:
        book.low, book.stable = certificate.sequence, certificate
        book.checkpoints = {at: kept for at, kept in book.checkpoints.items() if at >= book.low}


def check_checkpoints(book: Book, certificate: CheckpointCertificate) -> None:
    """Raises InvalidVote (MalformedRecord if a member stands there twice) unless q members of this roster signed the
    same checkpoint. [VOTE-K2]"""
    certificates.check_checkpoints(certificate, book.state.domain, book.state.roster, book.checks.signature)
