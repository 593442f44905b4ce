"""Old messages said again: its own and others', of old views, of old slots, and bent to other epochs and domains."""

from __future__ import annotations

from collections import deque

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.agreement.pbft.messages import DecidedBatch
from thresign.orders.statements import FoundReport, MissingReport
from thresign.orders.votes import Checkpoint, NewView, PrePrepare, ViewChange, Vote
from thresign.signing.messages import Held, PartialsOf, Result
from thresign.wire.canonical import Record

WORTH_KEEPING = (
    PrePrepare,
    Vote,
    ViewChange,
    NewView,
    Checkpoint,
    DecidedBatch,
    Held,
    PartialsOf,
    Result,
    MissingReport,
    FoundReport,
)
KEPT_MAX = 400


class Replays(Behaviour):
    """It keeps what it sent and heard, and says some of it again, much later, to anybody."""

    name = "replays"
    every_ms = 60.0

    def __init__(self, world, module, rng) -> None:  # type: ignore[no-untyped-def]
        super().__init__(world, module, rng)
        self.kept: deque[Record] = deque(maxlen=KEPT_MAX)

    def incoming(self, sender: int, message: Record) -> bool:
        self._keep(message)
        return True

    def outgoing(self, to: int, message: Record) -> Sent:
        self._keep(message)
        return [(to, message)]

    def _keep(self, message: Record) -> None:
        if isinstance(message, WORTH_KEEPING) and self.rng.random() < 0.3:
            self.kept.append(message)

    def act(self) -> None:
        for _ in range(min(3, len(self.kept))):
            message = self.kept[self.rng.randrange(len(self.kept))]
            self.say(self.rng.choice(self.others), self._bent(message) if self.rng.random() < 0.3 else message)

    def _bent(self, message: Record) -> Record:
        """The same in another roster epoch or domain; signed anew where it is its own."""
        match message:
            case PrePrepare():
                return replace(message, header=replace(message.header, roster_epoch=message.header.roster_epoch + 1))
            case ViewChange() | NewView() | Checkpoint():
                bent = replace(message, roster_epoch=message.roster_epoch + 1)
                return self.signed(bent) if message.number == self.number else bent
            case MissingReport() | FoundReport():
                bent_report = replace(message, domain=self.rng.randbytes(32))
                return self.signed(bent_report) if message.number == self.number else bent_report
            case Vote():
                return replace(message, view=message.view + 1)
        return message
