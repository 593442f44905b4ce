"""The index in SQLite: the default. Not synced to disk with every write, because the journal is what counts."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from thresign.errors import StorageError
from thresign.storage.interface import AnswerRow, BatchRow, FoundRow, OrderRow, ReportRow, ResultRow, Row

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (sequence INTEGER PRIMARY KEY, place INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  leaf BLOB PRIMARY KEY, request BLOB NOT NULL, item INTEGER NOT NULL, attempt INTEGER NOT NULL,
  sequence INTEGER NOT NULL, place INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS orders_by_request ON orders (request);
CREATE TABLE IF NOT EXISTS results (leaf BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (leaf BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reports (leaf BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS found (leaf BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), place INTEGER NOT NULL);
"""

_PRUNE_BY_SEQUENCE = (
    "DELETE FROM answers WHERE leaf IN (SELECT leaf FROM orders WHERE sequence < ?)",
    "DELETE FROM reports WHERE leaf IN (SELECT leaf FROM orders WHERE sequence < ?)",
    "DELETE FROM found WHERE leaf IN (SELECT leaf FROM orders WHERE sequence < ?)",
    "DELETE FROM orders WHERE sequence < ?",
)


class SqliteIndex:
    """Implements storage.interface.Index."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file. Raises StorageError."""
        self._path = path
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA busy_timeout=5000;")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StorageError(f"{path}: {error}") from error

    def add(self, rows: Sequence[Row], position: int) -> None:
        batches = [(r.sequence, r.place) for r in rows if isinstance(r, BatchRow)]
        orders = [
            (r.leaf, r.request, r.item, r.attempt, r.sequence, r.leaf_index) for r in rows if isinstance(r, OrderRow)
        ]
        results = [(r.leaf, r.place) for r in rows if isinstance(r, ResultRow)]
        answers = [(r.leaf,) for r in rows if isinstance(r, AnswerRow)]
        reports = [(r.leaf,) for r in rows if isinstance(r, ReportRow)]
        found = [(r.leaf,) for r in rows if isinstance(r, FoundRow)]
        try:
            with self._lock:
                self._db.execute("BEGIN")
                self._db.executemany("INSERT OR IGNORE INTO batches VALUES (?, ?)", batches)
                self._db.executemany("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, ?, ?)", orders)
                self._db.executemany("INSERT OR IGNORE INTO results VALUES (?, ?)", results)
                self._db.executemany("INSERT OR IGNORE INTO answers VALUES (?)", answers)
                self._db.executemany("INSERT OR IGNORE INTO reports VALUES (?)", reports)
                self._db.executemany("INSERT OR IGNORE INTO found VALUES (?)", found)
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
                for statement in _PRUNE_BY_SEQUENCE:
                    self._db.execute(statement, (sequence,))
                self._db.execute("DELETE FROM results WHERE place < ?", (place,))
                self._db.execute("DELETE FROM batches WHERE place < ?", (place,))
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {error}") from error

    def _one(self, query: str, *values: object) -> tuple[int, ...] | None:
        try:
            with self._lock:
                found: tuple[int, ...] | None = self._db.execute(query, values).fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {error}") from error
        return found

    def position(self) -> int:
        found = self._one("SELECT place FROM position")
        return found[0] if found else 0

    def batch(self, sequence: int) -> int | None:
        found = self._one("SELECT place FROM batches WHERE sequence = ?", sequence)
        return found[0] if found else None

    def newest(self) -> int:
        found = self._one("SELECT max(sequence) FROM batches")
        return (found[0] or 0) if found else 0

    def orders(self, request: bytes) -> list[OrderRow]:
        query = (
            "SELECT request, item, attempt, leaf, sequence, place FROM orders WHERE request = ? ORDER BY item, attempt"
        )
        try:
            with self._lock:
                found = self._db.execute(query, (request,)).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {error}") from error
        return [OrderRow(*row) for row in found]

    def order(self, leaf: bytes) -> OrderRow | None:
        found = self._one("SELECT request, item, attempt, leaf, sequence, place FROM orders WHERE leaf = ?", leaf)
        return OrderRow(*found) if found else None  # type: ignore[arg-type]

    def result(self, leaf: bytes) -> int | None:
        found = self._one("SELECT place FROM results WHERE leaf = ?", leaf)
        return found[0] if found else None

    def answered(self, leaf: bytes) -> bool:
        return self._one("SELECT 1 FROM answers WHERE leaf = ?", leaf) is not None

    def reported(self, leaf: bytes) -> bool:
        return self._one("SELECT 1 FROM reports WHERE leaf = ?", leaf) is not None

    def found(self, leaf: bytes) -> bool:
        return self._one("SELECT 1 FROM found WHERE leaf = ?", leaf) is not None

    def close(self) -> None:
        self._db.close()
