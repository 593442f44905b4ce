"""CHECKPOINT: what the ledger is, and the low watermark that q equal statements move."""

from __future__ import annotations

from thresign.errors import InvalidVote, ensure
from thresign.ledger.snapshot import digest as state_digest
from thresign.orders.votes import Checkpoint, CheckpointCertificate
from thresign.vault.voting.book import Ballot, Book, refuse
from thresign.vault.voting.records import Checkpointed, Stable

NO_SIGNATURE = bytes(64)


def is_due(book: Book) -> bool:
    """True right after a batch at whose sequence a checkpoint is taken."""
    return book.state.sequence > 0 and book.state.sequence % book.state.settings.checkpoint_interval == 0


def checkpoint(book: Book) -> Ballot:
    """Signs the digest of this vault's own ledger at the last applied sequence, if a checkpoint is due. [VOTE-K1]"""
    if not is_due(book):
        refuse("VOTE-K1", f"no checkpoint is due at sequence {book.state.sequence}")
    held = book.checkpoints.get(book.state.sequence)
    if held is not None:
        return Ballot(held)
    state = book.state
    fields = (state.domain, state.roster.epoch, state.sequence, state.head, state_digest(state), book.number)
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
    same = (own.header, own.state) == (certificate.header, certificate.state)
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
    roster = book.state.roster
    if (certificate.domain, certificate.roster_epoch) != (book.state.domain, roster.epoch):
        raise InvalidVote("a checkpoint certificate of another domain or roster")
    if len(certificate.signatures) != roster.q:
        raise InvalidVote(f"a checkpoint certificate with {len(certificate.signatures)} signatures")
    certificate.check()
    for signature in certificate.signatures:
        member = roster.member(signature.number)
        said = certificate.checkpoint(signature.number, signature.signature)
        if member is None or not book.checks.signature(member.vote_key, said.signed_bytes(), said.signature):
            raise InvalidVote(f"a checkpoint of module {signature.number} that does not verify", (signature.number,))
