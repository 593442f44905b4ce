"""When a primary is held not to lead [PBFT-V0]: the progress timer, suspicion that f + 1 have to share, Mute."""

from __future__ import annotations

import pytest

from tests.house.stub_domain import StubDomain
from tests.house.stub_node import Ask, StubNode, Timer, of, timers
from thresign.agreement.pbft.events import CancelTimer, PeerDown, PeerUp, Refuse, Settled, Submitted, VaultDown
from thresign.agreement.pbft.messages import Mute, Standing
from thresign.orders.votes import ViewChange
from thresign.vault import calls


def waiting(number: int = 4, n: int = 4) -> StubNode:
    """A backup with something that waits."""
    node = StubNode(number, StubDomain(n))
    effects = node.step(Submitted((node.domain.create_key(),)))
    assert timers(effects) == {Timer.PROGRESS: node.core.timing.progress_ms}
    return node


def suspects(view: int = 0, entered: int = 0, sequence: int = 0) -> Standing:
    return Standing(view, entered, sequence, 0, 1)


def content(view: int = 0) -> Standing:
    return Standing(view, view, 0, 0, 0)


# --- the timer ------------------------------------------------------------------------------------------------------


def test_idle_there_is_nothing_to_wait_for() -> None:
    node = StubNode()
    assert Timer.PROGRESS not in timers(node.hear(2, content()))


def test_it_runs_from_the_first_that_waits_to_a_decision() -> None:
    node = waiting()
    assert Timer.PROGRESS not in timers(node.step(Submitted((node.domain.create_key("l"),))))
    node.core.pending.remove(node.core.pending.everything()[0].entry)
    effects = node.decide()
    assert effects is not None
    assert CancelTimer(Timer.PROGRESS) in node.effects


def test_a_proposal_in_flight_is_waited_for_too() -> None:
    node = StubNode()
    effects = node.hear(1, node.domain.pre_prepare(0, *node.batch()))
    assert timers(effects)[Timer.PROGRESS] == node.core.timing.progress_ms


def test_without_a_quorum_of_connections_nobody_is_blamed() -> None:
    node = StubNode(connected=False)
    assert Timer.PROGRESS not in timers(node.step(Submitted((node.domain.create_key(),))))
    node.step(PeerUp(2))
    assert Timer.PROGRESS in timers(node.step(PeerUp(3)))
    assert CancelTimer(Timer.PROGRESS) in node.step(PeerDown(3))


def test_a_primary_that_is_not_connected_gets_little_time() -> None:
    node = StubNode()
    node.step(PeerDown(1))
    assert timers(node.step(Submitted((node.domain.create_key(),))))[Timer.PROGRESS] == node.core.timing.lost_primary_ms


@pytest.mark.parametrize("how", ["connection", "mute"])
def test_a_primary_that_is_lost_while_something_waits(how: str) -> None:
    node = waiting()
    effects = node.step(PeerDown(1)) if how == "connection" else node.hear(1, Mute())
    assert timers(effects)[Timer.PROGRESS] == node.core.timing.lost_primary_ms


def test_backups_that_are_lost_change_nothing() -> None:
    node = waiting()
    assert Timer.PROGRESS not in timers(node.step(PeerDown(2)))
    node = waiting()
    assert Timer.PROGRESS not in timers(node.hear(2, Mute()))


def test_mute_counts_until_the_module_says_where_it_stands() -> None:
    node = StubNode()
    node.hear(1, Mute())
    assert node.core.answering == {2, 3}
    node.hear(1, content())
    assert node.core.answering == {1, 2, 3}
    node.hear(1, Mute())
    node.step(PeerDown(1))
    node.step(PeerUp(1))
    assert node.core.answering == {1, 2, 3}


def test_who_connects_to_a_node_without_vault_is_told() -> None:
    node = StubNode()
    node.step(VaultDown())
    effects = node.step(PeerUp(2))
    assert [effect.message for effect in effects if hasattr(effect, "message")] == [Mute()]


def test_the_timeout_doubles_with_views_that_do_not_help_up_to_a_bound() -> None:
    node = StubNode()
    seen = []
    for failed in range(6):
        node.core.failed_views = failed
        node.core.watching = False
        node.core.pending.add(node.domain.create_key(f"k{failed}"))
        seen.append(timers(node.hear(2, content()))[Timer.PROGRESS])
    assert seen == [1500, 3000, 6000, 12_000, 12_000, 12_000]


# --- the timer fired ------------------------------------------------------------------------------------------------


