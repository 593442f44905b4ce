"""JournalFile.replace: the beginning of a journal gives way to something shorter, whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from thresign.errors import StorageError
from thresign.journal.file import JournalFile
from thresign.journal.frames import HEAD_BYTES


def test_what_follows_the_place_stays(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.append([b"one", b"two"])
    mark = journal.size
    journal.append([b"three", b"four"])
    journal.replace([b"base"], mark)
    assert list(journal.records()) == [b"base", b"three", b"four"]
    (place,) = journal.append([b"five"])
    assert journal.read(place) == b"five"
    journal.sync()
    journal.close()
    again = JournalFile(tmp_path / "journal")
    assert list(again.records()) == [b"base", b"three", b"four", b"five"]
    assert os.listdir(tmp_path) == ["journal"]


def test_more_than_one_copied_piece(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.append([b"old"])
    mark = journal.size
    tail = [bytes([i]) * 700_000 for i in range(5)]
    journal.append(tail)
    journal.replace([], mark)
    assert list(journal.records()) == tail


def test_piece_by_piece(tmp_path: Path) -> None:
    """The journal is written to meanwhile; its places are found again; a crash leaves the one or the other."""
    journal = JournalFile(tmp_path / "journal")
    journal.append([b"old", b"older"])
    mark = journal.size
    base = [b"%d" % i * 150_000 for i in range(10, 25)]
    said: list[bytes] = []
    begun = journal.replacement(iter(base), mark)
    done = False
    while not done:
        said.append(b"said %d" % len(said))
        (place,) = journal.append(said[-1:])
        journal.sync()
        assert crashed(tmp_path) == [b"old", b"older", *said]
        done = begun.step()
    assert len(said) > 3
    assert list(journal.records()) == crashed(tmp_path) == [*base, *said]
    assert journal.read(begun.moved(place)) == said[-1]
    assert begun.moved(mark) == journal.size - sum(HEAD_BYTES + len(one) for one in said)


def crashed(directory: Path) -> list[bytes]:
    """What another process would find here."""
    with TemporaryDirectory() as copy:
        for path in directory.iterdir():
            shutil.copy(path, copy)
        journal = JournalFile(Path(copy) / "journal")
        assert os.listdir(copy) == ["journal"]
        found = list(journal.records())
        journal.close()
        return found


def test_one_that_is_given_up(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.append([b"one"])
    given_up = journal.replacement(iter([b"x" * 3_000_000, b"y" * 3_000_000]), 0)
    assert not given_up.step()
    given_up.abandon()
    journal.replace([b"base"], 0)
    assert list(journal.records()) == [b"base", b"one"]


def test_the_lock_is_kept(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.replace([b"base"], 0)
    with pytest.raises(StorageError, match="in use"):
        JournalFile(tmp_path / "journal")
    journal.close()
    JournalFile(tmp_path / "journal").close()


def test_a_crash_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.append([b"one"])
    journal.sync()

    def crash(*_: object) -> None:
        raise OSError(5, "crashed here")

    monkeypatch.setattr(os, "rename", crash)
    with pytest.raises(StorageError, match="crashed here"):
        journal.replace([b"base"], 0)
    with pytest.raises(StorageError, match="earlier write failed"):
        journal.append([b"two"])
    journal.close()
    monkeypatch.undo()
    assert (tmp_path / "journal.new").exists()
    again = JournalFile(tmp_path / "journal")
    assert list(again.records()) == [b"one"]
    assert not (tmp_path / "journal.new").exists()


def test_the_new_file_is_on_disk_before_it_has_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.append([b"one"])
    order: list[str] = []
    fsync, rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(os, "rename", lambda a, b: (order.append("rename"), rename(a, b))[1])
    journal.replace([b"base"], 0)
    assert order == ["fsync", "rename", "fsync"]
