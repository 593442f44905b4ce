"""The walk of an order through a node: partials to all first, a result answered when q modules hold it, an order given
up for good when it is reported, replaced only on q reports. One signature a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain, ready_ledger
from tests.simulation.stubs import StubCombiner, share_of, sign
from thresign.ids import Digest
from thresign.ledger import ledger, snapshot
from thresign.limits import faults
from thresign.orders.batch import Batch
from thresign.orders.digests import sha256
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import SignOrder
from thresign.orders.statements import FoundReport, FoundReports, MissingReports, Partials, SharePart
from thresign.signing import journey
from thresign.signing.events import (
    Answer,
    AskFound,
    AskMessage,
    AskReport,
    AskSigned,
    Blame,
    Broadcast,
    Delivered,
    Effect,
    Found,
    Journal,
    Journalled,
    MessageArrived,
    OwnFound,
    OwnReport,
    OwnSigned,
    Past,
    Recall,
    RecallFound,
    Received,
    Send,
    Submit,
    Tick,
)
from thresign.signing.journey import forget_before, message_of, step
from thresign.signing.messages import FetchFound, FetchHeld, FetchPartials, FetchResult, Held, PartialsOf, Result
from thresign.signing.state import EARLY_MAX, EARLY_PARTS_MAX, Journey
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
        self.journey = Journey(number, self.domain.id, self.domain.roster, StubCombiner(), lambda _: None)
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
        other.journey = Journey(self.number, self.domain.id, self.domain.roster, StubCombiner(), lambda _: None)
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


# --- from partials to an answer -------------------------------------------------------------------------------------


def test_the_whole_walk() -> None:
    walker = Walker(Walker().signers[0])
    assert of(walker.effects, AskSigned) == [AskSigned(walker.header.sequence)]
    effects = walker.own_signed()
    assert said(effects, PartialsOf)
    assert of(effects, Journal) == []
    walker.hear(walker.signers[1], walker.partials_of(walker.signers[1]))
    effects = walker.hear(walker.signers[2], walker.partials_of(walker.signers[2]))
    (journal,) = of(effects, Journal)
    assert [combined.certified.leaf for combined in journal.results] == [walker.leaf]
    effects = walker.step(Journalled(frozenset({walker.leaf})))
    assert said(effects, Held) == [Held((walker.leaf,))]
    others = [number for number in walker.domain.numbers if number != walker.number]
    assert of(walker.hear(others[0], Held((walker.leaf,))), Answer) == []
    (answer,) = of(walker.hear(others[1], Held((walker.leaf,))), Answer)
    assert answer.answered.held.combined == journal.results[0]
    assert of(walker.hear(others[2], Held((walker.leaf,))), Answer) == []


def test_own_partials_go_to_all_before_anything_is_combined() -> None:
    """With the last partial being the own one, the broadcast stands before the result."""
    walker = Walker(Walker().signers[0])
    for number in walker.signers[1:]:
        walker.hear(number, walker.partials_of(number))
    effects = walker.own_signed()
    kinds = [type(effect) for effect in effects]
    assert kinds.index(Broadcast) < kinds.index(Journal)


def test_who_is_no_signer_combines_too() -> None:
    walker = Walker(outsider(Walker()))
    assert of(walker.effects, AskSigned) == []
    walker.combine()
    assert len(of(walker.effects, Journal)) == 1


def test_partials_that_came_with_the_batch_are_not_asked_for() -> None:
    number = Walker().signers[0]
    walker = Walker(number, deliver=False)
    signed = calls.Signed(walker.header.sequence, walker.partials(number), (), 0)
    effects = walker.deliver(signed=(signed,))
    assert said(effects, PartialsOf)
    assert of(effects, AskSigned) == []


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_an_answer_needs_q_holders_of_which_one_is_here(n: int) -> None:
    walker = Walker(1, n)
    q = walker.domain.q
    walker.combine()
    for number in walker.domain.numbers[1:q]:
        walker.hear(number, Held((walker.leaf,)))
        walker.hear(number, Held((walker.leaf,)))
    assert of(walker.effects, Answer) == []  # others hold it; this node's disk does not yet
    assert of(walker.step(Journalled(frozenset({walker.leaf}))), Answer)
    walker = Walker(1, n)
    walker.hold()
    for number in walker.domain.numbers[1 : q - 1]:
        assert of(walker.hear(number, Held((walker.leaf,))), Answer) == []
    assert of(walker.hear(walker.domain.numbers[q - 1], Held((walker.leaf,))), Answer)


def test_what_was_said_before_the_batch_arrived_counts() -> None:
    walker = Walker(deliver=False)
    for number in (2, 3):
        walker.hear(number, Held((walker.leaf,)))
    for number in walker.signers:
        if number != walker.number:
            walker.hear(number, walker.partials_of(number))
    walker.deliver()
    if walker.number in walker.signers:
        walker.own_signed()
    assert of(walker.effects, Journal)
    assert of(walker.step(Journalled(frozenset({walker.leaf}))), Answer)


def test_what_comes_early_is_bounded() -> None:
    walker = Walker(deliver=False)
    for sequence in range(10_000, 10_500):
        walker.hear(2, PartialsOf(sequence, walker.partials(2)))
    assert len(walker.journey.early) <= EARLY_MAX
    for _ in range(100):
        walker.hear(2, PartialsOf(10_000, walker.partials(2)))
    assert max(len(parts) for parts in walker.journey.early.values()) == EARLY_PARTS_MAX
    for number in range(10_000):
        walker.hear(2, Held((sha256(b"%d" % number),)))
    assert len(walker.journey.early_held) <= 4096


# --- partials that do not count -------------------------------------------------------------------------------------


def test_partials_that_do_not_count() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a))
    walker.hear(b, walker.partials_of(b))
    bad = (
        (c, replace(walker.partials_of(c), partials=replace(walker.partials(c), signature=bytes(64)))),
        (c, replace(walker.partials_of(c), partials=walker.partials(a))),  # another's, said by this one
        (a, walker.partials_of(c)),  # this one's, said by another
        (c, walker.partials_of(c, domain=sha256(b"other"))),
        (c, walker.partials_of(c, leaf=sha256(b"another order"))),
        (walker.number, walker.partials_of(walker.number)),  # no signer
        (9, walker.partials_of(9)),  # no member
    )
    for sender, message in bad:
        effects = walker.hear(sender, message)
        assert of(effects, Journal) == []
        assert of(effects, Blame) == []
    assert of(walker.hear(c, walker.partials_of(c)), Journal)


def test_the_first_partial_of_a_signer_counts() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a))
    walker.hear(a, walker.partials_of(a, share=bytes(32)))
    walker.hear(b, walker.partials_of(b))
    assert of(walker.hear(c, walker.partials_of(c)), Journal)


def test_a_wrong_partial_is_blamed_on_its_signer_and_ends_the_order() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a, share=bytes(32)))
    walker.hear(b, walker.partials_of(b))
    effects = walker.hear(c, walker.partials_of(c))
    assert [(blame.number, blame.order) for blame in of(effects, Blame)] == [(a, walker.leaf)]
    assert of(effects, Journal) == []
    walker.give_up()
    (ask,) = of(walker.effects, AskReport)
    assert (ask.order, ask.missing) == (walker.leaf, (a,))


def test_two_wrong_partials_are_both_blamed() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a, share=bytes(32)))
    walker.hear(b, walker.partials_of(b))
    effects = walker.hear(c, walker.partials_of(c, share=bytes(32)))
    assert {blame.number for blame in of(effects, Blame)} == {a, c}


def test_what_the_own_token_refused_is_told() -> None:
    walker = Walker(Walker().signers[0])
    refusal = calls.Refusal(walker.leaf, 0x3F, "TS_NONCE_USED: ")
    none = Partials(walker.domain.id, walker.number, (), bytes(64))
    effects = walker.step(OwnSigned(calls.Signed(walker.header.sequence, none, (refusal,), 0)))
    assert [(b.number, b.order, b.why) for b in of(effects, Blame)] == [(walker.number, walker.leaf, "TS_NONCE_USED: ")]
    assert said(effects, PartialsOf) == []


# --- results of others ----------------------------------------------------------------------------------------------


def test_a_result_of_another_module_is_taken_if_it_holds() -> None:
    walker = Walker(outsider(Walker()))
    assert of(walker.hear(2, walker.result()), Journal)


def test_and_not_otherwise() -> None:
    walker = Walker(outsider(Walker()))
    good = walker.result()
    first, *rest = good.partials
    bad = (
        replace(good, signature=bytes(64)),
        replace(good, signature=good.signature[:32] + bytes(32)),
        replace(good, partials=()),
        replace(good, partials=tuple(rest)),
        replace(good, partials=(*good.partials, first)),
        replace(good, partials=tuple(reversed(good.partials))),
        replace(good, partials=(replace(first, share=bytes(32)), *rest)),
        replace(good, partials=(replace(first, signature=bytes(64)), *rest)),
        replace(good, partials=(replace(first, number=9), *rest)),
        replace(good, order=sha256(b"another order")),
    )
    for message in bad:
        assert of(walker.hear(2, message), Journal) == []
    assert of(walker.hear(2, good), Journal)
    assert of(walker.hear(2, good), Journal) == []


def test_who_asks_for_a_result_gets_it() -> None:
    walker = Walker()
    assert sent(walker.hear(2, FetchResult(walker.leaf)), Result) == []
    walker.combine()
    assert sent(walker.hear(2, FetchResult(walker.leaf)), Result) == [(2, walker.result())]


def test_what_is_asked_about_orders_that_are_over_is_in_the_journal() -> None:
    walker = Walker()
    old = Digest(sha256(b"old"))
    assert of(walker.hear(2, FetchResult(old)), Recall) == [Recall(2, (old,), True)]
    assert of(walker.hear(2, FetchHeld((old, walker.leaf))), Recall) == [Recall(2, (old,), False)]


def test_who_asks_is_told_what_is_held_on_disk() -> None:
    walker = Walker()
    walker.combine()
    assert sent(walker.hear(2, FetchHeld((walker.leaf,))), Held) == []
    walker.step(Journalled(frozenset({walker.leaf})))
    assert sent(walker.hear(2, FetchHeld((walker.leaf,))), Held) == [(2, Held((walker.leaf,)))]


# --- missing partials -----------------------------------------------------------------------------------------------


def test_missing_partials_are_asked_for_and_then_reported() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a))
    effects = walker.tick(250)
    sequence = walker.header.sequence
    assert sent(effects, FetchPartials) == [(b, FetchPartials(sequence)), (c, FetchPartials(sequence))]
    assert of(effects, AskReport) == []
    walker.give_up()
    (ask,) = of(walker.effects, AskReport)
    assert (ask.order, ask.missing) == (walker.leaf, tuple(sorted((b, c))))
    assert walker.now - 1000 > 1000


def test_before_an_order_is_given_up_all_are_asked_for_its_result() -> None:
    """A module that catches up has no word of those that answered it long ago, and needs only to ask."""
    walker = Walker(outsider(Walker()))
    effects = walker.give_up()
    asked = [at for at, effect in enumerate(effects) if effect == Broadcast(FetchResult(walker.leaf))]
    (given_up,) = [at for at, effect in enumerate(effects) if isinstance(effect, AskReport)]
    before = [at for at in asked if at < given_up - 1]
    assert before, "there is a tick between the question and giving up"
    assert len(asked) < 5


def test_all_orders_that_no_quorum_holds_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: some may never be answered here, and would stand in front of the others."""
    monkeypatch.setattr(journey, "BATCH_ENTRIES_MAX", 2)
    walker = Walker(deliver=False, orders=5)
    leaves = [Digest(leaf_hash(order.encode())) for order in walker.orders]
    walker.deliver(Past(results=dict.fromkeys(leaves, (bytes(64), ()))))
    asked = said(walker.tick(250), FetchHeld)
    assert [leaf for message in asked for leaf in message.orders] == leaves
    assert max(len(message.orders) for message in asked) == 2


