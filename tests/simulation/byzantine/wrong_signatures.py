"""What it signs for agreement says what it should, to some peers under a signature that does not verify."""

from __future__ import annotations

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.orders.votes import Checkpoint, NewView, PrePrepare, ViewChange, Vote
from thresign.wire.canonical import Record


class WrongSignatures(Behaviour):
    """Nodes count what they have not verified: who assembles a quorum has to find the wrong one and leave it out."""

    name = "wrong signatures"

    def outgoing(self, to: int, message: Record) -> Sent:
        if not isinstance(message, Vote | Checkpoint | ViewChange | NewView | PrePrepare) or self.rng.random() < 0.3:
            return [(to, message)]
        if not isinstance(message, PrePrepare) and message.number != self.number:
            return [(to, message)]
        self.lied()
        return [(to, replace(message, signature=self.rng.randbytes(64)))]
