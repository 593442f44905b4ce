"""Batches: what is decided together, as it travels. The orders themselves are computed by every vault, never sent."""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.limits import BATCH_ENTRIES_MAX
from thresign.orders.requests import Request
from thresign.orders.statements import (
    Announcement,
    CeremonyAbort,
    FoundReports,
    KeyConfirmed,
    KeyGenerated,
    MissingReports,
    Present,
)
from thresign.wire.canonical import Count, Record, by_tag

Entry = Request | Announcement | KeyGenerated | KeyConfirmed | CeremonyAbort | MissingReports | FoundReports | Present

ENTRIES: dict[bytes, type[Record]] = by_tag(
    Request, Announcement, KeyGenerated, KeyConfirmed, CeremonyAbort, MissingReports, FoundReports, Present
)


class Batch(Record, frozen=True):
    """The entries in the order in which they are applied."""

    TAG: ClassVar[bytes] = b"ts.btch1"
    entries: Annotated[
        tuple[
            Request
            | Announcement
            | KeyGenerated
            | KeyConfirmed
            | CeremonyAbort
            | MissingReports
            | FoundReports
            | Present,
            ...,
        ],
        Count(BATCH_ENTRIES_MAX),
    ]
