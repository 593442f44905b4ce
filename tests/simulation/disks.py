"""Disks that fail: erased, put back to an older state, full of snapshots of liars; and crashes at every write."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.simulation.byzantine.corrupt_snapshots import CorruptSnapshots, PushedLedger
from tests.simulation.run import check_answered, check_liveness, heal, make_key, schedule_requests, where
from tests.simulation.world import Disk, Faults, Module, World
from thresign.wire.canonical import Record

MILD = Faults(loss=0.03, duplicate=0.05, delay_max=10)
SPAN_MS = 6000


def prepared(seed: int, n: int = 4, retain: int = 10_000, interval: int = 16) -> World:
    """A domain with a key, nothing gone wrong so far."""
    world = World(seed, n, Faults(), interval)
    world.retain = retain
    make_key(world)
    return world


def drive(world: World, seed: int, requests: int = 40, faults: Faults = MILD) -> random.Random:
    """Lets requests come in over SPAN_MS, with mild faults."""
    rng = random.Random(seed ^ 0xD15C)
    world.faults = faults
    schedule_requests(world, rng, requests, SPAN_MS)
    return rng


def settle(world: World) -> None:
    """No more faults, and everything is as it should be; then again with every other module gone in turn."""
    world.run_until(world.now + SPAN_MS)
    heal(world)
    check_liveness(world)


def replace_vault_disk(world: World, module: Module, records: list[Record], pause_ms: float) -> None:
    """The vault dies, and comes back on a disk with these records. Its token is what it was."""
    if module.service is not None:
        world.crash_vault(module)
    module.vault_disk = Disk()
    module.vault_disk.append(tuple(records), True)
    world.at(pause_ms, lambda: module.service is None and world.start_vault(module))


def erase(seed: int, retain: int, both: bool) -> World:
    """One vault's disk is erased while requests flow; with `both` its node's too."""
    world = prepared(seed, retain=retain)
    rng = drive(world, seed)
    module = world.modules[rng.randint(1, 4)]

    def strike() -> None:
        replace_vault_disk(world, module, [], rng.uniform(5, 2000))
        if both and module.replica is not None:
            world.crash_node(module)
            module.node_disk = Disk()
            world.at(rng.uniform(5, 2000), lambda: module.replica is None and world.start_node(module))

    world.at(rng.uniform(0, SPAN_MS), strike)
    settle(world)
    check_votes_again(world, module)
    return world


def put_back(seed: int, retain: int) -> World:
    """One vault's disk is put back to what it was some time ago, in the same life of its token or an earlier one."""
    world = prepared(seed, retain=retain)
    rng = drive(world, seed)
    module = world.modules[rng.randint(1, 4)]
    began = rng.uniform(0, SPAN_MS / 2)
    copies: list[list[Record]] = []
    world.at(began, lambda: copies.append(list(module.vault_disk.records)))
    if rng.random() < 0.5:
        world.at(began + rng.uniform(0, 1000), lambda: replace_with_itself(world, module))
    world.at(
        began + rng.uniform(1000, 3000), lambda: replace_vault_disk(world, module, copies[0], rng.uniform(5, 2000))
    )
    settle(world)
    check_votes_again(world, module)
    return world


def replace_with_itself(world: World, module: Module) -> None:
    """An ordinary restart."""
    if module.service is not None:
        replace_vault_disk(world, module, list(module.vault_disk.records), 5)


def check_votes_again(world: World, module: Module) -> None:
    """The module is needed for a quorum once another one is gone, and then there is one."""
    assert module.service is not None
    assert not module.service.book.forgot, f"module {module.number} does not know its horizon: {where(world)}"
    other = next(m for m in world.modules.values() if m is not module)
    world.crash_node(other)
    world.crash_vault(other)
    probe = world.request("/v1/keys/k/sign", b"with the one that came back", "application/octet-stream")
    third = next(m for m in world.modules.values() if m is not module and m is not other)
    world.submit(third, probe)
    deadline = world.now + 60_000
    while probe.id() not in world.answers:
        world.run_until(world.now + 250)
        assert world.now < deadline, f"no quorum with module {module.number}: {where(world)}"


