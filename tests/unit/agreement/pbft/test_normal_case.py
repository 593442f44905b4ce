"""One slot from proposal to delivery at a backup [PBFT-PP1 to PP3, P1, P2, C1]: what is dropped, what waits, what is
counted, and by whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from tests.house.stub_node import Ask, StubNode, Timer, delivered, of, suspected, timers
from thresign.agreement.pbft.events import Answered, AskVault, Broadcast, Deliver, VaultDown
from thresign.agreement.pbft.messages import Mute
from thresign.errors import InvalidVote, VoteRefused
from thresign.limits import faults
from thresign.orders.digests import sha256
from thresign.orders.header import Header, Phase
from thresign.orders.votes import Vote
from thresign.vault import calls


def test_the_whole_walk_of_a_slot() -> None:
    node = StubNode()
    header, body = node.batch()
    domain = node.domain
    effects = node.hear(1, domain.pre_prepare(0, header, body))
    assert [ask.tag.ask for ask in of(effects, AskVault)] == [Ask.PREPARE]
    effects = node.answer(Ask.PREPARE)
    assert [vote.phase for vote in node.said(Vote, effects)] == [Phase.PREPARE]
    assert not node.asked()
    node.hear(2, domain.vote(2, Phase.PREPARE, 0, header))
    effects = node.answer(Ask.COMMIT)
    assert [vote.phase for vote in node.said(Vote, effects)] == [Phase.COMMIT]
    node.hear(1, domain.vote(1, Phase.COMMIT, 0, header))
    assert not node.asked()
    node.hear(3, domain.vote(3, Phase.COMMIT, 0, header))
    effects = node.answer(Ask.DECIDE)
    (done,) = of(effects, Deliver)
    assert (done.certificate.header, done.applied.sequence) == (header, 1)
    assert [vote.number for vote in done.certificate.votes] == [1, 3, 4]
    assert node.core.sequence == 1


def test_slot_after_slot() -> None:
    node = StubNode()
    for _ in range(5):
        node.decide()
    assert delivered(node.effects) == [1, 2, 3, 4, 5]


# --- pre-prepare ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", [2, 3])
def test_proposals_of_who_is_not_the_primary_are_dropped(sender: int) -> None:
    node = StubNode()
    assert node.hear(sender, node.domain.pre_prepare(0, *node.batch())) == []
    assert node.core.slots == {}


@pytest.mark.parametrize("sender", [4, 9, 0])
def test_messages_of_oneself_and_of_strangers_are_dropped(sender: int) -> None:
    node = StubNode()
    header, body = node.batch()
    for message in (node.domain.pre_prepare(0, header, body), node.domain.vote(2, Phase.PREPARE, 0, header), Mute()):
        assert node.hear(sender, message) == []


def test_a_vote_under_another_name_is_dropped() -> None:
    """The connection proves the sender: nobody votes for somebody else."""
    node = StubNode()
    header, _ = node.prepare()
    for phase in (Phase.PREPARE, Phase.COMMIT):
        for number in (1, 2):
            assert node.hear(3, node.domain.vote(number, phase, 0, header)) == []
    assert not node.asked()


def test_a_proposal_for_a_view_that_is_over_is_dropped() -> None:
    node = StubNode()
    message = node.domain.pre_prepare(0, *node.batch())
    enter(node, 1)
    assert node.hear(1, message) == []
    assert not node.asked()


def test_a_proposal_for_a_slot_that_is_decided_is_dropped() -> None:
    node = StubNode()
    header, body = node.decide()
    assert of(node.hear(1, node.domain.pre_prepare(0, header, body)), AskVault) == []


def enter(node: StubNode, view: int) -> None:
    """The domain goes to this view."""
    decided = node.service.book.decided
    changes = node.domain.view_changes(view, decided=decided)
    node.hear(node.domain.roster.primary(view), node.domain.new_view(view, changes))
    node.answer(Ask.INSTALL)
    assert node.core.view == view


def test_a_proposal_for_the_next_view_waits_for_it() -> None:
    node = StubNode()
    node.hear(2, node.domain.pre_prepare(1, *node.batch()))
    assert not node.asked()
    enter(node, 1)
    assert [ask.tag.view for ask in node.asked(Ask.PREPARE)] == [1]


def test_a_proposal_for_the_slot_after_the_next_waits_for_its_turn() -> None:
    ahead = StubNode(3)
    first = ahead.batch()
    ahead.decide()
    second = ahead.batch()
    node = StubNode(4, ahead.domain)
    node.hear(1, node.domain.pre_prepare(0, *second))
    assert not node.asked()
    node.hear(1, node.domain.pre_prepare(0, *first))
    node.settle()
    for number in (1, 2, 3):
        node.hear(number, node.domain.vote(number, Phase.COMMIT, 0, first[0]))
    node.answer(Ask.DECIDE)
    assert [ask.tag.sequence for ask in node.asked(Ask.PREPARE)] == [2]


def test_what_waits_is_bounded() -> None:
    node = StubNode()
    header, body = node.batch()
    for sequence in range(2, 200):
        node.hear(1, node.domain.pre_prepare(0, replace(header, sequence=sequence), body))
    for view in range(1, 200):
        primary = node.domain.roster.primary(view)
        if primary != 4:
            node.hear(primary, node.domain.pre_prepare(view, header, body))
    assert len(node.core.early) <= 8


def test_said_again_it_is_asked_once() -> None:
    node = StubNode()
    message = node.domain.pre_prepare(0, *node.batch())
    for _ in range(3):
        node.hear(1, message)
    assert len(node.asked(Ask.PREPARE)) == 1
    node.answer(Ask.PREPARE)
    node.hear(1, message)
    assert not node.asked()


def test_two_proposals_for_a_slot_are_noticed_and_the_first_stands() -> None:
    node = StubNode()
    header, body = node.prepare()
    other = replace(header, batch_root=sha256(b"other"))
    effects = node.hear(1, node.domain.pre_prepare(0, other, body))
    assert suspected(effects) == [1]
    assert not node.asked()
    node.hear(2, node.domain.vote(2, Phase.PREPARE, 0, header))
    assert node.asked(Ask.COMMIT)


def test_a_proposal_that_the_vault_refuses_is_tried_again_later() -> None:
    """A body or a clock may catch up; the progress timer judges the primary."""
    node = StubNode()
    node.hear(1, node.domain.pre_prepare(0, *node.batch()))
    effects = node.answer(Ask.PREPARE, VoteRefused("VOTE-P3: no"))
    assert suspected(effects) == [1]
    assert timers(effects)[Timer.RETRY] == node.core.timing.retry_ms
    assert node.said(Vote, effects) == []
    assert not node.asked()
    node.fire(Timer.RETRY)
    assert node.asked(Ask.PREPARE)


# --- prepares -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 9, 10])
def test_a_commit_follows_q_minus_1_prepares_of_distinct_backups(n: int) -> None:
    domain = StubDomain(n)
    node = StubNode(n, domain)
    header, _ = node.prepare()
    for count, number in enumerate(node.others()[: domain.q - 2], 1):
        assert not node.asked(), count
        for _ in range(3):
            node.hear(number, domain.vote(number, Phase.PREPARE, 0, header))
    (ask,) = node.asked(Ask.COMMIT)
    assert isinstance(ask.call, calls.CommitCall)
    numbers = [vote.number for vote in ask.call.prepares]
    assert len(numbers) == domain.q - 1
    assert numbers == sorted(set(numbers))
    assert 1 not in numbers


@pytest.mark.parametrize("n", [5, 6, 8, 9])
def test_not_2f_where_q_is_larger(n: int) -> None:
    domain = StubDomain(n)
    node = StubNode(n, domain)
    header, _ = node.prepare()
    for number in node.others()[: 2 * faults(n) - 1]:
        node.hear(number, domain.vote(number, Phase.PREPARE, 0, header))
    assert not node.asked()


def test_the_primary_does_not_prepare() -> None:
    node = StubNode()
    header, _ = node.prepare()
    node.hear(1, node.domain.vote(1, Phase.PREPARE, 0, header))
    assert not node.asked()


def test_prepares_that_come_before_the_proposal_are_counted() -> None:
    node = StubNode()
    header, body = node.batch()
    node.hear(2, node.domain.vote(2, Phase.PREPARE, 0, header))
    node.hear(3, node.domain.vote(3, Phase.PREPARE, 0, header))
    assert not node.asked()
    node.hear(1, node.domain.pre_prepare(0, header, body))
    node.answer(Ask.PREPARE)
    assert node.asked(Ask.COMMIT)


def test_no_commit_before_the_own_vault_has_prepared() -> None:
    """However many others have: what was not judged here is not committed to."""
    node = StubNode()
    header, body = node.batch()
    node.hear(1, node.domain.pre_prepare(0, header, body))
    for number in (2, 3):
        node.hear(number, node.domain.vote(number, Phase.PREPARE, 0, header))
    assert not node.asked(Ask.COMMIT)
    node.answer(Ask.PREPARE, VoteRefused("VOTE-J1: no"))
    assert not node.asked(Ask.COMMIT)


@pytest.mark.parametrize("view", [1, 2, 2**64 - 1])
def test_prepares_of_another_view_are_not_counted(view: int) -> None:
    node = StubNode()
    header, _ = node.prepare()
    for number in (2, 3):
        node.hear(number, node.domain.vote(number, Phase.PREPARE, view, header))
    assert not node.asked()


def test_prepares_for_another_header_are_not_counted_together() -> None:
    node = StubNode()
    header, _ = node.prepare()
    other = replace(header, batch_root=sha256(b"other"))
    node.hear(2, node.domain.vote(2, Phase.PREPARE, 0, other))
    assert not node.asked()


@pytest.mark.parametrize("phase", [Phase.PREPARE, Phase.COMMIT])
def test_the_first_word_of_a_sender_counts_and_the_second_is_noticed(phase: Phase) -> None:
    node = StubNode()
    header, _ = node.prepare()
    other = replace(header, batch_root=sha256(b"other"))
    assert suspected(node.hear(2, node.domain.vote(2, phase, 0, other))) == []
    assert suspected(node.hear(2, node.domain.vote(2, phase, 0, header))) == [2]
    assert suspected(node.hear(2, node.domain.vote(2, phase, 0, other))) == []
    assert not node.asked()


def test_votes_far_ahead_take_no_room() -> None:
    node = StubNode()
    header, _ = node.batch()
    for sequence in (4, 100, 2**32, 2**64 - 1):
        for phase in (Phase.PREPARE, Phase.COMMIT):
            node.hear(2, node.domain.vote(2, phase, 0, replace(header, sequence=sequence)))
    assert set(node.core.slots) <= {1, 2}
    assert node.core.ahead[2] == 2**64 - 2  # but that somebody is ahead is known


def test_a_forged_prepare_is_found_by_the_vault_and_dropped() -> None:
    """The node counts without verifying; the vault names the culprit, and the rest is tried again."""
    domain = StubDomain(5)
    node = StubNode(5, domain)
    header, _ = node.prepare()
    node.hear(2, replace(domain.vote(2, Phase.PREPARE, 0, header), signature=bytes(64)))
    node.hear(3, domain.vote(3, Phase.PREPARE, 0, header))
    effects = node.answer(Ask.COMMIT)
    assert suspected(effects) == [2]
    assert not node.asked()
    node.hear(4, domain.vote(4, Phase.PREPARE, 0, header))
    assert node.said(Vote, node.answer(Ask.COMMIT))


# --- commits --------------------------------------------------------------------------------------------------------


def _commits(node: StubNode, header: Header, numbers: tuple[int, ...], view: int = 0) -> None:
    for number in numbers:
        node.hear(number, node.domain.vote(number, Phase.COMMIT, view, header))


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 9, 10])
def test_q_commits_of_distinct_members_decide(n: int) -> None:
    domain = StubDomain(n)
    node = StubNode(n, domain)
    header, _ = node.prepare()
    for number in domain.numbers[: domain.q]:
        assert not node.asked()
        for _ in range(3):
            node.hear(number, domain.vote(number, Phase.COMMIT, 0, header))
    (ask,) = node.asked(Ask.DECIDE)
    assert isinstance(ask.call, calls.DecideCall)
    assert [vote.number for vote in ask.call.certificate.votes] == list(domain.numbers[: domain.q])
    assert delivered(node.settle()) == [1]


def test_a_slot_is_decided_by_the_others_if_the_own_vault_refused() -> None:
    node = StubNode()
    header, body = node.batch()
    node.hear(1, node.domain.pre_prepare(0, header, body))
    node.answer(Ask.PREPARE, VoteRefused("VOTE-P3: the clock is off"))
    _commits(node, header, (1, 2, 3))
    (ask,) = node.asked(Ask.DECIDE)
    assert isinstance(ask.call, calls.DecideCall)
    assert ask.call.body == body
    assert delivered(node.settle()) == [1]


def test_a_body_that_the_vault_holds_is_not_sent_again() -> None:
    node = StubNode()
    header, _ = node.prepare()
    _commits(node, header, (1, 2, 3))
    (ask,) = node.asked(Ask.DECIDE)
    assert isinstance(ask.call, calls.DecideCall)
    assert ask.call.body == b""


def test_commits_that_come_before_the_proposal_wait_for_it() -> None:
    node = StubNode()
    header, body = node.batch()
    _commits(node, header, (1, 2, 3))
    assert not node.asked()
    node.hear(1, node.domain.pre_prepare(0, header, body))
    assert node.asked(Ask.DECIDE)


def test_commits_count_on_the_way_to_another_view_too() -> None:
    node = StubNode()
    header, _ = node.prepare()
    leave(node)
    _commits(node, header, (1, 2, 3))
    assert delivered(node.settle()) == [1]


def leave(node: StubNode) -> None:
    """The module goes on its way to the next view, because all others do."""
    for number in node.domain.numbers:
        if number != node.number:
            node.hear(number, node.domain.view_change(number, node.core.view + 1))
    node.answer(Ask.CHANGE_VIEW)
    assert node.core.entered > node.core.view


@pytest.mark.parametrize("make", [lambda n: 1, lambda n: 2**64 - 1])
def test_commits_of_another_view_are_not_counted(make: Callable[[StubNode], int]) -> None:
    node = StubNode()
    header, _ = node.prepare()
    _commits(node, header, (1, 2, 3), make(node))
    assert not node.asked()


def test_a_forged_commit_is_found_by_the_vault_and_dropped() -> None:
    node = StubNode()
    header, _ = node.prepare()
    _commits(node, header, (1, 2))
    node.hear(3, replace(node.domain.vote(3, Phase.COMMIT, 0, header), signature=bytes(64)))
    effects = node.answer(Ask.DECIDE, InvalidVote("the commit of module 3 does not verify", (3,)))
    assert suspected(effects) == [3]
    assert delivered(effects) == []
    assert not node.asked()
    node.hear(2, node.domain.vote(2, Phase.PREPARE, 0, header))
    node.answer(Ask.COMMIT)
    assert delivered(node.answer(Ask.DECIDE)) == [1]


# --- the vault comes and goes ---------------------------------------------------------------------------------------


def test_without_its_vault_a_node_takes_no_part_and_says_so() -> None:
    node = StubNode()
    effects = node.step(VaultDown())
    assert Broadcast(Mute()) in effects
    assert of(node.hear(1, node.domain.pre_prepare(0, *node.batch())), AskVault) == []


def test_answers_to_questions_of_before_are_void() -> None:
    node = StubNode()
    node.hear(1, node.domain.pre_prepare(0, *node.batch()))
    old = node.pop(Ask.PREPARE)
    reply = node.serve(old)
    node.step(VaultDown())
    node.vault_up()
    assert node.said(Vote, node.step(Answered(old.tag, reply))) == []


def test_a_vault_that_comes_back_is_where_it_was() -> None:
    node = StubNode()
    node.decide()
    node.step(VaultDown())
    node.core.sequence = 0
    node.vault_up()
    assert node.core.sequence == 1
