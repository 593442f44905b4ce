"""The index in SQLite: the default. Not synced to disk with every write, because the journal is what counts.

Orders are rows in the order in which they were decided, with what became of them. They are found by the first eight
bytes of their hashes, and then compared whole: such an index has small entries, and a tenth of the pages to write that
one over whole hashes would have.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from thresign.errors import StorageError
from thresign.storage.interface import AnswerRow, BatchRow, FoundRow, OrderRow, ReportRow, ResultRow, Row

VERSION = 2
_PRAGMAS = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA busy_timeout=5000; PRAGMA cache_size=-4000;
PRAGMA wal_autocheckpoint=4000;
"""
_DROP = "".join(
    f"DROP TABLE IF EXISTS {table};"
    for table in ("batches", "orders", "loose", "results", "answers", "reports", "found", "position")
)
# `loose` has what is known of orders whose batch is not in the journal.
_SCHEMA = f"""
CREATE TABLE batches (sequence INTEGER PRIMARY KEY, place INTEGER NOT NULL);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY, leaf8 INTEGER NOT NULL, request8 INTEGER NOT NULL, leaf BLOB NOT NULL, request BLOB NOT NULL,
  item INTEGER NOT NULL, attempt INTEGER NOT NULL, result INTEGER, marks INTEGER NOT NULL
);
CREATE INDEX orders_by_leaf ON orders (leaf8);
CREATE INDEX orders_by_request ON orders (request8);
CREATE TABLE loose (leaf BLOB PRIMARY KEY, result INTEGER, marks INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), place INTEGER NOT NULL);
PRAGMA user_version={VERSION};
"""
_PLACE_BITS = 20
"""Of an order's id: its index in the batch. The rest is the sequence."""
_ADD_ORDER = """
INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET result = coalesce(result, excluded.result), marks = marks | excluded.marks
"""
_ADD_LOOSE = """
INSERT INTO loose VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET result = coalesce(result, excluded.result), marks = marks | excluded.marks
"""
_MARK_ORDER = "UPDATE orders SET result = coalesce(result, ?), marks = marks | ? WHERE leaf8 = ? AND leaf = ?"
_ORDER = "SELECT request, item, attempt, leaf, id FROM orders WHERE "
_MARKS: dict[type[Row], int] = {ResultRow: 0, AnswerRow: 1, ReportRow: 2, FoundRow: 4}


class _Fate:
    """What rows say of one order."""

    __slots__ = ("marks", "result")

    def __init__(self) -> None:
        self.result: int | None = None
        self.marks = 0

    def add(self, row: ResultRow | AnswerRow | ReportRow | FoundRow) -> None:
        if isinstance(row, ResultRow) and self.result is None:
            self.result = row.place
        self.marks |= _MARKS[type(row)]


class SqliteIndex:
    """Implements storage.interface.Index. Queries have a connection of their own, and do not wait for `add`."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file; one of another version is emptied. Raises StorageError."""
        self._path = path
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript(_PRAGMAS)
            if self._db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                self._db.executescript(f"BEGIN; {_DROP} {_SCHEMA} COMMIT;")
            self._reader = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._reader.executescript("PRAGMA busy_timeout=5000; PRAGMA query_only=ON;")
        except sqlite3.Error as error:
            raise StorageError(f"{path}: {error}") from error

    def add(self, rows: Sequence[Row], position: int) -> None:
        batches = [(r.sequence, r.place) for r in rows if isinstance(r, BatchRow)]
        orders = [r for r in rows if isinstance(r, OrderRow)]
        fates: dict[bytes, _Fate] = {}
        for row in rows:
            if isinstance(row, ResultRow | AnswerRow | ReportRow | FoundRow):
                fates.setdefault(row.leaf, _Fate()).add(row)
        new = [_order_values(order, fates.pop(order.leaf, None)) for order in orders]
        try:
            with self._lock:
                self._db.execute("BEGIN")
                self._db.executemany("INSERT OR IGNORE INTO batches VALUES (?, ?)", batches)
                self._db.executemany(_ADD_ORDER, new)
                for leaf, fate in fates.items():
                    marked = self._db.execute(_MARK_ORDER, (fate.result, fate.marks, _first8(leaf), leaf))
                    if not marked.rowcount:
                        self._db.execute(_ADD_LOOSE, (leaf, fate.result, fate.marks))
                self._db.execute("INSERT OR REPLACE INTO position VALUES (1, ?)", (position,))
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            with self._lock, contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise StorageError(f"{self._path}: {error}") from error

    def prune(self, place: int, sequence: int) -> None:
        try:
            with self._lock:
                self._db.execute("BEGIN")
                self._db.execute("DELETE FROM orders WHERE id < ?", (sequence << _PLACE_BITS,))
                self._db.execute("DELETE FROM loose WHERE result < ?", (place,))
                self._db.execute("DELETE FROM batches WHERE place < ?", (place,))
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {error}") from error

    def _all(self, query: str, *values: object) -> list[tuple[int, ...]]:
        try:
            found: list[tuple[int, ...]] = self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {error}") from error
        return found

    def _one(self, query: str, *values: object) -> int | None:
        found = self._all(query, *values)
        return found[0][0] if found else None

    def position(self) -> int:
        return self._one("SELECT place FROM position") or 0

    def batch(self, sequence: int) -> int | None:
        return self._one("SELECT place FROM batches WHERE sequence = ?", sequence)

    def newest(self) -> int:
        return self._one("SELECT max(sequence) FROM batches") or 0

    def orders(self, request: bytes) -> list[OrderRow]:
        where = "request8 = ? AND request = ? ORDER BY item, attempt"
        return [_order_row(*row) for row in self._all(_ORDER + where, _first8(request), request)]  # type: ignore[arg-type]

    def order(self, leaf: bytes) -> OrderRow | None:
        found = self._all(_ORDER + "leaf8 = ? AND leaf = ?", _first8(leaf), leaf)
        return _order_row(*found[0]) if found else None  # type: ignore[arg-type]

    def result(self, leaf: bytes) -> int | None:
        return next((place for place, _ in self._fates(leaf) if place is not None), None)

    def answered(self, leaf: bytes) -> bool:
        return self._marked(leaf, AnswerRow)

    def reported(self, leaf: bytes) -> bool:
        return self._marked(leaf, ReportRow)

    def found(self, leaf: bytes) -> bool:
        return self._marked(leaf, FoundRow)

    def _marked(self, leaf: bytes, kind: type[Row]) -> bool:
        return any(marks & _MARKS[kind] for _, marks in self._fates(leaf))

    def _fates(self, leaf: bytes) -> list[tuple[int, ...]]:
        """What is known of an order: of its row, and of what came when its batch was not here."""
        query = (
            "SELECT result, marks FROM orders WHERE leaf8 = ? AND leaf = ?"
            " UNION ALL SELECT result, marks FROM loose WHERE leaf = ?"
        )
        return self._all(query, _first8(leaf), leaf, leaf)

    def close(self) -> None:
        self._reader.close()
        self._db.close()


def _first8(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big", signed=True)


def _order_values(order: OrderRow, fate: _Fate | None) -> tuple[object, ...]:
    place = order.sequence << _PLACE_BITS | order.leaf_index
    keys = (place, _first8(order.leaf), _first8(order.request), order.leaf, order.request)
    return (*keys, order.item, order.attempt, *((fate.result, fate.marks) if fate is not None else (None, 0)))


def _order_row(request: bytes, item: int, attempt: int, leaf: bytes, place: int) -> OrderRow:
    return OrderRow(request, item, attempt, leaf, place >> _PLACE_BITS, place & ((1 << _PLACE_BITS) - 1))
