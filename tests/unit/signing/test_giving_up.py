"""Orders without a result: asked about, given up for good, replaced only on q reports."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.walker import Walker, of, outsider, said, sent
from thresign.ids import Digest
from thresign.limits import faults
from thresign.orders.digests import sha256
from thresign.orders.merkle import leaf_hash
from thresign.orders.statements import MissingReports
from thresign.signing import journey
from thresign.signing.events import (
    Answer,
    AskReport,
    AskSigned,
    Broadcast,
    Journal,
    Journalled,
    OwnReport,
    Past,
    Submit,
)
from thresign.signing.messages import FetchHeld, FetchPartials, FetchResult, Held, PartialsOf


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
