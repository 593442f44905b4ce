"""Calls about what a module lost or never had: stable checkpoints, the transfer of a ledger, and the rejoin rule.

Offer, SnapshotChunk and Reminder also travel between modules as they are.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.limits import CHUNK_BYTES_MAX
from thresign.orders.header import Certificate
from thresign.orders.succession import Chain
from thresign.orders.votes import Checkpoint, CheckpointCertificate, HorizonReport, SignedVote, ViewChange
from thresign.wire.canonical import U8, U16, U32, U64, Count, Record, Var

VOTES_SHOWN_MAX = 4


class Stabilised(Record, frozen=True):
    """The low watermark; and where the vault's journal begins (0: with the first batch)."""

    TAG: ClassVar[bytes] = b"tv.stbd1"
    low: U64
    base: U64


# --- transfer -------------------------------------------------------------------------------------------------------


class OfferCall(Record, frozen=True):
    """What can this vault give to a module that fell behind? Answer: Offer."""

    TAG: ClassVar[bytes] = b"tv.offr?"


class Offer(Record, frozen=True):
    """A ledger snapshot of this many bytes, at a stable checkpoint; `decided` is the certificate of its sequence,
    `chain` leads from the genesis to the roster of both."""

    TAG: ClassVar[bytes] = b"tv.offr1"
    chain: Chain
    checkpoint: CheckpointCertificate
    decided: Certificate
    snapshot_bytes: U32


class SnapshotCall(Record, frozen=True):
    """A piece of the snapshot at this sequence. Answer: SnapshotChunk."""

    TAG: ClassVar[bytes] = b"tv.snap?"
    sequence: U64
    offset: U32


class SnapshotChunk(Record, frozen=True):
    """A piece of a snapshot; all pieces but the last are CHUNK_BYTES_MAX long."""

    TAG: ClassVar[bytes] = b"tv.snap1"
    sequence: U64
    offset: U32
    data: Annotated[bytes, Var(CHUNK_BYTES_MAX)]


class TransferCall(Record, frozen=True):
    """Take over the ledger of this offer; its pieces follow. Answer: Done."""

    TAG: ClassVar[bytes] = b"tv.tran?"
    offer: Offer


class TransferChunkCall(Record, frozen=True):
    """The next piece. Answer: Done, and after the last piece Status."""

    TAG: ClassVar[bytes] = b"tv.trch?"
    chunk: SnapshotChunk


# --- rejoin ---------------------------------------------------------------------------------------------------------


class Reminder(Record, frozen=True):
    """What a module has seen signed by another, and that other does not seem to know of any more. Answer: Memory."""

    TAG: ClassVar[bytes] = b"tv.rmnd1"
    votes: Annotated[tuple[SignedVote, ...], Count(VOTES_SHOWN_MAX)]
    changes: Annotated[tuple[ViewChange, ...], Count(1)]
    checkpoints: Annotated[tuple[Checkpoint, ...], Count(1)]


class ReportCall(Record, frozen=True):
    """State how far this module has come, for one that rejoins. Answer: HorizonReport."""

    TAG: ClassVar[bytes] = b"tv.rprt?"
    asker: U16
    incarnation: U64


class RejoinCall(Record, frozen=True):
    """Another module's report, to a vault that has forgotten votes. Answer: Memory."""

    TAG: ClassVar[bytes] = b"tv.rejn?"
    report: HorizonReport


class Memory(Record, frozen=True):
    """1 while this vault has forgotten votes and does not know how many; up to where it does not vote; and whose
    reports it has."""

    TAG: ClassVar[bytes] = b"tv.memo1"
    forgot: U8
    horizon: U64
    reports: Annotated[tuple[U16, ...], Count(31)]