def test_who_is_asked_for_partials_has_its_token_sign_again() -> None:
    walker = Walker()
    assert of(walker.hear(2, FetchPartials(walker.header.sequence)), AskSigned) == [AskSigned(walker.header.sequence)]
    assert of(walker.hear(2, FetchPartials(walker.header.sequence + 1)), AskSigned) == []


def test_a_large_message_has_its_time() -> None:
    """9 bytes are large at a byte a millisecond."""
    walker = Walker(deliver=False)
    walker.journey.timing.bytes_per_ms = 1
    walker.deliver()
    assert of(walker.tick(walker.journey.timing.missing_ms + 9), AskReport) == []
    assert of(walker.tick(walker.journey.timing.fetch_ms + 1), AskReport)


def test_an_order_is_reported_once_and_the_report_said_again() -> None:
    """Until the vault has signed it, it is asked for: the vault may have gone down with the question. Afterwards the
    same report is said again while the order waits to be replaced."""
    walker = Walker(outsider(Walker()))
    walker.give_up()
    asked = len(of(walker.effects, AskReport))
    assert len(of(walker.tick(250), AskReport)) == 1
    report = walker.report(walker.number)
    walker.step(OwnReport(report))
    for _ in range(30):
        assert said(walker.tick(250), type(report)) == [report]
    assert len(of(walker.effects, AskReport)) == asked + 1


