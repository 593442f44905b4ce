"""What a node asks of its index. Places are byte offsets into the node's journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class BatchRow(NamedTuple):
    """Where the decided batch of a sequence stands."""

    sequence: int
    place: int


class OrderRow(NamedTuple):
    """An order of a decided batch: which request and item, which attempt, its leaf hash and index in the batch."""

    request: bytes
    item: int
    attempt: int
    leaf: bytes
    sequence: int
    leaf_index: int


class ResultRow(NamedTuple):
    """Where the result of an order stands."""

    leaf: bytes
    place: int


class AnswerRow(NamedTuple):
    """The order whose result is the request's answer."""

    leaf: bytes


class ReportRow(NamedTuple):
    """An order that this module gave up."""

    leaf: bytes


class FoundRow(NamedTuple):
    """An order of which the ledger knows that it has a result."""

    leaf: bytes


Row = BatchRow | OrderRow | ResultRow | AnswerRow | ReportRow | FoundRow


class Index(Protocol):
    """An index over one journal. `add` may be called from one thread while queries run in another."""

    def add(self, rows: Sequence[Row], position: int) -> None:
        """Adds rows; the journal is indexed up to `position` bytes then. Adding a row again changes nothing."""

    def position(self) -> int:
        """Up to where the journal is indexed."""

    def batch(self, sequence: int) -> int | None:
        """The place of a decided batch."""

    def newest(self) -> int:
        """The newest sequence of a decided batch, 0 if there is none."""

    def orders(self, request: bytes) -> list[OrderRow]:
        """The orders of a request, by item and attempt."""

    def order(self, leaf: bytes) -> OrderRow | None:
        """An order by its leaf hash."""

    def result(self, leaf: bytes) -> int | None:
        """The place of a result."""

    def answered(self, leaf: bytes) -> bool:
        """True if this order's result is the request's answer."""

    def reported(self, leaf: bytes) -> bool:
        """True if this module gave the order up."""

    def found(self, leaf: bytes) -> bool:
        """True if the ledger knows that the order has a result."""

    def prune(self, place: int, sequence: int) -> None:
        """Forgets batches and results before this place, and orders of batches before this sequence."""

    def close(self) -> None:
        """Writes what is not written yet."""
