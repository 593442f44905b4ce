"""A module that asks everybody for everything, all the time. What it wants is work: it reads no answer."""

from __future__ import annotations

from tests.simulation.byzantine.behaviour import Behaviour
from thresign.agreement.pbft import messages as agreement
from thresign.node import bodies
from thresign.orders.merkle import leaf_hash
from thresign.signing import messages as signing
from thresign.wire.canonical import Record

ROUNDS = 60
UNSEEN = 1 << 60


class Questions(Behaviour):
    """Thousands of questions a second, of every kind; those about orders and batches name some that there are."""

    name = "questions"
    every_ms = 50.0

    def act(self) -> None:
        service, replica = self.module.service, self.module.replica
        if service is None or replica is None:
            return
        sequence = service.book.state.sequence
        batch = service.kept.batch(self.rng.randint(max(1, sequence - 16), sequence))
        orders = [leaf_hash(order) for order in batch.leaves] if batch is not None else [bytes(32)]
        for to in self.others:
            for _ in range(ROUNDS):
                for question in self._questions(sequence, self.rng.choice(orders)):
                    self.say(to, question)

    def _questions(self, sequence: int, order: bytes) -> list[Record]:
        at = self.rng.randint(1, sequence)
        return [
            signing.FetchPartials(at),
            signing.FetchResult(order),
            signing.FetchFound(order),
            signing.FetchHeld((order,) * 16),
            signing.FetchPackage(order, 1),
            agreement.FetchDecided(at),
            agreement.FetchBody(order),
            bodies.FetchBody(order),
            agreement.FetchSnapshot(at, 0),
            agreement.FetchView(),
            agreement.FetchProposal(0, at),
            agreement.Standing(0, 0, at, 0, 0),
            agreement.AskReminder(0, 0),
            agreement.AskHorizon(UNSEEN),
        ]
