"""Nonces of this module in the ledger: announced while the pools are low, once, and only by a member."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tests.house.stub_domain import StubDomain
from thresign.errors import CustodyError, ThresignError
from thresign.frost import suites
from thresign.limits import NONCES_PER_ANNOUNCEMENT_MAX, NONCES_PER_POOL_MAX
from thresign.node import events as ev
from thresign.node.supply import REFILL_BELOW, Ports, Supply
from thresign.orders.batch import Entry
from thresign.vault import calls
from thresign.wire.canonical import Record

GROUP = suites.ED25519.group
OTHER = suites.P256.group
ANNOUNCEMENT = StubDomain().announcement(1)


class Bench:
    """A supply whose vault, agreement and observer are lists."""

    def __init__(self) -> None:
        self.core: Any = SimpleNamespace(number=1, member=True, vault_up=True, sequence=9, horizon=0)
        self.asked: list[tuple[Record, Callable[[Record | ThresignError], None]]] = []
        self.submitted: list[Entry] = []
        self.observed: list[ev.Observe] = []
        ports = Ports(lambda call, then: self.asked.append((call, then)), self.submitted.append, self.observed.append)
        self.supply = Supply(self.core, ports)

    def fill(self, unused: int) -> list[Record]:
        """What is asked when each pool has so many left."""
        before = len(self.asked)
        self.supply.fill((unused,) * 16)
        return [call for call, _ in self.asked[before:]]


def announce(group: int = GROUP, count: int = NONCES_PER_ANNOUNCEMENT_MAX) -> calls.AnnounceCall:
    return calls.AnnounceCall(group, count)


def test_a_low_pool_is_filled_and_what_is_on_its_way_counts() -> None:
    bench = Bench()
    assert bench.fill(REFILL_BELOW + 1) == []
    made = 0
    while bench.fill(0):
        made += 1
    assert made == REFILL_BELOW // NONCES_PER_ANNOUNCEMENT_MAX + 1
    assert (made + 1) * NONCES_PER_ANNOUNCEMENT_MAX <= NONCES_PER_POOL_MAX
    bench.asked[0][1](ANNOUNCEMENT)
    assert bench.submitted == [ANNOUNCEMENT]
    assert bench.fill(0) == []
    bench.supply.settled(ANNOUNCEMENT)
    assert bench.fill(0) == [announce()]
    bench.supply.lost()
    assert bench.fill(0) == [announce()]


def test_only_members_announce() -> None:
    bench = Bench()
    bench.core.member = False
    assert bench.fill(0) == []


def test_a_pool_for_each_group_that_a_key_has() -> None:
    bench = Bench()
    bench.supply.know_group(OTHER)
    bench.supply.know_group(OTHER)
    assert bench.fill(REFILL_BELOW) == [announce(), announce(OTHER)]


def test_a_vault_that_makes_none_is_told_of_and_asked_again() -> None:
    bench = Bench()
    assert bench.fill(REFILL_BELOW) == [announce()]
    bench.asked[0][1](CustodyError("no room"))
    assert [(one.what, one.number) for one in bench.observed] == [("announce", 1)]
    assert bench.submitted == []
    assert bench.fill(REFILL_BELOW) == [announce()]


def test_the_vault_is_asked_how_many_are_left() -> None:
    bench = Bench()
    bench.supply.count()
    ((call, then),) = bench.asked
    assert call == calls.UnusedCall()
    then(CustodyError("no"))
    assert len(bench.asked) == 1
    then(calls.Unused((0,) * 16))
    assert bench.asked[1][0] == announce()


def test_a_horizon_is_passed_with_one_nonce_at_a_time() -> None:
    bench = Bench()
    bench.supply.pass_horizon()
    assert bench.asked == []
    bench.core.horizon = 20
    bench.supply.pass_horizon()
    bench.supply.pass_horizon()
    assert [call for call, _ in bench.asked] == [announce(count=1)]
    bench.supply.settled(ANNOUNCEMENT)
    bench.core.vault_up = False
    bench.supply.pass_horizon()
    assert len(bench.asked) == 1
