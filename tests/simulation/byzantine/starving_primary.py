"""A primary that leads well for all, and leaves one caller's requests out."""

from __future__ import annotations

import random

from tests.simulation.byzantine.behaviour import Behaviour
from thresign.agreement.pbft.pending import OWN, Pending, Waiting
from thresign.orders.batch import Entry
from thresign.orders.requests import Request

UNLIKED = b"starve"


class _Picky(Pending):
    """Takes in everything but requests with a certain body."""

    def add(self, entry: Entry, via: int = OWN) -> Waiting | None:
        if isinstance(entry, Request) and entry.body.startswith(UNLIKED):
            return None
        return super().add(entry, via)


class StarvingPrimary(Behaviour):
    """Requests whose body begins with UNLIKED never wait here, so they are never proposed."""

    name = "starving primary"
    every_ms = 10.0

    def __init__(self, world, module, rng: random.Random) -> None:  # type: ignore[no-untyped-def]
        super().__init__(world, module, rng)
        self.act()

    def act(self) -> None:
        """Also after a restart of its node."""
        replica = self.module.replica
        if replica is not None and not isinstance(replica.core.pending, _Picky):
            replica.core.pending = _Picky()
            self.lied()
