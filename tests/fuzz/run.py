"""Runs targets from a seed: the same seed and target give the same inputs."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import Target, targets


class Found(AssertionError):
    """An input that breaks a target, and how to see it again."""


def one(name: str, target: Target, seed: int, rounds: int, within_s: float = 1e9) -> int:
    """Tries so many inputs, or until the time is over; how many. Raises Found."""
    rng = random.Random(f"{seed} {name}")
    until = time.monotonic() + within_s
    for done in itertools.count():
        if done >= rounds or time.monotonic() > until:
            return done
        data = mutated(rng, target.good)
        try:
            target.check(data)
        except Exception as error:
            raise Found(f"{name}: {error!r}\nseed {seed}, input {done}: {data.hex()}") from error
    raise AssertionError("unreachable")


def all_targets(seed: int, directory: Path) -> dict[str, Target]:
    """The targets with good inputs drawn from the seed."""
    return targets(random.Random(seed), directory)
