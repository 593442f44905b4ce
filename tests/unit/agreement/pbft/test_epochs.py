"""Membership changes at a node [PBFT-E1, PBFT-E2]: what of another epoch is not heard, who is told how the rosters
followed one another, and that this module follows when its vault does."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from tests.house.stub_members import asked, certified, following, wanted
from tests.house.stub_node import Ask, StubNode, Timer, of, sent
from tests.house.stub_vault import StubVault
from thresign.agreement.pbft.events import AskVault, Broadcast, Switched
from thresign.agreement.pbft.messages import AskReminder, Standing
from thresign.orders.succession import Succession
from thresign.orders.votes import Checkpoint
from thresign.vault.recovery_calls import Reminder
from thresign.vault.voting import epoch


def vault_of(node: StubNode) -> StubVault:
    """The same vault, as a test of the voting rules drives it."""
    vault = StubVault(node.number, node.domain)
    vault.book = node.service.book
    return vault


def ending(number: int = 4, leave: tuple[int, ...] = (), n: int = 4) -> StubNode:
    """A node whose vault has applied a change, and has not followed."""
    node = StubNode(number, StubDomain(n))
    vault = vault_of(node)
    old = vault.book.state.roster
    new = following(old, () if leave else (5,), leave)
    vault.decide(vault.proposal(entries=(asked(node.domain, wanted(node.domain, old, new)),)))
    node.effects.clear()
    node.vault_up()
    return node


def link_of(node: StubNode) -> Succession:
    state = node.service.book.state
    assert state.pending is not None
    return Succession(certified(state), state.pending)


def following_node(number: int = 4, leave: tuple[int, ...] = (), n: int = 4) -> StubNode:
    """A node in epoch 1."""
    node = ending(number, leave, n)
    epoch.enter(node.service.book, link_of(node))
    node.vault_up()
    node.effects.clear()
    return node


def test_a_node_that_starts_where_another_roster_is_to_follow_has_its_checkpoint_said() -> None:
    node = ending()
    node.answer(Ask.CHECKPOINT)
    said = [effect.message for effect in of(node.effects, Broadcast) if isinstance(effect.message, Checkpoint)]
    assert [checkpoint.next for checkpoint in said] == [following(node.domain.roster, (5,)).digest()]


def test_q_checkpoints_lead_to_the_next_roster() -> None:
    node = ending()
    node.answer(Ask.CHECKPOINT)
    own = node.core.checkpoints[1][4]
    for number in (1, 2):
        assert of(node.effects, Switched) == []
        certificate = certified(node.service.book.state, (1, 2, 3))
        vote = next(v for v in certificate.signatures if v.number == number)
        node.hear(number, replace(own, number=number, signature=vote.signature))
    effects = node.answer(Ask.STABILISE)
    assert [effect.status.chain for effect in of(effects, Switched)] == [node.core.chain]
    assert (node.core.roster.epoch, node.core.view, node.core.sequence) == (1, 0, 1)


def test_a_succession_of_its_own_end_is_taken_to_the_vault() -> None:
    node = ending()
    link = link_of(node)
    for other in (replace(link, certificate=replace(link.certificate, sequence=9)), following_link(link)):
        assert of(node.hear(2, other), AskVault) == []
    node.hear(2, link)
    assert of(node.answer(Ask.STABILISE), Switched)
    assert node.core.chain == (link,)
    assert of(node.hear(2, link), AskVault) == []


def test_what_does_not_verify_keeps_no_epoch_from_its_end() -> None:
    """A liar has this node ask its vault about another sequence whenever the quorum's last checkpoint arrives."""
    node = ending()
    node.answer(Ask.CHECKPOINT)
    own = node.core.checkpoints[1][4]
    good = {vote.number: vote.signature for vote in certified(node.service.book.state, (1, 2, 3)).signatures}
    node.core.checkpoints[9] = {4: replace(own, sequence=9)}
    node.hear(1, replace(own, number=1, signature=good[1]))
    wrong = replace(certified(node.service.book.state, (1, 2, 3)), sequence=9)
    node.hear(3, wrong)
    node.hear(2, replace(own, number=2, signature=good[2]))
    assert [ask.tag.sequence for ask in node.asked(Ask.STABILISE)] == [9]
    node.answer(Ask.STABILISE)
    assert of(node.answer(Ask.STABILISE), Switched)


