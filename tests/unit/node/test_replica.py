"""The replica without sockets: what it asks its vault for, what it writes down, and in which order."""

from __future__ import annotations

from tests.house.bare_node import Node, asked, written
from tests.house.stub_domain import StubDomain, ready_ledger
from tests.simulation.run import hold
from tests.simulation.world import World
from thresign.ledger.state import KeyState
from thresign.node import events as ev
from thresign.node.records import DecidedRecord, FoundRecord
from thresign.orders.merkle import leaf_hash
from thresign.signing.messages import FetchPartials
from thresign.vault import calls


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
