"""The index: derived from the journal, so that adding twice changes nothing and losing it loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from thresign.errors import StorageError
from thresign.orders.digests import sha256
from thresign.storage.interface import AnswerRow, BatchRow, FoundRow, OrderRow, ReportRow, ResultRow, Row
from thresign.storage.sqlite import SqliteIndex

LEAF, OTHER, REQUEST = sha256(b"leaf"), sha256(b"other"), sha256(b"request")
ROWS: list[Row] = [
    BatchRow(1, 100),
    BatchRow(2, 200),
    OrderRow(REQUEST, 0, 2, OTHER, 2, 1),
    OrderRow(REQUEST, 0, 1, LEAF, 1, 0),
    ResultRow(OTHER, 300),
    AnswerRow(OTHER),
    ReportRow(LEAF),
    FoundRow(LEAF),
]


def check(index: SqliteIndex, position: int) -> None:
    assert index.position() == position
    assert (index.batch(1), index.batch(2), index.batch(3), index.newest()) == (100, 200, None, 2)
    assert index.orders(REQUEST) == [ROWS[3], ROWS[2]]
    assert index.orders(sha256(b"nobody")) == []
    assert (index.order(LEAF), index.order(REQUEST)) == (ROWS[3], None)
    assert (index.result(OTHER), index.result(LEAF)) == (300, None)
    assert (index.answered(OTHER), index.answered(LEAF)) == (True, False)
    assert (index.reported(LEAF), index.reported(OTHER)) == (True, False)


def test_an_empty_index(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    assert (index.position(), index.newest(), index.batch(1), index.orders(REQUEST)) == (0, 0, None, [])
    index.close()


def test_what_was_added_is_found_and_there_again(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    index.add(ROWS, 400)
    check(index, 400)
    index.close()
    again = SqliteIndex(tmp_path / "index")
    check(again, 400)
    again.close()


def test_adding_again_changes_nothing(tmp_path: Path) -> None:
    """After a crash the tail of the journal is indexed a second time."""
    index = SqliteIndex(tmp_path / "index")
    index.add(ROWS, 400)
    index.add(ROWS, 400)
    index.add([BatchRow(1, 999), ResultRow(OTHER, 999)], 500)
    check(index, 500)
    index.close()


def test_row_by_row_in_any_order_it_is_the_same(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    for row in reversed(ROWS):
        index.add([row], 400)
    check(index, 400)
    index.close()


def test_places_are_as_large_as_files(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    index.add([BatchRow(2**62, 2**62)], 2**62)
    assert (index.batch(2**62), index.newest(), index.position()) == (2**62, 2**62, 2**62)
    index.close()


def test_a_failure_leaves_nothing_half_done_and_the_index_usable(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    index._db.execute("PRAGMA max_page_count = 1")  # a full disk: no page more than there are
    many: list[Row] = [OrderRow(sha256(b"r%d" % i), 0, 1, sha256(b"l%d" % i), 1, i) for i in range(500)]
    with pytest.raises(StorageError, match="full"):
        index.add([BatchRow(1, 100), *many], 400)
    assert (index.batch(1), index.position()) == (None, 0)
    index._db.execute("PRAGMA max_page_count = 1000000")
    index.add(ROWS, 400)
    check(index, 400)
    index.close()


def test_pruning_forgets_what_lies_before(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    index.add(ROWS, 400)
    index.prune(200, 2)
    assert (index.batch(1), index.batch(2), index.order(LEAF), index.reported(LEAF)) == (None, 200, None, False)
    assert (index.orders(REQUEST), index.result(OTHER), index.answered(OTHER)) == ([ROWS[2]], 300, True)
    assert index.position() == 400
    index.close()


def test_a_file_that_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(b"this is no database " * 100)
    with pytest.raises(StorageError):
        SqliteIndex(tmp_path / "index")
    with pytest.raises(StorageError):
        SqliteIndex(tmp_path / "nowhere" / "index")


def test_hashes_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    """Orders are looked for by eight bytes, which somebody may make equal."""
    index = SqliteIndex(tmp_path / "index")
    alike = LEAF[:8] + OTHER[8:]
    request = REQUEST[:8] + OTHER[8:]
    rows: list[Row] = [OrderRow(REQUEST, 0, 1, LEAF, 1, 0), OrderRow(request, 0, 1, alike, 1, 1)]
    index.add(rows, 100)
    index.add([ResultRow(alike, 300), AnswerRow(alike), ReportRow(LEAF)], 400)
    assert (index.orders(REQUEST), index.orders(request)) == ([rows[0]], [rows[1]])
    assert (index.order(LEAF), index.order(alike), index.order(LEAF[:8] + bytes(24))) == (rows[0], rows[1], None)
    assert (index.result(LEAF), index.result(alike)) == (None, 300)
    assert (index.answered(LEAF), index.answered(alike)) == (False, True)
    assert (index.reported(LEAF), index.reported(alike)) == (True, False)
    index.close()


def test_what_is_known_of_an_order_before_its_batch_stays_known(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    index.add([FoundRow(LEAF), ResultRow(LEAF, 300)], 100)
    assert (index.found(LEAF), index.result(LEAF), index.order(LEAF)) == (True, 300, None)
    index.add([OrderRow(REQUEST, 0, 1, LEAF, 1, 0), AnswerRow(LEAF)], 400)
    assert (index.found(LEAF), index.result(LEAF), index.answered(LEAF)) == (True, 300, True)
    index.close()


def test_queries_do_not_wait_for_a_write(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    index.add(ROWS, 400)
    with index._lock:
        index._db.execute("BEGIN IMMEDIATE")
        index._db.execute("DELETE FROM orders")
        check(index, 400)
        index._db.execute("ROLLBACK")
    index.close()


def test_an_index_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index")
    index.add(ROWS, 400)
    index._db.execute("PRAGMA user_version = 1")
    index.close()
    again = SqliteIndex(tmp_path / "index")
    assert (again.position(), again.newest(), again.orders(REQUEST)) == (0, 0, [])
    again.add(ROWS, 400)
    check(again, 400)
    again.close()
