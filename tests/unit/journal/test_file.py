"""A journal file: what was synced is there after any tear, a second process is kept out, a disk that failed once is not
written to again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from thresign.errors import JournalCorrupt, StorageError
from thresign.journal.file import JournalFile
from thresign.journal.frames import frame

PAYLOADS = [b"one", b"two" * 20, b"", b"four"]


def written(path: Path) -> bytes:
    journal = JournalFile(path)
    journal.append(PAYLOADS)
    journal.sync()
    journal.close()
    return path.read_bytes()


def reopened(path: Path) -> list[bytes]:
    journal = JournalFile(path)
    found = list(journal.records())
    journal.close()
    return found


def test_what_was_appended_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert reopened(path) == []
    written(path)
    assert reopened(path) == PAYLOADS
    assert path.stat().st_mode & 0o777 == 0o600


def test_places_find_their_payloads(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal")
    places = [*journal.append(PAYLOADS[:2]), *journal.append(PAYLOADS[2:])]
    assert [journal.read(place) for place in places] == PAYLOADS
    assert list(journal.records_from(places[2])) == list(zip(places[2:], PAYLOADS[2:], strict=True))
    assert journal.size == sum(len(frame(payload)) for payload in PAYLOADS)
    for nowhere in (1, places[1] + 1, journal.size, journal.size + 100):
        with pytest.raises(StorageError, match=f"no frame at byte {nowhere}"):
            journal.read(nowhere)
    journal.close()


def test_a_torn_tail_is_cut_off_wherever_it_was_torn_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        journal = JournalFile(path)
        found = list(journal.records())
        assert found == PAYLOADS[: len(found)]
        assert path.stat().st_size == journal.size == sum(len(frame(payload)) for payload in found)
        journal.append([b"next"])
        journal.close()
        assert reopened(path) == [*found, b"next"]


def test_damage_before_the_tail_is_an_error_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    data = written(path)
    for place in range(len(frame(PAYLOADS[0]))):
        damaged = data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(JournalCorrupt):
            JournalFile(path)
        assert path.read_bytes() == damaged


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = JournalFile(path)
    with pytest.raises(StorageError, match="is in use by another process"):
        JournalFile(path)
    journal.close()
    JournalFile(path).close()


def test_where_it_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        JournalFile(tmp_path / "nowhere" / "journal")


@pytest.mark.parametrize("failing", ["write", "fdatasync"])
def test_after_a_failure_nothing_more_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """What the kernel still has and what the disk has is not known any more."""
    path = tmp_path / "journal"
    journal = JournalFile(path)
    journal.append([b"good"])
    journal.sync()

    def fails(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(StorageError, match="No space left on device"):
        journal.append([b"bad"])
        journal.sync()
    monkeypatch.undo()
    size = path.stat().st_size
    for again in (lambda: journal.append([b"more"]), journal.sync):
        with pytest.raises(StorageError, match="an earlier write failed"):
            again()
    assert path.stat().st_size == size
    journal.close()
    assert reopened(path)[0] == b"good"


def test_writes_that_take_several_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    journal = JournalFile(path)
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:5]))
    journal.append(PAYLOADS)
    monkeypatch.undo()
    journal.close()
    assert reopened(path) == PAYLOADS
