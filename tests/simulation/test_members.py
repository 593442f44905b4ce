"""Membership changes: drawn from seeds with everything else; crashes at every write around one; disks that are erased
or put back around one."""

from __future__ import annotations

import random

import pytest

from tests.simulation import members
from tests.simulation.disks import Boundaries, replace_vault_disk
from tests.simulation.run import Plan, check_liveness, heal, make_key, run, schedule_requests
from tests.simulation.world import Faults, Module, World


def domain(seed: int, n: int = 4) -> World:
    """A domain with a key of which modules may leave, and one module that may join."""
    world = World(seed, n, Faults(), spares=1)
    make_key(world, world.roster.f + 1)
    return world


def change(world: World, seed: int, leave: tuple[int, ...]) -> None:
    """The spare joins, and these leave."""
    joining = list(world.spares.values())
    members.submit(world, random.Random(seed), world.newest_roster(), joining, list(leave))


def settle(world: World, epoch: int = 1) -> None:
    heal(world)
    while world.newest_roster().epoch < epoch:
        world.run_until(world.now + 250)
        assert world.now < 60_000, "the change has not begun"
    heal(world)
    check_liveness(world)


@pytest.mark.parametrize("seed", range(300, 312))
def test_changes_among_everything_else(seed: int) -> None:
    assert run(seed, Plan(changes=2)).answered


@pytest.mark.parametrize("what", ["replay", "the same again"])
def test_a_run_repeats(what: str) -> None:
    assert run(303, Plan(changes=2)).audit == run(303, Plan(changes=2)).audit, what


@pytest.mark.parametrize("boundary", [50, 58])
def test_who_joins_crashes_between_its_token_and_its_disk(boundary: int) -> None:
    """What it had applied is lost, and its token does not know any more who has left."""
    world = domain(boundary)
    module = world.modules[5] = world.spares[5]
    strike = Boundaries(world, module, boundary)
    members.start(world, module)
    schedule_requests(world, random.Random(boundary), 6, 600)
    world.at(100, lambda: change(world, boundary, (2,)))
    world.run_until(world.now + 1500)
    strike.over()
    assert strike.struck
    settle(world)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_crash_at_every_write_around_a_change(number: int) -> None:
    """Of the primary, of one that leaves, of the one that joins; before the write is on disk, and after it."""
    boundary, struck = 0, True
    while struck and boundary < 60:
        world = domain(boundary)
        module: Module = world.modules.get(number) or world.spares[number]
        world.modules[number] = module
        strike = Boundaries(world, module, boundary)
        members.start(world, module)
        schedule_requests(world, random.Random(boundary), 6, 600)
        world.at(100, lambda w=world, b=boundary: change(w, b, (2,)))
        world.run_until(world.now + 1500)
        strike.over()
        settle(world)
        boundary, struck = boundary + 3, strike.struck
    assert boundary > 12


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("erased", [True, False], ids=["erased", "put back"])
@pytest.mark.parametrize("leaves", [True, False], ids=["one leaves", "none leaves"])
@pytest.mark.parametrize("seed", range(3))
def test_a_disk_that_forgets_around_a_change(seed: int, leaves: bool, erased: bool, when: str) -> None:
    """Its token is what it was: maybe an epoch ahead of what the disk now says, and without the key of who has left."""
    world = domain(seed)
    module = world.modules[1 + seed % 4]
    leave = (1 + (seed + 1) % 4,) if leaves else ()
    schedule_requests(world, random.Random(seed), 12, 3000)
    world.run_until(world.now + 200)
    kept = [] if erased else list(module.vault_disk.records)
    if when == "before":
        replace_vault_disk(world, module, kept, 300)
    change(world, seed, leave)
    world.run_until(world.now + 1500)
    if when == "after":
        replace_vault_disk(world, module, kept, 300)
    world.run_until(world.now + 3000)
    settle(world)
    assert module.service is not None
    assert module.service.book.state.roster.epoch == 1
    assert not module.service.book.forgot
