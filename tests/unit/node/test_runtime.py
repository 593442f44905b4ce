"""The runtime where its surroundings fail."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.house.stub_domain import StubDomain
from thresign.errors import StorageError
from thresign.node.ports import Ports
from thresign.node.records import DecidedRecord
from thresign.node.runtime import Runtime
from thresign.orders.batch import Batch
from thresign.signing.events import Delivered, Past


class NoMemory:
    """A link for which the kernel makes no memfd."""

    def give_body(self, *_: object) -> None:
        raise OSError(24, "Too many open files")


def test_a_body_that_cannot_be_handed_over() -> None:
    """Who asked hears it; neither the vault nor the peer that sent the body is blamed."""

    async def run() -> list[Any]:
        told: list[Any] = []
        runtime = Runtime(1, None, None, None, None)  # type: ignore[arg-type]
        runtime.ports = Ports(NoMemory(), None, None)  # type: ignore[arg-type]
        runtime.vault_is_up = True
        runtime.give_body(bytes(32), b"body", told.append)
        return told

    (error,) = asyncio.run(run())
    assert isinstance(error, StorageError)
    assert "Too many open files" in error.detail


@pytest.mark.parametrize(("ahead", "gap"), [(9, False), (10, True)])
def test_what_the_vault_decided_since_the_journal_ends_is_a_gap_behind_it(ahead: int, gap: bool) -> None:
    """It may have taken a ledger over, and replaced what the journal says is open."""
    domain = StubDomain()
    record = DecidedRecord(domain.certificate(domain.header(9)), Batch(()).encode(), ())
    recovered: list[Delivered] = []

    async def run() -> None:
        history: Any = SimpleNamespace(
            newest=lambda: 9,
            newest_batches=lambda _count: [record],
            batch=lambda _sequence: record,
            past=lambda _orders: Past(),
            whole_since=lambda _sequence: not gap,
        )
        replica: Any = SimpleNamespace(
            handle=lambda *_: [],
            recover=lambda past, _now_ms: recovered.extend(past) or [],
            core=SimpleNamespace(roster=domain.roster),
        )
        nothing: Any = SimpleNamespace(everything=list, vault_up=lambda _status: None, keep=lambda _members: None)
        runtime = Runtime(1, replica, history, nothing, nothing)
        runtime.ports = Ports(nothing, nothing, nothing)
        runtime.vault_up(SimpleNamespace(sequence=ahead))  # type: ignore[arg-type]
        runtime.walk_again(9)

    asyncio.run(run())
    assert [(one.applied.sequence, one.past.gap) for one in recovered] == [(9, gap), (9, gap)]
