"""Checkpoints [PBFT-K1], decided batches from others, and what is said at intervals: nothing here has to be trusted, so
everything is bounded."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from tests.house.stub_node import Ask, StubNode, Timer, delivered, of, sent, timers
from thresign.agreement.pbft.events import Answered, Deliver, SendDecided, Submitted, Suspect, VaultDown
from thresign.agreement.pbft.messages import DecidedBatch, FetchDecided, Forward, Mute, Standing
from thresign.limits import WINDOW_SLOTS
from thresign.orders.digests import sha256
from thresign.orders.header import Header, MemberSignature, Phase
from thresign.orders.votes import Checkpoint, CheckpointCertificate, PrePrepare, Vote
from thresign.vault import calls

INTERVAL = 4


def history(count: int, domain: StubDomain | None = None) -> tuple[StubNode, list[tuple[Header, bytes]]]:
    """A module that has decided so many slots, and what they were."""
    node = StubNode(3, domain)
    return node, [node.decide() for _ in range(count)]


def at(sequence: int) -> Standing:
    return Standing(0, 0, sequence, 0, 0)


# --- fetching -------------------------------------------------------------------------------------------------------


def test_who_is_behind_asks_one_that_is_ahead() -> None:
    node = StubNode()
    node.hear(2, at(5))
    effects = node.fire(Timer.STANDING)
    assert sent(effects, FetchDecided) == [(2, FetchDecided(1))]
    assert timers(effects)[Timer.FETCH] == node.core.timing.fetch_ms


def test_and_another_one_if_that_does_not_answer() -> None:
    node = StubNode()
    for number in (1, 2, 3):
        node.hear(number, at(5))
    asked = [to for _ in range(3) for to, _ in sent(node.fire(Timer.FETCH), FetchDecided)]
    assert sorted(asked) == [1, 2, 3]


def test_nobody_ahead_nobody_asked() -> None:
    node, _ = history(2)
    for number in (1, 2, 4):
        node.hear(number, at(2))
    assert sent(node.fire(Timer.STANDING), FetchDecided) == []


def test_decided_batches_are_applied_in_sequence_whatever_the_order_of_arrival() -> None:
    ahead, made = history(4)
    node = StubNode(4, ahead.domain)
    for header, body in reversed(made):
        node.hear(3, DecidedBatch(node.domain.certificate(header), body))
    assert delivered(node.settle()) == [1, 2, 3, 4]
    assert node.core.sequence == 4


def test_a_certificate_proves_a_batch_whoever_sends_it_and_nothing_else_does() -> None:
    ahead, ((header, body),) = history(1)
    good = DecidedBatch(ahead.domain.certificate(header), body)
    forged = replace(good, certificate=ahead.domain.certificate(header, voters=(1, 2)))
    for bad in (forged, replace(good, body=b"false")):
        node = StubNode(4, ahead.domain)
        node.hear(3, bad)
        assert delivered(node.answer(Ask.DECIDE)) == []
        assert node.core.sequence == 0
        node.hear(2, good)
        assert delivered(node.answer(Ask.DECIDE)) == [1]


def test_only_a_bounded_number_ahead_is_kept() -> None:
    node = StubNode()
    header = node.domain.header()
    for sequence in (*range(2, 300), 2**64 - 1):
        certificate = node.domain.certificate(replace(header, sequence=sequence))
        node.hear(2, DecidedBatch(certificate, b"body"))
    assert len(node.core.decided) <= 64
    assert max(node.core.decided) <= 64


def test_what_is_decided_here_is_sent_from_the_journal() -> None:
    node, _ = history(3)
    assert of(node.hear(2, FetchDecided(2)), SendDecided) == [SendDecided(2, 2)]
    assert of(node.hear(2, FetchDecided(4)), SendDecided) == []
    assert of(node.hear(2, FetchDecided(2**64 - 1)), SendDecided) == []


# --- at intervals ---------------------------------------------------------------------------------------------------


def test_it_says_where_it_stands() -> None:
    node, _ = history(2)
    effects = node.fire(Timer.STANDING)
    assert node.said(Standing, effects) == [at(2)]
    assert timers(effects)[Timer.STANDING] == node.core.timing.standing_ms


def test_or_that_its_vault_does_not_answer() -> None:
    node = StubNode()
    node.step(VaultDown())
    effects = node.fire(Timer.STANDING)
    assert node.said(Mute, effects) == [Mute()]
    assert node.said(Standing, effects) == []


def test_if_nothing_moves_votes_are_said_again() -> None:
    node = StubNode()
    node.prepare()
    node.fire(Timer.STANDING)
    (vote,) = node.said(Vote, node.fire(Timer.STANDING))
    assert vote == node.said(Vote)[0]


def test_a_primary_says_its_proposal_again() -> None:
    node = StubNode(1)
    node.step(Submitted((node.domain.create_key(),)))
    (message,) = node.said(PrePrepare, node.answer(Ask.PROPOSE))
    node.fire(Timer.STANDING)
    assert node.said(PrePrepare, node.fire(Timer.STANDING)) == [message]


def test_what_has_waited_is_told_to_all() -> None:
    """A primary that forgets what was sent to it alone would otherwise never be noticed."""
    node = StubNode()
    entry = node.domain.create_key()
    node.step(Submitted((entry,)))
    assert node.said(Forward, node.fire(Timer.STANDING)) == []
    (forward,) = node.said(Forward, node.fire(Timer.STANDING))
    assert forward.batch.entries == (entry,)


# --- checkpoints ----------------------------------------------------------------------------------------------------


def checkpointed() -> tuple[StubNode, Checkpoint]:
    """A module that has just signed its checkpoint."""
    node, _ = history(INTERVAL)
    (own,) = node.said(Checkpoint)
    return node, own


def same(node: StubNode, own: Checkpoint, number: int) -> Checkpoint:
    return node.domain.checkpoint(number, own.sequence, own.header, own.state)


def test_a_checkpoint_is_taken_when_it_is_due() -> None:
    _, own = checkpointed()
    assert (own.sequence, own.number) == (INTERVAL, 3)


@pytest.mark.parametrize("n", [4, 5, 7])
def test_q_that_say_the_same_make_it_stable(n: int) -> None:
    domain = StubDomain(n)
    node, _ = history(INTERVAL, domain)
    (own,) = node.said(Checkpoint)
    others = [number for number in domain.numbers if number != 3]
    for number in others[: domain.q - 2]:
        for _ in range(2):
            node.hear(number, same(node, own, number))
    assert not node.asked()
    node.hear(others[domain.q - 2], same(node, own, others[domain.q - 2]))
    (ask,) = node.asked(Ask.STABILISE)
    assert isinstance(ask.call, calls.StabiliseCall)
    assert len(ask.call.certificate.signatures) == domain.q
    node.answer(Ask.STABILISE)
    assert node.core.low == INTERVAL
    assert node.service.book.low == INTERVAL


def test_what_others_say_differently_does_not_count() -> None:
    node, own = checkpointed()
    for number, changed in ((1, {"state": sha256(b"x")}), (2, {"header": sha256(b"x")}), (4, {"roster_epoch": 1})):
        node.hear(number, replace(same(node, own, number), **changed))
    assert not node.asked()


def test_the_first_word_of_each_counts() -> None:
    node, own = checkpointed()
    node.hear(1, replace(same(node, own, 1), state=sha256(b"x")))
    node.hear(1, same(node, own, 1))
    node.hear(2, same(node, own, 2))
    assert not node.asked()


def test_nobody_speaks_for_another() -> None:
    node, own = checkpointed()
    for number in (1, 2, 4):
        node.hear(1, same(node, own, number))
    assert not node.asked()


def test_others_alone_do_not_make_it_stable_here() -> None:
    """However many: the own vault has not seen that state."""
    node = StubNode()
    for number in (1, 2, 3):
        node.hear(number, node.domain.checkpoint(number, INTERVAL, sha256(b"h"), sha256(b"s")))
    assert not node.asked()


def test_checkpoints_outside_the_watermarks_take_no_room() -> None:
    node, _ = checkpointed()
    before = len(node.core.checkpoints)
    for sequence in (0, INTERVAL + WINDOW_SLOTS + 1, 2**40, 2**64 - 1):
        node.hear(1, node.domain.checkpoint(1, sequence, sha256(b"h"), sha256(b"s")))
    assert len(node.core.checkpoints) == before


def test_a_checkpoint_whose_signature_is_wrong_does_not_keep_the_others_from_being_stable() -> None:
    """Its signer comes first in the order of numbers, so that it would be chosen again and again."""
    node, own = checkpointed()
    node.hear(1, replace(same(node, own, 1), signature=bytes(64)))
    node.hear(2, same(node, own, 2))
    assert of(node.answer(Ask.STABILISE), Suspect) != []
    node.hear(4, same(node, own, 4))
    node.answer(Ask.STABILISE)
    assert node.service.book.low == INTERVAL


def test_a_certificate_of_somebody_else_does_not_blame_who_signed_rightly() -> None:
    node, own = checkpointed()
    node.hear(2, same(node, own, 2))
    wrong = tuple(MemberSignature(number, bytes(64)) for number in (2, 3, 4))
    node.hear(1, CheckpointCertificate(own.domain, 0, own.roster, own.sequence, own.header, own.state, own.next, wrong))
    assert of(node.answer(Ask.STABILISE), Suspect) == []
    node.hear(4, same(node, own, 4))
    node.answer(Ask.STABILISE)
    assert node.service.book.low == INTERVAL
    assert not node.asked()


# --- certificates that are none -------------------------------------------------------------------------------------


def test_what_is_delivered_is_what_the_vault_was_asked_about() -> None:
    """While the vault looks at the certificate, another module sends something else for the same slot."""
    ahead, ((header, body),) = history(1)
    node = StubNode(4, ahead.domain)
    good = DecidedBatch(ahead.domain.certificate(header), b"")
    node.hear(2, replace(good, body=body))
    ask = node.pop(Ask.DECIDE)
    node.core.decided[1] = (good.certificate, b"")
    node.hear(1, DecidedBatch(replace(good.certificate, view=7), b"else"))
    (deliver,) = of(node.step(Answered(ask.tag, node.serve(ask))), Deliver)
    assert deliver.certificate == good.certificate


def test_a_commit_whose_signature_is_wrong_does_not_stop_the_slot() -> None:
    """Its signer comes first in the order of numbers, so that it would be chosen again and again."""
    node = StubNode(4)
    header, _ = node.prepare()
    for number in (2, 3):
        node.hear(number, node.domain.vote(number, Phase.PREPARE, 0, header))
    node.settle()
    for number in (1, 2, 3):
        vote = node.domain.vote(number, Phase.COMMIT, 0, header)
        node.hear(number, replace(vote, signature=bytes(64)) if number == 1 else vote)
        node.settle()
    assert node.core.sequence == 1
    assert header.digest() == node.service.book.state.head
