"""This module's nonces in the ledger: new ones are announced while the pools are low."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from thresign.agreement.pbft.state import Core
from thresign.errors import ThresignError
from thresign.frost import suites
from thresign.limits import NONCES_PER_ANNOUNCEMENT_MAX, NONCES_PER_POOL_MAX
from thresign.node import events as out
from thresign.node.giving import AskVault
from thresign.orders.batch import Entry
from thresign.orders.statements import Announcement
from thresign.vault import calls
from thresign.wire.canonical import Record

REFILL_BELOW = NONCES_PER_POOL_MAX - 2 * NONCES_PER_ANNOUNCEMENT_MAX


@dataclass(slots=True)
class Ports:
    """What announcing needs: the vault, the agreement, and somebody to tell."""

    ask: AskVault
    submit: Callable[[Entry], None]
    observe: Callable[[out.Observe], None]


class Supply:
    """Counts, by group, the announcements that are made and not in the ledger yet."""

    def __init__(self, core: Core, ports: Ports) -> None:
        self._core = core
        self._ports = ports
        self._under_way: dict[int, int] = {suites.ED25519.group: 0}

    def know_group(self, group: int) -> None:
        """There is a key of this group: its pool is filled too."""
        self._under_way.setdefault(group, 0)

    def lost(self) -> None:
        """What was under way will not be ordered: the vault was restarted, or an epoch began."""
        self._under_way = dict.fromkeys(self._under_way, 0)

    def fill(self, unused: tuple[int, ...]) -> None:
        """Announces nonces while the pools, with so many left by group, are low; what is on its way counts. Only
        members do."""
        if not self._core.member:
            return
        for group, under_way in self._under_way.items():
            if unused[group] + under_way * NONCES_PER_ANNOUNCEMENT_MAX <= REFILL_BELOW:
                self._announce(group, NONCES_PER_ANNOUNCEMENT_MAX)

    def count(self) -> None:
        """Asks how many are left where no batch says so, and fills."""

        def then(reply: Record | ThresignError) -> None:
            if isinstance(reply, calls.Unused):
                self.fill(reply.unused)

        self._ports.ask(calls.UnusedCall(), then)

    def pass_horizon(self) -> None:
        """While the vault must not vote for the next slots, others have to decide them. Should nothing else wait to be
        ordered, this module has single nonces announced: its horizon is passed while all are there to help."""
        group, under_way = next(iter(self._under_way.items()))
        if self._core.vault_up and self._core.sequence < self._core.horizon and not under_way:
            self._announce(group, 1)

    def settled(self, announcement: Announcement) -> None:
        """One of this module's is ordered, or will not be."""
        if self._under_way.get(announcement.group, 0) > 0:
            self._under_way[announcement.group] -= 1

    def _announce(self, group: int, count: int) -> None:
        def then(reply: Record | ThresignError) -> None:
            if isinstance(reply, Announcement):
                self._ports.submit(reply)
            else:
                self._under_way[group] -= 1
                self._ports.observe(out.Observe("announce", self._core.number, str(reply)))

        self._under_way[group] += 1
        self._ports.ask(calls.AnnounceCall(group, count), then)
