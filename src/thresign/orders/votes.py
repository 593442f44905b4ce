"""The messages of agreement (Castro and Liskov, OSDI '99), every one signed by its sender's token.

View is in the vote's bytes and nowhere else: the header, the orders and every session are the same in all views.
"""

from __future__ import annotations

import itertools
from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord
from thresign.limits import BATCH_BYTES_MAX, MODULES_MAX, PREPARED_SLOTS_MAX, WINDOW_SLOTS
from thresign.orders.header import Certificate, Header, Phase, Signatures, check_rising, vote_bytes
from thresign.orders.statements import Statement
from thresign.wire.canonical import U8, U16, U64, Bytes32, Bytes64, Count, Record, Var


class PrePrepare(Record, frozen=True):
    """The primary's proposal. `body` is an encoded Batch; `signature` is the primary's vote in phase PRE_PREPARE."""

    TAG: ClassVar[bytes] = b"ts.pprp1"
    view: U64
    header: Header
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]
    signature: Bytes64

    def signed_bytes(self) -> bytes:
        return vote_bytes(Phase.PRE_PREPARE, self.view, self.header.encode())


class Vote(Record, frozen=True):
    """PREPARE or COMMIT. The signature covers vote_bytes with the whole header, which the receiver has or asks for."""

    TAG: ClassVar[bytes] = b"ts.cast1"
    phase: U8
    view: U64
    sequence: U64
    header: Bytes32
    """Digest of the header."""
    number: U16
    signature: Bytes64

    def check(self) -> None:
        if self.phase not in (Phase.PREPARE, Phase.COMMIT):
            raise MalformedRecord("vote: phase")


NO_ROSTER = bytes(32)
"""In a checkpoint: the members stay as they are."""


class Checkpoint(Statement, frozen=True):
    """This module's ledger after `sequence` has this digest, and the roster with digest `next` follows (zeros:
    none)."""

    TAG: ClassVar[bytes] = b"ts.chkp1"
    domain: Bytes32
    roster_epoch: U64
    roster: Bytes32
    sequence: U64
    header: Bytes32
    state: Bytes32
    next: Bytes32
    number: U16
    signature: Bytes64


class CheckpointCertificate(Record, frozen=True):
    """q equal checkpoints: the state after `sequence` is agreed (a *stable* checkpoint). With a next roster it is the
    certificate of a membership change."""

    TAG: ClassVar[bytes] = b"ts.ckcr1"
    domain: Bytes32
    roster_epoch: U64
    roster: Bytes32
    sequence: U64
    header: Bytes32
    state: Bytes32
    next: Bytes32
    signatures: Signatures

    def check(self) -> None:
        check_rising(self.signatures, "checkpoint certificate")

    def checkpoint(self, number: int, signature: bytes) -> Checkpoint:
        """The statement that this member must have signed."""
        place = (self.domain, self.roster_epoch, self.roster, self.sequence)
        return Checkpoint(*place, self.header, self.state, self.next, number, signature)


class Prepared(Record, frozen=True):
    """A prepared certificate: the primary's pre-prepare and prepares of q-1 distinct backups, all of one view."""

    TAG: ClassVar[bytes] = b"ts.prpd1"
    view: U64
    header: Header
    pre_prepare: Bytes64
    prepares: Signatures

    def check(self) -> None:
        check_rising(self.prepares, "prepared")


class ViewChange(Statement, frozen=True):
    """From now on this module takes no part in views below `view`.

    `decided` (none or one) is the newest certificate of this roster epoch that it has applied, which by the chain of
    headers proves every slot up to it; without one it stands where the epoch began. `prepared` is every slot above
    that for which it has a prepared certificate, the highest view of each."""

    TAG: ClassVar[bytes] = b"ts.vchg1"
    domain: Bytes32
    roster_epoch: U64
    roster: Bytes32
    view: U64
    number: U16
    decided: Annotated[tuple[Certificate, ...], Count(1)]
    prepared: Annotated[tuple[Prepared, ...], Count(PREPARED_SLOTS_MAX)]
    signature: Bytes64

    def check(self) -> None:
        floor = self.decided[0].header.sequence if self.decided else 0
        sequences = [floor, *(proof.header.sequence for proof in self.prepared)]
        if any(a >= b for a, b in itertools.pairwise(sequences)):
            raise MalformedRecord("view change: prepared slots do not rise above the decided one")
        if any(proof.view >= self.view for proof in self.prepared):
            raise MalformedRecord("view change: prepared in a view not below the new one")


