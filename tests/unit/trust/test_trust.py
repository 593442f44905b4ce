"""Who signs: in proportion to weight, by counters that everybody has; and what is thought of a module."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thresign.trust.assignment import CREDIT_MAX, choose
from thresign.trust.standing import (
    FORGIVEN_AFTER_HOLD_OFFS,
    HOLD_OFF_DOUBLINGS_MAX,
    SCORE_ELIGIBLE,
    SCORE_MAX,
    Standing,
)


def rounds(weights: dict[int, int], count: int, times: int) -> tuple[Counter[int], Counter[int], dict[int, int]]:
    """How often each was chosen, and coordinated first; and the credits after it."""
    credits: dict[int, int] = {}
    chosen: Counter[int] = Counter()
    first: Counter[int] = Counter()
    for _ in range(times):
        picked, credits = choose(weights, credits, count)
        chosen.update(picked)
        first[picked[0]] += 1
    return chosen, first, credits


# --- assignment -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "count"), [(4, 3), (5, 4), (7, 5), (10, 7), (31, 21)])
def test_equals_are_chosen_equally_often(n: int, count: int) -> None:
    chosen, first, credits = rounds(dict.fromkeys(range(1, n + 1), SCORE_MAX), count, 10 * n)
    assert set(chosen.values()) == {10 * count}
    assert max(first.values()) - min(first.values()) <= 2
    assert set(credits.values()) == {0}


def test_in_proportion_to_weight() -> None:
    weights = {1: 1000, 2: 500, 3: 500, 4: 1000}
    chosen, _, _ = rounds(weights, 1, 3000)
    assert chosen == {1: 1000, 2: 500, 3: 500, 4: 1000}


WEIGHTS = st.dictionaries(st.integers(1, 65535), st.integers(1, SCORE_MAX), min_size=1, max_size=12)


@given(WEIGHTS, st.data())
@settings(derandomize=True, max_examples=60, deadline=None)
def test_nobody_gets_more_than_a_share_or_two_beyond_what_is_due(weights: dict[int, int], data: st.DataObject) -> None:
    """Whatever the weights: what each was chosen differs from weight / total by a bounded number of rounds, unless it
    is due in every round."""
    count = data.draw(st.integers(1, len(weights)))
    total = sum(weights.values())
    if any(weight * count > total for weight in weights.values()):
        return  # somebody is due more than once a round, which nobody can be
    times = 200
    chosen, _, _ = rounds(weights, count, times)
    for number, weight in weights.items():
        assert abs(chosen[number] - times * count * weight / total) <= len(weights)


@given(
    st.dictionaries(st.integers(1, 65535), st.integers(0, SCORE_MAX), min_size=1, max_size=12),
    st.dictionaries(st.integers(1, 65535), st.integers(-CREDIT_MAX, CREDIT_MAX), max_size=12),
    st.data(),
)
@settings(derandomize=True, max_examples=150, deadline=None)
def test_any_choice_is_one_of_distinct_candidates(
    weights: dict[int, int], credits: dict[int, int], data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, len(weights)))
    picked, after = choose(weights, credits, count)
    assert len(picked) == len(set(picked)) == count
    assert set(picked) <= set(weights) == set(after)
    assert all(-CREDIT_MAX <= credit <= CREDIT_MAX for credit in after.values())
    willing = [number for number, weight in weights.items() if weight > 0]
    assert sum(weights[number] > 0 for number in picked) == min(count, len(willing))
    assert choose(dict(reversed(weights.items())), dict(reversed(credits.items())), count) == (picked, after)


def test_weight_0_comes_last_and_only_if_the_others_are_too_few() -> None:
    weights = {1: 0, 2: 1000, 3: 1000, 4: 1000}
    for _ in range(5):
        assert set(choose(weights, {1: CREDIT_MAX}, 3)[0]) == {2, 3, 4}
    assert set(choose({1: 0, 2: 1000, 3: 0}, {}, 2)[0]) == {2, 1}


def test_who_was_away_does_not_come_back_as_the_only_choice() -> None:
    weights = dict.fromkeys(range(1, 5), SCORE_MAX)
    credits: dict[int, int] = {}
    for _ in range(1000):
        _, after = choose({number: weights[number] for number in (2, 3, 4)}, credits, 3)
        credits = {**credits, **after}
    chosen: Counter[int] = Counter()
    for _ in range(40):
        picked, credits = choose(weights, credits, 3)
        chosen.update(picked)
    assert max(chosen.values()) - min(chosen.values()) <= 4


# --- standing -------------------------------------------------------------------------------------------------------

SILENCE_MS = 500
AT = 1_000_000


def test_a_module_is_trusted_until_something_is_known() -> None:
    assert Standing() == Standing(SCORE_MAX, 0, 0, 0)
    assert Standing().eligible
    assert Standing().weight == SCORE_MAX


@pytest.mark.parametrize("score", [0, SCORE_ELIGIBLE - 1, SCORE_ELIGIBLE, SCORE_MAX])
def test_below_the_threshold_it_neither_signs_nor_coordinates(score: int) -> None:
    assert Standing(score).eligible == (score >= SCORE_ELIGIBLE)


def test_silence_ranks_last_and_excludes_nobody() -> None:
    silent = Standing().reported_silent(AT, SILENCE_MS)
    assert (silent.weight, silent.eligible, silent.silent_since_ms) == (0, True, AT)
    assert silent.reported_silent(AT + 9999, SILENCE_MS) == silent
    assert silent.present().weight == SCORE_MAX


def test_it_may_come_back_after_a_hold_off_that_doubles_up_to_a_bound() -> None:
    standing, at = Standing(), AT
    seen = []
    for _ in range(HOLD_OFF_DOUBLINGS_MAX + 3):
        standing = standing.reported_silent(at, SILENCE_MS)
        hold_off = standing.hold_off_ms(SILENCE_MS)
        seen.append(hold_off)
        assert not standing.may_return(at + hold_off - 1, SILENCE_MS)
        assert standing.may_return(at + hold_off, SILENCE_MS)
        standing = standing.present()
        assert not standing.may_return(at + 10**9, SILENCE_MS)
        at += hold_off
    assert seen == [SILENCE_MS << min(i, HOLD_OFF_DOUBLINGS_MAX) for i in range(len(seen))]


def test_old_silences_are_forgiven() -> None:
    once = Standing().reported_silent(AT, SILENCE_MS).present()
    soon = AT + FORGIVEN_AFTER_HOLD_OFFS * once.hold_off_ms(SILENCE_MS)
    assert once.reported_silent(soon, SILENCE_MS).silences == 2
    assert once.reported_silent(soon + 1, SILENCE_MS).silences == 1
