"""Planning and applying: a batch stands on one head, what agreed time ends is dropped first, nonces go out in order and
once, and ledgers that applied the same batches are equal byte for byte."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import ED25519, LedgerRun, StubDomain, ready_ledger
from thresign.errors import InvariantBroken, UnknownKey
from thresign.ids import ModuleNumber
from thresign.ledger import ledger, snapshot
from thresign.ledger.draft import Plan
from thresign.ledger.state import KeyState
from thresign.ledger.verdicts import Known, Later, Permit, Refuse
from thresign.orders.batch import Batch
from thresign.orders.digests import sha256
from thresign.orders.merkle import batch_root, leaf_hash
from thresign.orders.orders import SignOrder


def test_the_first_state() -> None:
    domain = StubDomain()
    state = domain.first_state()
    assert (state.head, state.sequence, state.time_ms) == (domain.id, 0, 0)
    assert set(state.callers) == {"alice", "olga", "sam"}
    assert set(state.standings) == {1, 2, 3, 4}


def test_settings_that_are_not_the_genesis() -> None:
    domain = StubDomain()
    with pytest.raises(InvariantBroken, match="the settings belong to the genesis"):
        ledger.first_state(domain.genesis, replace(domain.settings, silence_ms=1))


# --- planning -------------------------------------------------------------------------------------------------------


def test_a_header_names_what_it_decides() -> None:
    run = ready_ledger()
    request = run.domain.sign_request(now_ms=run.time_ms)
    planned = run.plan(request, run.domain.announcement(2, 1, first=100))
    assert isinstance(planned, Plan)
    header = ledger.next_header(run.state, planned)
    assert (header.domain, header.roster_epoch, header.roster) == (run.domain.id, 0, run.domain.roster.digest())
    assert (header.sequence, header.time_ms) == (run.state.sequence + 1, run.time_ms)
    assert header.previous == run.state.head
    assert header.batch_root == batch_root([leaf_hash(order.encode()) for order in planned.orders])


def test_select_takes_what_is_permitted_and_plan_takes_all_or_nothing() -> None:
    run = ready_ledger()
    domain = run.domain
    good, bad = domain.announcement(2, 1, first=100), domain.sign_request(key_name="nokey", now_ms=run.time_ms)
    known, later = domain.announcement(3, 1), domain.announcement(2, 1, first=101)
    planned, verdicts = ledger.select(run.state, run.checks, run.time_ms, (bad, good, known, later))
    assert [type(verdict) for verdict in verdicts] == [Refuse, Permit, Known, Later]
    assert len(planned.orders) == 1
    assert isinstance(run.plan(good), Plan)
    assert isinstance(run.plan(good, bad), UnknownKey)
    assert run.plan(good, known) == "Announcement: announced already"
    assert run.plan(good, later) == "Announcement: another announcement of this module stands in the same batch"


def test_what_is_not_permitted_claims_nothing_and_holds_nobody_up() -> None:
    """A liar may have a thousand statements waiting, forged in others' names: each would keep the true one waiting."""
    run = ready_ledger()
    domain = run.domain
    order = run.order(run.apply(domain.sign_request(now_ms=run.time_ms)))
    key, ceremony = run.create_key("other")
    found, generated = domain.found(order), domain.generated(ceremony)
    forged = replace(found, reports=tuple(replace(report, signature=bytes(64)) for report in found.reports))
    cases = (
        (replace(domain.announcement(2, 1, first=100), signature=bytes(64)), domain.announcement(2, 1, first=100)),
        (forged, found),
        (forged, domain.missing(order, (order.signers[0].number,))),
        (replace(domain.abort(1, key.ceremony), signature=bytes(64)), generated),
    )
    for false, true in cases:
        assert [type(verdict) for verdict in run.verdicts(false, false, true)] == [Refuse, Refuse, Permit]
    for pool in run.state.pools.values():
        pool.nonces.clear()
    missing = domain.missing(order, (order.signers[0].number,))
    assert [type(verdict) for verdict in run.verdicts(missing, found)] == [Later, Permit]


def test_planning_changes_nothing() -> None:
    run = ready_ledger()
    before = snapshot.digest(run.state)
    for _ in range(2):
        run.plan(run.domain.sign_request(now_ms=run.time_ms), run.domain.announcement(2, 1, first=100))
    assert snapshot.digest(run.state) == before


def test_agreed_time_does_not_go_back() -> None:
    run = ready_ledger()
    with pytest.raises(InvariantBroken, match="agreed time does not go back"):
        ledger.plan(run.state, run.checks, run.state.time_ms - 1, ())