class NewView(Statement, frozen=True):
    """q view-changes for `view`, from its primary. What must be proposed again follows from them (`outcome`)."""

    TAG: ClassVar[bytes] = b"ts.newv1"
    domain: Bytes32
    roster_epoch: U64
    roster: Bytes32
    view: U64
    number: U16
    changes: Annotated[tuple[ViewChange, ...], Count(MODULES_MAX)]
    signature: Bytes64

    def check(self) -> None:
        if any(a.number >= b.number for a, b in zip(self.changes, self.changes[1:], strict=False)):
            raise MalformedRecord("new view: members do not rise")
        if any(change.view != self.view for change in self.changes):
            raise MalformedRecord("new view: a view change for another view")


class HorizonReport(Statement, frozen=True):
    """How far this module has come, for one whose disk forgot what it signed (`asker`, in its token's `incarnation`).

    `decided` (none or one) is the newest certificate of this roster epoch that was applied. `justification` is q
    view-changes for one view, or none for view 0: `entered` is at most one beyond, so that nobody can claim to be in a
    view that is out of reach.
    """

    TAG: ClassVar[bytes] = b"ts.hrzn1"
    domain: Bytes32
    roster_epoch: U64
    roster: Bytes32
    number: U16
    asker: U16
    incarnation: U64
    entered: U64
    decided: Annotated[tuple[Certificate, ...], Count(1)]
    justification: Annotated[tuple[ViewChange, ...], Count(MODULES_MAX)]
    signature: Bytes64


class SignedVote(Record, frozen=True):
    """A vote with its whole header, so that anyone can check its signature: what a module is shown of its own votes,
    and one half of the proof of an equivocation."""

    TAG: ClassVar[bytes] = b"ts.svot1"
    phase: U8
    view: U64
    header: Header
    number: U16
    signature: Bytes64

    def check(self) -> None:
        if self.phase not in (Phase.PRE_PREPARE, Phase.PREPARE, Phase.COMMIT):
            raise MalformedRecord("signed vote: phase")

    def signed_bytes(self) -> bytes:
        return vote_bytes(Phase(self.phase), self.view, self.header.encode())


class Outcome(Record, frozen=True):
    """What a set of view-changes demands of the new view."""

    base: U64
    """The sequence after which the roster epoch began: decided, whoever proves anything."""
    decided: Annotated[tuple[Certificate, ...], Count(1)]
    """The newest decided slot that anyone of them proves."""
    demanded: Annotated[tuple[Header, ...], Count(WINDOW_SLOTS)]
    """The headers that the primary must propose again, in order, right above the decided slot."""

    def floor(self) -> int:
        """The newest decided sequence."""
        return self.decided[0].header.sequence if self.decided else self.base


def outcome(changes: tuple[ViewChange, ...], base: int) -> Outcome:
    """The function O of OSDI '99 section 4.4, computed by the primary and by every backup alike, in a roster epoch that
    began after the sequence `base`.

    Above the newest decided slot each slot takes the header prepared in the highest view. Because a batch is judged on
    the ledger after the one before, a header names its predecessor: only an unbroken chain above the decided slot can
    have been decided anywhere, so the walk ends at the first slot that nobody prepared.
    """
    decided = max((change.decided for change in changes), key=lambda d: d[0].header.sequence if d else 0, default=())
    floor = decided[0].header.sequence if decided else base
    best: dict[int, Prepared] = {}
    for change in changes:
        for proof in change.prepared:
            held = best.get(proof.header.sequence)
            if held is None or proof.view > held.view:
                best[proof.header.sequence] = proof
    demanded: list[Header] = []
    while (proof_here := best.get(floor + 1 + len(demanded))) is not None:
        demanded.append(proof_here.header)
    return Outcome(base, decided, tuple(demanded))
