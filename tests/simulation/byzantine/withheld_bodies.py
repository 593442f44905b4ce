"""A primary that shows its proposal to few, and a module that gives away no body, or a wrong one."""

from __future__ import annotations

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.agreement.pbft.messages import BodyOf, DecidedBatch, Forward
from thresign.orders.batch import Batch
from thresign.orders.votes import PrePrepare
from thresign.wire.canonical import Record


class WithheldBodies(Behaviour):
    """Some backups get a proposal without its body or with another; who asks for a body, or for a decided batch, gets
    none or a wrong one; what others forward is dropped."""

    name = "withheld bodies"

    def outgoing(self, to: int, message: Record) -> Sent:
        match message:
            case PrePrepare():
                return self._proposal(to, message)
            case BodyOf() | DecidedBatch():
                self.lied()
                body = self.rng.choice([b"", message.body[:-1], bytes(len(message.body))])
                return [(to, replace(message, body=body))] if self.rng.random() < 0.7 else []
            case Forward():
                self.lied()
                return []
        return [(to, message)]

    def _proposal(self, to: int, message: PrePrepare) -> Sent:
        honest = [number for number in self.others if number not in self.world.monitor.byzantine]
        kind = self.rng.randrange(5) if to in honest[1:] else 0
        if kind == 0:
            return [(to, message)]
        self.lied()
        if kind == 1:
            return []
        entries = Batch.decode(message.body).entries
        others = [b"", message.body + b"\x00", Batch(entries[1:]).encode(), Batch((*entries, entries[0])).encode()]
        return [(to, replace(message, body=self.rng.choice(others)))]
