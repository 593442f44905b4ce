"""One run from one seed: a quiet start, then faults (safety), then healing (liveness)."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from tests.simulation.world import Faults, Module, World


@dataclass
class Outcome:
    seed: int
    applied: int
    answered: int
    views: int
    counts: dict[str, int]
    audit: str


def draw_faults(rng: random.Random) -> Faults:
    """Swarm testing: the seed draws which faults there are, and how strong."""

    def maybe(p: float, value: float) -> float:
        return value if rng.random() < p else 0.0

    return Faults(
        loss=maybe(0.5, rng.uniform(0, 0.3)),
        duplicate=maybe(0.3, rng.uniform(0, 0.5)),
        delay_max=rng.choice([2, 5, 20, 100]),
        slow_link=maybe(0.3, rng.uniform(0, 0.1)),
        node_crash=maybe(0.6, rng.uniform(0, 0.4)),
        vault_crash=maybe(0.6, rng.uniform(0, 0.4)),
        partition=maybe(0.4, rng.uniform(0, 0.5)),
        skew=rng.choice([0, 0, 500, 2000]),
    )


def run(seed: int, n: int = 4, faults: Faults | None = None, requests: int = 30, fault_ms: int = 8000) -> Outcome:
    rng = random.Random(seed ^ 0x5EED)
    wanted = faults if faults is not None else draw_faults(rng)
    world = World(seed, n, Faults(skew=wanted.skew))
    world.run_until(200)
    world.retain = random.Random(seed ^ 0xD15C).choice([0, 4, 10_000])
    body = json.dumps({"name": "k", "suite": "ed25519"}).encode()
    world.submit(world.modules[1], world.request("/v1/keys", body, "application/json"))
    while not world.key_active("k"):
        world.run_until(world.now + 100)
        assert world.now < 20_000, "no key after 20 s without faults"
    world.faults = wanted
    start = world.now
    schedule_faults(world, rng, wanted, start, fault_ms)
    schedule_requests(world, rng, requests, fault_ms)
    world.run_until(start + fault_ms)
    heal(world)
    check_liveness(world)
    signed = [r for r in world.requests.values() if r.path.endswith("/sign")]
    answered = sum(r.id() in world.answers for r in signed)
    return Outcome(seed, len(world.applied), answered, world.views, dict(world.counts), world.audit.hexdigest())


def schedule_requests(world: World, rng: random.Random, requests: int, span: int) -> None:
    def one() -> None:
        alive = [m for m in world.modules.values() if m.replica is not None]
        if alive:
            request = world.request("/v1/keys/k/sign", b"message %d" % len(world.requests), "application/octet-stream")
            for module in rng.sample(alive, 1 if rng.random() < 0.8 else min(2, len(alive))):
                world.submit(module, request)

    for _ in range(requests):
        world.at(rng.uniform(0, span), one)


def schedule_faults(world: World, rng: random.Random, faults: Faults, start: float, span: int) -> None:
    def node(module: Module) -> None:
        if module.replica is not None:
            world.crash_node(module)
            world.at(rng.uniform(10, 3000), lambda: module.replica is None and world.start_node(module))

    def vault(module: Module) -> None:
        if module.service is not None:
            world.crash_vault(module)
            world.at(rng.uniform(10, 3000), lambda: module.service is None and world.start_vault(module))

    def partition() -> None:
        numbers = list(world.modules)
        rng.shuffle(numbers)
        side = set(numbers[: rng.randint(1, len(numbers) - 1)])
        both = rng.random() < 0.6
        world.cut = {(a, b) for a in numbers for b in numbers if (a in side) != (b in side) and (both or a in side)}
        world.counts["partition"] += 1
        world.at(rng.uniform(50, 2500), world.cut.clear)

    for second in range(span // 1000):
        for module in world.modules.values():
            if rng.random() < faults.node_crash:
                world.at(second * 1000 + rng.uniform(0, 1000), lambda m=module: node(m))
            if rng.random() < faults.vault_crash:
                world.at(second * 1000 + rng.uniform(0, 1000), lambda m=module: vault(m))
        if rng.random() < faults.partition:
            world.at(second * 1000 + rng.uniform(0, 1000), partition)


def heal(world: World) -> None:
    """No more faults; everybody is there."""
    world.run_until(world.now + 4000)  # restarts that were scheduled
    world.faults = Faults(skew=world.faults.skew)
    world.cut.clear()
    for module in world.modules.values():
        if module.service is None:
            world.start_vault(module)
        if module.replica is None:
            world.start_node(module)
        for other in world.modules.values():
            if other is not module:
                world.connect(module, other)


def check_liveness(world: World) -> None:
    """After healing: every request that can still be signed is, and all modules come to the same place."""
    deadline = world.now + 90_000
    honest = [m for m in world.modules.values() if m.number not in world.monitor.byzantine]
    probe = world.request("/v1/keys/k/sign", b"probe", "application/octet-stream")
    world.submit(honest[0], probe)
    while world.now < deadline:
        world.run_until(world.now + 250)
        sequences = {m.service.book.state.sequence for m in honest if m.service is not None}
        everywhere = len(world.answered_at.get(probe.id(), ())) == len(honest)
        if everywhere and len(sequences) == 1:
            break
    assert probe.id() in world.answers, f"no answer {deadline - world.now} ms after healing: {where(world)}"
    told = world.answered_at[probe.id()]
    assert len(told) == len(honest), f"only modules {told} answer after healing: {where(world)}"
    sequences = {m.service.book.state.sequence for m in honest if m.service is not None}
    assert len(sequences) == 1, f"modules did not converge: {where(world)}"


def where(world: World) -> str:
    parts = []
    for m in world.modules.values():
        book = m.service.book if m.service is not None else None
        core = m.replica.core if m.replica is not None else None
        parts.append(
            f"m{m.number}: vault seq {book.state.sequence} view {book.view} entered {book.entered}; "
            f"core seq {core.sequence} view {core.view} entered {core.entered} pending {len(core.pending)} "
            f"changes { {v: sorted(c) for v, c in core.changes.items()} } timers {sorted(m.timers)}"
            if book and core
            else f"m{m.number}: down"
        )
    return "\n".join(parts)
