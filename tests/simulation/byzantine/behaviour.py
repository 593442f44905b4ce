"""What a module that lies is made of: it runs the real code, and what leaves it is changed, dropped, or invented."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from msgspec.structs import replace

from tests.simulation.stubs import sign
from thresign.errors import MalformedRecord
from thresign.orders.header import Header, Phase, vote_bytes
from thresign.orders.statements import Statement
from thresign.orders.votes import Vote
from thresign.wire.canonical import Record

if TYPE_CHECKING:
    from tests.simulation.world import Module, World

Sent = Iterable[tuple[int, Record]]
StatementT = TypeVar("StatementT", bound=Statement)


def well_formed(message: Record) -> bool:
    """True if the message passes a peer's strict decoder: what does not never reaches its code."""
    try:
        return type(message).decode(message.encode()) == message
    except MalformedRecord:
        return False


class Behaviour:
    """One liar. It holds its own module's keys, sees all that its module sees, and nothing else; liars of one domain
    know each other (`world.monitor.byzantine`) and share what is in `world.conspiracy`."""

    name: ClassVar[str]
    every_ms: ClassVar[float] = 0.0
    """How often `act` is called; 0: never."""

    def __init__(self, world: World, module: Module, rng: random.Random) -> None:
        self.world = world
        self.module = module
        self.rng = rng
        self.number = module.number
        self.others = [number for number in world.modules if number != module.number]
        world.monitor.byzantine.add(module.number)
        if self.every_ms:
            world.at(self.every_ms, self._acts)

    def _acts(self) -> None:
        if self.module.replica is not None:
            self.act()
        self.world.at(self.every_ms * self.rng.uniform(0.5, 1.5), self._acts)

    def outgoing(self, to: int, message: Record) -> Sent:
        """What leaves the module instead of this message to this peer."""
        return [(to, message)]

    def incoming(self, sender: int, message: Record) -> bool:
        """A message arrived. True: the module's own code gets it as well."""
        return True

    def act(self) -> None:
        """Something of its own accord, at intervals."""

    # --- its means ------------------------------------------------------------------------------------------------

    def lied(self) -> None:
        """Counts a lie."""
        self.world.counts[f"lie {self.name}"] += 1

    def say(self, to: int, message: Record) -> None:
        """Sends something invented."""
        if well_formed(message):
            self.lied()
            self.world.send(self.module, to, message)

    def later(self, after_ms: float, to: int, message: Record) -> None:
        """Sends after a while."""
        self.world.at(after_ms, lambda: self.say(to, message))

    def vote(self, phase: Phase, view: int, header: Header) -> Vote:
        """Any vote, signed with its own key."""
        signature = sign(self.module.key, vote_bytes(phase, view, header.encode()))
        return Vote(phase, view, header.sequence, header.digest(), self.number, signature)

    def signed(self, statement: StatementT) -> StatementT:
        """The statement with this module's signature over what it says now."""
        return replace(statement, signature=sign(self.module.key, statement.signed_bytes()))