def following_link(link: Succession) -> Succession:
    return replace(link, certificate=replace(link.certificate, roster_epoch=1))


def test_a_batch_that_was_asked_for_too_early_is_applied_all_the_same() -> None:
    node = ending()
    node.hear(2, link_of(node))
    node.core.decided[2] = (node.domain.certificate(node.domain.header(2)), b"")
    node.fire(Timer.RETRY)
    early = [ask.tag for ask in node.asked(Ask.DECIDE)]
    node.answer(Ask.STABILISE)
    assert early
    assert set(early) <= node.core.asked


def test_who_is_in_an_earlier_epoch_is_told_how_its_own_ended() -> None:
    node = following_node()
    assert sent(node.hear(2, Standing(0, 0, 1, 0, 0, 0)), Succession) == [(2, node.core.chain[0])]
    assert sent(node.hear(2, Standing(0, 0, 1, 0, 0, 1)), Succession) == []
    assert sent(node.hear(2, Standing(0, 0, 1, 0, 0, 7)), Succession) == []


def test_views_and_suspicions_of_another_epoch_do_not_count() -> None:
    node = following_node()
    for number in (1, 2, 3):
        node.hear(number, Standing(5, 6, 1, 0, 1, 0))
        node.hear(number, Standing(5, 6, 1, 0, 1, 2))
    assert node.core.suspicions == {}
    assert node.asked(Ask.CHANGE_VIEW) == []


@pytest.mark.parametrize("what", ["view-change", "new-view", "checkpoint", "pre-prepare"])
def test_what_was_signed_under_the_old_roster_is_not_heard(what: str) -> None:
    node = following_node()
    domain = node.domain
    message = {
        "view-change": domain.view_change(2, 1),
        "new-view": domain.new_view(1),
        "checkpoint": domain.checkpoint(2, 4, bytes(32), bytes(32)),
        "pre-prepare": domain.pre_prepare(0, domain.header(2), b""),
    }[what]
    before = (dict(node.core.changes), dict(node.core.checkpoints), dict(node.core.slots), dict(node.core.early))
    assert node.hear(2, message) == []
    assert before == (node.core.changes, node.core.checkpoints, node.core.slots, node.core.early)


def test_who_has_left_is_not_heard() -> None:
    node = following_node(2, (1,), 5)
    assert node.hear(1, AskReminder(0, 0)) == []
    assert node.hear(3, AskReminder(0, 0)) != []


def test_who_stands_in_an_earlier_epoch_is_reminded_of_any_view_change_of_this_one() -> None:
    """Its disk may have been put back to the end of the epoch before, in whatever view that was."""
    node = following_node()
    roster = node.core.roster
    change = replace(node.domain.view_change(2, 1), roster_epoch=1, roster=roster.digest())
    node.hear(2, change)
    for question, shown in (
        (AskReminder(1, 7, 0), (change,)),
        (AskReminder(1, 0, 1), (change,)),
        (AskReminder(1, 1, 1), ()),
        (AskReminder(1, 0, 2), ()),
    ):
        ((_, told),) = sent(node.hear(2, question), Reminder)
        assert told.changes == shown


def test_who_asks_to_be_reminded_says_in_which_epoch_it_stands() -> None:
    node = following_node()
    node.service.incarnation = 2
    node.vault_up()
    assert {said.roster_epoch for said in node.said(AskReminder)} == {1}


def test_who_has_left_takes_no_part() -> None:
    node = following_node(1, (1,), 5)
    assert not node.core.member
    assert not node.core.active
    for number in (2, 3, 4):
        node.hear(number, replace(node.domain.view_change(number, 1), roster_epoch=1))
    assert node.asked(Ask.CHANGE_VIEW, Ask.PREPARE, Ask.PROPOSE) == []
