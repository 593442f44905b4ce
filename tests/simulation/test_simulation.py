"""A swarm of seeds, small enough for every test run; `make simulate` runs more. A failing seed is a bug: it gets fixed,
and its number goes into REGRESSIONS."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.simulation.boundaries import crashes
from tests.simulation.explore import Explored, all_within, along, start
from tests.simulation.monitor import Broken
from tests.simulation.mutants import MUTANTS, Mutant, broken_rule, hunt
from tests.simulation.run import Plan, run
from tests.simulation.world import Faults
from thresign.limits import faults, quorum

SWARMS = 15
SEEDS_A_SWARM = 10
SHORT = Plan(requests=15, fault_ms=3000)
REGRESSIONS = {
    31: "a signer that sends right and wrong partials parts the modules that combine",
    468: "a module without the message cannot sign the orders that replace the first",
    515: "a batch that the vault gives back is walked as if its orders had no past",
}


def audits() -> list[str]:
    """Of a few runs, as another process makes them too."""
    return [run(seed, SHORT).audit for seed in (7, 12, 19)]


@pytest.mark.parametrize("swarm", range(SWARMS))
def test_swarm(swarm: int) -> None:
    for seed in range(swarm * SEEDS_A_SWARM, (swarm + 1) * SEEDS_A_SWARM):
        try:
            run(seed, SHORT)
        except Exception as error:
            raise AssertionError(f"seed {seed} of the short plan: {error}") from error


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_seed_that_once_failed(seed: int) -> None:
    run(seed)


def test_same_seed_same_run() -> None:
    first, again, other = run(7, SHORT), run(7, SHORT), run(8, SHORT)
    assert first == again
    assert first.audit != other.audit


def test_same_seed_same_run_in_another_process() -> None:
    script = "from tests.simulation.test_simulation import audits; print(audits())"
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "4711")
    }
    assert told == {str(audits())}


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_too_many_liars_break_it(n: int) -> None:
    """The harness sees: as many liars as two quorums may share (f + 1; at n = 5 one more, since q is larger there) and
    two batches are decided in one slot."""
    liars = ("equivocation",) * (2 * quorum(n) - n)
    for seed in range(20):
        try:
            run(seed, Plan(n=n, faults=Faults(), liars=liars, requests=15, fault_ms=3000))
        except Broken as broken:
            if broken.rule in ("one header a slot", "one ledger"):
                return
        except Exception:
            continue
    raise AssertionError(f"{len(liars)} liars of {n} broke nothing in 20 seeds")


def test_f_liars_do_not_break_it() -> None:
    """The same plan with one liar fewer."""
    for n in (4, 5, 7):
        liars = ("equivocation",) * faults(n)
        for seed in range(3):
            run(seed, Plan(n=n, faults=Faults(), liars=liars, requests=15, fault_ms=3000))


@pytest.mark.parametrize("part", range(2))
def test_crash_at_persist_boundaries(part: int) -> None:
    """A part of them: `make boundaries` crosses all, of several runs."""
    assert sum(1 for _ in crashes(0, 5 * part, 11)) >= 15


def test_twins() -> None:
    """One identity run twice does no harm; as many as two quorums may share do."""
    plan = Plan(n=4, faults=Faults(delay_max=20), requests=20, fault_ms=5000)
    for seed in range(6):
        run(seed, replace(plan, liars=("twin",)))
    two = replace(plan, faults=Faults(loss=0.2, delay_max=20), liars=("twin", "twin"))
    assert any(broken_rule(lambda: run(seed, two)) for seed in range(60))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_found_out(mutant: Mutant) -> None:
    """All of `make mutants`, which prints the seeds: one that is not broken any more must not go unseen."""
    assert hunt(mutant) is not None


def test_all_interleavings_to_a_depth() -> None:
    """A small part of `make explore`: it must see decisions, and a second view."""
    explored = Explored(set())
    all_within(explored, start(), 5)
    along(explored, 0, 1)
    along(explored, 1, 1)
    assert len(explored.seen) > 1000
    assert explored.deciding > 0
    assert explored.later > 0
