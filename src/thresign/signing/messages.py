"""What nodes say to each other about partials and results. The connection proves the sender."""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.limits import BATCH_ENTRIES_MAX, MODULES_MAX
from thresign.orders.orders import SIGNATURE_BYTES_MAX, ElementBytes
from thresign.orders.statements import FoundReport, KeygenSuccess, MissingReport, PartialProof, Partials
from thresign.wire.canonical import U8, U64, Bytes32, Count, Record, Var


class PartialsOf(Record, frozen=True):
    """A signer's partials for the orders of one batch."""

    TAG: ClassVar[bytes] = b"tp.part1"
    sequence: U64
    partials: Partials


class Held(Record, frozen=True):
    """The sender holds, on disk, a verified result for each of these orders (leaf hashes). It will never report them
    missing."""

    TAG: ClassVar[bytes] = b"tp.held1"
    orders: Annotated[tuple[Bytes32, ...], Count(BATCH_ENTRIES_MAX)]


class FetchHeld(Record, frozen=True):
    """Say which of these orders' results you hold."""

    TAG: ClassVar[bytes] = b"tp.fhld1"
    orders: Annotated[tuple[Bytes32, ...], Count(BATCH_ENTRIES_MAX)]


class Result(Record, frozen=True):
    """A result, for a module that seems to lack it."""

    TAG: ClassVar[bytes] = b"tp.rslt1"
    order: Bytes32
    signature: Annotated[bytes, Var(SIGNATURE_BYTES_MAX)]
    partials: Annotated[tuple[PartialProof, ...], Count(MODULES_MAX)]


class FetchPartials(Record, frozen=True):
    """Send your partials for these orders of a batch once more."""

    TAG: ClassVar[bytes] = b"tp.fetch"
    sequence: U64


class FetchResult(Record, frozen=True):
    """Send the result of this order, if you hold it."""

    TAG: ClassVar[bytes] = b"tp.frsl1"
    order: Bytes32


class FetchFound(Record, frozen=True):
    """The sender has verified this order's result, and hears of too few that hold it to answer it. Say that it is found
    (FoundReport), if you have answered it."""

    TAG: ClassVar[bytes] = b"tp.ffnd1"
    order: Bytes32


class KeygenPackage(Record, frozen=True):
    """A participant's package of round 1 or 2 of a ceremony (named by its order's leaf hash), or its success (3)."""

    TAG: ClassVar[bytes] = b"tp.kgen1"
    order: Bytes32
    round: U8
    package: Annotated[bytes, Var(64 * 1024)]


class FetchPackage(Record, frozen=True):
    """Send your package of this round once more."""

    TAG: ClassVar[bytes] = b"tp.fkgp1"
    order: Bytes32
    round: U8


class KeygenDone(Record, frozen=True):
    """What a token says when its ceremony has ended well: the statement, and the verification shares it digests."""

    TAG: ClassVar[bytes] = b"tp.kgdn1"
    success: KeygenSuccess
    verification_shares: Annotated[tuple[ElementBytes, ...], Count(MODULES_MAX)]


Message = (
    PartialsOf
    | Held
    | FetchHeld
    | Result
    | MissingReport
    | FoundReport
    | FetchPartials
    | FetchResult
    | FetchFound
    | KeygenPackage
    | FetchPackage
)

MESSAGES: dict[bytes, type[Record]] = {
    kind.TAG: kind
    for kind in (
        PartialsOf,
        Held,
        FetchHeld,
        Result,
        MissingReport,
        FoundReport,
        FetchPartials,
        FetchResult,
        FetchFound,
        KeygenPackage,
        FetchPackage,
    )
}