def test_a_batch_that_is_walked_again_does_not_forget_that_an_order_was_given_up() -> None:
    """A caller asks again while the vault signs the report: the journal does not know of it yet."""
    walker = Walker(outsider(Walker()))
    walker.give_up()
    walker.deliver(Past(replayed=True))
    for signer in walker.signers:
        walker.hear(signer, PartialsOf(walker.header.sequence, walker.partials(signer)))
    walker.step(Journalled(frozenset({walker.leaf})))
    assert of(walker.effects, Journal) == []
    assert said(walker.effects, Held) == []


def test_the_report_goes_to_all_once_it_is_on_disk() -> None:
    walker = Walker(outsider(Walker()))
    walker.give_up()
    report = walker.report(walker.number)
    assert report in said(walker.step(OwnReport(report)), type(report))


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_q_reports_have_it_replaced_and_fewer_do_not(n: int) -> None:
    """Not f + 1: else an answer and a replacing order could both come about."""
    walker = Walker(1, n)
    numbers = walker.domain.numbers
    for number in numbers[1 : walker.domain.q]:
        for _ in range(2):
            walker.hear(number, walker.report(number))
        assert of(walker.effects, Submit) == []
    last = numbers[walker.domain.q] if walker.domain.q < n else numbers[0]
    (submit,) = of(walker.hear(last, walker.report(last)), Submit)
    assert isinstance(submit.entry, MissingReports)
    assert submit.entry.order == walker.order.encode()
    assert len(submit.entry.reports) == walker.domain.q > faults(n) + 1
    for number in numbers:
        walker.hear(number, walker.report(number))
    assert len(of(walker.effects, Submit)) == 1