def test_a_proposal_that_hangs_is_reason_to_suspect() -> None:
    node = StubNode()
    node.hear(1, node.domain.pre_prepare(0, *node.batch()))
    effects = node.fire(Timer.PROGRESS)
    assert node.said(Standing, effects)[0].suspects == 1
    assert not node.asked(Ask.CHANGE_VIEW)


def test_what_waits_is_first_put_to_the_own_vault() -> None:
    node = waiting()
    effects = node.fire(Timer.PROGRESS)
    assert node.said(Standing, effects) == []
    effects = node.answer(Ask.JUDGE)
    assert node.said(Standing, effects)[0].suspects == 1


@pytest.mark.parametrize("kind", [calls.LATER, calls.KNOWN, calls.REFUSE])
def test_what_could_not_be_ordered_is_no_reason(kind: int) -> None:
    node = waiting()
    (entry,) = [held.entry for held in node.core.pending.everything()]
    node.fire(Timer.PROGRESS)
    effects = node.answer(Ask.JUDGE, calls.Judged((calls.Verdict(kind, "unknown_key", "no"),)))
    assert node.said(Standing, effects) == []
    assert not node.core.suspects
    assert [refused.entry for refused in of(effects, Refuse)] == ([entry] if kind == calls.REFUSE else [])
    assert of(effects, Settled) == ([Settled(entry)] if kind == calls.KNOWN else [])
    assert len(node.core.pending) == (kind == calls.LATER)


# --- suspicion is shared --------------------------------------------------------------------------------------------


def hanging(n: int = 4) -> StubNode:
    """A backup whose primary has proposed and then said nothing more; it suspects it."""
    node = StubNode(n, StubDomain(n))
    node.hear(1, node.domain.pre_prepare(0, *node.batch()))
    node.settle()
    node.fire(Timer.PROGRESS)
    assert node.core.suspects
    return node


@pytest.mark.parametrize("n", [4, 5, 6, 7, 10])
def test_a_view_is_left_when_f_plus_1_suspect_its_primary(n: int) -> None:
    node = hanging(n)
    f = node.domain.f
    for number in node.others()[: f - 1]:
        node.hear(number, suspects())
        assert not node.asked(Ask.CHANGE_VIEW)
    node.hear(node.others()[f - 1], suspects())
    (ask,) = node.asked(Ask.CHANGE_VIEW)
    assert ask.call == calls.ChangeViewCall(1, ())
    assert node.said(ViewChange, node.answer(Ask.CHANGE_VIEW))


@pytest.mark.parametrize("n", [4, 5, 6, 7, 10])
def test_f_liars_alone_do_not_move_it(n: int) -> None:
    node = StubNode(n, StubDomain(n))
    for number in node.others()[: node.domain.f]:
        for message in (suspects(), suspects(5, 9), Standing(0, 2**64 - 1, 0, 0, 0), suspects()):
            node.hear(number, message)
    assert not node.asked(Ask.CHANGE_VIEW)
    node.hear(node.others()[node.domain.f], suspects())
    assert node.asked(Ask.CHANGE_VIEW)


def test_who_has_left_the_view_counts_as_suspecting() -> None:
    node = hanging()
    node.hear(2, Standing(0, 1, 0, 0, 0))
    assert node.asked(Ask.CHANGE_VIEW)


def test_a_suspicion_can_be_taken_back() -> None:
    node = StubNode()
    node.hear(2, suspects())
    node.hear(2, content())
    node.hear(3, suspects())
    assert not node.asked(Ask.CHANGE_VIEW)


def test_suspicions_of_a_view_that_is_over_do_not_count() -> None:
    node = StubNode()
    node.hear(3, node.domain.new_view(1))
    node.answer(Ask.INSTALL)
    for number in (1, 3):
        node.hear(number, suspects(0))
    assert not node.asked(Ask.CHANGE_VIEW)
    for number in (1, 3):
        node.hear(number, suspects(1))
    assert node.asked(Ask.CHANGE_VIEW)


def test_a_decided_batch_ends_suspicion() -> None:
    node = hanging()
    header = node.service.book.proposal
    assert header is not None
    from thresign.orders.header import Phase  # noqa: PLC0415

    for number in (2, 3):
        node.hear(number, node.domain.vote(number, Phase.PREPARE, 0, header.header))
    node.settle()
    for number in (1, 2, 3):
        node.hear(number, node.domain.vote(number, Phase.COMMIT, 0, header.header))
    node.settle()
    assert not node.core.suspects
