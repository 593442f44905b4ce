"""How entries reach the primary, and what it makes of them: batches, refusals, waiting, demanded slots."""

from __future__ import annotations

import pytest

from tests.house.stub_domain import StubDomain
from tests.house.stub_node import Ask, StubNode, Timer, of, sent, suspected, timers
from thresign.agreement.pbft.events import AskVault, CancelTimer, PeerDown, Refuse, Settled, Signing, Submitted
from thresign.agreement.pbft.messages import BodyOf, FetchBody, Forward
from thresign.agreement.pbft.propose import ENOUGH_ENTRIES, FORWARD_ENTRIES_MAX
from thresign.errors import Overloaded, UnknownKey
from thresign.limits import (
    BODY_BYTES_IN_BATCH_MAX,
    FRAME_BYTES_MAX,
    PENDING_PER_PEER_MAX,
    PENDING_REQUESTS_PER_CALLER_MAX,
)
from thresign.orders.batch import Batch
from thresign.orders.header import Phase
from thresign.orders.votes import PrePrepare
from thresign.vault import calls


def test_a_backup_forwards_to_the_primary() -> None:
    node = StubNode(3)
    entry = node.domain.create_key()
    assert sent(node.step(Submitted((entry,))), Forward) == [(1, Forward(Batch((entry,))))]
    assert not node.asked()
    assert sent(node.step(Submitted((entry,))), Forward) == []  # it waits already


def test_what_is_submitted_together_is_forwarded_together() -> None:
    node = StubNode(3)
    entries = tuple(node.domain.create_key(f"k{i}") for i in range(FORWARD_ENTRIES_MAX + 1))
    parts = entries[:FORWARD_ENTRIES_MAX], entries[FORWARD_ENTRIES_MAX:]
    assert sent(node.step(Submitted(entries)), Forward) == [(1, Forward(Batch(part))) for part in parts]


def test_no_forward_is_too_long_for_a_frame() -> None:
    node = StubNode(3)
    node.step(PeerDown(1))
    large = tuple(node.domain.sign_request(bytes([i]) * BODY_BYTES_IN_BATCH_MAX) for i in range(FORWARD_ENTRIES_MAX))
    said = node.said(Forward, node.step(Submitted(large)))
    assert sum((forward.batch.entries for forward in said), ()) == large
    assert all(len(forward.encode()) < FRAME_BYTES_MAX for forward in said)


def test_to_all_if_the_primary_cannot_be_reached() -> None:
    node = StubNode(3)
    node.step(PeerDown(1))
    entry = node.domain.create_key()
    assert node.said(Forward, node.step(Submitted((entry,)))) == [Forward(Batch((entry,)))]


def test_the_primary_proposes_at_once() -> None:
    node = StubNode(1)
    entry = node.domain.create_key()
    node.step(Submitted((entry,)))
    (ask,) = node.asked(Ask.PROPOSE)
    assert ask.call == calls.ProposeCall(0, Batch((entry,)))
    effects = node.answer(Ask.PROPOSE)
    (message,) = node.said(PrePrepare, effects)
    assert Batch.decode(message.body).entries == (entry,)


def test_what_comes_meanwhile_makes_the_next_batch() -> None:
    """One batch in flight; it grows with the load."""
    node = StubNode(1)
    domain = node.domain
    entries = [domain.create_key(f"k{i}") for i in range(4)]
    node.step(Submitted((entries[0],)))
    for sender, entry in zip((2, 3, 4), entries[1:], strict=True):
        node.hear(sender, Forward(Batch((entry,))))
    (message,) = node.said(PrePrepare, node.answer(Ask.PROPOSE))
    assert not node.asked()
    for number in (2, 3):
        node.hear(number, domain.vote(number, Phase.PREPARE, 0, message.header))
    node.answer(Ask.COMMIT)
    for number in (2, 3):
        node.hear(number, domain.vote(number, Phase.COMMIT, 0, message.header))
    node.answer(Ask.DECIDE)
    (ask,) = node.asked(Ask.PROPOSE)
    assert isinstance(ask.call, calls.ProposeCall)
    assert set(ask.call.batch.entries) == set(entries[1:])


