"""What a node writes into its journal."""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, MODULES_MAX
from thresign.orders.header import Certificate
from thresign.orders.orders import SIGNATURE_BYTES_MAX
from thresign.orders.statements import PartialProof
from thresign.wire.canonical import U16, U32, U64, Bytes32, Count, Record, Var


class DecidedRecord(Record, frozen=True):
    """A decided batch, its orders as this module's vault computed them."""

    TAG: ClassVar[bytes] = b"tn.dcid1"
    certificate: Certificate
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]
    orders: Annotated[tuple[Annotated[bytes, Var(16 * 1024)], ...], Count(BATCH_ENTRIES_MAX)]


class ResultRecord(Record, frozen=True):
    """A verified signature, with the signed partials that it came from; `order` is the order's leaf hash."""

    TAG: ClassVar[bytes] = b"tn.rslt1"
    order: Bytes32
    request: Bytes32
    item: U16
    sequence: U64
    index: U32
    signature: Annotated[bytes, Var(SIGNATURE_BYTES_MAX)]
    partials: Annotated[tuple[PartialProof, ...], Count(MODULES_MAX)]


class ReportedRecord(Record, frozen=True):
    """This module reported the order missing, and will not hold its result unless that is found."""

    TAG: ClassVar[bytes] = b"tn.rprt1"
    order: Bytes32


class FoundRecord(Record, frozen=True):
    """The ledger knows that the order has a result: it is not replaced, and this module may hold its result."""

    TAG: ClassVar[bytes] = b"tn.foun1"
    order: Bytes32


class AnsweredRecord(Record, frozen=True):
    """The order's result is the request's answer: q modules hold it, or f + 1 and it is found."""

    TAG: ClassVar[bytes] = b"tn.answ1"
    order: Bytes32


RECORDS: dict[bytes, type[Record]] = {
    kind.TAG: kind for kind in (DecidedRecord, ResultRecord, ReportedRecord, FoundRecord, AnsweredRecord)
}
