"""The replica without sockets: what it asks its vault for, what it writes down, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from tests.house.stub_domain import StubDomain, ready_ledger
from tests.simulation.disks import prepared
from tests.simulation.run import hold
from tests.simulation.stubs import StubCombiner
from tests.simulation.world import World
from thresign.ledger.state import KeyState
from thresign.node import events as ev
from thresign.node.allowance import BOUNDS, Work
from thresign.node.records import DecidedRecord, FoundRecord
from thresign.node.replica import Parts, Replica
from thresign.orders.merkle import leaf_hash
from thresign.orders.statements import FoundReport, Partials, SharePart
from thresign.signing.events import Past
from thresign.signing.messages import FetchFound, FetchHeld, FetchPartials, FetchResult
from thresign.vault import calls
from thresign.wire.canonical import Record

R = TypeVar("R", bound=Record)


@dataclass
class Node:
    """Module 2 of a domain that has decided `sequence` batches, the first of which this node's journal has."""

    journalled: int = 0
    past: Past = field(default_factory=Past)
    results: set[bytes] = field(default_factory=set)
    """What orders its journal has results of."""
    outputs: list[ev.Output] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.module = prepared(1).modules[2]
        world_replica = self.module.replica
        assert world_replica is not None
        journey = world_replica.journey
        known = (lambda _digest: None, lambda _orders: self.past, lambda order: order in self.results, self.journalled)
        self.replica = Replica(Parts(2, journey.domain, journey.roster, StubCombiner(), *known))

    def feed(self, event: ev.Event) -> list[ev.Output]:
        outputs = self.replica.handle(event, 1000)
        self.outputs.extend(outputs)
        return outputs

    def serve(self, call: Record) -> Record:
        assert self.module.service is not None
        return self.module.service.serve(call, 0).reply

    def vault_up(self) -> list[ev.Output]:
        status = self.serve(calls.StatusCall())
        assert isinstance(status, calls.Status)
        self.sequence = status.sequence
        return self.feed(ev.VaultUp(status))

    def answer(self, outputs: list[ev.Output], kind: type[Record]) -> list[ev.Output]:
        """The vault answers the calls of this kind."""
        return [
            output
            for ask in outputs
            if isinstance(ask, ev.Ask) and isinstance(ask.call, kind)
            for output in self.feed(ev.VaultSaid(ask.id, self.serve(ask.call)))
        ]


def asked(outputs: list[ev.Output], kind: type[R]) -> list[R]:
    return [output.call for output in outputs if isinstance(output, ev.Ask) and isinstance(output.call, kind)]


def written(outputs: list[ev.Output], kind: type[R]) -> list[R]:
    writes = (output.records for output in outputs if isinstance(output, ev.Write))
    return [record for records in writes for record in records if isinstance(record, kind)]


def test_what_the_journal_lacks_is_asked_for_until_the_vault_has_answered() -> None:
    """A vault that goes down in between would leave a gap for good: orders that this module does not know."""
    node = Node(journalled=5)
    outputs = node.vault_up()
    lacking = list(range(6, node.sequence + 1))
    assert len(lacking) > 2
    assert [call.sequence for call in asked(outputs, calls.DecidedCall)] == lacking
    first = next(output for output in outputs if isinstance(output, ev.Ask) and output.call == calls.DecidedCall(6))
    assert written(node.feed(ev.VaultSaid(first.id, node.serve(first.call))), DecidedRecord)
    node.feed(ev.VaultDown())
    outputs = node.vault_up()
    assert [call.sequence for call in asked(outputs, calls.DecidedCall)] == lacking[1:]
    filled = written(node.answer(outputs, calls.DecidedCall), DecidedRecord)
    assert [record.certificate.header.sequence for record in filled] == lacking[1:]
    node.feed(ev.VaultDown())
    assert asked(node.vault_up(), calls.DecidedCall) == []


def test_what_a_batch_finds_is_written_before_it() -> None:
    """A torn tail keeps a beginning: with the batch alone nobody would ask for what it found."""
    node = Node()
    run = ready_ledger(StubDomain())
    order = run.order(run.apply(run.domain.sign_request(now_ms=run.time_ms)))
    planned = run.apply(run.domain.found(order))
    (ask,) = [o for o in node.vault_up() if isinstance(o, ev.Ask) and o.call == calls.DecidedCall(1)]
    reply = calls.DecidedBatch(run.domain.certificate(run.domain.header()), run.bodies[-1], tuple(planned.leaves))
    (write,) = [output for output in node.feed(ev.VaultSaid(ask.id, reply)) if isinstance(output, ev.Write)]
    assert [type(record) for record in write.records] == [FoundRecord, DecidedRecord]
    assert written([write], FoundRecord) == [FoundRecord(leaf_hash(order.encode()))]


def test_what_the_vault_says_is_found_is_written_down() -> None:
    """The node may have missed the batches that found it: it would never hold what it reported."""
    node = Node()
    found = leaf_hash(b"an order")
    assert written(node.vault_up(), FoundRecord) == []
    assert node.module.service is not None
    node.module.service.book.state.found[found] = 1 << 60
    node.feed(ev.VaultDown())
    assert written(node.vault_up(), FoundRecord) == [FoundRecord(found)]


def test_nothing_is_asked_of_a_vault_that_is_down() -> None:
    """A peer asks for partials again and again; each question would be remembered until the vault is there."""
    node = Node()
    node.answer(node.vault_up(), calls.DecidedCall)
    assert asked(node.feed(ev.PeerSaid(1, FetchPartials(1))), calls.SignCall)
    node.feed(ev.VaultDown())
    for _ in range(3):
        assert asked(node.feed(ev.PeerSaid(1, FetchPartials(1))), calls.SignCall) == []


def refused(outputs: list[ev.Output]) -> list[tuple[int, str]]:
    return [(o.number, o.detail) for o in outputs if isinstance(o, ev.Observe) and o.what == "asked too much"]


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


def test_a_key_is_confirmed_although_every_node_was_restarted_before_its_first_signature() -> None:
    """The order itself says that it is a key's confirmation; memory does not."""
    world = World(7)
    world.run_until(200)
    world.submit(world.modules[1], world.request("/v1/keys", b'{"name": "k", "suite": "ed25519"}', "application/json"))
    while not all(confirming(world, number) for number in world.modules):
        world.run_until(world.now + 0.1)
        hold(world.now < 5000, "a quiet domain makes a key", "none after 5 s")
    for module in world.modules.values():
        world.crash_node(module)
    for module in world.modules.values():
        world.start_node(module)
    world.run_until(world.now + 10_000)
    assert world.key_active("k")


def confirming(world: World, number: int) -> bool:
    module = world.modules[number]
    assert module.service is not None
    key = module.service.book.state.key_by_name("k")
    decided = [record for record in module.node_disk.records if isinstance(record, DecidedRecord)]
    return key is not None and key.state is KeyState.CONFIRMING and len(decided) == module.service.book.state.sequence
