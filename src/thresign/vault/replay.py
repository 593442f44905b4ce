"""From what a vault wrote down back to what it was: its own journal, its own disk, replayed in order.

The records were judged and verified before they were written, so nothing is verified again; that each decided batch
leads to the header that a quorum signed is still checked, by applying it.
"""

from __future__ import annotations

from collections.abc import Iterable

from thresign.errors import JournalCorrupt, MalformedRecord, VoteRefused
from thresign.ids import Digest
from thresign.ledger import snapshot
from thresign.ledger.verdicts import Checks
from thresign.orders.header import Certificate, Phase
from thresign.orders.statements import Announcement
from thresign.orders.succession import newest as newest_roster
from thresign.orders.votes import CheckpointCertificate, PrePrepare, Vote
from thresign.vault.base import Begun
from thresign.vault.service import Service
from thresign.vault.voting import checkpoint, decide, epoch, propose, view_change
from thresign.vault.voting.book import Book
from thresign.vault.voting.records import (
    Accepted,
    Base,
    Chained,
    Changed,
    Checkpointed,
    Committed,
    Decided,
    Forgot,
    Horizon,
    Installed,
    Justified,
    KeptMessage,
    Life,
    SnapshotPart,
    Stable,
    Switched,
)
from thresign.wire.canonical import Record


class _Judged(Checks):
    """Answers that were given before these records were written."""

    def signature(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return True

    def member_keys(self, vote_key: bytes, sealing_key: bytes) -> bool:
        return True

    def announcement(self, announcement: Announcement) -> bool:
        return True

    def schnorr(self, suite: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return True

    def body_held(self, content_sha256: bytes, body_bytes: int) -> bool:
        return True


def replay(service: Service, records: Iterable[Record]) -> None:
    """Brings the service to where it was. Raises JournalCorrupt if the records do not lead from one to the next."""
    book = service.book
    checks, book.checks = book.checks, _Judged()
    newest: Certificate | None = None
    parts: list[bytes] = []
    try:
        for record in records:
            if isinstance(record, SnapshotPart):
                parts.append(record.data)
            elif isinstance(record, Base):
                newest = _begin(service, record, b"".join(parts))
                parts = []
            else:
                newest = _replay_one(service, book, record) or newest
    except (VoteRefused, MalformedRecord) as error:
        raise JournalCorrupt(f"the vault's journal does not replay: {error.detail}") from error
    finally:
        book.checks = checks
    book.state.changed_keys.clear()
    service.follow()
    if newest is not None and newest.header.roster_epoch == book.state.roster.epoch:
        service.check_certificate(newest)


def _begin(service: Service, record: Base, encoded: bytes) -> Certificate:
    """The journal begins with this ledger."""
    book = service.book
    state = snapshot.restore(snapshot.Snapshot.decode(encoded), book.state.domain)
    if len(encoded) != record.snapshot_bytes or state.head != record.decided.header.digest():
        raise JournalCorrupt("the vault's journal begins with a snapshot that is not whole")
    if state.roster != newest_roster(state.genesis.roster, book.chain):
        raise JournalCorrupt("the vault's journal begins with a ledger of another roster than its chain leads to")
    book.state, book.decided = state, record.decided
    book.low = max(book.low, state.began)
    service.recovery.begun = Begun(record.decided, encoded)
    return record.decided


def _replay_one(service: Service, book: Book, record: Record) -> Certificate | None:
    match record:
        case Accepted():
            _accepted(book, record)
        case Committed():
            header = record.proof.header
            digest = Digest(header.digest())
            slot = (Phase.COMMIT, record.proof.view, header.sequence)
            vote = Vote(Phase.COMMIT, record.proof.view, header.sequence, digest, book.number, record.signature)
            book.prepared[header.sequence] = record.proof
            book.votes[slot] = (digest, vote)
        case Decided():
            proposal, _ = decide.decide(book, record.certificate, record.body)
            service.keep(proposal, record.certificate)
            return record.certificate
        case Changed():
            book.entered = max(book.entered, record.change.view)
            book.changes[record.change.view] = record.change
        case Installed():
            view_change.enter(book, record.new_view)
        case Checkpointed():
            book.checkpoints[record.checkpoint.sequence] = record.checkpoint
        case Stable():
            _stable(service, record.certificate)
        case Switched():
            epoch.enter(book, record.link)
        case Chained():
            book.chain += (record.link,)
        case Justified():
            book.justified = record.changes
        case Forgot():
            book.forgot = True
        case Horizon():
            book.horizon = max(book.horizon, record.sequence)
            book.view_horizon = max(book.view_horizon, record.view)
            book.forgot = False
        case Life():
            service.recovery.life = record.bound
        case KeptMessage():
            service.kept.add_message(record.request, record.message)
        case _:
            raise JournalCorrupt(f"a {type(record).__name__} in the vault's journal")
    return None


def _stable(service: Service, certificate: CheckpointCertificate) -> None:
    book, begun = service.book, service.recovery.begun
    checkpoint.move(book, certificate)
    if begun is not None and begun.sequence == certificate.sequence:
        service.recovery.begun = begun._replace(checkpoint=certificate)


def _accepted(book: Book, record: Accepted) -> None:
    header, view = record.header, record.view
    proposal = propose.judge_body(book, header, record.body)
    propose.remember(book, view, proposal, record.pre_prepare)
    if book.state.roster.primary(view) == book.number:
        message: Record = PrePrepare(view, header, record.body, record.signature)
        phase = Phase.PRE_PREPARE
    else:
        message = Vote(Phase.PREPARE, view, header.sequence, proposal.digest, book.number, record.signature)
        phase = Phase.PREPARE
    book.votes[phase, view, header.sequence] = (proposal.digest, message)