def crash_at(seed: int, number: int, boundary: int) -> tuple[World, bool]:
    """The vault or the node of one module dies at its `boundary`-th write: before it is on disk if the number is even,
    and after it, but before anybody hears of it, if it is odd. False if there are not so many writes."""
    world = prepared(seed, retain=0, interval=4)
    module = world.modules[number]
    strike = Boundaries(world, module, boundary)
    rng = random.Random(seed)
    schedule_requests(world, rng, 10, 1500)
    world.run_until(world.now + 2500)
    strike.over()
    heal(world)
    check_liveness(world)
    return world, strike.struck


class Boundaries:
    """Counts the writes of one module's disks, and strikes at one of them."""

    def __init__(self, world: World, module: Module, boundary: int) -> None:
        self._world = world
        self._module = module
        self._wanted = boundary
        self._count = 0
        self.struck = False
        world.on_write = self._write

    def _write(self, module: Module, crash: Callable[[], None], write: Callable[[], None]) -> bool:
        """True if the write was done and is to be told of."""
        if module is not self._module or self.struck:
            write()
            return True
        self._count += 2
        if self._count <= self._wanted:
            write()
            return True
        self.struck = True
        if self._wanted % 2:
            write()
        crash()
        return False

    def over(self) -> None:
        """No more strikes."""
        self._world.on_write = None


def lied_to(seed: int, kind: str) -> World:
    """A module whose disks are erased takes its ledger over although one peer lies about it."""
    world = prepared(seed, retain=0)
    rng = drive(world, seed)
    module, liar = rng.sample(list(world.modules.values()), 2)
    liar.behaviour = CorruptSnapshots(world, liar, random.Random(seed))
    liar.behaviour.kinds = (kind,)
    world.run_until(world.now + SPAN_MS)
    replace_vault_disk(world, module, [], 5)
    world.crash_node(module)
    module.node_disk = Disk()
    world.start_node(module)
    heal(world)
    check_liveness(world)
    return world


def push(liar: int) -> World:
    """A liar pushes its ledger upon a module that was away a moment. The others' journals are whole; what was ordered
    meanwhile needs that module for a quorum."""
    world = prepared(3, interval=8)
    module = world.modules[liar]
    module.behaviour = PushedLedger(world, module, random.Random(liar))
    world.crash_node(world.modules[3])
    asked = []
    for number in range(12):
        asked.append(world.request("/v1/keys/k/sign", b"%d" % number, "application/octet-stream", 110))
        world.submit(world.modules[1], asked[-1])
        world.run_until(world.now + 60)
    assert not any(request.id() in world.answers for request in asked)
    world.start_node(world.modules[3])
    world.run_until(world.now + 2000)
    check_answered(world)
    assert all(request.id() in world.answers for request in asked), where(world)
    return world


def lose_results() -> World:
    """Two of the three nodes that hold an answered result lose their disks, the fourth module was away, and a token has
    forgotten its partial: three have no result, enough to replace the order, and one still has it."""
    world = prepared(3)
    away, lost = world.modules[4], (world.modules[2], world.modules[3])
    world.crash_node(away)
    request = world.request("/v1/keys/k/sign", b"message", "application/octet-stream", 110)
    world.submit(world.modules[1], request)
    world.run_until(world.now + 7000)
    assert world.answered_at[request.id()] == {1, 2, 3}
    for module in lost:
        world.crash_node(module)
        module.node_disk = Disk()
    world.crash_vault(world.modules[1])
    world.start_vault(world.modules[1])
    for module in (*lost, away):
        world.start_node(module)
    world.run_until(world.now + 8000)
    assert world.answered_at[request.id()] == {1, 2, 3, 4}
    return world


def erase_in_silence(seed: int) -> World:
    """A vault's disk is erased when nobody asks for anything: the module itself has to pass its horizon."""
    world = prepared(seed)
    drive(world, seed, requests=5)
    world.run_until(world.now + SPAN_MS + 3000)
    world.faults = Faults()
    module = world.modules[1 + seed % 4]
    replace_vault_disk(world, module, [], 5)
    world.run_until(world.now + 5000)
    assert module.service is not None
    book = module.service.book
    assert 0 < book.horizon <= book.state.sequence, f"the horizon is not passed: {where(world)}"
    check_votes_again(world, module)
    return world
