"""Where a vault's journal may begin: a ledger snapshot at a stable checkpoint, and what the vault had said by then.

The snapshot is taken when the vault signs its checkpoint, and used once q modules have signed the same: so what is
thrown away is what a quorum agrees to be in the snapshot. The same snapshot, with the certificates that prove it, is
what a module that fell behind is given (voting.transfer).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from thresign.ledger import snapshot
from thresign.ledger.state import KeyState, State
from thresign.limits import CHUNK_BYTES_MAX
from thresign.orders.header import Certificate, Phase
from thresign.orders.succession import Succession
from thresign.orders.votes import CheckpointCertificate, PrePrepare, Vote
from thresign.vault.voting.book import Book
from thresign.vault.voting.records import (
    Accepted,
    Base,
    Chained,
    Changed,
    Checkpointed,
    Committed,
    Forgot,
    Horizon,
    Installed,
    Justified,
    KeptMessage,
    Life,
    SnapshotPart,
    Stable,
)
from thresign.wire.canonical import Record

GROWN_BYTES_MIN = 16 * 1024 * 1024
"""A journal is begun anew only after it grew by this much, and by twice the length of what it would begin with."""


class Begun(NamedTuple):
    """A ledger after `decided`, encoded. `checkpoint` is None until a quorum has signed it."""

    decided: Certificate
    encoded: bytes
    checkpoint: CheckpointCertificate | None = None

    @property
    def sequence(self) -> int:
        return self.decided.header.sequence


def capture(book: Book) -> Begun | None:
    """The ledger now; None before the first batch, or while a vote of the installed view cannot be written anew."""
    digest = book.proposal.digest if book.proposal is not None else None
    newest = [held for (view, _), (held, _) in book.accepted.items() if view >= book.view]
    if book.decided is None or any(held != digest for held in newest):
        return None
    return Begun(book.decided, snapshot.encode(book.state))


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a journal holds that begins here: replaying it yields the ledger, and the Book as it was then. The ledger is
    cut into records only when they are asked for."""

    chain: tuple[Succession, ...]
    """To the ledger's roster."""
    begun: Begun
    said: tuple[Record, ...]

    def __iter__(self) -> Iterator[Record]:
        for link in self.chain:
            yield Chained(link)
        encoded = self.begun.encoded
        for at in range(0, len(encoded), CHUNK_BYTES_MAX):
            yield SnapshotPart(encoded[at : at + CHUNK_BYTES_MAX])
        yield Base(self.begun.decided, len(encoded))
        yield from self.said


def beginning(begun: Begun, book: Book, life: int, messages: Iterable[tuple[bytes, bytes]]) -> Beginning:
    """A journal that begins with this ledger, which is the Book's."""
    return Beginning(book.chain, begun, tuple(_said(book, life, messages)))


def _said(book: Book, life: int, messages: Iterable[tuple[bytes, bytes]]) -> Iterator[Record]:
    yield Life(life)
    if book.horizon or book.view_horizon:
        yield Horizon(book.horizon, book.view_horizon)
    if book.forgot:
        yield Forgot()
    if book.installed is not None:
        yield Installed(book.installed)
    if book.justified and (book.installed is None or book.justified != book.installed.changes):
        yield Justified(book.justified)
    for view in sorted(book.changes):
        yield Changed(book.changes[view])
    if book.stable is not None:
        yield Stable(book.stable)
    for sequence in sorted(book.checkpoints):
        yield Checkpointed(book.checkpoints[sequence])
    yield from _votes(book)
    for request, message in messages:
        yield KeptMessage(request, message)


def _votes(book: Book) -> Iterator[Record]:
    """What was said about slots above the ledger's: with the body of a slot that another view may demand."""
    for (view, sequence), (digest, primary_signature) in sorted(book.accepted.items()):
        proposal = book.proposal
        if proposal is None or proposal.digest != digest:
            continue
        for phase in (Phase.PRE_PREPARE, Phase.PREPARE):
            held = book.votes.get((phase, view, sequence))
            if held is not None and isinstance(held[1], PrePrepare | Vote):
                yield Accepted(view, proposal.header, proposal.body, primary_signature, held[1].signature)
    for sequence, proof in sorted(book.prepared.items()):
        vote = book.votes.get((Phase.COMMIT, proof.view, sequence))
        if vote is not None and isinstance(vote[1], Vote):
            yield Committed(proof, vote[1].signature)


def wanted_messages(state: State, messages: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The messages that an order may still ask for: of requests not expired, and of keys to be confirmed."""
    confirming = any(key.state is KeyState.CONFIRMING for key in state.keys.values())
    return [(request, message) for request, message in messages if request in state.requests or confirming]
