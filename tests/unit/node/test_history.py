"""The node's memory when the disk says no: what it may not forget it does not forget, and it writes no more."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house.stub_domain import ready_ledger
from thresign.errors import StorageError
from thresign.journal.segments import SegmentedJournal
from thresign.node.history import FLUSH_ROWS, History
from thresign.node.records import AnsweredRecord, DecidedRecord, FoundRecord, ReportedRecord, ResultRecord
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import NoticeOrder, SignOrder
from thresign.storage.interface import Row
from thresign.storage.sqlite import SqliteIndex


class FullDisk(SqliteIndex):
    """An index on a disk that fills up."""

    is_full = False

    def add(self, rows: Sequence[Row], position: int) -> None:
        if self.is_full:
            raise StorageError("index.sqlite: database or disk is full")
        super().add(rows, position)


def reports(count: int, first: int = 0) -> list[ReportedRecord]:
    return [ReportedRecord(number.to_bytes(32, "big")) for number in range(first, first + count)]


def test_index_that_cannot_be_written(tmp_path: Path) -> None:
    """Nothing more is journalled, what was is still known, and the next start indexes all of it."""

    async def fill() -> None:
        index = FullDisk(tmp_path / "index.sqlite")
        journal = SegmentedJournal(tmp_path / "journal")
        history = History(journal, index)
        index.is_full = True
        history.append(reports(FLUSH_ROWS))
        with pytest.raises(StorageError, match="disk is full"):
            for more in range(1000):
                await asyncio.sleep(0)  # lets the flush go on, which is in a thread
                await asyncio.to_thread(lambda: None)
                history.append(reports(1, FLUSH_ROWS + more))
        assert all(history.gave_up(record.order) for record in reports(FLUSH_ROWS))
        with pytest.raises(StorageError, match="disk is full"):
            history.append(reports(1))
        journal.close()
        index.close()

    asyncio.run(fill())
    index = SqliteIndex(tmp_path / "index.sqlite")
    history = History(SegmentedJournal(tmp_path / "journal"), index)
    assert all(index.reported(record.order) for record in reports(FLUSH_ROWS))
    history.close()


def test_an_order_that_is_found_is_given_up_no_more(tmp_path: Path) -> None:
    """Whichever is written first: the report may have been on its way when the ledger learned of the result."""
    given_up, found, late = reports(3)
    records = [given_up, found, FoundRecord(found.order), FoundRecord(late.order), late]
    for _ in range(2):  # from memory, and after a start from the index
        history = History(SegmentedJournal(tmp_path / "journal"), SqliteIndex(tmp_path / "index.sqlite"))
        history.append(records)
        assert [history.gave_up(record.order) for record in (given_up, found, late)] == [True, False, False]
        history.close()
        records = []


def test_past_of_a_batch_that_is_walked_again(tmp_path: Path) -> None:
    run = ready_ledger()
    entries = [
        run.domain.sign_request(b"message", idempotency_key=str(number), now_ms=run.time_ms) for number in range(5)
    ]
    leaves = tuple(run.apply(*entries).leaves)
    untold, held, given_up, found, answered = map(leaf_hash, leaves)
    history = History(SegmentedJournal(tmp_path / "journal"), SqliteIndex(tmp_path / "index.sqlite"))
    history.append([ResultRecord(leaf, bytes(32), 0, 1, 0, leaf, ()) for leaf in (held, found, answered)])
    history.append([ReportedRecord(given_up), ReportedRecord(found), FoundRecord(found), AnsweredRecord(answered)])
    past = history.past((*leaves, NoticeOrder(bytes(32)).encode()))
    assert past.replayed
    assert past.results == {held: (held, ()), found: (found, ())}
    assert (past.reported, past.found, past.answered) == ({given_up}, {found}, {answered})
    assert untold not in (*past.results, *past.reported)
    history.close()


def test_past_of_an_order_that_was_replaced(tmp_path: Path) -> None:
    """Its result, which this module may have, is not its request's answer any more, whatever follows."""
    run = ready_ledger()
    first = run.apply(*(run.domain.sign_request(b"message", now_ms=run.time_ms) for _ in range(2)))
    order, _ = first.orders
    assert isinstance(order, SignOrder)
    second = run.apply(run.domain.missing(order, (1,)))
    history = History(SegmentedJournal(tmp_path / "journal"), SqliteIndex(tmp_path / "index.sqlite"))
    leaf = leaf_hash(order.encode())
    for sequence, leaves in enumerate((first.leaves, second.leaves), start=1):
        decided = run.domain.certificate(run.domain.header(sequence))
        history.append([DecidedRecord(decided, run.bodies[sequence - 3], tuple(leaves))])
        history.append([ResultRecord(leaf, bytes(32), 0, 1, 0, leaf, ())])
        past = history.past(first.leaves)
        assert past.replaced == (frozenset() if sequence == 1 else {leaf})
        assert (leaf in past.results) == (sequence == 1)
    assert history.past(second.leaves).replaced == frozenset()
    history.close()


def test_a_gap_is_noticed(tmp_path: Path) -> None:
    """The vault took a ledger over in between."""
    domain = ready_ledger().domain
    history = History(SegmentedJournal(tmp_path / "journal"), SqliteIndex(tmp_path / "index.sqlite"))
    for sequence in (1, 2, 5, 6):
        history.append([DecidedRecord(domain.certificate(domain.header(sequence)), b"", ())])
    assert [history.whole_since(sequence) for sequence in (1, 2, 5, 6)] == [False, False, True, True]
    history.close()


def test_index_goes_on_after_a_write_that_failed(tmp_path: Path) -> None:
    """A transaction that failed is undone: the next one can begin."""
    index = SqliteIndex(tmp_path / "index.sqlite")
    index._db.execute("PRAGMA busy_timeout=0")
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            index.add([], 5)
        other.execute("ROLLBACK")
    index.add([], 7)
    assert index.position() == 7
    index.close()
