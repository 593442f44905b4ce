"""What nodes say to each other about agreement, beside the signed messages of orders.votes.

None of these is signed: a node may believe them only as far as the vault verifies what they carry.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.limits import BATCH_BYTES_MAX
from thresign.orders.batch import Batch
from thresign.orders.header import Certificate
from thresign.orders.succession import Succession
from thresign.orders.votes import (
    Checkpoint,
    CheckpointCertificate,
    HorizonReport,
    NewView,
    PrePrepare,
    SignedVote,
    ViewChange,
    Vote,
)
from thresign.vault.recovery_calls import Offer, Reminder, SnapshotChunk
from thresign.wire.canonical import U8, U32, U64, Bytes32, Count, Record, Var


class Forward(Record, frozen=True):
    """Entries for the primary to order."""

    TAG: ClassVar[bytes] = b"ta.fwrd1"
    batch: Batch


class Standing(Record, frozen=True):
    """Where the sender stands: said at intervals, on connecting, and when it begins to suspect the primary."""

    TAG: ClassVar[bytes] = b"ta.stnd1"
    view: U64
    entered: U64
    sequence: U64
    low: U64
    suspects: U8
    """1 if the sender holds that the primary of its view does not lead."""
    roster_epoch: U64 = 0
    """Views are counted within it."""


class Mute(Record, frozen=True):
    """The sender's vault does not answer: it takes no part until it says again where it stands."""

    TAG: ClassVar[bytes] = b"ta.mute1"


class FetchDecided(Record, frozen=True):
    """Send the decided batches from this sequence on, as many as fit."""

    TAG: ClassVar[bytes] = b"ta.fdec1"
    sequence: U64


class DecidedBatch(Record, frozen=True):
    """A decided batch, whole: its certificate proves it."""

    TAG: ClassVar[bytes] = b"ta.dbat1"
    certificate: Certificate
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]


class FetchBody(Record, frozen=True):
    """Send the body of this header, which a new view demands."""

    TAG: ClassVar[bytes] = b"ta.fbdy1"
    header: Bytes32


class BodyOf(Record, frozen=True):
    """The body of a header; the receiver's vault judges whether it is."""

    TAG: ClassVar[bytes] = b"ta.body1"
    header: Bytes32
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]


class FetchView(Record, frozen=True):
    """Send what leads to your view: the new-view, and the view-changes beyond it."""

    TAG: ClassVar[bytes] = b"ta.fvew1"


class ViewChanges(Record, frozen=True):
    """View-changes for one view, as many as the sender holds."""

    TAG: ClassVar[bytes] = b"ta.vcs_1"
    changes: Annotated[tuple[ViewChange, ...], Count(31)]


class FetchSnapshot(Record, frozen=True):
    """Send the piece of the offered snapshot that begins at `offset`."""

    TAG: ClassVar[bytes] = b"ta.fsnp1"
    sequence: U64
    offset: U32


class FetchProposal(Record, frozen=True):
    """Show on which proposal you voted there. Answered with a SignedVote of that view's primary."""

    TAG: ClassVar[bytes] = b"ta.fprp1"
    view: U64
    sequence: U64


class AskReminder(Record, frozen=True):
    """The sender's vault has started on a disk that stands here: what did you see it sign beyond that? Always answered
    with a Reminder, maybe an empty one."""

    TAG: ClassVar[bytes] = b"ta.armd1"
    sequence: U64
    entered: U64
    roster_epoch: U64 = 0
    """Views are counted within it."""


class AskHorizon(Record, frozen=True):
    """The sender's vault has forgotten votes: state how far you have come, for this life of its token."""

    TAG: ClassVar[bytes] = b"ta.ahrz1"
    incarnation: U64


Message = (
    PrePrepare
    | Vote
    | Checkpoint
    | CheckpointCertificate
    | ViewChange
    | NewView
    | Forward
    | Standing
    | Mute
    | FetchDecided
    | DecidedBatch
    | FetchBody
    | BodyOf
    | FetchView
    | ViewChanges
    | FetchSnapshot
    | Offer
    | SnapshotChunk
    | FetchProposal
    | SignedVote
    | AskReminder
    | AskHorizon
    | HorizonReport
    | Reminder
    | Succession
)

MESSAGES: dict[bytes, type[Record]] = {
    kind.TAG: kind
    for kind in (
        PrePrepare,
        Vote,
        Checkpoint,
        CheckpointCertificate,
        ViewChange,
        NewView,
        Forward,
        Standing,
        Mute,
        FetchDecided,
        DecidedBatch,
        FetchBody,
        BodyOf,
        FetchView,
        ViewChanges,
        FetchSnapshot,
        Offer,
        SnapshotChunk,
        FetchProposal,
        SignedVote,
        AskReminder,
        AskHorizon,
        HorizonReport,
        Reminder,
        Succession,
    )
}
