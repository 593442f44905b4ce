"""A module gave an order up that the others answered, and one of those is gone for good: fewer than a quorum hold the
result, as it hears. It comes to the answer all the same."""

from __future__ import annotations

import pytest

from tests.simulation.disks import prepared
from tests.simulation.world import Module, World
from thresign.orders.requests import Request
from thresign.orders.statements import FoundReport
from thresign.signing.messages import Held, PartialsOf, Result
from thresign.signing.state import Timing
from thresign.wire.canonical import Record

LATE, GONE = 3, 4
HALF_A_SECOND = 500


class Deaf(World):
    """Module LATE hears of no partial and no result while it is deaf."""

    deaf = True

    def send(self, module: Module, to: int, message: Record) -> None:
        if not (self.deaf and to == LATE and isinstance(message, PartialsOf | Result | Held)):
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
    world.deaf = False
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
