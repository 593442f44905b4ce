"""A little of `make fuzz` in every run, from a new seed each time, which is printed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.run import Found, all_targets, one
from tests.fuzz.targets import Target

ROUNDS = 25


def test_no_input_breaks_a_decoder(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    found = all_targets(seed, tmp_path)
    assert len(found) > 80
    for name, target in found.items():
        assert one(name, target, seed, int(ROUNDS * target.weight)) == int(ROUNDS * target.weight)


def test_good_inputs_are_good(tmp_path: Path) -> None:
    """Each target takes its good inputs: what only ever refuses would find nothing."""
    for target in all_targets(1, tmp_path).values():
        for good in target.good:
            target.check(good)


def test_the_same_seed_gives_the_same_inputs() -> None:
    good = [b"one good input", b"another good input"]
    assert [mutated(random.Random(7), good) for _ in range(5)] == [mutated(random.Random(7), good) for _ in range(5)]
    rng = random.Random(7)
    assert len({mutated(rng, good) for _ in range(100)}) > 80


def test_an_input_that_breaks_is_shown() -> None:
    def fragile(data: bytes) -> None:
        if len(data) > 20:
            raise IndexError("as decoders do")

    with pytest.raises(Found, match=r"seed 3, input .*: [0-9a-f]{42}"):
        one("fragile", Target([b"twenty bytes exactly"], fragile), 3, 10_000)
