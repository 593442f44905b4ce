"""Simulated domains whose disks fail: nobody votes twice, everybody comes back, and no snapshot is believed."""

from __future__ import annotations

import pytest

from tests.simulation import disks

RETAIN = (0, 4, 10_000)
"""Batches that nodes keep: with none, a module that fell behind has to take a ledger over."""


@pytest.mark.parametrize("seed", range(6))
def test_erased_vault_disk(seed: int) -> None:
    disks.erase(seed, RETAIN[seed % 3], both=seed % 2 == 0)


def test_erased_disks_take_a_ledger_over() -> None:
    world = disks.erase(2, 0, both=True)
    assert world.counts["ledger taken over"] > 0
    assert world.counts["vault refuses VOTE-4"] > 0, "the vault whose disk was erased was not asked for a vote"


@pytest.mark.parametrize("seed", range(8))
def test_vault_disk_put_back(seed: int) -> None:
    """Seeds 1 and 6 put a primary's disk back within one life of its token: it would propose a second time."""
    disks.put_back(seed, RETAIN[seed % 3])


@pytest.mark.parametrize("kind", ["piece", "offer", "silence"])
def test_snapshot_of_a_liar(kind: str) -> None:
    lies = 0
    for seed in range(4):
        world = disks.lied_to(seed, kind)
        assert world.counts["ledger taken over"] > 0
        lies += world.counts["lie corrupt snapshots"]
    assert lies > 0, "the liar was never asked"


@pytest.mark.parametrize("number", [1, 2])
def test_crash_at_every_fifth_boundary(number: int) -> None:
    """Both sides of a write come in turn: before it is on disk, and after it before anybody hears of it."""
    struck = 0
    for boundary in range(number, 1000, 5):
        _, reached = disks.crash_at(7, number, boundary)
        if not reached:
            break
        struck += 1
    assert struck > 20


@pytest.mark.parametrize("seed", range(4))
def test_erased_in_silence(seed: int) -> None:
    disks.erase_in_silence(seed)


@pytest.mark.parametrize("liar", [2, 4])
def test_a_ledger_is_not_taken_over_while_others_have_the_batches(liar: int) -> None:
    world = disks.push(liar)
    assert world.counts["lie pushed ledger"] > 0
    assert world.counts["ledger taken over"] == 0


def test_who_lost_its_results_asks_for_them_before_it_reports_them_missing() -> None:
    disks.lose_results()