def test_what_was_submitted_is_submitted_again_until_it_is_ordered() -> None:
    """There may have been no room for it, or a vault that lagged held it for out of date: nobody else repeats it."""
    walker = Walker(outsider(Walker()))
    walker.give_up()
    walker.step(OwnReport(walker.report(walker.number)))
    for number in walker.domain.numbers:
        walker.hear(number, walker.report(number))
    (first,) = of(walker.effects, Submit)
    for _ in range(3):
        assert of(walker.tick(500), Submit) == []
        assert of(walker.tick(600), Submit) == [first]
    walker.find()
    assert of(walker.tick(2000), Submit) == []


def test_reports_that_do_not_count() -> None:
    walker = Walker()
    for number in (2, 3):
        walker.hear(number, walker.report(number))
    bad = (
        (4, replace(walker.report(4), signature=bytes(64))),
        (4, replace(walker.report(4), domain=sha256(b"x"))),
        (4, replace(walker.report(4), order=sha256(b"x"))),
        (3, walker.report(4)),
        (9, walker.report(9)),
    )
    for sender, report in bad:
        assert of(walker.hear(sender, report), Submit) == []
    assert of(walker.hear(4, walker.report(4)), Submit)


def test_who_reported_an_order_never_holds_it() -> None:
    """The result may come all the same; this module keeps it, and never says that it holds it."""
    walker = Walker(outsider(Walker()))
    walker.give_up()
    walker.step(OwnReport(walker.report(walker.number)))
    walker.hear(2, walker.result())
    effects = walker.step(Journalled(frozenset({walker.leaf})))
    assert said(effects, Held) == []
    assert sent(walker.hear(2, FetchHeld((walker.leaf,))), Held) == []
    others = [number for number in walker.domain.numbers if number != walker.number]
    for number in others[: walker.domain.q - 1]:
        assert of(walker.hear(number, Held((walker.leaf,))), Answer) == []
    # q others do hold it: then it is the request's signature, and answered here too.
    assert of(walker.hear(others[walker.domain.q - 1], Held((walker.leaf,))), Answer)


# --- split: some hold a result that others gave up ------------------------------------------------------------------


