"""Budgets for peers' questions: what they hold, how they fill up again, and that they stand in for nobody else."""

from __future__ import annotations

import pytest

from thresign.agreement.pbft import messages as agreement
from thresign.node import bodies
from thresign.node.allowance import BOUNDS, QUESTIONS, Allowance, Work
from thresign.node.runtime import ALL_MESSAGES
from thresign.signing import messages as signing

BOUND = BOUNDS[Work.MEMORY]


def test_as_many_questions_as_a_budget_holds() -> None:
    allowance = Allowance()
    for _ in range(BOUND.questions_max):
        assert allowance.take(2, Work.MEMORY, 1000) == 1
    assert allowance.take(2, Work.MEMORY, 1000) == 0


def test_it_fills_up_again_and_no_further() -> None:
    allowance = Allowance()
    assert allowance.take(2, Work.MEMORY, 0, 1 << 40) == BOUND.questions_max
    assert allowance.take(2, Work.MEMORY, 500, 1 << 40) == BOUND.questions_per_s // 2
    assert allowance.take(2, Work.MEMORY, 501, 1 << 40) == 0
    assert allowance.take(2, Work.MEMORY, 10_000_000, 1 << 40) == BOUND.questions_max


def test_small_steps_of_time_add_up() -> None:
    allowance = Allowance()
    allowance.take(2, Work.MEMORY, 0, 1 << 40)
    taken = sum(allowance.take(2, Work.MEMORY, ms) for ms in range(1, 1001))
    assert taken == BOUND.questions_per_s


def test_a_clock_that_goes_back_gives_nothing() -> None:
    allowance = Allowance()
    allowance.take(2, Work.MEMORY, 1000, 1 << 40)
    assert allowance.take(2, Work.MEMORY, 0) == 0


def test_some_of_many_questions() -> None:
    allowance = Allowance()
    bound = BOUNDS[Work.RECALLS]
    assert allowance.take(2, Work.RECALLS, 0, bound.questions_max - 10) == bound.questions_max - 10
    assert allowance.take(2, Work.RECALLS, 0, 512) == 10


def test_peers_and_kinds_of_work_have_their_own() -> None:
    allowance = Allowance()
    allowance.take(2, Work.MEMORY, 0, 1 << 40)
    assert allowance.take(2, Work.MEMORY, 0) == 0
    assert allowance.take(3, Work.MEMORY, 0) == 1
    assert allowance.take(2, Work.VIEWS, 0) == 1


def test_bytes_are_paid_for_before_the_next_question() -> None:
    """The length of an answer is known late: it is owed, and nothing is answered until it is paid back."""
    allowance = Allowance()
    assert allowance.take(2, Work.MEMORY, 0)
    allowance.spend(2, Work.MEMORY, BOUND.bytes_max + BOUND.bytes_per_s)
    assert allowance.take(2, Work.MEMORY, 1000) == 0
    assert allowance.take(2, Work.MEMORY, 1001) == 1


def test_what_nobody_asked_for_is_not_counted() -> None:
    allowance = Allowance()
    allowance.spend(2, Work.BODIES, 1 << 40)
    assert allowance.take(2, Work.BODIES, 0) == 1


@pytest.mark.parametrize("kind", ALL_MESSAGES.values(), ids=lambda kind: kind.__name__)
def test_every_question_has_a_budget(kind: type) -> None:
    """By their names, so that a new one is not forgotten; and a Standing, which those that are ahead answer."""
    asks = kind.__name__.startswith(("Fetch", "Ask")) or kind is agreement.Standing
    assert (kind in QUESTIONS) == asks


def test_a_whole_ledger_can_be_had_at_once() -> None:
    bound = BOUNDS[QUESTIONS[agreement.FetchSnapshot]]
    pieces = -(-256 * 1024 * 1024 // (1024 * 1024))
    assert bound.questions_max >= pieces
    assert bound.bytes_max >= 256 * 1024 * 1024


def test_the_two_messages_about_bodies_share_one_budget() -> None:
    assert QUESTIONS[agreement.FetchBody] is QUESTIONS[bodies.FetchBody] is Work.BODIES
    assert QUESTIONS[signing.FetchHeld] is QUESTIONS[signing.FetchResult] is Work.RESULTS
