"""The node's memory after its oldest segments were thrown away."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.simulation.disks import drive, prepared
from thresign.journal.segments import SegmentedJournal
from thresign.node.history import History
from thresign.node.records import AnsweredRecord, DecidedRecord, ResultRecord
from thresign.orders.digests import sha256
from thresign.orders.requests import Request
from thresign.storage.sqlite import SqliteIndex

SEGMENT_BYTES = 20_000


def opened(path: Path) -> History:
    return History(SegmentedJournal(path / "journal", SEGMENT_BYTES), SqliteIndex(path / "index.sqlite"))


def test_old_batches_results_and_answers_go_together(tmp_path: Path) -> None:
    world = prepared(1)
    drive(world, 1)
    world.run_until(world.now + 8000)
    history = opened(tmp_path)
    asyncio.run(_append(history, world.modules[1].node_disk.records))
    decided = [r for r in world.modules[1].node_disk.records if isinstance(r, DecidedRecord)]
    answered = {r.order for r in world.modules[1].node_disk.records if isinstance(r, AnsweredRecord)}
    results = [r for r in world.modules[1].node_disk.records if isinstance(r, ResultRecord)]
    newest = decided[-1].certificate.header
    half = decided[len(decided) // 2].certificate.header

    asyncio.run(history.prune(half.sequence, 0))
    assert history.batch(1) is not None, "nothing is older than the retention"
    asyncio.run(history.prune(0, newest.time_ms + 1))
    assert history.batch(1) is not None, "nothing lies below the stable checkpoint"
    asyncio.run(history.prune(half.sequence, newest.time_ms + 1))
    for _ in range(2):
        kept = [r.certificate.header.sequence for r in decided if history.batch(r.certificate.header.sequence)]
        assert kept == list(range(kept[0], newest.sequence + 1))
        assert 1 < kept[0] <= half.sequence + 1
        assert [r.certificate.header.sequence for r in history.newest_batches(10_000)] == kept
        for result in results:
            if result.sequence < kept[0]:
                assert history.orders(result.request) == []
                assert list(history.entries(result.request)) == []
            else:
                (entry,) = history.entries(result.request)
                assert (entry.id() if isinstance(entry, Request) else sha256(entry.encode())) == result.request
                assert history.result(result.order) == result
                assert history.answered(result.order) == (result.order in answered)
        history.close()
        history = opened(tmp_path)


async def _append(history: History, records: list) -> None:
    for record in records:
        history.append([record])
        await asyncio.sleep(0)
    history.sync()
    await history._flushed()