def split() -> Walker:
    """A module that gave an order up, and has its result on disk now."""
    walker = Walker(outsider(Walker()))
    walker.give_up()
    walker.step(OwnReport(walker.report(walker.number)))
    walker.hear(2, walker.result())
    walker.step(Journalled(frozenset({walker.leaf})))
    return walker


def test_who_gave_an_order_up_and_has_its_result_says_that_it_is_found() -> None:
    walker = split()
    assert of(walker.tick(250), AskFound) == [AskFound(walker.leaf)]
    assert of(walker.tick(250), AskFound) == [AskFound(walker.leaf)], "the vault may have gone down with the question"
    report = walker.domain.found_report(walker.number, walker.leaf)
    assert said(walker.step(OwnFound(report)), FoundReport) == [report]
    effects = walker.tick(250)
    assert of(effects, AskFound) == []
    assert said(effects, FoundReport) == [report]


def test_who_holds_a_result_that_another_gave_up_says_that_it_is_found() -> None:
    for hint in (Walker.report, lambda walker, number: walker.domain.found_report(number, walker.leaf)):
        walker = Walker()
        walker.hold()
        assert of(walker.tick(250), AskFound) == []
        walker.hear(3, hint(walker, 3))
        assert of(walker.tick(250), AskFound) == [AskFound(walker.leaf)]


def test_a_result_that_no_quorum_holds_for_long_is_said_to_be_found() -> None:
    """Nobody gave the order up: others may not know it, having taken a ledger over from beyond it."""
    walker = Walker()
    walker.hold()
    walker.hear(2, Held((walker.leaf,)))
    while walker.now - 1000 <= walker.journey.timing.give_up_ms:
        assert of(walker.effects, AskFound) == []
        walker.tick(250)
    assert of(walker.effects, AskFound) == [AskFound(walker.leaf)]


def answered(n: int = 4) -> Walker:
    """A module that has answered, since a quorum holds the result; not all do."""
    walker = Walker(1, n)
    walker.hold()
    for number in walker.domain.numbers[1 : walker.domain.q]:
        walker.hear(number, Held((walker.leaf,)))
    assert of(walker.effects, Answer)
    walker.effects.clear()
    return walker


def test_who_has_answered_says_that_it_is_found_to_who_cannot() -> None:
    walker = answered()
    ask = FetchFound(walker.leaf)
    assert of(walker.hear(4, walker.domain.found_report(4, walker.leaf)), AskFound) == [], "only if it asks"
    assert of(walker.hear(4, ask), AskFound) == [AskFound(walker.leaf)]
    assert walker.hear(4, ask) == [], "it is being signed"
    walker.now += walker.journey.timing.fetch_ms
    assert of(walker.hear(4, ask), AskFound) == [AskFound(walker.leaf)], "the vault may have gone down with it"
    own = walker.domain.found_report(1, walker.leaf)
    assert said(walker.step(OwnFound(own)), FoundReport) == [own]
    assert walker.hear(4, ask) == [Send(4, own)]
    assert of(walker.effects, Submit) == [], "who waits for it submits it"


def test_but_not_of_what_is_found_nor_before_it_has_answered() -> None:
    walker = answered()
    walker.find()
    assert walker.hear(4, FetchFound(walker.leaf)) == []
    walker = Walker()
    walker.hold()
    assert walker.hear(4, FetchFound(walker.leaf)) == []


def test_who_cannot_answer_what_it_found_asks_others_to_say_so() -> None:
    """Not at once: it asks first of all who holds the result."""
    walker = split()
    assert said(walker.tick(250), FetchFound) == []
    walker.step(OwnFound(walker.domain.found_report(walker.number, walker.leaf)))
    assert said(walker.tick(250), FetchFound) == [FetchFound(walker.leaf)]
    walker.find()
    assert said(walker.tick(250), FetchFound) == []


def test_whose_walk_is_over_looks_into_its_journal() -> None:
    """When it is asked; reports alone provoke none, or two such modules would go on for ever."""
    walker = Walker(deliver=False)
    assert walker.hear(4, FetchFound(walker.leaf)) == [RecallFound(4, Digest(walker.leaf))]
    assert walker.hear(4, walker.domain.found_report(4, walker.leaf)) == []


