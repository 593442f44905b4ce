"""What a vault writes down. Replaying them in order rebuilds the Book and the ledger (vault.replay)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.limits import BATCH_BYTES_MAX
from thresign.orders.header import Certificate, Header
from thresign.orders.votes import Checkpoint, CheckpointCertificate, NewView, Prepared, ViewChange
from thresign.wire.canonical import U64, Bytes64, Record, Var


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


class Checkpointed(Record, frozen=True):
    """This vault signed a checkpoint."""

    TAG: ClassVar[bytes] = b"tj.chkp1"
    checkpoint: Checkpoint


class Stable(Record, frozen=True):
    """A checkpoint became stable."""

    TAG: ClassVar[bytes] = b"tj.stbl1"
    certificate: CheckpointCertificate


class Horizon(Record, frozen=True):
    """No votes up to this sequence: written when a vault starts on a disk that may have forgotten."""

    TAG: ClassVar[bytes] = b"tj.hrzn1"
    sequence: U64


RECORDS: dict[bytes, type[Record]] = {
    kind.TAG: kind for kind in (Accepted, Committed, Decided, Changed, Installed, Checkpointed, Stable, Horizon)
}