def test_what_is_refused_is_told_to_who_submitted_it_here() -> None:
    node = StubNode(1)
    bad, good = node.domain.sign_request(), node.domain.create_key()
    node.step(Submitted((bad,)))
    node.step(Submitted((good,)))
    node.hear(2, Forward(Batch((node.domain.sign_request(),))))
    effects = node.settle()
    (refused,) = of(effects, Refuse)
    assert refused.entry == bad
    assert type(refused.error) is UnknownKey


def test_what_is_known_is_settled() -> None:
    node = StubNode(1)
    entry = node.domain.announcement(2)
    node.step(Submitted((entry,)))
    known = calls.Proposed((), (calls.Verdict(calls.KNOWN, "", "announced already"),))
    effects = node.answer(Ask.PROPOSE, known)
    assert of(effects, Settled) == [Settled(entry)]
    assert len(node.core.pending) == 0
    assert Timer.RETRY not in timers(effects)
    node.step(Submitted((node.domain.create_key(),)))
    assert node.asked(Ask.PROPOSE)  # what comes next need not wait


def test_what_cannot_be_ordered_now_is_tried_again_after_a_while() -> None:
    node = StubNode(1)
    node.step(Submitted((node.domain.create_key(),)))
    later = calls.Proposed((), (calls.Verdict(calls.LATER, "", "no nonces"),))
    effects = node.answer(Ask.PROPOSE, later)
    assert timers(effects)[Timer.RETRY] == node.core.timing.retry_ms
    assert not node.asked()
    node.fire(Timer.RETRY)
    assert node.asked(Ask.PROPOSE)


def test_a_statement_that_cannot_be_ordered_now_goes_behind_the_others() -> None:
    node = StubNode(1)
    early, late = node.domain.present(2, 0), node.domain.present(3, 0)
    node.step(Submitted((early,)))
    node.core.pending.add(late)
    node.answer(Ask.PROPOSE, calls.Proposed((), (calls.Verdict(calls.LATER, "", "the hold-off is not over"),)))
    assert node.core.pending.batch() == (late, early)


def test_too_many_of_one_caller_are_refused_here_and_of_one_peer_dropped() -> None:
    node = StubNode(3)
    for _ in range(PENDING_REQUESTS_PER_CALLER_MAX):
        node.core.pending.add(node.domain.sign_request())
    entry = node.domain.sign_request()
    (refused,) = of(node.step(Submitted((entry,))), Refuse)
    assert type(refused.error) is Overloaded
    for _ in range(PENDING_PER_PEER_MAX + 5):
        assert of(node.hear(2, Forward(Batch((node.domain.sign_request(),)))), Refuse) == []
    assert len(node.core.pending) == PENDING_REQUESTS_PER_CALLER_MAX + PENDING_PER_PEER_MAX


def test_a_backup_does_not_propose_what_is_forwarded_to_it() -> None:
    node = StubNode(3)
    assert of(node.hear(2, Forward(Batch((node.domain.create_key(),)))), AskVault) == []


# --- what a new view demands ----------------------------------------------------------------------------------------


def leading(held: bool) -> tuple[StubNode, PrePrepare]:
    """Module 2 enters view 1, which demands the header of a slot; it has its body if it `held` the proposal."""
    domain = StubDomain()
    node = StubNode(2, domain)
    header, body = node.batch()
    message = domain.pre_prepare(0, header, body)
    if held:
        node.hear(1, message)
        node.settle()
    changes = domain.view_changes(1, (1, 3, 4), prepared=(domain.prepared(header),))
    node.hear(3, domain.new_view(1, changes))
    node.answer(Ask.INSTALL)
    return node, message


def test_what_it_holds_is_proposed_again() -> None:
    node, before = leading(held=True)
    (message,) = node.said(PrePrepare, node.answer(Ask.REPROPOSE))
    assert (message.view, message.header, message.body) == (1, before.header, before.body)


