"""Results: taken from others, held, told, and sent to who lacks them."""

from __future__ import annotations

from msgspec.structs import replace

from tests.house.walker import Walker, of, outsider, sent
from thresign.ids import Digest
from thresign.orders.digests import sha256
from thresign.signing.events import (
    Journal,
    Journalled,
    Recall,
)
from thresign.signing.messages import FetchHeld, FetchResult, Held, Result


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


def test_a_module_that_never_says_it_holds_it_is_sent_the_result_a_few_times() -> None:
    """It may be gone, or a liar: at load there are thousands of such orders at any time."""
    walker = Walker(Walker().order.coordinator)
    walker.hold()
    silent, *others = (number for number in walker.domain.numbers if number != walker.number)
    for number in others:
        walker.hear(number, Held((walker.leaf,)))
    times = []
    while walker.leaf in walker.journey.walks:
        effects = walker.tick(100)
        times += [walker.now - 1000 for to, _ in sent(effects, Result) if to == silent]
    assert times == [100, 200, 400, 800, 1600, 3200]
