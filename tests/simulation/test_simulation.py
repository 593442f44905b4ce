"""A swarm of seeds, small enough for every test run; `make simulate` runs more. A failing seed is a bug: it gets fixed,
and its number goes into REGRESSIONS."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.monitor import Broken
from tests.simulation.run import Plan, run
from tests.simulation.world import Faults

SWARMS = 15
SEEDS_A_SWARM = 10
SHORT = Plan(requests=15, fault_ms=3000)
REGRESSIONS = {31: "a signer that sends right and wrong partials parts the modules that combine"}


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


@pytest.mark.parametrize("n", [4, 5, 7])
def test_more_than_f_liars_break_it(n: int) -> None:
    """The harness sees: with one liar more than the domain bears, two batches are decided in one slot."""
    liars = ("equivocation",) * ((n - 1) // 3 + 1)
    for seed in range(20):
        try:
            run(seed, Plan(n=n, faults=Faults(), liars=liars, requests=15, fault_ms=3000))
        except Broken as broken:
            if broken.rule in ("one header a slot", "one ledger"):
                return
        except Exception:
            continue
    raise AssertionError("f + 1 liars broke nothing in 20 seeds")


def test_f_liars_do_not_break_it() -> None:
    """The same plan with one liar fewer."""
    for n in (4, 5, 7):
        liars = ("equivocation",) * ((n - 1) // 3)
        for seed in range(3):
            run(seed, Plan(n=n, faults=Faults(), liars=liars, requests=15, fault_ms=3000))
