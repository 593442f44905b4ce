"""Lies about how far one is: checkpoints of another ledger, of old and far slots; standings and batches to match."""

from __future__ import annotations

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.agreement.pbft.messages import DecidedBatch, FetchDecided, Standing
from thresign.orders.header import MemberSignature
from thresign.orders.votes import Checkpoint
from thresign.wire.canonical import Record


class StaleCheckpoints(Behaviour):
    """It signs checkpoints of ledgers that never were, claims to be far ahead, or far behind, and answers who then asks
    with batches under forged, thinned or mixed certificates, before anybody asks as well."""

    name = "stale checkpoints"
    every_ms = 120.0

    def outgoing(self, to: int, message: Record) -> Sent:
        match message:
            case Checkpoint():
                self.lied()
                shift = self.rng.choice([0, -4, -64, 64, 1 << 32])
                sequence = max(0, message.sequence + shift)
                lie = replace(message, sequence=sequence, state=self.rng.randbytes(32))
                return [(to, self.signed(lie)), (to, message)] if self.rng.random() < 0.3 else [(to, self.signed(lie))]
            case Standing():
                return [(to, replace(message, sequence=message.sequence + self.rng.choice([0, 1, 5, 1 << 40])))]
            case DecidedBatch():
                return [(to, self._forged(message))]
        return [(to, message)]

    def _forged(self, message: DecidedBatch) -> DecidedBatch:
        self.lied()
        certificate, kind = message.certificate, self.rng.randrange(4)
        if kind == 0:
            votes = certificate.votes[:-1]
        elif kind == 1:
            votes = tuple(MemberSignature(vote.number, self.rng.randbytes(64)) for vote in certificate.votes)
        else:
            votes = certificate.votes
        header = certificate.header
        if kind == 2:
            header = replace(header, batch_root=self.rng.randbytes(32))
        view = certificate.view + (kind == 3)
        return DecidedBatch(replace(certificate, header=header, votes=votes, view=view), message.body)

    def act(self) -> None:
        """Unasked: the next batch, as if it were decided; and pleas for batches from the beginning of time."""
        book = self.module.service.book if self.module.service is not None else None
        if book is None or book.decided is None:
            return
        header = book.decided.header
        for to in self.others:
            lie = replace(header, sequence=header.sequence + self.rng.randint(0, 3), previous=self.rng.randbytes(32))
            self.say(to, DecidedBatch(replace(book.decided, header=lie), b"ts.btch1" + bytes(4)))
            self.say(to, FetchDecided(self.rng.choice([0, 1, header.sequence])))
