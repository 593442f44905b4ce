"""Lies about partials and results: wrong ones, properly signed; to some and not to others; held, and yet missing."""

from __future__ import annotations

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from tests.simulation.stubs import sign
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import SignOrder
from thresign.orders.statements import FoundReport, MissingReport, SharePart
from thresign.signing.messages import FetchHeld, Held, PartialsOf, Result
from thresign.wire.canonical import Record


class WrongPartials(Behaviour):
    """Its partials are wrong for some peers and right for others, each set signed as its token signs."""

    name = "wrong partials"

    def outgoing(self, to: int, message: Record) -> Sent:
        if not isinstance(message, PartialsOf) or message.partials.number != self.number:
            return [(to, message)]
        kind = self.rng.randrange(4)
        if kind == 0:
            return [(to, message)]
        self.lied()
        if kind == 1:
            return []
        if kind == 2:
            unsigned = replace(message.partials, signature=self.rng.randbytes(64))
            return [(to, replace(message, partials=unsigned)), (to, message)]
        wrong = tuple(SharePart(part.order, self.rng.randbytes(32)) for part in message.partials.shares)
        partials = replace(message.partials, shares=wrong)
        partials = replace(partials, signature=sign(self.module.key, partials.signed_bytes()))
        return [(to, replace(message, partials=partials))]


class OtherResults(Behaviour):
    """It gives its partials to one module only, and to the others results instead: the right partials, and a signature
    of the same message that was made under another order. It verifies, and is not this request's."""

    name = "other results"
    every_ms = 20.0

    def __init__(self, world, module, rng) -> None:  # type: ignore[no-untyped-def]
        super().__init__(world, module, rng)
        self.made: dict[bytes, bytes] = {}
        self.told: set[bytes] = set()
        self.partial_to = rng.choice(self.others)

    def outgoing(self, to: int, message: Record) -> Sent:
        if isinstance(message, Result) or (isinstance(message, PartialsOf) and to != self.partial_to):
            return []
        return [(to, message)]

    def act(self) -> None:
        replica = self.module.replica
        for leaf, walk in list(replica.journey.walks.items()) if replica is not None else []:
            if walk.combined is None or leaf in self.told:
                continue
            self.told.add(leaf)
            other = self.made.setdefault(walk.certified.message, walk.combined.signature)
            for to in self.others:
                self.say(to, Result(leaf, other, walk.combined.partials))


class LyingHeld(Behaviour):
    """It says that it holds every result, at once and many times, signs that it holds none and that all are found,
    gives away none, and blames whom it likes; its own partials it keeps from all but one."""

    name = "lying held"
    every_ms = 40.0

    def __init__(self, world, module, rng) -> None:  # type: ignore[no-untyped-def]
        super().__init__(world, module, rng)
        self.told: set[bytes] = set()
        self.partial_to = rng.choice(self.others)

    def outgoing(self, to: int, message: Record) -> Sent:
        match message:
            case Result():
                self.lied()
                return [(to, replace(message, signature=self.rng.randbytes(64)))] if self.rng.random() < 0.5 else []
            case PartialsOf() if to != self.partial_to:
                self.lied()
                return []
            case FetchHeld():
                return [(to, message), (to, Held(message.orders))]
        return [(to, message)]

    def act(self) -> None:
        service = self.module.service
        if service is None:
            return
        batch = service.kept.batch(service.book.state.sequence)
        for order in batch.orders if batch is not None else ():
            leaf = leaf_hash(order.encode())
            if not isinstance(order, SignOrder) or leaf in self.told:
                continue
            self.told.add(leaf)
            missing = (self.rng.choice([slot.number for slot in order.signers]),)
            report = self.signed(MissingReport(service.book.state.domain, self.number, leaf, missing, bytes(64)))
            found = self.signed(FoundReport(service.book.state.domain, self.number, leaf, bytes(64)))
            for to in self.others:
                for delay in (0, 5, 1200):
                    self.later(delay, to, Held((leaf,)))
                    self.later(delay, to, report)
                    self.later(delay, to, found)
