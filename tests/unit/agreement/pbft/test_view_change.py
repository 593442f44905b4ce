"""Leaving views and entering them, at a node [PBFT-V1, PBFT-V2]: f alone never move it, f + 1 do, q make a new view,
and what comes of view-changes is computed by every backup's vault for itself."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from tests.house.stub_node import Ask, StubNode, Timer, of, sent, suspected, timers
from thresign.agreement.pbft.events import AskVault, CancelTimer, Entered, Submitted
from thresign.agreement.pbft.messages import FetchView, Forward, Standing, ViewChanges
from thresign.orders.votes import NewView, PrePrepare, ViewChange
from thresign.vault import calls

SIZES = [4, 5, 6, 7, 10]


def leave(node: StubNode, view: int = 1) -> ViewChange:
    """The module goes on its way to a view, because f + 1 others do."""
    for number in [n for n in node.domain.numbers if n != node.number][: node.domain.f + 1]:
        node.hear(number, node.domain.view_change(number, view))
    effects = node.answer(Ask.CHANGE_VIEW)
    (change,) = node.said(ViewChange, effects)
    return change


# --- following ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
def test_f_alone_never_move_it_and_f_plus_1_do(n: int) -> None:
    node = StubNode(n, StubDomain(n))
    domain = node.domain
    for number in domain.numbers[: domain.f]:
        for view in (1, 2, 9):
            node.hear(number, domain.view_change(number, view))
    assert not node.asked()
    node.hear(domain.numbers[domain.f], domain.view_change(domain.numbers[domain.f], 1))
    (ask,) = node.asked(Ask.CHANGE_VIEW)
    assert ask.call == calls.ChangeViewCall(1, ())


@pytest.mark.parametrize("n", SIZES)
def test_what_one_module_says_in_the_name_of_others_does_not_move_it(n: int) -> None:
    """Neither forged nor real view-changes: the node does not verify, the vault goes one view ahead for the asking."""
    node = StubNode(n, StubDomain(n))
    domain = node.domain
    forged = tuple(
        replace(domain.view_change(number, 1), signature=bytes(64)) for number in domain.numbers if number != n
    )
    for change in forged:
        node.hear(2, change)
    node.hear(2, ViewChanges(forged))
    assert not node.asked(Ask.CHANGE_VIEW)


def test_to_the_lowest_of_them() -> None:
    node = StubNode(7, StubDomain(7))
    for number, view in ((1, 5), (2, 1), (3, 3)):
        node.hear(number, node.domain.view_change(number, view))
    (ask,) = node.asked(Ask.CHANGE_VIEW)
    assert ask.tag.view == 1


def test_with_the_quorum_that_justifies_going_so_far() -> None:
    node = StubNode()
    for number in (1, 2, 3):
        node.hear(number, node.domain.view_change(number, 4))
    ask = node.asked(Ask.CHANGE_VIEW)[-1]
    assert isinstance(ask.call, calls.ChangeViewCall)
    assert ask.call.view == 4
    # Asked when two had gone there, without; the vault refuses that, and with the third it is asked again.
    node.asks.clear()
    node.core.asked.clear()
    node.hear(3, node.domain.view_change(3, 4))
    (ask,) = node.asked(Ask.CHANGE_VIEW)
    assert isinstance(ask.call, calls.ChangeViewCall)
    assert [change.number for change in ask.call.justification] == [1, 2, 3]
    assert node.said(ViewChange, node.answer(Ask.CHANGE_VIEW))[0].view == 4


def test_view_changes_for_views_that_are_over_are_answered_with_the_new_view() -> None:
    node = StubNode()
    message = node.domain.new_view(2)
    node.hear(3, message)
    node.answer(Ask.INSTALL)
    assert sent(node.hear(1, node.domain.view_change(1, 1)), NewView) == [(1, message)]
    assert node.core.changes == {}


def test_having_left_it_says_so_and_waits_for_the_new_view() -> None:
    node = StubNode()
    change = leave(node)
    assert (node.core.view, node.core.entered) == (0, 1)
    assert not node.core.active
    assert change.number == 4
    assert timers(node.effects)[Timer.VIEW] == node.core.timing.progress_ms
    assert of(node.hear(1, node.domain.pre_prepare(0, *node.batch())), AskVault) == []


@pytest.mark.parametrize("n", SIZES)
def test_what_is_kept_is_bounded_for_every_module(n: int) -> None:
    node = StubNode(n, StubDomain(n))
    domain = node.domain
    for view in [*range(1, 60), *range(10_000, 9_900, -1), *range(2**63, 2**63 + 50)]:
        node.hear(2, domain.view_change(2, view))
        for number in domain.numbers:
            node.hear(2, replace(domain.view_change(number, view), signature=bytes(64)))
    assert sum(len(held) for held in node.core.changes.values()) <= 8 * n


def test_what_others_forge_does_not_keep_a_modules_own_word_out() -> None:
    """Low views, high views: the room in its name is full, and still it is heard."""
    for views in (range(1, 50), range(10**6, 10**6 + 50)):
        node = StubNode()
        for view in views:
            for number in (1, 3):
                node.hear(2, replace(node.domain.view_change(number, view), signature=bytes(64)))
        node.asks.clear()
        for number in (1, 3):
            node.hear(number, node.domain.view_change(number, 77))
        assert {1, 3} <= set(node.core.changes[77])
        assert node.asked(Ask.CHANGE_VIEW)[-1].tag.view == 77


# --- leading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
def test_the_next_primary_leads_over_q_view_changes(n: int) -> None:
    domain = StubDomain(n)
    node = StubNode(2, domain)
    leave(node)
    for number in domain.numbers[2:]:
        held = len(node.core.changes[1])
        assert bool(node.asked(Ask.NEW_VIEW)) == (held >= domain.q)
        node.hear(number, domain.view_change(number, 1))
    (ask,) = node.asked(Ask.NEW_VIEW)
    assert isinstance(ask.call, calls.NewViewCall)
    assert len(ask.call.changes) == domain.q
    assert 2 in [change.number for change in ask.call.changes]
    effects = node.answer(Ask.NEW_VIEW)
    (message,) = node.said(NewView, effects)
    effects = node.answer(Ask.INSTALL)
    assert of(effects, Entered) == [Entered(1)]
    assert (message.view, node.core.view) == (1, 1)


def test_only_the_primary_of_the_view_leads_it() -> None:
    node = StubNode(3)
    leave(node)
    for number in (1, 2, 4):
        node.hear(number, node.domain.view_change(number, 1))
    assert not node.asked(Ask.NEW_VIEW)


def test_a_forged_view_change_is_found_by_the_vault_and_does_not_mask_others() -> None:
    node = StubNode(2)
    node.hear(1, replace(node.domain.view_change(1, 1), signature=bytes(64)))
    node.hear(3, node.domain.view_change(3, 1))
    node.answer(Ask.CHANGE_VIEW)
    effects = node.answer(Ask.NEW_VIEW)
    assert suspected(effects) == [1]
    assert node.said(NewView, effects) == []
    node.hear(4, node.domain.view_change(4, 1))
    (message,) = node.said(NewView, node.answer(Ask.NEW_VIEW))
    assert [change.number for change in message.changes] == [2, 3, 4]


# --- entering -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", [1, 2, 3])
def test_a_new_view_is_entered_whoever_sends_it(sender: int) -> None:
    """Its primary's signature makes it acceptable from anyone; the vault looks."""
    node = StubNode()
    node.hear(sender, node.domain.new_view(1))
    effects = node.answer(Ask.INSTALL)
    assert of(effects, Entered) == [Entered(1)]
    assert CancelTimer(Timer.VIEW) in effects
    assert (node.core.view, node.core.entered) == (1, 1)


