"""The segmented journal: places that last, and a beginning that can be thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest

from thresign.errors import JournalCorrupt, StorageError
from thresign.journal.segments import SegmentedJournal


def filled(path: Path, count: int = 20) -> tuple[SegmentedJournal, dict[int, bytes]]:
    journal = SegmentedJournal(path / "journal", segment_bytes=200)
    written: dict[int, bytes] = {}
    for i in range(count):
        payloads = [b"%03d" % i * 10, b"%03d" % i]
        written.update(zip(journal.append(payloads), payloads, strict=True))
    journal.sync()
    return journal, written


def test_places_hold_over_segments_and_restarts(tmp_path: Path) -> None:
    journal, written = filled(tmp_path)
    assert len(journal.segments) > 3
    for _ in range(2):
        assert all(journal.read(place) == payload for place, payload in written.items())
        assert dict(journal.records_from(0)) == written
        middle = sorted(written)[17]
        assert dict(journal.records_from(middle)) == {p: v for p, v in written.items() if p >= middle}
        journal.close()
        journal = SegmentedJournal(tmp_path / "journal", segment_bytes=200)


def test_pruned_segments_are_gone_and_the_rest_stays(tmp_path: Path) -> None:
    journal, written = filled(tmp_path)
    cut = journal.segments[2]
    journal.prune(cut + 1)
    assert journal.first == cut
    assert dict(journal.records_from(0)) == {p: v for p, v in written.items() if p >= cut}
    with pytest.raises(StorageError, match="not kept"):
        journal.read(0)
    journal.prune(journal.size)
    assert len(journal.segments) == 1, "the newest segment is never thrown away"
    size = journal.size
    journal.close()
    again = SegmentedJournal(tmp_path / "journal")
    assert again.size == size
    assert again.append([b"more"]) == [size]


def test_torn_tail_of_the_newest_segment_is_cut(tmp_path: Path) -> None:
    journal, written = filled(tmp_path)
    last = tmp_path / f"journal.{journal.segments[-1]:020}"
    journal.close()
    last.write_bytes(last.read_bytes() + b"\0\0\0\x20torn")
    assert dict(SegmentedJournal(tmp_path / "journal").records_from(0)) == written


@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_damage_in_an_older_segment_is_told(tmp_path: Path, damage: str) -> None:
    journal, _ = filled(tmp_path)
    older = tmp_path / f"journal.{journal.segments[1]:020}"
    journal.close()
    if damage == "cut":
        older.write_bytes(older.read_bytes()[:-3])
    else:
        older.unlink()
    with pytest.raises(JournalCorrupt, match="damaged at byte"):
        list(SegmentedJournal(tmp_path / "journal").records_from(0))


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal, _ = filled(tmp_path)
    with pytest.raises(StorageError, match="in use"):
        SegmentedJournal(tmp_path / "journal")
    journal.close()
    SegmentedJournal(tmp_path / "journal").close()
