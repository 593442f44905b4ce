"""A primary that proposes different batches to different backups, and votes for all of them; liars help each other."""

from __future__ import annotations

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from tests.simulation.byzantine.proposals import variant
from thresign.orders.header import Phase
from thresign.orders.votes import PrePrepare, Vote
from thresign.wire.canonical import Record


class Equivocation(Behaviour):
    """As primary: two proposals, each to its own part of the backups. As any liar: prepares and commits for both, each
    to those who were shown it, whoever leads."""

    name = "equivocation"

    def outgoing(self, to: int, message: Record) -> Sent:
        if isinstance(message, Vote) and len(self.world.conspiracy.get((message.view, message.sequence), ())) > 1:
            return []  # what each is told about this slot is arranged
        if not isinstance(message, PrePrepare):
            return [(to, message)]
        shown = self._shown(message)
        chosen = shown[self._side(to, message) % len(shown)]
        if len(shown) > 1:
            self.lied()
            self._help(to, chosen)
            if self.rng.random() < 0.3:
                self.later(40, to, shown[1] if chosen is shown[0] else shown[0])
            for liar in self.world.monitor.byzantine - {self.number}:
                self._collude(liar, to, chosen)
        return [(to, chosen)]

    def _shown(self, message: PrePrepare) -> list[PrePrepare]:
        slot = (message.view, message.header.sequence)
        if slot not in self.world.conspiracy:
            other = variant(self.module, message, self.rng)
            self.world.conspiracy[slot] = [message] if other is None else [message, other]
        return self.world.conspiracy[slot]

    def _side(self, to: int, message: PrePrepare) -> int:
        """Which of the proposals this backup is shown: correct ones are parted as evenly as can be."""
        honest = [number for number in self.others if number not in self.world.monitor.byzantine]
        return honest.index(to) % 2 if to in honest else message.view % 2

    def _help(self, to: int, shown: PrePrepare) -> None:
        for delay in (30, 200):
            self.later(delay, to, self.vote(Phase.COMMIT, shown.view, shown.header))

    def _collude(self, liar: int, to: int, shown: PrePrepare) -> None:
        behaviour = self.world.modules[liar].behaviour
        if to == liar or behaviour is None:
            return
        for phase in (Phase.PREPARE, Phase.COMMIT):
            behaviour.later(10, to, behaviour.vote(phase, shown.view, shown.header))
