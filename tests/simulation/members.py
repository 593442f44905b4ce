"""Membership changes drawn from the seed: modules join, leave and are replaced while everything else goes wrong too."""

from __future__ import annotations

import base64
import random

import msgspec

from tests.simulation.stubs import sign
from tests.simulation.world import Module, World
from thresign.limits import faults
from thresign.orders.roster import Roster, make_roster
from thresign.orders.succession import Joining
from thresign.policy.actions import NewMember, Reconfigure

ASK_AGAIN_MS = 400


def draw(seed: int) -> int:
    """How many changes a run has: none in most."""
    return random.Random(seed ^ 0x4057E4).choice([0, 0, 0, 1, 2])


def schedule(world: World, seed: int, changes: int, span: int) -> None:
    """Has changes asked for at times that are drawn; each again and again until it has begun, for none outlives a
    caller's patience. One that is pending when the run heals takes place or does not."""
    rng = random.Random(seed ^ 0x10B0)
    for _ in range(changes):
        world.at(rng.uniform(0, 0.6 * span), lambda: ask(world, rng, span))


def ask(world: World, rng: random.Random, span: int) -> None:
    """Asks for a change of the newest roster, if the liars bear one."""
    roster = world.newest_roster()
    joining, leaving = draw_change(world, rng, roster)
    if not joining and not leaving:
        return
    submit(world, rng, roster, joining, leaving)


def draw_change(world: World, rng: random.Random, roster: Roster) -> tuple[list[Module], list[int]]:
    """Who joins and who leaves. At most f of the next roster lie; and the key "k" keeps its participants."""
    kind = rng.choice(["join", "leave", "replace", "replace"])
    count = rng.randint(1, roster.f)
    spares = [module for number, module in sorted(world.spares.items()) if number not in world.modules]
    joining = spares[:count] if kind != "leave" else []
    numbers = list(roster.numbers())
    leaving = rng.sample(numbers, count) if kind != "join" else []
    left = set(numbers) - set(leaving) | {module.number for module in joining}
    liars = {m.number for m in world.modules.values() if m.behaviour is not None}
    if len(left) < 4 or len(left & liars) > faults(len(left)):
        return [], []
    # Whoever is correct of those that stay has to make a quorum with who joins: else nobody could go on.
    return joining, leaving


def submit(world: World, rng: random.Random, roster: Roster, joining: list[Module], leaving: list[int]) -> Roster:
    """The next roster, asked for at correct modules, and its new modules started, sooner or later."""
    members = [member for member in roster.members if member.number not in leaving]
    members += [module.member for module in joining]
    following = make_roster(roster.epoch + 1, tuple(members))
    world.note_roster(following)
    new = {module.number: module for module in joining}
    wanted = []
    for member in following.members:
        proof = b""
        if member.number in new:
            unsigned = Joining(world.domain, member, bytes(64)).signed_bytes()
            proof = sign(new[member.number].key, unsigned)
        wanted.append(NewMember(member.number, member.name, member.vote_key, member.sealing_key, proof))
    body = msgspec.json.encode(Reconfigure(following.epoch, tuple(wanted)))
    assert base64.b64encode(following.members[0].vote_key) in body
    request = world.request("/v1/roster", body, "application/json")

    def again() -> None:
        if world.settled or world.newest_roster().epoch >= following.epoch:
            return
        for module in world.honest():
            if module.replica is not None:
                world.submit(module, request)
        world.at(ASK_AGAIN_MS, again)

    again()
    for module in joining:
        world.modules[module.number] = module
        world.at(rng.choice([0, rng.uniform(0, 3000)]), lambda m=module: start(world, m))
    world.counts[f"{len(joining)} to join, {len(leaving)} to leave"] += 1
    return following


def start(world: World, module: Module) -> None:
    """A new module's processes."""
    if module.service is None:
        world.start_vault(module)
    if module.replica is None:
        world.start_node(module)
