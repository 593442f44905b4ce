"""A module that only asks: the others do a bounded amount of work for it, and go on serving callers."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.simulation.byzantine.questions import Questions
from tests.simulation.disks import prepared
from tests.simulation.world import Module, World
from thresign.node.allowance import BOUNDS, Allowance, Work
from thresign.node.events import Ask
from thresign.wire.canonical import Record

LIAR = 4
SPAN_MS = 4000


class Counted(World):
    """Counts what correct modules send to the liar, and have their vaults do."""

    sent: Counter[str]

    def send(self, module: Module, to: int, message: Record) -> None:
        if to == LIAR:
            self.sent[type(message).__name__] += 1
        super().send(module, to, message)

    def ask(self, module: Module, ask: Ask) -> None:
        if module.number != LIAR:
            self.sent[type(ask.call).__name__] += 1
        super().ask(module, ask)


def flooded(seed: int, span_ms: int = SPAN_MS) -> Counted:
    world = prepared(seed)
    world.__class__ = Counted
    assert isinstance(world, Counted)
    world.sent = Counter()
    world.modules[LIAR].behaviour = Questions(world, world.modules[LIAR], random.Random(seed))
    for i in range(40):
        message = b"message %d" % i
        at = world.modules[1 + i % 3]
        world.at(
            i * span_ms / 40,
            lambda m=message, at=at: world.submit(at, world.request("/v1/keys/k/sign", m, "application/octet-stream")),
        )
    world.run_until(world.now + span_ms)
    return world


def most(work: Work, ms: int = SPAN_MS) -> int:
    """Questions of one kind that three modules may answer to one peer in this time."""
    return 3 * (BOUNDS[work].questions_max + BOUNDS[work].questions_per_s * ms // 1000)


def test_a_flood_of_questions_costs_a_bounded_amount_of_work() -> None:
    world = flooded(1)
    assert world.counts["lie questions"] > 20 * most(Work.VIEWS)
    assert world.sent["SignCall"] <= most(Work.PARTIALS) + len(world.modules) * len(world.monitor.applied)
    assert 0 < world.sent["Reminder"] <= most(Work.MEMORY)
    assert 0 < world.sent["ViewChanges"] + world.sent["NewView"] + world.sent["SignedVote"] <= 3 * most(Work.VIEWS)
    assert 0 < world.sent["Result"] <= most(Work.RESULTS) + most(Work.RECALLS)
    assert 0 < world.sent["DecidedBatch"] <= 16 * most(Work.BATCHES)
    assert world.counts["observe asked too much"] > 0


def test_callers_are_served_all_the_same() -> None:
    world = flooded(2)
    world.modules[LIAR].behaviour = None
    world.run_until(world.now + 2000)
    wanted = [name for name, request in world.requests.items() if request.path.endswith("/sign")]
    assert all(name in world.answers for name in wanted)
    assert world.views == 0


def test_without_budgets_there_would_be_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first test counts is there to be counted."""
    monkeypatch.setattr(Allowance, "take", lambda _self, _peer, _work, _now, questions=1: questions)
    world = flooded(1, 1000)
    assert world.sent["Reminder"] > most(Work.MEMORY)