def test_a_body_that_is_not_here_is_fetched() -> None:
    node, before = leading(held=False)
    effects = node.answer(Ask.REPROPOSE)
    assert node.said(FetchBody, effects) == [FetchBody(before.header.digest())]
    assert node.said(PrePrepare, effects) == []
    assert not node.asked()  # not again and again as fast as the vault answers
    assert timers(effects)[Timer.RETRY] == node.core.timing.retry_ms
    node.hear(3, BodyOf(before.header.digest(), before.body))
    (message,) = node.said(PrePrepare, node.answer(Ask.REPROPOSE))
    assert message.header == before.header


def test_a_false_body_is_found_by_the_vault_and_fetched_again() -> None:
    node, before = leading(held=False)
    node.answer(Ask.REPROPOSE)
    node.hear(4, BodyOf(before.header.digest(), b"false"))
    effects = node.answer(Ask.REPROPOSE)
    assert node.said(FetchBody, effects)
    assert node.said(PrePrepare, effects) == []
    node.hear(3, BodyOf(before.header.digest(), before.body))
    assert node.said(PrePrepare, node.answer(Ask.REPROPOSE))


def test_a_body_that_nobody_has_is_asked_for_after_a_while() -> None:
    node, _ = leading(held=False)
    node.answer(Ask.REPROPOSE)
    node.fire(Timer.RETRY)
    assert node.said(FetchBody, node.answer(Ask.REPROPOSE))
    assert not node.asked()


@pytest.mark.parametrize("digest", [bytes(32), b"x" * 32])
def test_bodies_that_nobody_asked_for_are_not_kept(digest: bytes) -> None:
    node, _ = leading(held=False)
    before = dict(node.core.bodies)
    node.hear(3, BodyOf(digest, b"x" * 1000))
    assert node.core.bodies == before


def test_who_holds_a_body_gives_it() -> None:
    node = StubNode()
    header, body = node.prepare()
    assert sent(node.hear(2, FetchBody(header.digest())), BodyOf) == [(2, BodyOf(header.digest(), body))]
    assert node.hear(2, FetchBody(bytes(32))) == []


def test_nothing_else_is_proposed_before_it() -> None:
    node, _ = leading(held=True)
    node.step(Submitted((node.domain.create_key(),)))
    assert not node.asked(Ask.PROPOSE)
    node.answer(Ask.REPROPOSE)
    assert not node.asked(Ask.PROPOSE)
    assert suspected(node.effects) == []


def busy_primary() -> StubNode:
    """A primary whose batch has been decided, and its orders are not answered."""
    node = StubNode(1, signing=True)
    node.step(Submitted((node.domain.create_key(),)))
    (message,) = node.said(PrePrepare, node.answer(Ask.PROPOSE))
    for number in (2, 3):
        node.hear(number, node.domain.vote(number, Phase.PREPARE, 0, message.header))
    node.answer(Ask.COMMIT)
    for number in (2, 3):
        node.hear(number, node.domain.vote(number, Phase.COMMIT, 0, message.header))
    node.answer(Ask.DECIDE)
    return node


def test_while_orders_are_being_signed_the_next_batch_waits_for_more() -> None:
    node = busy_primary()
    first, second = node.domain.create_key("l"), node.domain.create_key("m")
    assert timers(node.step(Submitted((first,))))[Timer.GATHER] == node.core.timing.gather_ms
    assert Timer.GATHER not in timers(node.step(Submitted((second,))))  # it runs since the first came
    assert not node.asked(Ask.PROPOSE)
    assert CancelTimer(Timer.GATHER) in node.step(Signing(False))
    (ask,) = node.asked(Ask.PROPOSE)
    assert ask.call == calls.ProposeCall(0, Batch((first, second)))


def test_but_not_for_long() -> None:
    """Whoever withholds partials holds nobody's agreement up."""
    node = busy_primary()
    node.step(Submitted((node.domain.create_key("l"),)))
    node.fire(Timer.GATHER)
    assert len(node.asked(Ask.PROPOSE)) == 1
    assert not node.core.gathered  # the batch after that waits again


def test_nor_for_more_than_enough() -> None:
    node = busy_primary()
    many = tuple(node.domain.create_key(f"l{i}") for i in range(ENOUGH_ENTRIES))
    node.step(Submitted(many[:-1]))
    assert not node.asked(Ask.PROPOSE)
    node.step(Submitted(many[-1:]))
    assert len(node.asked(Ask.PROPOSE)) == 1
