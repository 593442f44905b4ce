"""Whatever is submitted in whatever order: every ledger comes to the same bytes, a nonce goes out once, and a snapshot
is the ledger. Derandomised."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.house.stub_domain import ED25519, LedgerRun, StubDomain, ready_ledger
from thresign.ids import ModuleNumber
from thresign.ledger import ledger, snapshot
from thresign.ledger.draft import Plan
from thresign.ledger.snapshot import Snapshot
from thresign.ledger.state import KeyState, State
from thresign.ledger.verdicts import Permit
from thresign.orders.batch import Batch, Entry
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import KeygenOrder, SignOrder


class Anything:
    """Draws entries, good and bad, that mean something to this ledger."""

    def __init__(self, rng: random.Random, run: LedgerRun) -> None:
        self.rng = rng
        self.run = run
        self.domain = run.domain
        self.orders: list[SignOrder] = []
        self.ceremonies: list[KeygenOrder] = []

    def entry(self) -> Entry:
        return self.rng.choice(
            (
                self.sign,
                self.sign,
                self.sign,
                self.create,
                self.announce,
                self.announce,
                self.missing,
                self.generated,
                self.confirmed,
                self.abort,
                self.present,
            )
        )()

    def sign(self) -> Entry:
        rng = self.rng
        return self.domain.sign_request(
            b"%d" % rng.randrange(5),
            rng.choice(("k", "a", "b")),
            caller=rng.choice(("alice", "sam", "olga")),
            idempotency_key=f"key{rng.randrange(12)}",
            now_ms=self.run.time_ms + rng.choice((0, 0, 0, -90_000, 60_000)),
            lifetime_s=rng.choice((2, 30, 100, 500)),
        )

    def create(self) -> Entry:
        return self.domain.create_key(self.rng.choice(("a", "b", "k")), now_ms=self.run.time_ms)

    def announce(self) -> Entry:
        rng = self.rng
        number = rng.choice((*self.domain.numbers, 9))
        pool = self.run.state.pools.get((ModuleNumber(number), ED25519))
        held = pool.next_counter if pool is not None else 0
        incarnation = self.run.state.incarnations.get(ModuleNumber(number), 1)
        first = max(0, held + rng.choice((0, 0, 0, 2, -1)))
        return self.domain.announcement(
            number, rng.randint(1, 6), first, max(1, incarnation + rng.choice((0, 0, 0, 1, -1)))
        )

    def missing(self) -> Entry:
        if not self.orders:
            return self.sign()
        order = self.rng.choice(self.orders)
        named = self.rng.choice(order.signers).number
        reporters = sorted(self.rng.sample(self.domain.numbers, self.rng.choice((2, 3, 3, 3, 4))))
        return self.domain.missing(order, (named,), reporters)

    def generated(self) -> Entry:
        return self.domain.generated(self.rng.choice(self.ceremonies)) if self.ceremonies else self.create()

    def confirmed(self) -> Entry:
        keys = [key for key in self.run.state.keys.values() if key.state is not KeyState.GENERATING]
        return self.domain.confirmed(self.rng.choice(keys)) if keys else self.create()

    def abort(self) -> Entry:
        if not self.ceremonies:
            return self.create()
        leaf = leaf_hash(self.rng.choice(self.ceremonies).encode())
        return self.domain.abort(self.rng.choice((1, 2, 9)), leaf)

    def present(self) -> Entry:
        return self.domain.present(self.rng.choice(self.domain.numbers), self.run.state.sequence)


@given(seed=st.integers(0, 2**32 - 1))
@settings(derandomize=True, max_examples=25, deadline=None, database=None)
def test_ledgers_agree_whatever_is_submitted(seed: int) -> None:
    rng = random.Random(seed)
    run = ready_ledger(StubDomain(silence_ms=5, ceremony_lifetime_ms=400), nonces=6)
    anything = Anything(rng, run)
    other = LedgerRun(run.domain, snapshot.restore(snapshot.take(run.state), run.domain.id))
    given_out: set[tuple[int, int, int]] = set()
    ordered: dict[tuple[bytes, int], int] = {}
    for _ in range(25):
        run.time_ms += rng.choice((0, 1, 20, 300, 2_500))
        entries = [anything.entry() for _ in range(rng.randint(0, 6))]
        before = snapshot.digest(run.state)
        plan, verdicts = ledger.select(run.state, run.checks, run.time_ms, entries)
        assert snapshot.digest(run.state) == before
        permitted = tuple(e for e, v in zip(entries, verdicts, strict=True) if isinstance(v, Permit))
        # A backup judges the encoded batch on its own ledger, and comes to the same header.
        again = ledger.plan(other.state, other.checks, run.time_ms, Batch.decode(Batch(permitted).encode()).entries)
        assert isinstance(again, Plan), again
        header = ledger.next_header(run.state, plan)
        assert ledger.next_header(other.state, again) == header
        ledger.apply(run.state, header, plan)
        ledger.apply(other.state, header, again)
        note(plan.orders, anything, given_out, ordered)
        assert snapshot.digest(run.state) == snapshot.digest(other.state)
        restored = snapshot.restore(snapshot.Snapshot.decode(snapshot.take(run.state).encode()), run.domain.id)
        assert snapshot.digest(restored) == snapshot.digest(run.state)
        other.state = restored if rng.random() < 0.3 else other.state
        check(run)


def note(
    orders: list[Any],
    anything: Anything,
    given_out: set[tuple[int, int, int]],
    ordered: dict[tuple[bytes, int], int],
) -> None:
    """No nonce and no attempt twice."""
    for order in orders:
        if isinstance(order, KeygenOrder):
            anything.ceremonies.append(order)
        if isinstance(order, SignOrder):
            anything.orders.append(order)
            assert len({slot.number for slot in order.signers}) == len(order.signers)
            assert order.coordinator in {slot.number for slot in order.signers}
            for slot in order.signers:
                nonce = (slot.number, slot.incarnation, slot.counter)
                assert nonce not in given_out
                given_out.add(nonce)
            held = ordered.get((order.entry, order.item), 0)
            assert order.attempt == held + 1
            ordered[order.entry, order.item] = order.attempt


def check(run: LedgerRun) -> None:
    """What holds after every batch."""
    state = run.state
    for (number, _), pool in state.pools.items():
        counters = [nonce.counter for nonce in pool.nonces]
        assert counters == sorted(set(counters))
        assert all(counter < pool.next_counter for counter in counters)
        assert pool.incarnation == state.incarnations[number]
        assert all(nonce.expires_ms > state.time_ms for nonce in pool.nonces)
    for key in state.keys.values():
        assert bool(key.failure) == (key.state is KeyState.FAILED)
        assert (key.expires_ms > state.time_ms) == (key.state in (KeyState.GENERATING, KeyState.CONFIRMING))
        assert bool(key.public_key) == (key.state in (KeyState.CONFIRMING, KeyState.ACTIVE)) or key.failure
    for request, record in state.requests.items():
        assert request in state.expiry[record.expires_ms // 1000]
    check_snapshot(state)


def check_snapshot(state: State) -> None:
    """What is remembered of the digest is what would be computed afresh; and the bytes are those of the record."""
    encoded = snapshot.encode(state)
    assert encoded == snapshot.take(state).encode()
    fresh = snapshot.restore(Snapshot.decode(encoded), state.domain)
    assert not fresh.seconds
    assert snapshot.digest(state) == snapshot.digest(fresh)
