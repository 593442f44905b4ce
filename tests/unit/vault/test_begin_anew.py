"""A vault's journal that begins at a stable checkpoint leads to the same vault as one that holds everything."""

from __future__ import annotations

import pytest

from tests.simulation.disks import drive, prepared
from tests.simulation.stubs import StubChecks, StubToken
from tests.simulation.world import ENVIRONMENT, Faults, Module, World
from thresign.errors import JournalCorrupt, VoteRefused
from thresign.ids import ModuleNumber
from thresign.ledger import snapshot
from thresign.ledger.ledger import first_state
from thresign.vault import calls, recovery_calls
from thresign.vault.replay import replay
from thresign.vault.service import Service
from thresign.vault.voting.records import RECORDS, Base, Life, SnapshotPart
from thresign.wire.canonical import Record, decode_one_of

ROUGH = Faults(loss=0.15, delay_max=20, vault_crash=0.0)


def replayed(world: World, module: Module, records: list[Record]) -> Service:
    token = StubToken(module.number, world.roster, world.domain, world.monitor, [0])
    state = first_state(world.genesis, world.settings)
    service = Service(ModuleNumber(module.number), token, state, ENVIRONMENT, StubChecks(token))
    replay(service, [decode_one_of(RECORDS, record.encode()) for record in records])
    return service


def said(service: Service) -> dict[str, object]:
    """All that the next vote depends on."""
    book = service.book
    return {
        "state": snapshot.digest(book.state),
        "view": (book.view, book.entered, book.floor, book.installed),
        "decided": book.decided,
        "votes": {slot: held for slot, held in book.votes.items() if slot[1] >= book.view},
        "accepted": {slot: held for slot, held in book.accepted.items() if slot[0] >= book.view},
        "prepared": book.prepared,
        "demanded": {at: held for at, held in book.demanded.items() if at > book.state.sequence},
        "changes": {view: change for view, change in book.changes.items() if view > book.view},
        "checkpoints": book.checkpoints,
        "stable": (book.low, book.stable),
        "horizon": (book.forgot, book.horizon, book.view_horizon),
        "justified": book.justified,
        "life": service.recovery.life,
    }


@pytest.mark.parametrize("seed", range(3))
def test_replay_leads_to_the_running_vault(seed: int) -> None:
    world = prepared(seed, interval=4)
    drive(world, seed, faults=ROUGH)
    begun = 0
    for _ in range(60):
        world.run_until(world.now + 100)
        for module in world.modules.values():
            if module.service is None:
                continue
            records = module.vault_disk.records
            begun += any(isinstance(record, Base) for record in records)
            assert said(replayed(world, module, records)) == said(module.service), f"module {module.number}"
    assert begun > 50


def test_length_is_bounded_by_the_interval() -> None:
    """However many batches there were, a journal holds the ledger and what came after the last checkpoints."""
    world = prepared(5, interval=4)
    drive(world, 5, requests=120)
    lengths = []
    for _ in range(40):
        world.run_until(world.now + 200)
        lengths.append(max(len(module.vault_disk.records) for module in world.modules.values()))
    assert min(m.service.book.state.sequence for m in world.modules.values() if m.service is not None) > 60
    assert max(lengths[10:]) < 80


def test_a_snapshot_that_is_cut_is_corrupt() -> None:
    world = prepared(3, interval=4)
    drive(world, 3)
    world.run_until(world.now + 3000)
    module = world.modules[2]
    records = list(module.vault_disk.records)
    assert isinstance(records[0], SnapshotPart)
    with pytest.raises(JournalCorrupt):
        replayed(world, module, records[1:])
    with pytest.raises(JournalCorrupt):
        replayed(world, module, [SnapshotPart(records[0].data[:-1]), *records[1:]])


def test_nothing_is_offered_before_a_quorum_signed() -> None:
    world = prepared(3, interval=64)
    service = world.modules[1].service
    assert service is not None
    for call in (recovery_calls.OfferCall(), recovery_calls.SnapshotCall(64, 0)):
        with pytest.raises(VoteRefused, match="VOTE-T1"):
            service.serve(call, 0)
    status = service.serve(calls.StatusCall(), 0).reply
    assert isinstance(status, calls.Status)
    assert (status.base, status.stable, status.forgot) == (0, (), 0)


def test_life_is_bounded_before_it_begins() -> None:
    world = prepared(3)
    bounds = [record.bound for record in world.modules[1].vault_disk.records if isinstance(record, Life)]
    assert bounds == [1, 1]
