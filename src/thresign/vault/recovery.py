"""The calls of vault.recovery_calls, served: where the journal begins, taking over a ledger, and the rejoin rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from thresign.custody.interface import Token
from thresign.errors import InvalidVote, VoteRefused
from thresign.limits import CHUNK_BYTES_MAX, SNAPSHOT_BYTES_MAX
from thresign.orders.succession import Succession
from thresign.orders.votes import HorizonReport
from thresign.vault import base, calls, recovery_calls
from thresign.vault.base import GROWN_BYTES_MIN, Beginning, Begun
from thresign.vault.kept import Kept
from thresign.vault.voting import checkpoint, epoch, rejoin, transfer
from thresign.vault.voting.book import Ballot, Book
from thresign.vault.voting.records import Forgot, Life, Stable, Switched
from thresign.wire.canonical import Record


class Vault(Protocol):
    """What these calls work on (vault.service)."""

    book: Book
    kept: Kept
    token: Token
    incarnation: int
    recovery: Recovery

    def begin_incarnation(self) -> None:
        """Starts a life of the token."""

    def serve(self, call: Record, now_ms: int) -> Ballot:
        """Answers a call."""


@dataclass(slots=True)
class Recovery:
    """What a vault remembers for these calls."""

    grown_bytes_min: int = GROWN_BYTES_MIN
    grown: int = 0
    """Bytes that the journal grew by since it began anew; counted by who keeps it."""
    begun: Begun | None = None
    """Where the journal begins, once a quorum has signed it."""
    marked: Beginning | None = None
    """With what it can begin, should the checkpoint become stable."""
    coming: recovery_calls.Offer | None = None
    """The ledger that is being taken over; its bytes so far."""
    data: bytearray = field(default_factory=bytearray)
    reports: dict[int, HorizonReport] = field(default_factory=dict)
    life: int = 0
    """The token's incarnation is at most this, as far as the journal knows."""


def calls_of(vault: Vault) -> dict[type[Record], Callable[[Any, int], Ballot]]:
    """What each call does."""
    return {
        calls.CheckpointCall: lambda _call, _now_ms: take_checkpoint(vault),
        calls.StabiliseCall: lambda call, now_ms: stabilise(vault, call, now_ms),
        recovery_calls.OfferCall: lambda _call, _now_ms: Ballot(offer(vault)),
        recovery_calls.SnapshotCall: lambda call, _now_ms: Ballot(chunk(vault, call)),
        recovery_calls.TransferCall: lambda call, _now_ms: begin_transfer(vault, call.offer),
        recovery_calls.TransferChunkCall: lambda call, now_ms: take_chunk(vault, call.chunk, now_ms),
        recovery_calls.Reminder: lambda call, _now_ms: remind(vault, call),
        recovery_calls.ReportCall: lambda call, _now_ms: Ballot(
            rejoin.report(vault.book, call.asker, call.incarnation)
        ),
        recovery_calls.RejoinCall: lambda call, _now_ms: take_report(vault, call.report),
    }


def begin_life(vault: Vault, write: Callable[[tuple[Record, ...]], None]) -> None:
    """Starts a life of the token; `write` returns when the records are on disk.

    The bound is written before the token counts, so a token that has counted beyond it has lived on while this disk was
    away, erased or put back: then the vault has forgotten votes. A new module's token has not lived yet.
    """
    recovery = vault.recovery
    recovery.life += 1
    write((Life(recovery.life),))
    vault.begin_incarnation()
    forgot = (vault.incarnation > recovery.life or _token_is_ahead(vault)) and not vault.book.forgot
    vault.book.forgot = vault.book.forgot or forgot
    recovery.life = max(recovery.life, vault.incarnation)
    write((Life(recovery.life), *((Forgot(),) if forgot else ())))


def _token_is_ahead(vault: Vault) -> bool:
    """True if the token has followed rosters that this disk knows nothing of, but for the one that is pending here."""
    book = vault.book
    return vault.token.roster_epoch() > len(book.chain) + (book.state.pending is not None)


# --- where the journal begins ---------------------------------------------------------------------------------------


def take_checkpoint(vault: Vault) -> Ballot:
    """Signs a checkpoint; if the journal has grown enough, also notes what it may begin with from here."""
    recovery, book = vault.recovery, vault.book
    ballot = checkpoint.checkpoint(book)
    held = len(recovery.begun.encoded) if recovery.begun is not None else 0
    if recovery.grown < max(recovery.grown_bytes_min, 2 * held):
        return ballot
    marked = base.capture(book)
    if marked is None or len(marked.encoded) > SNAPSHOT_BYTES_MAX:
        return ballot
    recovery.marked = _beginning(vault, marked)
    return ballot._replace(mark=True)


def _beginning(vault: Vault, begun: Begun) -> Beginning:
    messages = base.wanted_messages(vault.book.state, vault.kept.messages())
    return base.beginning(begun, vault.book, vault.recovery.life, messages)


def stabilise(vault: Vault, call: calls.StabiliseCall, now_ms: int) -> Ballot:
    """Moves the low watermark; if the journal can begin there, it does. Where a roster is to follow, it follows."""
    recovery, certificate = vault.recovery, call.certificate
    link = epoch.ending(vault.book, certificate)
    ballot = checkpoint.stabilise(vault.book, certificate) if link is None else _follow(vault, link)
    marked = recovery.marked
    if marked is not None and ballot.records and marked.begun.sequence == certificate.sequence:
        recovery.begun = marked.begun._replace(checkpoint=certificate)
        ballot = ballot._replace(base=marked)
        recovery.marked, recovery.grown = None, 0
    if link is not None:
        return ballot._replace(reply=vault.serve(calls.StatusCall(), now_ms).reply)
    return ballot._replace(reply=recovery_calls.Stabilised(vault.book.low, base_of(vault)))


