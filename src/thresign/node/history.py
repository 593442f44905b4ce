"""The node's memory: its journal, and the index over it. What is newest is also kept in memory.

The journal is the truth: it is appended to, and its oldest segments may be thrown away. The index is derived; after a
crash it goes on from where it was.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from thresign.errors import MalformedRecord, StorageError
from thresign.journal.frames import HEAD_BYTES
from thresign.journal.segments import SegmentedJournal
from thresign.node.records import RECORDS, AnsweredRecord, DecidedRecord, FoundRecord, ReportedRecord, ResultRecord
from thresign.orders.batch import Batch, Entry
from thresign.orders.header import Header
from thresign.orders.merkle import order_hash
from thresign.orders.orders import KeygenOrder, NoticeOrder, SignOrder, sign_order
from thresign.signing.events import Past
from thresign.storage.interface import AnswerRow, BatchRow, FoundRow, Index, OrderRow, ReportRow, ResultRow, Row
from thresign.wire.canonical import Record, decode_one_of

RecordT = TypeVar("RecordT", bound=Record)

RECENT_MAX = 2048
FLUSH_ROWS = 768


class History:
    """Appends, and finds again."""

    def __init__(self, journal: SegmentedJournal, index: Index) -> None:
        """Indexes what the journal has beyond the index. Raises StorageError, JournalCorrupt."""
        self._journal = journal
        self._index = index
        self._rows: list[Row] = []
        self._recent: OrderedDict[bytes, ResultRecord] = OrderedDict()
        self._answered: OrderedDict[bytes, None] = OrderedDict()
        self._reported: OrderedDict[bytes, None] = OrderedDict()
        self._found: OrderedDict[bytes, None] = OrderedDict()
        self._orders: OrderedDict[bytes, list[OrderRow]] = OrderedDict()
        self._batches: OrderedDict[int, int] = OrderedDict()
        self._flushing: asyncio.Task[None] | None = None
        self._failed: StorageError | None = None
        self._catch_up()

    async def prune(self, sequence: int, before_ms: int) -> None:
        """Throws away whole segments whose batches lie at or before `sequence` and have agreed times before
        `before_ms`, with the results and answers of their orders. Raises StorageError.

        Files go first: a row of the index that is left over by a crash leads nowhere, and goes the next time.
        """
        place, first = self._journal.first, 0
        for start in self._journal.segments[1:]:
            begins = self._first_batch(start)
            if begins is None or begins.sequence > sequence + 1 or begins.time_ms >= before_ms:
                break
            place, first = start, begins.sequence
        if place == self._journal.first:
            return
        self._journal.prune(place)
        for kept in [kept for kept, at in self._batches.items() if at < place]:
            del self._batches[kept]
        for request, rows in list(self._orders.items()):
            self._orders[request] = [row for row in rows if row.sequence >= first]
        await self._flushed()
        await asyncio.to_thread(self._index.prune, place, first)

    def _first_batch(self, place: int) -> Header | None:
        """The header of the first decided batch from this place on."""
        while place < self._journal.size:
            payload = self._journal.read(place)
            if payload[:8] == DecidedRecord.TAG:
                return DecidedRecord.decode(payload).certificate.header
            place += HEAD_BYTES + len(payload)
        return None

    def _catch_up(self) -> None:
        position = self._index.position()
        if position > self._journal.size:
            raise StorageError("the index is ahead of the journal: delete the index, it is made again")
        for place, payload in self._journal.records_from(position):
            self._note(place, decode_record(payload))
            if len(self._rows) >= FLUSH_ROWS:
                self._flush_now()
        self._flush_now()

    # --- writing --------------------------------------------------------------------------------------------------

    def append(self, records: Sequence[Record]) -> None:
        """Appends; on disk after `sync`. Raises StorageError, also if the index could not be written: what it lacks is
        found again only at the next start, from the journal."""
        if self._failed is not None:
            raise self._failed
        places = self._journal.append(record.encode() for record in records)
        for place, record in zip(places, records, strict=True):
            self._note(place, record)
        if len(self._rows) >= FLUSH_ROWS and self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    def sync(self) -> None:
        """Blocks until what was appended is on disk."""
        self._journal.sync()

    def _note(self, place: int, record: Record) -> None:
        match record:
            case DecidedRecord():
                sequence = record.certificate.header.sequence
                self._batches[sequence] = place
                self._rows.append(BatchRow(sequence, place))
                for index, encoded in enumerate(record.orders):
                    self._note_order(sequence, index, encoded)
            case ResultRecord():
                self._recent[record.order] = record
                self._rows.append(ResultRow(record.order, place))
            case ReportedRecord():
                self._reported[record.order] = None
                self._rows.append(ReportRow(record.order))
            case FoundRecord():
                self._found[record.order] = None
                self._rows.append(FoundRow(record.order))
            case AnsweredRecord():
                self._answered[record.order] = None
                self._rows.append(AnswerRow(record.order))
        for kept in (self._recent, self._answered, self._reported, self._found, self._orders, self._batches):
            while len(kept) > RECENT_MAX and len(self._rows) < RECENT_MAX // 2:
                kept.popitem(last=False)

    def _note_order(self, sequence: int, index: int, encoded: bytes) -> None:
        leaf = order_hash(encoded)
        tag = encoded[:8]
        if tag == SignOrder.TAG:
            order = sign_order(encoded)
            row = OrderRow(order.request, order.item, order.attempt, leaf, sequence, index)
        elif tag == KeygenOrder.TAG:
            row = OrderRow(KeygenOrder.decode(encoded).request, 0, 1, leaf, sequence, index)
        elif tag == NoticeOrder.TAG:
            row = OrderRow(NoticeOrder.decode(encoded).entry, 0, 1, leaf, sequence, index)
        else:
            raise MalformedRecord("a journal with an unknown order")
        rows = self._orders.setdefault(row.request, [])
        if row not in rows:
            rows.append(row)
        self._rows.append(row)

    async def _flush(self) -> None:
        rows: list[Row] = []
        try:
            while self._rows:
                rows, self._rows = self._rows, []
                await asyncio.to_thread(self._index.add, rows, self._journal.size)
        except StorageError as error:
            self._rows = rows + self._rows  # so that nothing of it is dropped from memory
            self._failed = error
        finally:
            self._flushing = None

    async def _flushed(self) -> None:
        """Returns when the index has what was noted so far."""
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())
        await self._flushing

    def _flush_now(self) -> None:
        rows, self._rows = self._rows, []
        self._index.add(rows, self._journal.size)

    def close(self) -> None:
        """Writes the index out."""
        self._flush_now()
        self._index.close()
        self._journal.close()

    # --- finding --------------------------------------------------------------------------------------------------

    def newest(self) -> int:
        """The newest decided sequence in the journal."""
        return max(self._index.newest(), max(self._batches, default=0))

    def batch(self, sequence: int) -> DecidedRecord | None:
        """A decided batch."""
        place = self._batches.get(sequence)
        if place is None:
            place = self._index.batch(sequence)
        return self._read(place, DecidedRecord)

    def newest_batches(self, count: int) -> list[DecidedRecord]:
        """Up to `count` decided batches in sequence that end with the newest and have no gap."""
        found: list[DecidedRecord] = []
        while len(found) < count:
            record = self.batch(self.newest() - len(found))
            if record is None:
                break
            found.append(record)
        return found[::-1]

    def whole_since(self, sequence: int) -> bool:
        """True if every batch from this sequence to the newest is here: of so many that are in memory."""
        return all(later in self._batches for later in range(sequence, max(self._batches, default=sequence) + 1))

    def batches_from(self, sequence: int, count: int) -> Iterator[DecidedRecord]:
        """Up to `count` decided batches in sequence, ending at the first that is not here."""
        for wanted in range(sequence, sequence + count):
            found = self.batch(wanted)
            if found is None:
                return
            yield found

    def orders(self, request: bytes) -> list[OrderRow]:
        """The orders of a request, by item and attempt. An idempotency key that was used again after its request had
        expired names another request by the same id: the newest counts."""
        rows = {row.leaf: row for row in (*self._index.orders(request), *self._orders.get(request, ()))}
        since = max((row.sequence for row in rows.values() if row.attempt == 1), default=0)
        newest = [row for row in rows.values() if row.sequence >= since]
        return sorted(newest, key=lambda row: (row.item, row.attempt))

    def entries(self, request: bytes) -> Iterator[Entry]:
        """What was ordered under this request's id, of the batches that are here; the first attempt's entry first."""
        for row in self.orders(request):
            record = self.batch(row.sequence)
            if record is not None:
                yield Batch.decode(record.body).entries[row.leaf_index]

    def replaced(self, request: bytes, leaf: bytes) -> bool:
        """True if this order of the request has been followed by another: by an attempt, or by a newer request of the
        same id. What is newest is in memory, if anything of a request is."""
        rows = self._orders.get(request) or self._index.orders(request)
        newest = max(rows, key=lambda row: row.sequence, default=None)
        return newest is not None and newest.leaf != leaf

    def order(self, leaf: bytes) -> OrderRow | None:
        """An order by its leaf hash."""
        for rows in self._orders.values():
            for row in rows:
                if row.leaf == leaf:
                    return row
        return self._index.order(leaf)

    def result(self, leaf: bytes) -> ResultRecord | None:
        """The result of an order, answered or not."""
        found = self._recent.get(leaf)
        return found if found is not None else self._read(self._index.result(leaf), ResultRecord)

    def answered(self, leaf: bytes) -> bool:
        """True if this order's result is the request's answer."""
        return leaf in self._answered or self._index.answered(leaf)

    def gave_up(self, leaf: bytes) -> bool:
        """True if this module reported the order missing, and the ledger does not know of a result: it must not say
        that it holds one."""
        reported = leaf in self._reported or self._index.reported(leaf)
        return reported and not self.found(leaf)

    def found(self, leaf: bytes) -> bool:
        """True if the ledger knows that the order has a result."""
        return leaf in self._found or self._index.found(leaf)

    def past(self, orders: Iterable[bytes]) -> Past:
        """What this journal says of a decided batch's orders: for walking them once more."""
        results, reported, found, answered, replaced = {}, set(), set(), set(), set()
        for encoded in orders:
            if encoded[:8] != SignOrder.TAG:
                continue
            leaf = order_hash(encoded)
            if self.gave_up(leaf):
                reported.add(leaf)
            if self.found(leaf):
                found.add(leaf)
            if self.answered(leaf):
                answered.add(leaf)
            elif self.replaced(sign_order(encoded).request, leaf):
                replaced.add(leaf)
            else:
                result = self.result(leaf)
                if result is not None:
                    results[leaf] = (result.signature, result.partials)
        return Past(results, frozenset(reported), frozenset(found), frozenset(answered), frozenset(replaced), True)

    def _read(self, place: int | None, kind: type[RecordT]) -> RecordT | None:
        """The record at this place; None if there is none, or none any more."""
        if place is None or place < self._journal.first:
            return None
        return kind.decode(self._journal.read(place))


def decode_record(payload: bytes) -> Record:
    """A record of the node's journal. Raises MalformedRecord."""
    return decode_one_of(RECORDS, payload)
