"""The walk of an order through a node: partials to all first, a result answered when q modules hold it, an order given
up for good when it is reported, replaced only on q reports. One signature a request."""

from __future__ import annotations

import pytest

from tests.house.walker import Walker, of, outsider, said, sent
from thresign.ids import Digest
from thresign.orders.digests import sha256
from thresign.signing.events import (
    Answer,
    AskMessage,
    AskSigned,
    Broadcast,
    Effect,
    Journal,
    Journalled,
    MessageArrived,
    Past,
    Recall,
)
from thresign.signing.journey import forget_before, message_of
from thresign.signing.messages import FetchHeld, FetchResult, Held, PartialsOf
from thresign.signing.state import EARLY_HELD_MAX, EARLY_MAX, EARLY_PARTS_MAX
from thresign.vault import calls

# --- from partials to an answer ---------------------------------------------------------------------------------------


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
    walker.hear(2, PartialsOf(9_000, walker.partials(2)))
    assert len(walker.journey.early) <= EARLY_MAX
    assert (9_000, 2) in walker.journey.early
    for number in range(10_000):
        walker.hear(2, Held((sha256(b"%d" % number),)))
    assert sum(map(len, walker.journey.early_held.values())) == EARLY_HELD_MAX


def test_who_makes_sequences_up_takes_no_room_of_others() -> None:
    walker = Walker(outsider(Walker()), deliver=False)
    liar, *honest = walker.signers
    for sequence in range(10_000, 10_500):
        walker.hear(liar, PartialsOf(sequence, walker.partials(liar)))
    for number in honest:
        walker.hear(number, walker.partials_of(number))
        walker.hear(number, Held((walker.leaf,)))
    for number in range(10_000):
        walker.hear(liar, Held((sha256(b"%d" % number),)))
    walker.deliver()
    assert of(walker.hear(liar, walker.partials_of(liar)), Journal)
    assert of(walker.step(Journalled(frozenset({walker.leaf}))), Answer)


# --- restarts ---------------------------------------------------------------------------------------------------------


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


# --- the end ----------------------------------------------------------------------------------------------------------


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


# --- messages that are not here ---------------------------------------------------------------------------------------


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


def test_a_message_that_the_own_journal_has_is_not_asked_for() -> None:
    """The first attempt was decided before a restart, and could not be walked again: the key was not known yet. Of
    entries under the same id the one counts that the order is about."""
    walker = Walker(deliver=False)
    asked = (walker.domain.sign_request(b"of before"), walker.entries[0])
    walker.journey.entries = lambda request: asked if request == walker.order.request else ()
    new = walker.replace()
    assert walker.journey.walks[Digest(new)].certified.message == b"message 0"
    assert walker.journey.wanted == {}


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