def _follow(vault: Vault, link: Succession) -> Ballot:
    """The next roster: first in the token, which checks the certificate itself, then in the journal and here. A crash
    in between leaves a vault that waits for a roster which its token has: it votes under neither before it follows."""
    if vault.token.roster_epoch() == link.certificate.roster_epoch:
        vault.token.reconfigure(link.encode())
    epoch.enter(vault.book, link)
    vault.recovery.reports.clear()
    return Ballot(link.certificate, (Stable(link.certificate), Switched(link)), sync=True)


def base_of(vault: Vault) -> int:
    """The sequence at which the journal begins, 0 if with the first batch."""
    begun = vault.recovery.begun
    return begun.sequence if begun is not None and begun.checkpoint is not None else 0


# --- giving and taking a ledger -------------------------------------------------------------------------------------


def offer(vault: Vault) -> recovery_calls.Offer:
    """What this vault can give. Raises VoteRefused if there is nothing."""
    begun = vault.recovery.begun
    if begun is None or begun.checkpoint is None:
        raise VoteRefused("VOTE-T1: this vault's journal begins with the first batch")
    chain = vault.book.chain[: begun.checkpoint.roster_epoch]
    return recovery_calls.Offer(chain, begun.checkpoint, begun.decided, len(begun.encoded))


def chunk(vault: Vault, call: recovery_calls.SnapshotCall) -> recovery_calls.SnapshotChunk:
    """A piece of what was offered. Raises VoteRefused if the journal begins elsewhere by now."""
    begun = vault.recovery.begun
    if begun is None or begun.sequence != call.sequence or call.offset >= len(begun.encoded):
        raise VoteRefused(f"VOTE-T1: no such piece of a snapshot at sequence {call.sequence}")
    data = begun.encoded[call.offset : call.offset + CHUNK_BYTES_MAX]
    return recovery_calls.SnapshotChunk(call.sequence, call.offset, data)


def begin_transfer(vault: Vault, offered: recovery_calls.Offer) -> Ballot:
    """Checks an offer and waits for its pieces; one that was under way is given up. [VOTE-T1] [VOTE-T2]"""
    recovery = vault.recovery
    recovery.coming, recovery.data = None, bytearray()
    transfer.check_offer(vault.book, offered.chain, offered.checkpoint, offered.decided)
    if not 0 < offered.snapshot_bytes <= SNAPSHOT_BYTES_MAX:
        raise InvalidVote(f"a snapshot of {offered.snapshot_bytes} bytes")
    recovery.coming = offered
    return Ballot(calls.Done())


def take_chunk(vault: Vault, piece: recovery_calls.SnapshotChunk, now_ms: int) -> Ballot:
    """Takes the next piece; with the last one the ledger is restored, held against the certificate, and taken over.

    What does not have the digest that q modules signed is dropped whole: InvalidVote. [VOTE-T3]
    """
    recovery, coming = vault.recovery, vault.recovery.coming
    if coming is None or (piece.sequence, piece.offset) != (coming.checkpoint.sequence, len(recovery.data)):
        raise VoteRefused("VOTE-T1: not the piece that this vault waits for")
    recovery.data += piece.data
    if len(recovery.data) < coming.snapshot_bytes and len(piece.data) == CHUNK_BYTES_MAX:
        return Ballot(calls.Done())
    encoded, recovery.coming, recovery.data = bytes(recovery.data), None, bytearray()
    book = vault.book
    if len(encoded) != coming.snapshot_bytes:
        raise InvalidVote("a snapshot that is not as long as was said")
    links = transfer.check_offer(book, coming.chain, coming.checkpoint, coming.decided)
    state = transfer.restore(book, coming.checkpoint, encoded)
    for link in links:
        if link.certificate.roster_epoch == vault.token.roster_epoch():
            vault.token.reconfigure(link.encode())
    if coming.decided.header.roster_epoch == vault.token.roster_epoch():  # else it is history to the token
        vault.token.check_certificate(coming.decided.encode())
    if links:
        recovery.reports.clear()
    transfer.take_over(book, links, coming.checkpoint, coming.decided, state)
    recovery.begun = Begun(coming.decided, encoded, coming.checkpoint)
    recovery.marked, recovery.grown = None, 0
    status = vault.serve(calls.StatusCall(), now_ms).reply
    return Ballot(status, mark=True, base=_beginning(vault, recovery.begun))


# --- the rejoin rule ------------------------------------------------------------------------------------------------


def remind(vault: Vault, call: recovery_calls.Reminder) -> Ballot:
    """Looks at what others have seen signed by this module. [VOTE-R4]"""
    ballot = rejoin.remind(vault.book, (*call.votes, *call.changes, *call.checkpoints))
    if ballot is not None:
        vault.recovery.reports.clear()
    return _memory(vault, ballot.records if ballot is not None else ())


def take_report(vault: Vault, said: HorizonReport) -> Ballot:
    """Takes another module's report in. [VOTE-R2] [VOTE-R3]"""
    reports = vault.recovery.reports
    return _memory(vault, rejoin.rejoin(vault.book, reports, said, vault.incarnation))


def _memory(vault: Vault, records: tuple[Record, ...]) -> Ballot:
    reply = recovery_calls.Memory(int(vault.book.forgot), vault.book.horizon, tuple(sorted(vault.recovery.reports)))
    return Ballot(reply, records, sync=bool(records))
