"""Twins (Bano et al., OPODIS '21): one identity runs twice, both times the unmodified code, each on disks of its own.

Together they equivocate, vote twice, and forget, without a line of code that lies.
"""

from __future__ import annotations

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.node import events as ev
from thresign.wire.canonical import Record


class Twin(Behaviour):
    """The module and its twin each talk to some of the others; who talks to whom is drawn anew again and again."""

    name = "twin"
    every_ms = 700.0

    def __init__(self, world, module, rng) -> None:  # type: ignore[no-untyped-def]
        super().__init__(world, module, rng)
        self.twin = type(module)(module.number, module.key, module.member)
        self.twin.skew_ms = module.skew_ms
        self.twin.behaviour = _Other(self)
        self.mine = set(self.others)
        self.its: set[int] = set()
        world.start_vault(self.twin)
        world.start_node(self.twin)
        self.act()

    def act(self) -> None:
        """Parts the others anew: a peer may hear both, or one."""
        self.mine = {number for number in self.others if self.rng.random() < 0.6}
        self.its = {number for number in self.others if number not in self.mine or self.rng.random() < 0.3}
        self.lied()

    def outgoing(self, to: int, message: Record) -> Sent:
        return [(to, message)] if to in self.mine else []

    def incoming(self, sender: int, message: Record) -> bool:
        if sender in self.its:
            self.world.feed(self.twin, ev.PeerSaid(sender, message))
        return sender in self.mine


class _Other:
    """The twin's side: it speaks to its own part of the others."""

    name = "twin"

    def __init__(self, pair: Twin) -> None:
        self._pair = pair

    def outgoing(self, to: int, message: Record) -> Sent:
        return [(to, message)] if to in self._pair.its else []