@pytest.mark.parametrize("n", [4, 5, 6, 7])
@pytest.mark.parametrize("found", [False, True])
def test_what_is_found_is_answered_by_f_and_one_holders(n: int, found: bool) -> None:
    """Nothing replaces it any more; otherwise it takes a quorum."""
    walker = Walker(1, n)
    if found:
        walker.find()
    walker.hold()
    needed = faults(n) + 1 if found else walker.domain.q
    for number in range(2, needed + 1):
        assert of(walker.effects, Answer) == []
        walker.hear(number, Held((walker.leaf,)))
    assert of(walker.effects, Answer)


def test_who_has_no_result_finds_none() -> None:
    walker = Walker(outsider(Walker()))
    walker.give_up()
    walker.hear(3, walker.domain.found_report(3, walker.leaf))
    for _ in range(20):
        walker.tick(250)
    assert of(walker.effects, AskFound) == []


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_f_and_one_found_reports_go_to_the_ledger(n: int) -> None:
    walker = Walker(1, n)
    needed = faults(n) + 1
    for number in walker.domain.numbers[:needed]:
        assert of(walker.effects, Submit) == []
        for _ in range(2):
            walker.hear(number, walker.domain.found_report(number, walker.leaf))
    (submit,) = of(walker.effects, Submit)
    assert submit.entry == walker.domain.found(walker.order)
    walker.hear(n, walker.domain.found_report(n, walker.leaf))
    assert len(of(walker.effects, Submit)) == 1


def test_found_reports_are_submitted_again_until_they_are_ordered() -> None:
    walker = split()
    walker.hear(2, walker.domain.found_report(2, walker.leaf))
    (first,) = of(walker.step(OwnFound(walker.domain.found_report(walker.number, walker.leaf))), Submit)
    assert isinstance(first.entry, FoundReports)
    walker.hear(1, walker.domain.found_report(1, walker.leaf))
    for _ in range(3):
        assert of(walker.tick(500), Submit) == []
        assert of(walker.tick(600), Submit) == [first]
    walker.find()
    assert of(walker.tick(2000), Submit) == []


def test_found_reports_that_do_not_count() -> None:
    walker = Walker()
    walker.hear(2, walker.domain.found_report(2, walker.leaf))
    good = walker.domain.found_report(3, walker.leaf)
    for sender, report in (
        (3, replace(good, signature=bytes(64))),
        (3, replace(good, domain=sha256(b"x"))),
        (3, replace(good, order=sha256(b"x"))),
        (4, good),
        (9, walker.domain.found_report(9, walker.leaf)),
    ):
        assert of(walker.hear(sender, report), Submit) == []
    assert of(walker.hear(3, good), Submit)


def test_once_it_is_found_who_gave_it_up_holds_it() -> None:
    walker = split()
    walker.hear(next(n for n in walker.domain.numbers if n != walker.number), Held((walker.leaf,)))
    assert of(walker.effects, Answer) == []
    effects = walker.find()
    assert said(effects, Held) == [Held((walker.leaf,))]
    assert of(effects, Answer)
    assert sent(walker.hear(2, FetchHeld((walker.leaf,))), Held) == [(2, Held((walker.leaf,)))]


def test_once_it_is_found_who_has_no_result_asks_for_it_and_reports_nothing() -> None:
    walker = Walker(outsider(Walker()))
    walker.give_up()
    assert said(walker.find(), FetchResult) == [FetchResult(walker.leaf)]
    walker.effects.clear()
    for _ in range(20):
        assert said(walker.tick(250), FetchResult) == [FetchResult(walker.leaf)]
    assert of(walker.effects, AskReport) == []
    # It is combined from partials too, however late they come: the order has one signature.
    walker.combine()
    assert of(walker.effects, Journal)
    assert said(walker.step(Journalled(frozenset({walker.leaf}))), Held) == [Held((walker.leaf,))]


def test_what_was_found_in_a_batch_that_was_not_seen_here_is_found_all_the_same() -> None:
    """The vault took the ledger over from beyond that batch, and says so."""
    walker = split()
    effects = walker.step(Found(frozenset({walker.leaf, Digest(sha256(b"another"))})))
    assert said(effects, Held) == [Held((walker.leaf,))]
    assert walker.step(Found(frozenset({walker.leaf}))) == []


def test_what_is_found_is_not_said_to_be_found() -> None:
    walker = split()
    walker.find()
    walker.effects.clear()
    for _ in range(20):
        walker.tick(250)
    assert of(walker.effects, AskFound) == []


