"""The Book: everything a vault's next vote depends on, rebuilt from its journal after a restart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from thresign.custody.interface import VoteKey
from thresign.errors import VoteRefused
from thresign.ids import Digest, ModuleNumber
from thresign.ledger.draft import Plan
from thresign.ledger.state import State
from thresign.ledger.verdicts import Checks
from thresign.limits import WINDOW_SLOTS
from thresign.orders.batch import Batch
from thresign.orders.header import Certificate, Header, Phase
from thresign.orders.succession import Succession
from thresign.orders.votes import Checkpoint, CheckpointCertificate, NewView, Prepared, ViewChange
from thresign.wire.canonical import Record

VERIFIED_MAX = 256


class Ballot(NamedTuple):
    """What a call yields. `records` must be on disk, in order and synced if `sync`, before `reply` leaves the vault.

    `mark`: the journal's keeper notes the place before `records`. `base`: these records are to take the place of
    everything before the last mark, after `records` are synced. That may take its time, for the journal leads to the
    same without it; but with a mark in the same ballot it is done before the reply leaves: then what follows the mark
    means nothing without it.
    """

    reply: Record
    records: tuple[Record, ...] = ()
    sync: bool = False
    mark: bool = False
    base: Iterable[Record] = ()


class Proposal(NamedTuple):
    """A header that this vault judged, with all that belongs to it."""

    header: Header
    encoded: bytes
    digest: Digest
    body: bytes
    batch: Batch
    plan: Plan


@dataclass(slots=True)
class Book:
    """`view` is the installed view; `entered` the highest view for which a view-change was signed or that is installed.

    While entered > view the vault takes part in no view at all.
    """

    number: ModuleNumber
    key: VoteKey
    checks: Checks
    state: State
    chain: tuple[Succession, ...] = ()
    """How the rosters followed one another, from the genesis to that of the ledger."""
    view: int = 0
    entered: int = 0
    installed: NewView | None = None
    """By which the installed view was entered; None for view 0."""
    floor: int = 0
    """Slots up to here were decided when the view was installed: no votes for them in it."""
    demanded: dict[int, Digest] = field(default_factory=dict)
    """By sequence: what the installed view must propose again."""
    decided: Certificate | None = None
    """For state.sequence; None while nothing was decided in this roster epoch."""
    proposal: Proposal | None = None
    """The last one judged, for the slot after state.sequence."""
    bodies: dict[Digest, bytes] = field(default_factory=dict)
    """Encoded batches of undecided headers that this vault voted for, by header digest."""
    accepted: dict[tuple[int, int], tuple[Digest, bytes]] = field(default_factory=dict)
    """(view, sequence) to header digest and the primary's signature."""
    votes: dict[tuple[Phase, int, int], tuple[Digest, Record]] = field(default_factory=dict)
    """(phase, view, sequence) to header digest and the message that was signed: never another for the same slot."""
    prepared: dict[int, Prepared] = field(default_factory=dict)
    """By sequence above the decided one: the prepared certificate of the highest view."""
    changes: dict[int, ViewChange] = field(default_factory=dict)
    """By view: the view-change that was signed."""
    verified: dict[Digest, None] = field(default_factory=dict)
    """SHA-256 of the exact bytes of certificates and view-changes whose signatures verified; the newest few."""
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    """By sequence, from the low watermark on: what this vault signed."""
    low: int = 0
    """Low watermark: the stable checkpoint."""
    stable: CheckpointCertificate | None = None
    """By which the low watermark moved."""
    justified: tuple[ViewChange, ...] = ()
    """The q view-changes of the highest view for which this vault verified as many."""
    forgot: bool = False
    """The disk does not hold all that this module signed: no votes before a horizon is known (rejoin rule)."""
    horizon: int = 0
    """No votes for slots up to here: the disk may have forgotten some (rejoin rule)."""
    view_horizon: int = 0
    """No votes in views below this one: view-changes up to it may have been forgotten."""

    @property
    def next(self) -> int:
        """The only slot that can be voted on: judging it needs the ledger after the one before."""
        return self.state.sequence + 1

    def voted(self, phase: Phase, view: int, sequence: int, digest: Digest) -> Record | None:
        """The message signed for this slot, if for the same header; raises VoteRefused if for another. [VOTE-1]"""
        held = self.votes.get((phase, view, sequence))
        if held is None:
            return None
        if held[0] != digest:
            refuse("VOTE-1", f"signed another header for view {view}, sequence {sequence}")
        return held[1]

    def require_active(self, view: int, sequence: int) -> None:
        """Common to all votes on a slot: [VOTE-2] the installed view, none beyond entered; [VOTE-3] the next slot only,
        above what was decided when the view was installed; [VOTE-4] beyond the horizon of a disk that forgot, which is
        known, in slots and views; and [VOTE-E1] none while another roster is to follow, [VOTE-E2] by a member only."""
        self.require_member()
        self.require_memory()
        if self.state.pending is not None:
            refuse("VOTE-E1", f"sequence {self.next} is the next roster's, which has not followed yet")
        if self.entered > self.view:
            refuse("VOTE-2", f"on the way to view {self.entered}")
        if view != self.view:
            refuse("VOTE-2", f"view {view} is not the installed view {self.view}")
        if sequence != self.next or sequence <= self.floor:
            refuse("VOTE-3", f"sequence {sequence} is not the next slot {max(self.next, self.floor + 1)}")
        if sequence <= self.horizon:
            refuse("VOTE-4", f"no votes up to sequence {self.horizon}: this disk may have forgotten some")
        if view < self.view_horizon:
            refuse("VOTE-4", f"no votes below view {self.view_horizon}: this disk may have forgotten a view-change")
        if sequence > self.low + WINDOW_SLOTS:
            refuse("VOTE-5", f"sequence {sequence} is above the high watermark {self.low + WINDOW_SLOTS}")

    def require_member(self) -> None:
        """[VOTE-E2] Nothing is signed before this module has joined, and nothing after it has left."""
        if self.state.roster.member(self.number) is None:
            refuse("VOTE-E2", f"module {self.number} is no member in roster epoch {self.state.roster.epoch}")

    def require_memory(self) -> None:
        """[VOTE-4] Nothing at all is signed while it is not known what this disk forgot."""
        if self.forgot:
            refuse("VOTE-4", "this disk has forgotten votes, and does not know yet how many")

    def remember_verified(self, exact: Digest) -> None:
        """Signatures under these exact bytes need not be checked again."""
        self.verified[exact] = None
        while len(self.verified) > VERIFIED_MAX:
            del self.verified[next(iter(self.verified))]

    def forget_below(self) -> None:
        """After a batch was applied: drops what was kept for its slot and the views before it."""
        done = self.state.sequence
        self.proposal = None
        self.prepared = {sequence: proof for sequence, proof in self.prepared.items() if sequence > done}
        self.accepted = {slot: value for slot, value in self.accepted.items() if slot[1] > done}
        self.votes = {slot: value for slot, value in self.votes.items() if slot[2] > done}
        self.demanded = {sequence: digest for sequence, digest in self.demanded.items() if sequence > done}
        kept = {digest for digest, _ in self.accepted.values()}
        self.bodies = {digest: body for digest, body in self.bodies.items() if digest in kept}


def refuse(rule: str, why: str) -> NoReturn:
    """Raises VoteRefused naming the rule."""
    raise VoteRefused(f"{rule}: {why}")
