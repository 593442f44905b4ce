"""A primary that leaves one request out is left, within the request's own deadline; one that leaves none is not."""

from __future__ import annotations

import random

import pytest

from tests.simulation.byzantine.starving_primary import UNLIKED, StarvingPrimary
from tests.simulation.disks import prepared
from tests.simulation.world import World
from thresign.agreement.pbft.state import Timing

STREAM_MS = 12_000
EVERY_MS = 60


def streaming(seed: int) -> World:
    """Requests come in at modules 2 to 4 all the time, so that batches are decided all the time."""
    world = prepared(seed)

    def one(number: int) -> None:
        request = world.request("/v1/keys/k/sign", b"message %d" % len(world.requests), "application/octet-stream")
        world.submit(world.modules[number], request)

    for i in range(STREAM_MS // EVERY_MS):
        world.at(i * EVERY_MS, lambda i=i: one(2 + i % 3))
    return world


@pytest.mark.parametrize("seed", range(3))
def test_starved_request(seed: int) -> None:
    world = streaming(seed)
    world.modules[1].behaviour = StarvingPrimary(world, world.modules[1], random.Random(seed))
    world.run_until(world.now + 500)
    starved = world.request("/v1/keys/k/sign", UNLIKED, "application/octet-stream")
    began = world.now
    world.submit(world.modules[2 + seed], starved)
    while starved.id() not in world.answers:
        world.run_until(world.now + 50)
        assert world.now - began < Timing().request_ms + 3000, "the request is still left out"
    assert world.now - began > Timing().request_ms - 1000, "it was not left out: the test shows nothing"
    assert world.modules[2].replica is not None
    assert world.modules[2].replica.core.view > 0


@pytest.mark.parametrize("seed", range(2))
def test_nobody_is_left_for_nothing(seed: int) -> None:
    world = streaming(seed)
    unsigned = world.request("/v1/keys/k/sign", b"from nobody's peer", "application/octet-stream")
    world.run_until(world.now + STREAM_MS + 1000)
    assert world.views == 0
    assert len(world.answers) >= STREAM_MS // EVERY_MS
    assert unsigned.id() not in world.answers
