"""A crash at every persist boundary: a small run is counted out, then run again once for each write of each process,
which crashes right before that write, or right after it and before anything that follows from it.

It begins once there is a key: a ceremony that a crash cuts short fails, by design.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.simulation.monitor import hold
from tests.simulation.run import check_liveness, heal, make_key
from tests.simulation.world import World

REQUESTS = 3


def small_run(seed: int, crash_at: dict[int, str] | None = None) -> World:
    """A key, a few requests while the first primary goes away and comes back; nothing else fails but what is asked."""
    world = World(seed)
    make_key(world)
    world.boundaries = 0
    world.crash_at = crash_at or {}
    asked = []
    for number in range(REQUESTS):
        request = world.request("/v1/keys/k/sign", b"message %d" % number, "application/octet-stream")
        asked.append(request)
        world.at(40 * number, lambda request=request, to=2 + number % 3: submit(world, to, request))
    world.at(45, lambda: world.modules[1].replica is not None and world.crash_node(world.modules[1]))
    world.at(800, lambda: world.modules[1].replica is None and world.start_node(world.modules[1]))
    world.run_until(world.now + 1500)
    heal(world)
    check_liveness(world)
    return world


def submit(world: World, to: int, request: object) -> None:
    """Hands a request to a module; to the next one if that is down."""
    there = [world.modules[number] for number in (to, *world.modules) if world.modules[number].replica is not None]
    world.submit(there[0], request)  # type: ignore[arg-type]


def crashes(seed: int, part: int = 0, parts: int = 1) -> Iterator[tuple[int, str]]:
    """Runs every boundary of this part, twice; yields each that held."""
    count = small_run(seed).boundaries
    for boundary in range(part, count, parts):
        for when in ("before", "after"):
            world = small_run(seed, {boundary: when})
            hold(world.boundaries > boundary, "the boundary is crossed", f"seed {seed}, {when} write {boundary}")
            yield boundary, when


def main() -> int:
    seeds = [int(argument) for argument in sys.argv[1:]] or [0]
    done = 0
    for seed in seeds:
        for boundary, when in crashes(seed):
            done += 1
            if done % 100 == 0:
                print(f"seed {seed}: {when} write {boundary}; {done} crashes held", flush=True)
    print(f"{done} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
