"""One run from one seed: a quiet start, then faults (safety), then healing (liveness)."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation import members
from tests.simulation.byzantine import BEHAVIOURS
from tests.simulation.monitor import hold
from tests.simulation.world import Faults, Module, World

LIFETIME_S = 110
"""Of a caller's request: so long that it does not expire before the domain is healed."""


@dataclass
class Outcome:
    """What came of a run; `audit` is equal for equal runs, byte for byte."""

    seed: int
    modules: int
    liars: dict[int, str]
    applied: int
    asked: int
    answered: int
    views: int
    counts: Counter[str]
    audit: str


@dataclass
class Plan:
    """What a run is to be like, where the seed is not to draw it."""

    n: int | None = None
    faults: Faults | None = None
    liars: tuple[str, ...] | None = None
    """Behaviours, one liar each; () for none."""
    requests: int = 30
    fault_ms: int = 8000
    changes: int | None = 0
    """Changes of the members; None: as the seed draws."""
    prepare: Callable[[World], None] | None = None
    """Called once the key is there and before the faults."""


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


def run(seed: int, plan: Plan | None = None) -> Outcome:
    """One run. Raises Broken, or another error, when a promise is broken; the same seed and plan do the same again."""
    plan = plan or Plan(changes=None)
    rng = random.Random(seed ^ 0x5EED)
    wanted = plan.faults if plan.faults is not None else draw_faults(rng)
    drawn = rng.choice([4, 4, 4, 4, 5, 6, 7])
    changes = members.draw(seed) if plan.changes is None else plan.changes
    world = World(seed, plan.n or drawn, Faults(skew=wanted.skew), spares=2 * changes)
    make_key(world, world.roster.f + 1 if changes else None)
    world.retain = random.Random(seed ^ 0xD15C).choice([0, 4, 10_000])
    liars = plan.liars if plan.liars is not None else draw_liars(rng, world.roster.f)
    corrupt(world, rng, liars)
    if plan.prepare is not None:
        plan.prepare(world)
    world.faults = wanted
    start = world.now
    schedule_faults(world, rng, wanted, start, plan.fault_ms)
    schedule_requests(world, rng, plan.requests, plan.fault_ms)
    members.schedule(world, seed, changes, plan.fault_ms)
    world.run_until(start + plan.fault_ms)
    heal(world)
    check_liveness(world)
    check_answered(world)
    return outcome(world, seed)


def make_key(world: World, min_signers: int | None = None) -> None:
    """A key "k", made while nothing fails."""
    world.run_until(200)
    wanted = {"name": "k", "suite": "ed25519"} | ({"min_signers": min_signers} if min_signers is not None else {})
    body = json.dumps(wanted).encode()
    world.submit(world.modules[1], world.request("/v1/keys", body, "application/json"))
    while not world.key_active("k"):
        world.run_until(world.now + 100)
        hold(world.now < 20_000, "a quiet domain makes a key", "none after 20 s")


def draw_liars(rng: random.Random, most: int) -> tuple[str, ...]:
    """At most f liars, of any kinds; none in a part of the runs."""
    count = rng.randint(1, most) if rng.random() < 0.6 else 0
    return tuple(rng.choice(sorted(BEHAVIOURS)) for _ in range(count))


def corrupt(world: World, rng: random.Random, liars: tuple[str, ...]) -> None:
    """Makes as many modules lie; which ones is drawn, the primary among the likelier."""
    chosen = rng.sample(sorted(world.modules), len(liars))
    if liars and rng.random() < 0.4:
        chosen = [*{1: None} | dict.fromkeys(chosen)][: len(liars)]
    for number, name in zip(chosen, liars, strict=True):
        module = world.modules[number]
        module.behaviour = BEHAVIOURS[name](world, module, random.Random(rng.random()))


def outcome(world: World, seed: int) -> Outcome:
    """What the run came to."""
    signed = [r for r in world.requests.values() if r.path.endswith("/sign")]
    answered = sum(r.id() in world.answers for r in signed)
    liars = {m.number: m.behaviour.name for m in world.modules.values() if m.behaviour is not None}
    return Outcome(
        seed,
        len(world.modules),
        liars,
        len(world.monitor.applied),
        len(signed),
        answered,
        world.views,
        world.counts,
        world.audit.hexdigest(),
    )


def schedule_requests(world: World, rng: random.Random, requests: int, span: int) -> None:
    def one() -> None:
        alive = [m for m in world.honest() if m.replica is not None]
        if alive:
            request = world.request(
                "/v1/keys/k/sign", b"message %d" % (len(world.requests) // 2), "application/octet-stream", LIFETIME_S
            )
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
    for module in list(world.modules.values()):
        if module.service is None:
            world.start_vault(module)
        if module.replica is None:
            world.start_node(module)
        for other in world.modules.values():
            if other is not module:
                world.connect(module, other)


def check_liveness(world: World, deadline_ms: int = 90_000) -> None:
    """After healing: a new request is answered by every correct module, and all come to the same place.

    A module that takes a ledger over from beyond the request knows that it was decided, and not what came of it.
    """
    began, deadline = world.now, world.now + deadline_ms
    world.settled = True  # but a change that was ordered may still begin: who leaves by it is not waited for
    probe = world.request("/v1/keys/k/sign", b"probe", "application/octet-stream", lifetime_s=110)
    world.submit(world.honest()[0], probe)

    def sequences() -> set[int]:
        return {m.service.book.state.sequence if m.service is not None else -1 for m in world.honest()}

    def unanswered() -> set[int]:
        beyond = {number for number, at in world.taken_over.items() if at >= began}
        return {m.number for m in world.honest()} - world.answered_at.get(probe.id(), set()) - beyond

    while world.now < deadline:
        world.run_until(world.now + 250)
        if probe.id() in world.answers and not unanswered() and len(sequences()) == 1:
            return
    hold(probe.id() in world.answers, "a healed domain answers", f"no answer after {deadline_ms} ms: {where(world)}")
    hold(not unanswered(), "all correct modules answer", f"not {sorted(unanswered())}: {where(world)}")
    hold(len(sequences()) == 1, "correct modules come to the same place", where(world))


ASK_AGAIN_MS = 1000
"""So often a caller without an answer asks all nodes again."""


def check_answered(world: World, deadline_ms: int = 30_000) -> None:
    """After healing: what was ordered while there were faults, and has not expired, is answered too: no order stays
    between those that hold its result and those that gave it up.

    But an order that fewer than q correct modules know, since others took a ledger over from beyond it, may stay if it
    has no result, or if no f + 1 know it. And what one module answers, all answer that know its newest order, whoever
    gave it up too.
    """
    deadline = world.now + deadline_ms
    while world.now < deadline and world.ordered_unanswered():
        for request in world.ordered_unanswered():
            for module in world.honest():
                world.ask_again(module, request)
        world.run_until(world.now + ASK_AGAIN_MS)
    left = world.ordered_unanswered()
    hold(not left, "what was ordered is answered", f"{len(left)} of {len(world.requests)} not: {where(world)}")
    deadline = world.now + deadline_ms
    while world.now < deadline and world.answered_elsewhere():
        for module, request in world.answered_elsewhere():
            world.ask_again(module, request)
        world.run_until(world.now + ASK_AGAIN_MS)
    waiting = [(module.number, request.idempotency_key) for module, request in world.answered_elsewhere()]
    hold(not waiting, "whoever knows an order answers it", f"{waiting}: {where(world)}")


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
