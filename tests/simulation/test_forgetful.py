"""A module that lost its vault's disk, and was away while an order was replaced and answered: all that it lacks is the
message, and that is in its own journal."""

from __future__ import annotations

import pytest

from tests.simulation.disks import prepared
from tests.simulation.world import Disk, Module, World
from thresign.node.records import DecidedRecord
from thresign.orders.orders import SignOrder, sign_order
from thresign.orders.requests import Request
from thresign.signing.messages import PartialsOf
from thresign.signing.state import Timing
from thresign.wire.canonical import Record

AWAY_MS = 10_000
"""So long that nobody walks the order any more."""
CATCHES_UP_MS = 4000


class Silent(World):
    """While it is silent no partial reaches anybody."""

    silent = True

    def send(self, module: Module, to: int, message: Record) -> None:
        if not (self.silent and isinstance(message, PartialsOf)):
            super().send(module, to, message)


def orders(module: Module, request: Request) -> list[SignOrder]:
    """Those of the request that are in the module's journal."""
    records = (record for record in module.node_disk.records if isinstance(record, DecidedRecord))
    encoded = (order for record in records for order in record.orders if order[:8] == SignOrder.TAG)
    return [order for order in map(sign_order, encoded) if order.request == request.id()]


@pytest.mark.parametrize("seed", range(3))
def test_who_was_away_finds_the_message_in_its_journal(seed: int) -> None:
    world = prepared(seed)
    world.__class__ = Silent
    assert isinstance(world, Silent)
    request = world.request("/v1/keys/k/sign", b"message", "application/octet-stream")
    world.submit(world.modules[1], request)
    while not all(orders(module, request) for module in world.modules.values()):
        world.run_until(world.now + 1)
        assert world.now < 20_000
    (first,) = orders(world.modules[1], request)
    world.run_until(world.now + 20)
    late = world.modules[max(slot.number for slot in first.signers)]
    late.node_disk.synced = len(late.node_disk.records)
    world.crash_node(late)
    world.crash_vault(late)
    assert [order.attempt for order in orders(late, request)] == [1]
    world.silent = False
    world.run_until(world.now + AWAY_MS)
    assert world.answered_at[request.id()] == set(world.modules) - {late.number}
    assert not any(module.replica.journey.walks for module in world.modules.values() if module.replica is not None)

    late.vault_disk = Disk()
    world.start_vault(late)
    world.start_node(late)
    world.run_until(world.now + CATCHES_UP_MS)
    assert {order.attempt for order in orders(late, request)} == {1, 2}
    world.ask_again(late, request)
    world.run_until(world.now + Timing().missing_ms + Timing().give_up_ms)
    assert late.number in world.answered_at[request.id()]
