"""Signing at a node: who asks for much pays for it, and what the journal has is given to who asks."""

from __future__ import annotations

from tests.house.bare_node import Node, asked, refused
from thresign.node import events as ev
from thresign.node.allowance import BOUNDS, Work
from thresign.node.records import ResultRecord
from thresign.node.signing import held_message, result_message
from thresign.orders.merkle import leaf_hash
from thresign.orders.statements import FoundReport, Partials, SharePart
from thresign.signing.messages import FetchFound, FetchHeld, FetchPartials, FetchResult, Held, Result
from thresign.vault import calls
from thresign.wire.canonical import Record


def test_a_peer_that_asks_for_too_many_partials_is_not_heard() -> None:
    node = Node()
    node.answer(node.vault_up(), calls.DecidedCall)
    bound = BOUNDS[Work.PARTIALS]
    for i in range(bound.questions_max):
        outputs = node.feed(ev.PeerSaid(1, FetchPartials(1 + i % node.sequence)))
        node.answer(outputs, calls.SignCall)
        assert refused(outputs) == []
    outputs = node.feed(ev.PeerSaid(1, FetchPartials(1)))
    assert asked(outputs, calls.SignCall) == []
    assert refused(outputs) == [(1, "partials")]
    assert asked(node.feed(ev.PeerSaid(3, FetchPartials(1))), calls.SignCall)


def test_partials_that_were_asked_for_are_paid_for_by_who_asked() -> None:
    """By their length, whoever else hears them: some batches have many."""
    node = Node()
    node.answer(node.vault_up(), calls.DecidedCall)
    shares = tuple(SharePart(bytes(32), bytes(32)) for _ in range(512))
    partials = Partials(node.replica.journey.domain, 2, shares, bytes(64))
    served = 0
    for _ in range(BOUNDS[Work.PARTIALS].questions_max):
        outputs = node.feed(ev.PeerSaid(1, FetchPartials(1)))
        for ask in outputs:
            if isinstance(ask, ev.Ask):
                served += 1
                node.feed(ev.VaultSaid(ask.id, calls.Signed(1, partials, (), 0)))
    assert served == BOUNDS[Work.PARTIALS].bytes_max // len(partials.encode()) + 1
    assert asked(node.feed(ev.PeerSaid(3, FetchPartials(1))), calls.SignCall)


def test_each_order_that_is_looked_up_in_the_journal_counts() -> None:
    node = Node()
    node.vault_up()
    orders = tuple(number.to_bytes(32, "big") for number in range(512))
    recalled = [
        output
        for _ in range(BOUNDS[Work.RECALLS].questions_max // 512 + 1)
        for output in node.feed(ev.PeerSaid(1, FetchHeld(orders)))
    ]
    looked_up = sum(len(output.orders) for output in recalled if isinstance(output, ev.SendHeld))
    assert looked_up == BOUNDS[Work.RECALLS].questions_max
    assert refused(recalled) == [(1, "recalls")]
    assert refused(node.feed(ev.PeerSaid(1, FetchResult(orders[0])))) == [(1, "recalls")]
    assert refused(node.feed(ev.PeerSaid(3, FetchResult(orders[0])))) == []


def test_a_result_of_the_journal_is_said_to_be_found_to_who_asks_alone() -> None:
    """To all it would go round among those whose walks are over."""
    node = Node(results={leaf_hash(b"held")})
    node.vault_up()
    assert asked(node.feed(ev.PeerSaid(1, FetchFound(leaf_hash(b"never heard of")))), Record) == []
    outputs = node.feed(ev.PeerSaid(1, FetchFound(leaf_hash(b"held"))))
    assert asked(outputs, calls.ReportFoundCall) == [calls.ReportFoundCall(leaf_hash(b"held"))]
    (send,) = node.answer(outputs, calls.ReportFoundCall)
    assert isinstance(send, ev.Send)
    assert send.to == 1
    assert isinstance(send.message, FoundReport)
    assert (send.message.number, send.message.order) == (2, leaf_hash(b"held"))


def test_what_the_journal_has_as_messages() -> None:
    record = ResultRecord(bytes(32), bytes(32), 0, 7, 1, bytes(64), ())
    assert result_message(record) == Result(record.order, record.signature, record.partials)
    assert held_message([bytes(32)]) == Held((bytes(32),))