def test_a_new_view_that_does_not_hold_is_not_entered() -> None:
    """The vault verifies every signature and computes for itself what the view-changes demand."""
    domain = StubDomain()
    header = domain.header()
    broken = replace(domain.prepared(header), pre_prepare=bytes(64))
    bad = (
        replace(domain.new_view(1), signature=bytes(64)),
        domain.new_view(1, domain.view_changes(1, (1, 2))),
        domain.new_view(1, number=3),
        domain.new_view(1, domain.view_changes(1, prepared=(broken,))),
        domain.new_view(1, domain.view_changes(1, prepared=(domain.prepared(domain.header(1, bytes(32))),))),
    )
    for message in bad:
        node = StubNode(4, domain)
        node.hear(2, message)
        effects = node.answer(Ask.INSTALL)
        assert suspected(effects) == [message.number]
        assert of(effects, Entered) == []
        assert node.core.view == 0
        node.hear(2, domain.new_view(1))  # and the good one still is
        assert of(node.answer(Ask.INSTALL), Entered) == [Entered(1)]


def test_views_that_are_over_are_not_entered() -> None:
    node = StubNode()
    node.hear(3, node.domain.new_view(2))
    node.answer(Ask.INSTALL)
    for view in (1, 2):
        node.hear(2, node.domain.new_view(view))
    assert not node.asked()


def test_a_backup_computes_what_has_to_be_proposed_again() -> None:
    node = StubNode(3)
    header, body = node.batch()
    changes = node.domain.view_changes(1, (1, 2, 4), prepared=(node.domain.prepared(header),))
    node.hear(2, node.domain.new_view(1, changes))
    node.answer(Ask.INSTALL)
    assert node.core.demanded == {1: header}
    other = node.batch(node.domain.announcement(2, 3))
    node.hear(2, node.domain.pre_prepare(1, *other))
    assert suspected(node.answer(Ask.PREPARE)) == [2]
    node = StubNode(3, node.domain)
    node.hear(2, node.domain.new_view(1, changes))
    node.answer(Ask.INSTALL)
    node.hear(2, node.domain.pre_prepare(1, header, body))
    assert suspected(node.answer(Ask.PREPARE)) == []