def test_a_plan_applies_to_its_own_head_once() -> None:
    run = ready_ledger()
    planned = run.plan(run.domain.announcement(2, 1, first=100))
    assert isinstance(planned, Plan)
    header = ledger.next_header(run.state, planned)
    before = snapshot.digest(run.state)
    for changed in (
        replace(header, previous=sha256(b"x")),
        replace(header, sequence=header.sequence + 1),
        replace(header, batch_root=sha256(b"x")),
        replace(header, time_ms=header.time_ms + 1),
    ):
        with pytest.raises(InvariantBroken):
            ledger.apply(run.state, changed, planned)
        assert snapshot.digest(run.state) == before
    ledger.apply(run.state, header, planned)
    assert (run.state.head, run.state.sequence) == (header.digest(), header.sequence)
    with pytest.raises(InvariantBroken):
        ledger.apply(run.state, header, planned)


def test_an_empty_batch_moves_sequence_and_time_alone() -> None:
    run = ready_ledger()
    planned = run.plan()
    assert isinstance(planned, Plan)
    sequence = run.state.sequence
    ledger.apply(run.state, ledger.next_header(run.state, planned), planned)
    assert run.state.sequence == sequence + 1


# --- nonces ---------------------------------------------------------------------------------------------------------


def slots(order: object) -> list[tuple[int, int, int]]:
    assert isinstance(order, SignOrder)
    return [(slot.number, slot.incarnation, slot.counter) for slot in order.signers]


def test_a_nonce_is_given_out_once_and_in_order() -> None:
    run = ready_ledger(nonces=12)
    given: list[tuple[int, int, int]] = []
    while True:
        requests = [run.domain.sign_request(now_ms=run.time_ms) for _ in range(3)]
        permitted = [r for r, v in zip(requests, run.verdicts(*requests), strict=True) if isinstance(v, Permit)]
        if not permitted:
            break
        for order in run.apply(*permitted).orders:
            given.extend(slots(order))
    assert len(given) == len(set(given))
    for number in run.domain.numbers:
        mine = [counter for who, _, counter in given if who == number]
        assert mine == sorted(mine)
    left = sum(len(pool.nonces) for pool in run.state.pools.values())
    # The key's confirmation took one nonce of each of its q signers.
    assert len(given) + left == 13 * 4 - run.domain.q
    assert left < run.domain.q * 4


def test_orders_of_one_batch_take_different_nonces() -> None:
    run = ready_ledger()
    planned = run.apply(*(run.domain.sign_request(now_ms=run.time_ms) for _ in range(5)))
    given = [slot for order in planned.orders for slot in slots(order)]
    assert len(given) == len(set(given)) == 5 * run.domain.q


def test_commitments_are_those_that_were_announced() -> None:
    run = ready_ledger()
    order = run.apply(run.domain.sign_request(now_ms=run.time_ms)).orders[0]
    assert isinstance(order, SignOrder)
    for slot in order.signers:
        assert slot.hiding + slot.binding == run.domain.pairs(slot.number, slot.incarnation, slot.counter, 1)


def test_an_old_lifes_nonces_are_not_given_out() -> None:
    run = ready_ledger()
    run.apply(run.domain.announcement(2, 4, incarnation=2))
    seen = set()
    for _ in range(4):
        for number, incarnation, _ in slots(run.apply(run.domain.sign_request(now_ms=run.time_ms)).orders[0]):
            seen.add((number, incarnation))
    assert (2, 2) in seen
    assert (2, 1) not in seen


def test_nonces_that_were_replaced_in_the_same_batch() -> None:
    """An order takes a nonce of the old life, an announcement of the same batch brings a new life: applying holds, and
    the new pool is whole."""
    run = ready_ledger()
    entries = (run.domain.sign_request(now_ms=run.time_ms), run.domain.announcement(2, 4, incarnation=2))
    for both in (entries, tuple(reversed(entries))):
        copy = LedgerRun(run.domain, snapshot.restore(snapshot.take(run.state), run.domain.id))
        copy.apply(*both)
        pool = copy.state.pools[ModuleNumber(2), ED25519]
        assert (pool.incarnation, [nonce.counter for nonce in pool.nonces]) == (2, [0, 1, 2, 3])


def test_expired_nonces_are_neither_given_out_nor_kept() -> None:
    domain = StubDomain(nonce_lifetime_ms=10_000)
    run = ready_ledger(domain)
    for number in domain.numbers:
        run.time_ms += 5_000 if number == 1 else 0
        run.apply(domain.announcement(number, 3, first=50))
    old = [nonce for pool in run.state.pools.values() for nonce in pool.nonces if nonce.counter < 50]
    assert old
    at = max(nonce.expires_ms for nonce in old)
    verdict = run.judge(domain.sign_request(now_ms=at), at)
    assert isinstance(verdict, Permit)
    assert {counter for _, _, counter in slots(verdict.order)} == {50}
    run.time_ms = at - 1
    order = run.apply(domain.sign_request(now_ms=at)).orders[0]
    assert {counter for _, _, counter in slots(order)} == {50}
    assert {nonce.counter for pool in run.state.pools.values() for nonce in pool.nonces} <= {50, 51, 52}