def test_who_holds_it_never_reports_it_and_helps_who_does() -> None:
    walker = Walker()
    walker.hold()
    for _ in range(40):
        walker.tick(250)
    assert of(walker.effects, AskReport) == []
    effects = walker.hear(3, walker.report(3))
    assert sent(effects, Result) == [(3, walker.result())]


def test_partials_that_come_after_the_report_are_not_combined() -> None:
    walker = Walker(outsider(Walker()))
    walker.give_up()
    for number in walker.signers:
        assert of(walker.hear(number, walker.partials_of(number)), Journal) == []


def test_while_somebody_says_that_it_holds_the_result_it_is_asked_for_and_waited_for_longer() -> None:
    walker = Walker(outsider(Walker()))
    walker.hear(2, Held((walker.leaf,)))
    assert sent(walker.tick(500), FetchResult) == [(2, FetchResult(walker.leaf))]
    assert of(walker.tick(1000), AskReport) == []
    walker.give_up()


# --- who is told ----------------------------------------------------------------------------------------------------


def test_the_coordinator_sends_the_result_to_who_does_not_say_it_holds_it() -> None:
    coordinator = Walker().order.coordinator
    walker = Walker(coordinator)
    walker.hold()
    others = [number for number in walker.domain.numbers if number != coordinator]
    walker.hear(others[0], Held((walker.leaf,)))
    effects = walker.tick(300)
    assert sorted(to for to, _ in sent(effects, Result)) == others[1:]


def test_if_it_is_silent_the_next_signer_does_it_later() -> None:
    first = Walker()
    turn = [first.order.coordinator, *(n for n in first.signers if n != first.order.coordinator)]
    waited = []
    for number in turn:
        walker = Walker(number)
        walker.hold()
        while not sent(walker.tick(50), Result):
            assert walker.now < 10_000
        waited.append(walker.now)
    assert waited[0] == min(waited)


# --- restarts -------------------------------------------------------------------------------------------------------


def test_a_result_of_before_the_restart_is_held() -> None:
    good = Walker().result()
    past = Past(results={Digest(good.order): (good.signature, good.partials)})
    walker = Walker(past=past)
    assert of(walker.effects, AskSigned) == []
    assert sent(walker.hear(2, FetchHeld((walker.leaf,))), Held) == [(2, Held((walker.leaf,)))]
    walker.hear(2, Held((walker.leaf,)))
    assert of(walker.hear(3, Held((walker.leaf,))), Answer)


def test_an_order_reported_before_the_restart_stays_given_up() -> None:
    leaf = Walker().leaf
    walker = Walker(past=Past(reported=frozenset({leaf})))
    assert of(walker.effects, AskSigned) == []
    walker.hear(2, walker.result())
    assert said(walker.step(Journalled(frozenset({leaf}))), Held) == []


def test_an_order_answered_before_the_restart_is_over() -> None:
    walker = Walker(past=Past(answered=frozenset({Walker().leaf})))
    assert walker.journey.walks == {}


def test_orders_replayed_without_result_are_first_asked_about() -> None:
    walker = Walker(past=Past(replayed=True))
    assert said(walker.effects, FetchResult) == [FetchResult(walker.leaf)]


# --- the end --------------------------------------------------------------------------------------------------------


def test_orders_that_agreed_time_has_left_behind_are_forgotten() -> None:
    walker = Walker()
    forget_before(walker.journey, walker.order.expires_ms - 1)
    assert walker.journey.walks
    forget_before(walker.journey, walker.order.expires_ms)
    assert walker.journey.walks == {}


def test_so_are_those_with_a_result_that_no_quorum_holds_a_little_later() -> None:
    """Others may have given it up, or answered it long ago: it would be said for ever that it is held here."""
    walker = Walker()
    walker.hold()
    end = walker.order.expires_ms + walker.journey.timing.done_ms
    forget_before(walker.journey, end - 1)
    assert walker.journey.walks
    forget_before(walker.journey, end)
    assert walker.journey.walks == {}
    assert of(walker.hear(2, FetchHeld((walker.leaf,))), Recall) == [Recall(2, (Digest(walker.leaf),), False)]


def test_an_answered_walk_ends_when_all_hold_it() -> None:
    walker = Walker()
    walker.hold()
    for number in (2, 3, 4):
        walker.hear(number, Held((walker.leaf,)))
    walker.tick(10)
    assert walker.journey.walks == {}