def test_what_waits_here_goes_to_the_new_primary() -> None:
    node = StubNode()
    entries = [node.domain.create_key(f"k{i}") for i in range(3)]
    for entry in entries:
        node.step(Submitted((entry,)))
    node.hear(2, node.domain.new_view(1))
    forwarded = sent(node.answer(Ask.INSTALL), Forward)
    assert [to for to, _ in forwarded] == [2]
    assert list(forwarded[0][1].batch.entries) == entries


def test_nothing_of_the_old_view_counts() -> None:
    node = StubNode()
    node.prepare()
    node.hear(2, node.domain.new_view(1))
    node.answer(Ask.INSTALL)
    assert node.core.slots == {}
    assert not node.core.suspects


def test_a_slot_that_others_have_decided_is_fetched() -> None:
    ahead = StubNode(3)
    header, _ = ahead.decide()
    node = StubNode(4, ahead.domain)
    certificate = node.domain.certificate(header)
    node.hear(2, node.domain.new_view(1, node.domain.view_changes(1, decided=certificate)))
    effects = node.answer(Ask.INSTALL)
    assert timers(effects)[Timer.FETCH] == 0
    assert node.core.floor == 1


# --- the view timer -------------------------------------------------------------------------------------------------


def test_a_view_change_that_does_not_end_is_said_again() -> None:
    node = StubNode(7, StubDomain(7))
    change = leave(node)
    effects = node.fire(Timer.VIEW)
    assert node.said(ViewChange, effects) == [change]
    assert {to for to, _ in sent(effects, FetchView)} == {1, 2, 3, 4, 5, 6}
    assert not node.asked()


def test_with_a_quorum_on_the_way_it_goes_one_further() -> None:
    node = StubNode()
    leave(node)
    node.hear(3, node.domain.view_change(3, 1))
    effects = node.fire(Timer.VIEW)
    (ask,) = node.asked(Ask.CHANGE_VIEW)
    assert ask.tag.view == 2
    assert timers(effects)[Timer.VIEW] == 2 * node.core.timing.progress_ms
    assert node.said(ViewChange, node.answer(Ask.CHANGE_VIEW))[0].view == 2


def test_who_asks_is_given_what_leads_there() -> None:
    node = StubNode()
    message = node.domain.new_view(1)
    node.hear(2, message)
    node.answer(Ask.INSTALL)
    for number in (1, 2):
        node.hear(number, node.domain.view_change(number, 2))
    effects = node.hear(3, FetchView())
    assert sent(effects, NewView) == [(3, message)]
    ((_, changes),) = sent(effects, ViewChanges)
    assert [change.number for change in changes.changes] == [1, 2]


def test_standings_bring_views_together() -> None:
    node = StubNode()
    message = node.domain.new_view(1)
    node.hear(2, message)
    node.answer(Ask.INSTALL)
    assert sent(node.hear(3, Standing(0, 0, 0, 0, 0)), NewView) == [(3, message)]
    assert sent(node.hear(3, Standing(5, 5, 0, 0, 0)), FetchView) == [(3, FetchView())]
    assert sent(node.hear(3, Standing(1, 2, 0, 0, 0)), FetchView) == [(3, FetchView())]
    assert sent(node.hear(3, Standing(1, 1, 0, 0, 0)), FetchView) == []
    assert node.said(PrePrepare) == []


def test_a_view_change_with_a_made_up_proof_does_not_keep_others_from_leading() -> None:
    """Its certificate blames an innocent module; it comes first in the order of numbers, and is left out."""
    node = StubNode(2)
    domain = node.domain
    bad = replace(domain.certificate(domain.header()), view=1)
    node.hear(1, domain.view_change(1, 1, decided=bad))
    node.hear(3, domain.view_change(3, 1))
    node.settle()
    node.hear(4, domain.view_change(4, 1))
    node.settle()
    assert node.core.view == 1


def test_view_changes_made_up_in_the_name_of_others_do_not_keep_it_from_going_on() -> None:
    """One module sends a quorum of them, for a view that is out of reach."""
    node = StubNode(4)
    domain = node.domain
    far = 1 << 40
    forged = tuple(replace(domain.view_change(number, far), signature=bytes(64)) for number in domain.numbers)
    node.hear(2, ViewChanges(forged))
    leave(node)
    node.hear(3, domain.view_change(3, 1))
    for number in (1, 3):
        node.hear(number, domain.view_change(number, 2))
    node.answer(Ask.CHANGE_VIEW)
    assert node.core.entered == 2
    brought = [message for _, message in sent(node.hear(1, FetchView()), ViewChanges)]
    assert {message.changes[0].view for message in brought} == {1, 2}