def test_unused_nonces_are_counted_for_one_life() -> None:
    run = ready_ledger()
    now_ms, have = run.state.time_ms, len(run.state.pools[ModuleNumber(2), ED25519].nonces)
    assert ledger.unused_nonces(run.state, ModuleNumber(2), 1, ED25519, now_ms) == have > 0
    assert ledger.unused_nonces(run.state, ModuleNumber(2), 2, ED25519, now_ms) == 0
    assert ledger.unused_nonces(run.state, ModuleNumber(2), 1, 9, now_ms) == 0
    assert ledger.unused_nonces(run.state, ModuleNumber(9), 1, ED25519, now_ms) == 0


def test_unused_nonces_are_those_that_have_not_expired() -> None:
    """By the time given: the ledger's own stands still while nothing is decided."""
    run = LedgerRun(StubDomain(nonce_lifetime_ms=10_000))
    run.apply(run.domain.announcement(2, 3))
    run.time_ms += 5_000
    run.apply(run.domain.announcement(2, 2, first=3))
    expiries = sorted({nonce.expires_ms for nonce in run.state.pools[ModuleNumber(2), ED25519].nonces})
    times = (expiries[0] - 1, expiries[0], expiries[1] - 1, expiries[1])
    counted = [ledger.unused_nonces(run.state, ModuleNumber(2), 1, ED25519, time_ms) for time_ms in times]
    assert counted == [5, 2, 2, 0]


# --- what agreed time ends ------------------------------------------------------------------------------------------


def test_requests_are_forgotten_after_their_second() -> None:
    run = ready_ledger()
    request = run.domain.sign_request(now_ms=run.time_ms, lifetime_s=10)
    longer = run.domain.sign_request(now_ms=run.time_ms, lifetime_s=100)
    run.apply(request, longer)
    assert {request.id(), longer.id()} <= set(run.state.requests)
    run.time_ms = request.expires_s * 1000 + 999
    run.apply()
    assert request.id() not in run.state.requests
    assert longer.id() in run.state.requests


def test_a_ceremony_that_does_not_end_fails() -> None:
    run = LedgerRun(StubDomain())
    run.announce()
    key, _ = run.create_key()
    run.time_ms = key.expires_ms - 2
    run.apply()
    assert run.state.keys[key.id].state is KeyState.GENERATING
    run.apply()
    failed = run.state.keys[key.id]
    assert (failed.state, failed.failure, failed.expires_ms) == (
        KeyState.FAILED,
        "not generated before the deadline",
        0,
    )


def test_a_key_that_is_not_confirmed_fails() -> None:
    run = LedgerRun(StubDomain())
    run.announce()
    key, _ = run.confirming_key()
    run.time_ms = key.expires_ms
    run.apply()
    assert run.state.keys[key.id].failure == "not confirmed before the deadline"


def test_an_active_key_does_not_expire() -> None:
    run = ready_ledger()
    run.time_ms += 10**10
    run.apply()
    key = run.state.key_by_name("k")
    assert key is not None
    assert key.state is KeyState.ACTIVE


def test_changed_keys_are_told_and_are_no_part_of_the_state() -> None:
    run = LedgerRun(StubDomain())
    run.announce()
    key, _ = run.create_key()
    before = snapshot.digest(run.state)
    assert list(run.state.changed_keys) == [key.id]
    run.state.changed_keys.clear()
    assert snapshot.digest(run.state) == before


# --- determinism ----------------------------------------------------------------------------------------------------


def history(run: LedgerRun) -> None:
    """A bit of everything."""
    domain = run.domain
    for i in range(3):
        run.apply(domain.sign_request(b"%d" % i, now_ms=run.time_ms), domain.announcement(1, 1, first=200 + i))
    planned = run.apply(domain.sign_request(now_ms=run.time_ms))
    order = planned.orders[0]
    assert isinstance(order, SignOrder)
    run.apply(domain.missing(order, (order.signers[0].number,)))
    run.apply(domain.create_key("other", now_ms=run.time_ms), domain.create_key("third", now_ms=run.time_ms))
    run.apply(domain.announcement(3, 2, incarnation=4), after_ms=10_000)


def test_the_same_batches_lead_to_the_same_bytes() -> None:
    """Replayed from the encoded bodies at the same times, on another ledger."""
    run = ready_ledger()
    history(run)
    again = LedgerRun(run.domain)
    for body, time_ms in zip(run.bodies, run.times, strict=True):
        again.time_ms = time_ms
        again.apply(*Batch.decode(body).entries, after_ms=0)
    assert again.state.head == run.state.head
    assert snapshot.take(again.state).encode() == snapshot.take(run.state).encode()
    assert snapshot.digest(again.state) == snapshot.digest(run.state)


def test_the_order_of_entries_counts() -> None:
    one, two = ready_ledger(), ready_ledger()
    a = one.domain.sign_request(b"a", idempotency_key="a", now_ms=one.time_ms)
    b = one.domain.sign_request(b"b", idempotency_key="b", now_ms=one.time_ms)
    one.apply(a, b)
    two.apply(b, a)
    assert snapshot.digest(one.state) != snapshot.digest(two.state)