def test_a_replacing_order_ends_the_walk_of_the_one_before() -> None:
    walker = Walker()
    old, new = walker.leaf, walker.replace()
    assert old not in walker.journey.walks
    assert set(walker.journey.walks) == {new}
    walk = walker.journey.walks[Digest(new)]
    assert walk.certified.order.attempt == 2
    assert walk.certified.message == b"message 0"


def test_a_replacing_order_that_is_walked_already_goes_on() -> None:
    walker = Walker()
    new = walker.replace()
    assert said(walker.deliver(Past(replayed=True)), FetchResult) == [FetchResult(new)]
    assert walker.journey.wanted == {}


# --- messages that are not here -------------------------------------------------------------------------------------


def ignorant(number: int = 1) -> Walker:
    """A module that took the ledger over from beyond a request whose order is replaced now."""
    walker = Walker(number, deliver=False)
    walker.replace()
    return walker


def arrive(walker: Walker, message: bytes = b"message 0") -> list[Effect]:
    return walker.step(MessageArrived(sha256(message), message))


def test_the_message_of_an_order_is_asked_for_one_module_after_the_other() -> None:
    walker = ignorant()
    assert walker.journey.walks == {}
    asked = [ask for _ in range(6) for ask in of(walker.tick(250), AskMessage)]
    assert {ask.message_sha256 for ask in asked} == {sha256(b"message 0")}
    assert sorted(ask.to for ask in asked) == [2, 2, 3, 3, 4, 4]


def test_with_its_message_an_order_is_walked_and_signed() -> None:
    first = ignorant()
    for number in first.domain.numbers:
        walker = ignorant(number)
        arrive(walker, b"another")
        assert walker.journey.walks == {}
        effects = arrive(walker)
        signs = number in walker.signers
        assert of(effects, AskSigned) == ([AskSigned(walker.header.sequence)] if signs else [])
        assert of(walker.tick(250), AskMessage) == []
        assert walker.journey.wanted == {}
        walker.combine()
        assert of(walker.effects, Journal)


def test_who_walks_an_order_gives_its_message() -> None:
    walker = Walker()
    assert message_of(walker.journey, sha256(b"message 0")) == b"message 0"
    assert message_of(walker.journey, sha256(b"another")) is None


def test_an_order_found_or_given_up_before_its_message_came_stays_so() -> None:
    for past, found in ((Past(reported=frozenset({ignorant().leaf})), False), (Past(), True)):
        walker = ignorant()
        walker.journey.wanted.clear()
        walker.deliver(past)
        if found:
            walker.find()
        arrive(walker)
        walk = walker.journey.walks[Digest(walker.leaf)]
        assert (walk.reported, walk.found) == (not found, found)


def test_orders_without_message_end_as_others_do() -> None:
    walker = ignorant()
    forget_before(walker.journey, walker.order.expires_ms)
    assert walker.journey.wanted == {}
    walker = ignorant()
    old, new = walker.leaf, walker.replace()
    assert old != new
    assert set(walker.journey.wanted) == {new}


# --- what is still to be expected -------------------------------------------------------------------------------------


def test_a_batch_is_unsettled_until_all_its_orders_are_answered() -> None:
    walker = Walker(orders=2)
    sequence = walker.header.sequence
    assert walker.journey.unsettled == {sequence: 2}
    walker.hold()
    walker.hear(2, Held((walker.leaf,)))
    assert walker.journey.unsettled == {sequence: 2}
    walker.hear(3, Held((walker.leaf,)))
    assert walker.journey.unsettled == {sequence: 1}
    walker.hear(4, Held((walker.leaf,)))
    walker.tick(10)  # that walk is over
    assert walker.journey.unsettled == {sequence: 1}


def test_an_order_that_takes_long_is_not_waited_for() -> None:
    walker = Walker()
    walker.tick(walker.journey.timing.missing_ms)
    assert walker.journey.unsettled
    walker.tick(1)
    assert walker.journey.unsettled == {}
    walker.combine()
    walker.tick(walker.journey.timing.fetch_ms)
    assert walker.journey.unsettled == {}


def test_nor_one_whose_walk_has_ended() -> None:
    expired = Walker()
    forget_before(expired.journey, expired.order.expires_ms)
    assert expired.journey.unsettled == {}
    replaced = Walker()
    replaced.replace()
    assert replaced.journey.unsettled == {replaced.header.sequence: 1}
