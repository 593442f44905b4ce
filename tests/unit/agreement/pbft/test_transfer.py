"""Taking over a ledger at a node [PBFT-T1, PBFT-T2], and being reminded of what its vault signed: only what was
asked for, from who was asked, and no part taken before the others were heard."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import NOW_MS, StubDomain
from tests.house.stub_node import Ask, StubNode, Timer, of, sent, suspected, timers
from tests.unit.vault.test_recovery import DOMAIN, MADE, compacted
from thresign.agreement.pbft.events import AskVault, PeerDown, Restored, VaultDown
from thresign.agreement.pbft.messages import AskReminder, FetchDecided, FetchSnapshot, Standing
from thresign.orders.header import Phase
from thresign.orders.votes import PrePrepare, SignedVote, Vote
from thresign.vault.recovery_calls import Memory, Offer, OfferCall, Reminder, SnapshotCall, SnapshotChunk

GIVER = compacted(8)
OFFER = GIVER.service.serve(OfferCall(), NOW_MS).reply
assert isinstance(OFFER, Offer)
PIECE = GIVER.service.serve(SnapshotCall(8, 0), NOW_MS).reply
assert isinstance(PIECE, SnapshotChunk)


def lagging(ahead: tuple[int, ...] = (1, 3, 4)) -> tuple[StubNode, int]:
    """A node that asks a peer for batches."""
    node = StubNode(2, DOMAIN)
    for number in ahead:
        node.hear(number, Standing(0, 0, 8, 8, 0))
    ((asked, _),) = sent(node.fire(Timer.STANDING), FetchDecided)
    return node, asked


def behind() -> tuple[StubNode, int]:
    """A node that has asked all its peers for batches, the last one just now; none keeps them any more."""
    node, asked = lagging()
    for _ in range(2):
        node.hear(asked, OFFER)
        ((asked, _),) = sent(node.fire(Timer.FETCH), FetchDecided)
    return node, asked


def others(asked: int) -> list[int]:
    return [number for number in (1, 3, 4) if number != asked]


def test_an_offer_is_checked_by_the_vault_and_then_fetched() -> None:
    node, asked = behind()
    node.hear(asked, OFFER)
    effects = node.answer(Ask.TRANSFER)
    assert sent(effects, FetchSnapshot) == [(asked, FetchSnapshot(8, 0))]
    assert Timer.FETCH in timers(effects)
    node.hear(asked, PIECE)
    effects = node.answer(Ask.CHUNK)
    (restored,) = of(effects, Restored)
    assert restored.status.sequence == 8
    assert node.service.book.state.sequence == 8


def test_from_who_was_asked_and_nobody_else() -> None:
    node, asked = behind()
    for number in others(asked):
        assert of(node.hear(number, OFFER), AskVault) == []
    node.hear(asked, OFFER)
    node.answer(Ask.TRANSFER)
    for number in others(asked):
        assert of(node.hear(number, PIECE), AskVault) == []
    for wrong in (replace(PIECE, sequence=4), replace(PIECE, offset=1)):
        assert of(node.hear(asked, wrong), AskVault) == []
    assert of(node.hear(asked, PIECE), AskVault)


def test_only_after_all_who_are_ahead_were_asked_for_batches() -> None:
    """A liar offers its ledger whatever it is asked: who took it would not walk the orders in between."""
    node, asked = lagging()
    tried = [asked]
    for _ in range(2):
        effects = node.hear(asked, OFFER)
        assert of(effects, AskVault) == []
        assert timers(effects)[Timer.FETCH] == 0
        ((asked, _),) = sent(node.fire(Timer.FETCH), FetchDecided)
        tried.append(asked)
    assert sorted(tried) == [1, 3, 4]
    assert of(node.hear(asked, OFFER), AskVault)


def test_not_from_f_that_are_connected_first() -> None:
    node, asked = lagging(ahead=(3,))
    effects = node.hear(asked, OFFER)
    assert of(effects, AskVault) == []
    assert timers(effects)[Timer.FETCH] == node.core.timing.fetch_ms


def test_not_what_is_not_ahead() -> None:
    node, asked = behind()
    old = replace(OFFER, checkpoint=replace(OFFER.checkpoint, sequence=0))
    assert of(node.hear(asked, old), AskVault) == []


def test_one_at_a_time() -> None:
    node, asked = behind()
    node.hear(asked, OFFER)
    node.answer(Ask.TRANSFER)
    assert of(node.hear(asked, OFFER), AskVault) == []
    assert sent(node.fire(Timer.STANDING), FetchDecided) == []


def test_an_offer_that_does_not_hold_is_not_taken_again_from_its_sender() -> None:
    node, asked = behind()
    node.hear(asked, replace(OFFER, decided=DOMAIN.certificate(DOMAIN.header(8))))
    effects = node.answer(Ask.TRANSFER)
    assert suspected(effects) == [asked]
    assert timers(effects)[Timer.FETCH] == 0
    assert of(node.hear(asked, OFFER), AskVault) == []


def test_false_pieces_are_found_by_the_vault_and_another_is_asked() -> None:
    node, asked = behind()
    node.hear(asked, OFFER)
    node.answer(Ask.TRANSFER)
    node.hear(asked, replace(PIECE, data=PIECE.data[:-1] + b"\xff"))
    effects = node.answer(Ask.CHUNK)
    assert suspected(effects) == [asked]
    assert of(effects, Restored) == []
    ((another, _),) = sent(node.fire(Timer.FETCH), FetchDecided)
    assert another != asked
    node.hear(another, OFFER)
    node.answer(Ask.TRANSFER)
    node.hear(another, PIECE)
    assert of(node.answer(Ask.CHUNK), Restored)


@pytest.mark.parametrize("how", ["overdue", "disconnected"])
def test_who_does_not_deliver_is_given_up(how: str) -> None:
    node, asked = behind()
    node.hear(asked, OFFER)
    node.answer(Ask.TRANSFER)
    effects = node.fire(Timer.FETCH) if how == "overdue" else node.step(PeerDown(asked))
    assert timers(effects)[Timer.FETCH] == 0
    assert suspected(effects) == []
    assert of(node.hear(asked, PIECE), AskVault) == []


# --- reminders ------------------------------------------------------------------------------------------------------


def restarted() -> StubNode:
    """A module whose vault has just started for the second time."""
    node = StubNode(4, DOMAIN)
    node.step(VaultDown())
    node.service.begin_incarnation()
    node.effects.clear()
    node.vault_up()
    return node


def test_a_vault_that_started_again_takes_no_part_before_it_was_reminded() -> None:
    node = restarted()
    assert node.said(AskReminder)
    header, body = MADE[0]
    assert of(node.hear(1, DOMAIN.pre_prepare(0, header, body)), AskVault) == []
    for number in (1, 2, 3):
        node.hear(number, Reminder((), (), ()))
        node.settle()
    assert node.core.active
    node.hear(1, DOMAIN.pre_prepare(0, header, body))
    assert node.asked(Ask.PREPARE) or node.said(Vote)


def test_one_others_word_is_not_enough() -> None:
    node = restarted()
    for _ in range(5):
        node.hear(1, Reminder((), (), ()))
        node.settle()
    assert not node.core.active


def test_it_asks_again_until_it_was_heard() -> None:
    node = restarted()
    assert node.said(AskReminder, node.fire(Timer.STANDING))
    for number in (1, 2, 3):
        node.hear(number, Reminder((), (), ()))
        node.settle()
    assert node.said(AskReminder, node.fire(Timer.STANDING)) == []


def test_what_others_show_is_put_to_the_vault() -> None:
    node = restarted()
    header, _ = MADE[0]
    vote = SignedVote(Phase.PREPARE, 0, header, 4, DOMAIN.vote_signature(4, Phase.PREPARE, 0, header))
    node.hear(1, Reminder((vote,), (), ()))
    (ask,) = node.asked(Ask.REMIND)
    assert isinstance(node.serve(ask), Memory)
    node.settle()
    assert node.service.book.forgot
    assert node.core.forgot


def test_who_asks_is_shown_what_was_seen_of_it() -> None:
    domain = StubDomain()
    node = StubNode(4, domain)
    header, _ = node.prepare()
    node.hear(2, domain.vote(2, Phase.PREPARE, 0, header))
    ((to, shown),) = sent(node.hear(2, AskReminder(0, 0)), Reminder)
    assert to == 2
    (vote,) = shown.votes
    assert (vote.number, vote.phase, vote.header) == (2, Phase.PREPARE, header)
    ((_, nothing),) = sent(node.hear(2, AskReminder(1, 0)), Reminder)
    assert nothing == Reminder((), (), ())
    ((_, nothing),) = sent(node.hear(3, AskReminder(0, 0)), Reminder)
    assert nothing.votes == ()


def test_and_its_view_changes() -> None:
    node = StubNode()
    change = node.domain.view_change(2, 1)
    node.hear(2, change)
    ((_, shown),) = sent(node.hear(2, AskReminder(0, 0)), Reminder)
    assert shown.changes == (change,)
    ((_, shown),) = sent(node.hear(2, AskReminder(0, 1)), Reminder)
    assert shown.changes == ()


def test_a_first_life_asks_nobody() -> None:
    node = StubNode(4, DOMAIN)
    assert node.core.active
    assert node.said(AskReminder, node.fire(Timer.STANDING)) == []
    assert node.said(PrePrepare) == []
