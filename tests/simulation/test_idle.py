"""A domain that nobody asked anything for hours signs the next request."""

from __future__ import annotations

import heapq

import pytest

from tests.simulation.disks import prepared
from tests.simulation.world import World
from thresign.node.replica import REFILL_TICK_MS


def idle(world: World, ms: float) -> None:
    """Nothing happens for so long: what was to come comes as much later."""
    world.now += ms
    world.heap = [(when + ms, ticket, what) for when, ticket, what in world.heap]
    heapq.heapify(world.heap)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("lifetimes", [1.5, 10])
def test_after_an_idle_night(seed: int, lifetimes: float) -> None:
    """The ledger's nonces have expired, and only the time of a batch would say so: the nodes look by themselves."""
    world = prepared(seed)
    world.run_until(world.now + 2_000)
    idle(world, lifetimes * world.settings.nonce_lifetime_ms)
    world.run_until(world.now + REFILL_TICK_MS + 1_000)
    request = world.request("/v1/keys/k/sign", b"good morning", "application/octet-stream")
    world.submit(world.modules[2], request)
    world.run_until(world.now + 2_000)
    assert request.id() in world.answers
    assert world.views == 0, "a primary was left although nobody was at fault"
