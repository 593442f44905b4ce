"""The walk of orders across a membership change: under their own roster's signatures, never replaced any more, and
held by who is a member now."""

from __future__ import annotations

import pytest

from tests.house.stub_members import following
from tests.house.walker import Walker
from thresign.signing.events import Answer, AskReport, Broadcast, Effect, Journal, Journalled, Past
from thresign.signing.journey import enter_roster, skip
from thresign.signing.messages import Held


def change(walker: Walker, join: tuple[int, ...] = (), leave: tuple[int, ...] = ()) -> list[Effect]:
    """The next roster's epoch begins at this node."""
    old = walker.domain.roster
    effects = enter_roster(walker.journey, (old, following(old, join, leave)), walker.now)
    walker.effects.extend(effects)
    return effects


def answered(effects: list[Effect]) -> bool:
    return any(isinstance(effect, Answer) for effect in effects)


def held_here(walker: Walker) -> None:
    walker.combine()
    walker.step(Journalled(frozenset({walker.leaf})))


@pytest.mark.parametrize(("changed", "holders"), [(False, 3), (True, 2)])
def test_an_order_of_the_roster_before_is_answered_once_an_honest_module_holds_it(changed: bool, holders: int) -> None:
    walker = Walker(1)
    if changed:
        change(walker, (5,))
    held_here(walker)
    for number in range(2, holders + 1):
        assert not answered(walker.effects)
        walker.hear(number, Held((walker.leaf,)))
    assert answered(walker.effects)


def test_what_was_held_before_the_change_is_answered_with_it() -> None:
    walker = Walker(1)
    held_here(walker)
    walker.hear(2, Held((walker.leaf,)))
    assert not answered(walker.effects)
    assert answered(change(walker, (5,)))


@pytest.mark.parametrize("stranger", [2, 5, 9])
def test_who_is_no_member_now_holds_nothing_that_counts(stranger: int) -> None:
    """Module 2 has left; 5 is no member yet, and 9 never was: where nothing has changed, and where module 2 has
    left."""
    walker = Walker(1)
    if stranger == 2:
        change(walker, (6,), (2,))
    held_here(walker)
    walker.hear(stranger, Held((walker.leaf,)))
    if stranger != 2:
        walker.hear(3, Held((walker.leaf,)))
    assert not answered(walker.effects)
    walker.hear(4, Held((walker.leaf,)))
    assert answered(walker.effects)


def test_an_order_that_was_given_up_may_be_held_after_the_change() -> None:
    walker = Walker(1)
    walker.tick(5000)
    assert any(isinstance(effect, AskReport) for effect in walker.effects)
    change(walker, (5,))
    walker.combine()
    assert any(isinstance(effect, Journal) for effect in walker.effects)
    walker.step(Journalled(frozenset({walker.leaf})))
    assert Broadcast(Held((walker.leaf,))) in walker.effects


def test_an_order_of_the_roster_before_is_not_reported() -> None:
    walker = Walker(1)
    change(walker, (5,))
    for _ in range(10):
        assert not any(isinstance(effect, AskReport) for effect in walker.tick(1000))


def test_partials_of_who_has_left_are_taken_late() -> None:
    walker = Walker(1)
    leaving = next(number for number in walker.signers if number != 1)
    change(walker, (5,), (leaving,))
    walker.now += 4000
    held_here(walker)
    assert walker.journey.walks[walker.leaf].held is not None


def test_an_order_of_the_journal_is_walked_as_one_of_its_own_epoch() -> None:
    walker = Walker(1, deliver=False)
    change(walker, (5,))
    walker.deliver(Past(reported=frozenset({walker.leaf})))
    walk = walker.journey.walks[walker.leaf]
    assert (walk.found, walk.reported) == (True, False)


def test_an_order_that_was_replaced_is_not_answered_when_its_batch_is_walked_again() -> None:
    """It had a result here, and others that it shares the batch with have none yet."""
    walker = Walker(1)
    walker.hold()
    batch, held = walker.delivered(), walker.result()
    replaced = walker.leaf
    walker.replace()
    change(walker, (5,))
    past = Past(results={replaced: (held.signature, held.partials)}, replaced=frozenset({replaced}), replayed=True)
    effects = walker.step(batch._replace(past=past))
    effects += walker.hear(2, Held((replaced,)))
    assert not answered(effects)
    assert replaced not in walker.journey.walks


@pytest.mark.parametrize("found", [False, True])
def test_a_ledger_that_was_taken_over_says_which_orders_of_the_roster_before_are_found(found: bool) -> None:
    """What was decided in between is not known here: it may have replaced the order."""
    walker = Walker(1)
    held_here(walker)
    known = frozenset({walker.leaf} if found else ())
    skip(walker.journey, 0, frozenset())
    assert walker.leaf in walker.journey.walks
    skip(walker.journey, 1, known)
    effects = change(walker, (5,)) + walker.hear(2, Held((walker.leaf,)))
    assert answered(effects) is found
    assert (walker.leaf in walker.journey.walks) is found
    assert bool(walker.journey.unsettled) is False


@pytest.mark.parametrize(("gap", "found", "walked"), [(False, False, True), (True, False, False), (True, True, True)])
def test_an_order_of_a_roster_before_is_walked_again_if_it_cannot_have_been_replaced(
    gap: bool, found: bool, walked: bool
) -> None:
    walker = Walker(1, deliver=False)
    walker.deliver(Past(gap=gap, replayed=True))  # of the present roster
    assert walker.leaf in walker.journey.walks
    walker = Walker(1, deliver=False)
    change(walker, (5,))
    walker.deliver(Past(gap=gap, replayed=True, found=frozenset({walker.leaf} if found else ())))
    assert (walker.leaf in walker.journey.walks) is walked
