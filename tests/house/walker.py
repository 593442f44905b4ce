"""One module's walk of a certified order, for tests of signing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from tests.house.stub_domain import StubDomain, ready_ledger
from tests.simulation.stubs import StubCombiner, share_of, sign
from thresign.ledger import ledger, snapshot
from thresign.orders.batch import Batch
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import SignOrder
from thresign.orders.statements import Partials, SharePart
from thresign.signing.events import (
    AskReport,
    Broadcast,
    Delivered,
    Effect,
    Journal,
    Journalled,
    OwnSigned,
    Past,
    Received,
    Send,
    Tick,
)
from thresign.signing.journey import step
from thresign.signing.messages import PartialsOf, Result
from thresign.signing.state import Journey
from thresign.vault import calls

E = TypeVar("E")


class Walker:
    """Module `number` and one certified order, delivered unless said."""

    def __init__(self, number: int = 1, n: int = 4, deliver: bool = True, past: Past = Past(), orders: int = 1) -> None:
        self.run = ready_ledger(StubDomain(n))
        self.domain = self.run.domain
        self.number = number
        self.entries = [self.domain.sign_request(b"message %d" % i, now_ms=self.run.time_ms) for i in range(orders)]
        self.run.time_ms += 1
        planned = self.run.plan(*self.entries)
        assert not isinstance(planned, (str, Exception))
        header = ledger.next_header(self.run.state, planned)
        ledger.apply(self.run.state, header, planned)
        self.header = header
        self.orders = [order for order in planned.orders if isinstance(order, SignOrder)]
        self.order, self.leaf = self.orders[0], leaf_hash(self.orders[0].encode())
        self.signers = [slot.number for slot in self.order.signers]
        self.leaves = tuple(planned.leaves)
        self.journey = Journey(number, self.domain.id, self.domain.roster, StubCombiner(), lambda _: None, lambda _: ())
        self.now = 1000
        self.effects: list[Effect] = []
        if deliver:
            self.deliver(past)

    def delivered(self, past: Past = Past(), signed: tuple[calls.Signed, ...] = ()) -> Delivered:
        key = self.run.state.key_by_name("k")
        assert key is not None
        body = Batch(tuple(self.entries)).encode()
        applied = calls.Applied(
            self.header.sequence,
            self.header.time_ms,
            body,
            self.leaves,
            (snapshot.key_part(key),),
            (),
            0,
            0,
            signed,
        )
        return Delivered(self.domain.certificate(self.header), Batch.decode(body), applied, past)

    def deliver(self, past: Past = Past(), signed: tuple[calls.Signed, ...] = ()) -> list[Effect]:
        return self.step(self.delivered(past, signed))

    def step(self, event: Any) -> list[Effect]:
        effects = step(self.journey, event, self.now)
        self.effects.extend(effects)
        return effects

    def hear(self, sender: int, message: Any) -> list[Effect]:
        return self.step(Received(sender, message))

    def tick(self, after_ms: int) -> list[Effect]:
        self.now += after_ms
        return self.step(Tick())

    def partials(self, number: int, leaf: bytes | None = None, share: bytes | None = None, **changes: Any) -> Partials:
        chosen = self.leaf if leaf is None else leaf
        part = SharePart(chosen, share_of(chosen, number) if share is None else share)
        unsigned = replace(Partials(self.domain.id, number, (part,), bytes(64)), **changes)
        return replace(unsigned, signature=sign(self.domain.key(number), unsigned.signed_bytes()))

    def partials_of(self, number: int, **more: Any) -> PartialsOf:
        return PartialsOf(self.header.sequence, self.partials(number, **more))

    def own_signed(self) -> list[Effect]:
        return self.step(OwnSigned(calls.Signed(self.header.sequence, self.partials(self.number), (), 0)))

    def combine(self) -> list[Effect]:
        """All signers' partials are here."""
        for number in self.signers:
            if number == self.number:
                self.own_signed()
            else:
                self.hear(number, self.partials_of(number))
        return self.effects

    def replace(self) -> bytes:
        """The order is replaced by one with fresh nonces; returns its name."""
        self.decide(self.domain.missing(self.order, (self.signers[0],)))
        (self.order,) = (SignOrder.decode(leaf) for leaf in self.leaves)
        self.leaf = leaf_hash(self.order.encode())
        self.signers = [slot.number for slot in self.order.signers]
        return self.leaf

    def find(self) -> list[Effect]:
        """The ledger learns that the order has a result."""
        return self.decide(self.domain.found(self.order))

    def decide(self, entry: Any) -> list[Effect]:
        """A batch of this entry is decided."""
        self.run.time_ms += 1
        planned = self.run.plan(entry)
        assert not isinstance(planned, (str, Exception))
        self.header = ledger.next_header(self.run.state, planned)
        ledger.apply(self.run.state, self.header, planned)
        self.entries, self.leaves = [entry], tuple(planned.leaves)
        return self.deliver()

    def hold(self) -> list[Effect]:
        self.combine()
        return self.step(Journalled(frozenset({self.leaf})))

    def result(self) -> Result:
        """What a module that has combined sends."""
        other = Walker.__new__(Walker)
        other.__dict__.update(self.__dict__)
        other.journey = Journey(
            self.number, self.domain.id, self.domain.roster, StubCombiner(), lambda _: None, lambda _: ()
        )
        other.effects = []
        other.deliver()
        other.combine()
        (journal,) = of(other.effects, Journal)
        (combined,) = journal.results
        return Result(self.leaf, combined.signature, combined.partials)

    def report(self, number: int, missing: Sequence[int] = ()) -> Any:
        return self.domain.missing_report(number, self.leaf, tuple(missing) or (self.signers[0],))

    def give_up(self) -> list[Effect]:
        """Time passes until the order is reported; the effects of all that time."""
        before = len(self.effects)
        for _ in range(40):
            if of(self.effects, AskReport):
                break
            self.tick(100)
        assert of(self.effects, AskReport)
        return self.effects[before:]


def of(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


def said(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [e.message for e in of(effects, Broadcast) if isinstance(e.message, kind)]  # type: ignore[misc]


def sent(effects: Iterable[Effect], kind: type[E]) -> list[tuple[int, E]]:
    return [(e.to, e.message) for e in of(effects, Send) if isinstance(e.message, kind)]  # type: ignore[misc]


def outsider(walker: Walker) -> int:
    (found,) = set(walker.domain.numbers) - set(walker.signers)
    return found
