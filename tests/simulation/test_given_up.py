"""A module gave an order up that the others answered, and one of those is gone for good: fewer than a quorum hold the
result, as it hears. It comes to the answer all the same."""

from __future__ import annotations

import pytest

from tests.simulation.disks import prepared
from tests.simulation.world import Module, World
from thresign.node.records import DecidedRecord
from thresign.orders.requests import Request
from thresign.orders.statements import FoundReport
from thresign.signing.messages import Held, PartialsOf, Result
from thresign.signing.state import Timing
from thresign.wire.canonical import Record

LATE, GONE = 3, 4
HALF_A_SECOND = 500


class Deaf(World):
    """Some modules hear of no partial and no result while they are deaf."""

    deaf: frozenset[int] = frozenset({LATE})

    def send(self, module: Module, to: int, message: Record) -> None:
        if not (to in self.deaf and isinstance(message, PartialsOf | Result | Held)):
            super().send(module, to, message)


def given_up(seed: int, away_ms: int, gone: bool = True) -> tuple[Deaf, Request]:
    """The others have answered, LATE has given up, and `away_ms` later GONE is gone, and LATE hears again."""
    world = prepared(seed)
    world.__class__ = Deaf
    assert isinstance(world, Deaf)
    request = world.request("/v1/keys/k/sign", b"message", "application/octet-stream")
    world.submit(world.modules[1], request)
    world.run_until(world.now + 2 * Timing().missing_ms + Timing().give_up_ms)
    assert world.answered_at[request.id()] == set(world.modules) - {LATE}
    assert world.modules[LATE].node_disk.said_missing
    world.run_until(world.now + away_ms)
    if gone:
        world.crash_vault(world.modules[GONE])
        world.crash_node(world.modules[GONE])
    world.deaf = frozenset()
    return world, request


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("away_ms", [0, 10_000], ids=["while they walk it", "after their walks"])
def test_who_gave_it_up_answers_it(seed: int, away_ms: int) -> None:
    world, request = given_up(seed, away_ms)
    walked = [leaf for m in world.honest() if m.replica is not None for leaf in m.replica.journey.walks]
    assert len(walked) == (1 if away_ms else 3)
    world.run_until(world.now + 5 * HALF_A_SECOND)
    assert LATE in world.answered_at[request.id()]


@pytest.mark.parametrize("seed", range(3))
def test_where_nobody_is_gone_nothing_is_ordered_for_it(seed: int) -> None:
    """It hears of a quorum that holds the result: that it gave the order up is no matter for the ledger."""
    world, request = given_up(seed, 0, gone=False)
    world.run_until(world.now + 5 * HALF_A_SECOND)
    assert LATE in world.answered_at[request.id()]
    assert world.monitor.found == set()


@pytest.mark.parametrize("away_ms", [0, 10_000])
def test_without_the_others_reports_it_would_wait(away_ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first test shows is due to them."""
    world, request = given_up(0, away_ms)
    send = world.send

    def silenced(module: Module, to: int, message: Record) -> None:
        if module.number == LATE or not isinstance(message, FoundReport):
            send(module, to, message)

    monkeypatch.setattr(world, "send", silenced)
    world.run_until(world.now + 10 * HALF_A_SECOND)
    assert LATE not in world.answered_at[request.id()]


# --- fewer than a quorum know the order -------------------------------------------------------------------------------


def skipped(seed: int, knowing: int) -> tuple[Deaf, Request]:
    """Modules up to `knowing` know an order, and have its result; the others' vaults took over a ledger from beyond it.
    Nobody gave it up."""
    world = prepared(seed)
    world.__class__ = Deaf
    assert isinstance(world, Deaf)
    world.deaf = frozenset(range(knowing + 1, 5))
    request = world.request("/v1/keys/k/sign", b"message", "application/octet-stream")
    world.submit(world.modules[1], request)
    while not all(held(module) for module in list(world.modules.values())[:knowing]):
        world.run_until(world.now + 1)
        assert world.now < 20_000
    for number in world.deaf:
        forget_newest(world.modules[number])
    return world, request


def held(module: Module) -> bool:
    assert module.replica is not None
    return any(walk.held is not None for walk in module.replica.journey.walks.values())


def forget_newest(module: Module) -> None:
    """As if the newest batch had been skipped: it is neither walked nor in the journal."""
    assert module.replica is not None
    (leaf,) = module.replica.journey.walks
    del module.replica.journey.walks[leaf]
    module.replica.journey.unsettled.clear()
    decided = max(i for i, record in enumerate(module.node_disk.records) if isinstance(record, DecidedRecord))
    del module.node_disk.records[decided]
    module.node_disk.synced = min(module.node_disk.synced, len(module.node_disk.records))


@pytest.mark.parametrize("seed", range(3))
def test_f_and_one_that_know_an_order_answer_it_by_way_of_the_ledger(seed: int) -> None:
    """They are no quorum, and nobody says that anything is missing: they find it when that has taken long."""
    world, request = skipped(seed, 2)
    world.run_until(world.now + Timing().give_up_ms)
    assert request.id() not in world.answers
    world.run_until(world.now + 3 * HALF_A_SECOND)
    assert world.answered_at[request.id()] == {1, 2}


def test_one_alone_does_not() -> None:
    """It may be a liar: the others, who know nothing of the order, cannot tell. The request waits until it expires."""
    world, request = skipped(0, 1)
    world.run_until(world.now + 4 * Timing().give_up_ms)
    assert request.id() not in world.answers
    assert world.monitor.found == set()
