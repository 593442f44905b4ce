"""Results that some hold and others gave up: found by f + 1, and then held by all."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.walker import Walker, of, outsider, said, sent
from thresign.ids import Digest
from thresign.limits import faults
from thresign.orders.digests import sha256
from thresign.orders.statements import FoundReport, FoundReports
from thresign.signing.events import (
    Answer,
    AskFound,
    AskReport,
    Found,
    Journal,
    Journalled,
    OwnFound,
    OwnReport,
    RecallFound,
    Send,
    Submit,
)
from thresign.signing.messages import FetchFound, FetchHeld, FetchResult, Held, Result


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
