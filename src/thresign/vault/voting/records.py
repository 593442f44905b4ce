"""What a vault writes down. Replaying them in order rebuilds the Book and the ledger (vault.replay)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.limits import BATCH_BYTES_MAX, BODY_BYTES_MAX, CHUNK_BYTES_MAX, MODULES_MAX
from thresign.orders.header import Certificate, Header
from thresign.orders.succession import Succession
from thresign.orders.votes import Checkpoint, CheckpointCertificate, NewView, Prepared, ViewChange
from thresign.wire.canonical import U64, Bytes32, Bytes64, Count, Record, Var


class Accepted(Record, frozen=True):
    """Sync point 1: the body, with the primary's signature and this vault's own in the same phase (prepare, or the
    pre-prepare itself)."""

    TAG: ClassVar[bytes] = b"tj.acpt1"
    view: U64
    header: Header
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]
    pre_prepare: Bytes64
    signature: Bytes64


class Committed(Record, frozen=True):
    """Sync point 2: the prepared certificate, with this vault's commit vote."""

    TAG: ClassVar[bytes] = b"tj.cmit1"
    proof: Prepared
    signature: Bytes64


class Decided(Record, frozen=True):
    """A batch was decided and applied. `body` is empty if an Accepted record before holds it."""

    TAG: ClassVar[bytes] = b"tj.dcid1"
    certificate: Certificate
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]


class Changed(Record, frozen=True):
    """This vault left the views below."""

    TAG: ClassVar[bytes] = b"tj.vchg1"
    change: ViewChange


class Installed(Record, frozen=True):
    """This vault entered a view."""

    TAG: ClassVar[bytes] = b"tj.newv1"
    new_view: NewView


class Justified(Record, frozen=True):
    """q view-changes for one view, which this vault verified and went beyond: shown to a module that rejoins."""

    TAG: ClassVar[bytes] = b"tj.just1"
    changes: Annotated[tuple[ViewChange, ...], Count(MODULES_MAX)]


class Checkpointed(Record, frozen=True):
    """This vault signed a checkpoint."""

    TAG: ClassVar[bytes] = b"tj.chkp1"
    checkpoint: Checkpoint


class Stable(Record, frozen=True):
    """A checkpoint became stable."""

    TAG: ClassVar[bytes] = b"tj.stbl1"
    certificate: CheckpointCertificate


class Switched(Record, frozen=True):
    """The next roster's epoch began here."""

    TAG: ClassVar[bytes] = b"tj.swch1"
    link: Succession


class Chained(Record, frozen=True):
    """A link of the chain that leads to the roster of the Base that follows; in order."""

    TAG: ClassVar[bytes] = b"tj.chan1"
    link: Succession


class Horizon(Record, frozen=True):
    """No votes for slots up to this sequence, and none in views below this one: how far a disk that forgot may have
    voted (rejoin rule). It ends a Forgot."""

    TAG: ClassVar[bytes] = b"tj.hrzn1"
    sequence: U64
    view: U64 = 0


class Forgot(Record, frozen=True):
    """This disk does not hold all that this module signed: no votes until a Horizon is known."""

    TAG: ClassVar[bytes] = b"tj.frgt1"


class Life(Record, frozen=True):
    """The token's incarnation is at most this: written before a new one begins, and with its number afterwards. A token
    whose number is higher has lived on while this disk was away."""

    TAG: ClassVar[bytes] = b"tj.life1"
    bound: U64


class SnapshotPart(Record, frozen=True):
    """A piece of the encoded ledger snapshot of the Base that follows; pieces stand in order."""

    TAG: ClassVar[bytes] = b"tj.spar1"
    data: Annotated[bytes, Var(CHUNK_BYTES_MAX)]


class Base(Record, frozen=True):
    """A journal begins here: the ledger after `decided`, as the parts before this record hold it. What the vault has
    said beyond that follows as if it had just been written."""

    TAG: ClassVar[bytes] = b"tj.base1"
    decided: Certificate
    snapshot_bytes: U64


class KeptMessage(Record, frozen=True):
    """The message of a request that is decided and not answered: an order that replaces the first needs it."""

    TAG: ClassVar[bytes] = b"tj.kept1"
    request: Bytes32
    message: Annotated[bytes, Var(BODY_BYTES_MAX)]


RECORDS: dict[bytes, type[Record]] = {
    kind.TAG: kind
    for kind in (
        Accepted,
        Committed,
        Decided,
        Changed,
        Installed,
        Justified,
        Checkpointed,
        Stable,
        Switched,
        Chained,
        Horizon,
        Forgot,
        Life,
        SnapshotPart,
        Base,
        KeptMessage,
    )
}
