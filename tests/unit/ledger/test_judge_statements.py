"""Judging what modules state: nonces [LEDGER-A1 to A4], presence [LEDGER-P1, P2], lost partials
[LEDGER-M1 to M3], found results [LEDGER-F1, F2]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import ED25519, NOW_MS, LedgerRun, StubDomain, ready_ledger
from thresign.errors import InvalidVote, MalformedRecord, RequestExpired
from thresign.ids import ModuleNumber, RequestId
from thresign.ledger import ledger, snapshot
from thresign.ledger.state import KeyState, Pool
from thresign.ledger.verdicts import Known, Later, Permit, Refuse
from thresign.limits import NONCES_PER_POOL_MAX, faults
from thresign.orders.digests import sha256
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import NoticeOrder, SignOrder
from thresign.orders.statements import Announcement, FoundReports, MissingReports
from thresign.trust.standing import Standing

TWO = ModuleNumber(2)


def pool(run: LedgerRun, number: int = 2) -> Pool:
    return run.state.pools[ModuleNumber(number), ED25519]


def counters(run: LedgerRun, number: int = 2) -> list[int]:
    return [nonce.counter for nonce in pool(run, number).nonces]


# --- announcements --------------------------------------------------------------------------------------------------


def test_announced_nonces_fill_the_pool_in_order() -> None:
    run = LedgerRun(StubDomain())
    first, second = run.domain.announcement(2, 3), run.domain.announcement(2, 2, first=3)
    planned = run.apply(first)
    assert planned.orders == [NoticeOrder(sha256(first.encode()))]
    run.apply(second)
    assert counters(run) == [0, 1, 2, 3, 4]
    assert pool(run).next_counter == 5
    assert run.state.incarnations == {2: 1}
    nonce = pool(run).nonces[1]
    assert nonce.hiding + nonce.binding == first.pairs[64:128]
    assert nonce.expires_ms == NOW_MS + 1 + run.domain.settings.nonce_lifetime_ms


def test_an_announcement_that_was_lost_leaves_a_gap() -> None:
    run = LedgerRun(StubDomain())
    run.apply(run.domain.announcement(2, 2))
    run.apply(run.domain.announcement(2, 2, first=7))
    assert counters(run) == [0, 1, 7, 8]


@pytest.mark.parametrize("first", [2**63 - 3, 2**63, 2**64 - 5, 2**64 - 1])
def test_counters_that_no_order_or_snapshot_could_hold_are_refused(first: int) -> None:
    """One module must not be able to keep all ledgers from being written down."""
    run = LedgerRun(StubDomain())
    refused = run.judge(run.domain.announcement(2, 4, first=first))
    assert isinstance(refused, Refuse)
    assert "out of reach" in refused.error.detail
    run.apply(run.domain.announcement(2, 4, first=2**63 - 4))
    assert snapshot.restore(snapshot.take(run.state), run.domain.id).pools == run.state.pools


def test_announced_twice_it_counts_once() -> None:
    run = LedgerRun(StubDomain())
    run.apply(run.domain.announcement(2, 4))
    for entry in (run.domain.announcement(2, 4), run.domain.announcement(2, 2), run.domain.announcement(2, 2, first=2)):
        assert run.judge(entry) == Known("announced already")
    assert counters(run) == [0, 1, 2, 3]


def test_a_nonce_is_announced_once() -> None:
    """Counters 2 and 3 would be announced again, with other commitments perhaps."""
    run = LedgerRun(StubDomain())
    run.apply(run.domain.announcement(2, 4))
    verdict = run.judge(run.domain.announcement(2, 4, first=2))
    assert isinstance(verdict, Refuse)
    assert "begins before what was announced" in verdict.error.detail


def test_consumed_nonces_are_not_announced_again() -> None:
    run = ready_ledger(nonces=2)
    before = {number: pool(run, number).next_counter for number in run.domain.numbers}
    run.apply(run.domain.sign_request(now_ms=run.time_ms))
    for number in run.domain.numbers:
        assert pool(run, number).next_counter == before[number]
        assert run.judge(run.domain.announcement(number, before[number])) == Known("announced already")


def test_a_new_life_of_the_token_voids_the_old_ones_nonces() -> None:
    run = LedgerRun(StubDomain())
    run.apply(run.domain.announcement(2, 4))
    run.apply(run.domain.announcement(2, 2, first=0, incarnation=2))
    assert (pool(run).incarnation, counters(run), run.state.incarnations) == (2, [0, 1], {2: 2})


def test_an_old_life_announces_nothing_more() -> None:
    run = LedgerRun(StubDomain())
    run.apply(run.domain.announcement(2, 4, incarnation=5))
    assert run.judge(run.domain.announcement(2, 4, first=4, incarnation=4)) == Known("an older life of the token")


def test_incarnations_belong_to_modules() -> None:
    run = LedgerRun(StubDomain())
    run.apply(run.domain.announcement(2, 1, incarnation=5))
    run.apply(run.domain.announcement(3, 1, incarnation=1))
    assert run.state.incarnations == {2: 5, 3: 1}


def test_one_announcement_of_a_module_a_batch() -> None:
    run = LedgerRun(StubDomain())
    entries = (run.domain.announcement(2, 1), run.domain.announcement(2, 1, first=1), run.domain.announcement(3, 1))
    assert [type(verdict) for verdict in run.verdicts(*entries)] == [Permit, Later, Permit]


def test_a_pool_does_not_overflow() -> None:
    run = LedgerRun(StubDomain())
    each = 128
    for first in range(0, NONCES_PER_POOL_MAX, each):
        run.apply(run.domain.announcement(2, each, first=first))
    assert len(pool(run).nonces) == NONCES_PER_POOL_MAX
    assert run.judge(run.domain.announcement(2, 1, first=NONCES_PER_POOL_MAX)) == Known("the pool is full")
    assert isinstance(run.judge(run.domain.announcement(2, each, incarnation=2)), Permit)


def test_a_pool_of_expired_nonces_is_not_full() -> None:
    """In an idle domain no batch has dropped them yet, and none could come if new ones were not let in."""
    run = LedgerRun(StubDomain())
    for first in range(0, NONCES_PER_POOL_MAX, 128):
        run.apply(run.domain.announcement(2, 128, first=first))
    run.time_ms = pool(run).nonces[-1].expires_ms
    run.apply(run.domain.announcement(2, 128, first=NONCES_PER_POOL_MAX))
    assert counters(run) == list(range(NONCES_PER_POOL_MAX, NONCES_PER_POOL_MAX + 128))


Make = Callable[[StubDomain], Announcement]
BAD_ANNOUNCEMENTS: dict[str, tuple[Make, str]] = {
    "a stranger": (lambda d: d.announcement(9), "of no member"),
    "another domain": (lambda d: d.announcement(2, domain=sha256(b"x")), "of no member"),
    "no pairs": (lambda d: d.announcement(2, pairs=b""), "no list of pairs"),
    "half a pair": (lambda d: d.announcement(2, pairs=bytes(32)), "no list of pairs"),
    "a byte over": (lambda d: d.announcement(2, pairs=bytes(65)), "no list of pairs"),
    "group 0": (lambda d: d.announcement(2, group=0), "no list of pairs"),
    "a group that there is not": (lambda d: d.announcement(2, group=200), "no list of pairs"),
    "a forged signature": (
        lambda d: replace(d.announcement(2), signature=bytes(64)),
        "whose signature or elements are not valid",
    ),
    "another module's": (
        lambda d: replace(d.announcement(3), number=2),
        "whose signature or elements are not valid",
    ),
}


@pytest.mark.parametrize("what", BAD_ANNOUNCEMENTS)
def test_announcements_that_are_refused(what: str) -> None:
    make, said = BAD_ANNOUNCEMENTS[what]
    run = LedgerRun(StubDomain())
    entry = make(run.domain)
    verdict = run.judge(entry)
    assert isinstance(verdict, Refuse)
    assert type(verdict.error) is InvalidVote
    assert said in verdict.error.detail
    assert verdict.error.culprits == (entry.number,)


# --- presence -------------------------------------------------------------------------------------------------------

SILENCE_MS = 500


def silent_run() -> LedgerRun:
    """Module 2 was reported silent, just now."""
    run = ready_ledger()
    run.state.standings[TWO] = run.state.standings[TWO].reported_silent(run.time_ms, SILENCE_MS)
    return run


def test_presence_ends_silence_after_the_hold_off() -> None:
    run = silent_run()
    entry = run.domain.present(2, run.state.sequence)
    assert run.judge(entry, run.time_ms + SILENCE_MS - 1) == Later("the hold-off is not over")
    assert isinstance(run.judge(entry, run.time_ms + SILENCE_MS), Permit)
    run.apply(entry, after_ms=SILENCE_MS)
    assert run.state.standings[TWO].silent_since_ms == 0
    assert run.judge(entry) == Known("the module is not silent")


def test_who_is_not_silent_need_not_say_anything() -> None:
    run = ready_ledger()
    assert run.judge(run.domain.present(2, run.state.sequence)) == Known("the module is not silent")


def test_an_old_statement_of_presence_does_not_serve() -> None:
    run = silent_run()
    run.state.sequence = 2000
    at = run.time_ms + SILENCE_MS
    for sequence in (0, 2000 - 1025, 2001, 2**64 - 1):
        assert run.judge(run.domain.present(2, sequence), at) == Known("an old statement of presence")
    for sequence in (2000 - 1024, 2000):
        assert isinstance(run.judge(run.domain.present(2, sequence), at), Permit)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (StubDomain().present(9, 0), "of no member"),
        (StubDomain().present(2, 5, domain=sha256(b"x")), "of no member"),
        (replace(StubDomain().present(3, 5), number=2), "whose signature does not verify"),
    ],
)
def test_presence_that_is_refused(entry: Any, said: str) -> None:
    run = silent_run()
    verdict = run.judge(replace(entry, sequence=run.state.sequence), run.time_ms + SILENCE_MS)
    assert isinstance(verdict, Refuse)
    assert said in verdict.error.detail


def test_a_forged_statement_of_presence_does_not_wait_for_the_hold_off() -> None:
    """It would stand before what can be ordered all that time, and so would a thousand more."""
    run = silent_run()
    forged = replace(run.domain.present(2, run.state.sequence), signature=bytes(64))
    assert isinstance(run.judge(forged, run.time_ms + SILENCE_MS - 1), Refuse)


def test_presence_counts_once_a_batch() -> None:
    run = silent_run()
    run.time_ms += SILENCE_MS
    entry = run.domain.present(2, run.state.sequence)
    assert [type(verdict) for verdict in run.verdicts(entry, entry)] == [Permit, Later]


# --- missing partials -----------------------------------------------------------------------------------------------


def signing(n: int = 4) -> tuple[LedgerRun, SignOrder]:
    """An order that is under way."""
    run = ready_ledger(StubDomain(n))
    planned = run.apply(run.domain.sign_request(now_ms=run.time_ms))
    order = planned.orders[0]
    assert isinstance(order, SignOrder)
    return run, order


def test_q_reports_replace_an_order_by_one_with_fresh_nonces() -> None:
    run, order = signing()
    silent = order.signers[0].number
    entry = run.domain.missing(order, (silent,))
    planned = run.apply(entry)
    new = planned.orders[0]
    assert isinstance(new, SignOrder)
    assert new.attempt == 2
    assert (new.request, new.entry, new.key, new.message_sha256) == (
        order.request,
        order.entry,
        order.key,
        order.message_sha256,
    )
    assert new.expires_ms == order.expires_ms
    used = {(slot.number, slot.counter) for slot in order.signers}
    assert not used & {(slot.number, slot.counter) for slot in new.signers}
    assert silent not in [slot.number for slot in new.signers]
    assert run.state.requests[RequestId(order.request)].order == leaf_hash(new.encode())
    assert run.state.standings[ModuleNumber(silent)].silent_since_ms == run.time_ms


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_q_and_neither_fewer_nor_more(n: int) -> None:
    """Not f + 1: q modules that hold no result and q that hold one cannot both be."""
    run, order = signing(n)
    named = (order.signers[0].number,)
    for count in range(n + 1):
        numbers = run.domain.numbers[:count]
        reports = tuple(run.domain.missing_report(m, leaf_hash(order.encode()), named) for m in numbers)
        verdict = run.judge(MissingReports(order.encode(), reports))
        if count == run.domain.q:
            assert isinstance(verdict, Permit)
        else:
            assert isinstance(verdict, Refuse)
            assert f"{count} reports about an order, {run.domain.q} are needed" in verdict.error.detail
    assert run.domain.q > faults(n) + 1


def test_an_order_is_replaced_once() -> None:
    run, order = signing()
    entry = run.domain.missing(order, (1,))
    again = run.domain.missing(order, (2,), (2, 3, 4))
    assert [type(verdict) for verdict in run.verdicts(entry, again)] == [Permit, Later]
    run.apply(entry)
    for late in (entry, again):
        assert run.judge(late) == Known("not the newest order of its request")


def test_the_replacing_order_can_be_replaced_in_turn() -> None:
    run, order = signing()
    for attempt in (2, 3):
        planned = run.apply(run.domain.missing(order, (order.signers[0].number,)))
        order = planned.orders[0]  # type: ignore[assignment]
        assert order.attempt == attempt


def test_who_was_held_silent_before_is_chosen_rather_than_who_is_named_now() -> None:
    """A module that is back, and waits for its hold-off, may sign; the one whose partial is missing has just not."""
    run, order = signing()
    (outsider,) = set(run.domain.numbers) - {slot.number for slot in order.signers}
    for named in run.domain.numbers:
        if named != outsider:
            _silence(run, outsider)
            planned = run.plan(run.domain.missing(order, (named,)))
            assert isinstance(planned, ledger.Plan)
            (new,) = planned.orders
            assert isinstance(new, SignOrder)
            assert {slot.number for slot in new.signers} == set(run.domain.numbers) - {named}


def _silence(run: LedgerRun, number: int) -> None:
    run.state.standings[ModuleNumber(number)] = Standing().reported_silent(run.time_ms, 1000)
    run.state.credits = {ModuleNumber(other): 0 for other in run.domain.numbers}
    run.state.credits[ModuleNumber(number)] = -100_000


def test_who_is_named_by_f_alone_is_not_held_to_be_silent() -> None:
    """f liars cannot push an honest module back."""
    run, order = signing()
    leaf = leaf_hash(order.encode())
    victim, other = order.signers[0].number, order.signers[1].number
    reports = tuple(
        run.domain.missing_report(number, leaf, (victim,) if number == 1 else (other,)) for number in (1, 2, 3)
    )
    run.apply(MissingReports(order.encode(), reports))
    assert run.state.standings[ModuleNumber(victim)].silent_since_ms == 0
    assert run.state.standings[ModuleNumber(other)].silent_since_ms == run.time_ms


def test_who_is_no_signer_is_not_held_to_be_silent() -> None:
    run, order = signing()
    signers = {slot.number for slot in order.signers}
    (idle,) = set(run.domain.numbers) - signers
    run.apply(run.domain.missing(order, (idle,)))
    assert run.state.standings[ModuleNumber(idle)].silent_since_ms == 0


def test_an_order_that_has_expired_is_not_replaced() -> None:
    run, order = signing()
    verdict = run.judge(run.domain.missing(order, (1,)), order.expires_ms)
    assert isinstance(verdict, Refuse)
    assert type(verdict.error) is RequestExpired
    assert isinstance(run.judge(run.domain.missing(order, (1,)), order.expires_ms - 1), Permit)


def test_orders_that_nobody_made() -> None:
    run, order = signing()
    key = replace(order, key=bytes(16))
    verdict = run.judge(run.domain.missing(key, (1,)))
    assert isinstance(verdict, Refuse)
    assert "for no key" in verdict.error.detail
    for changed in (
        replace(order, message_sha256=sha256(b"x")),
        replace(order, request=sha256(b"x")),
        replace(order, attempt=2),
        replace(order, expires_ms=order.expires_ms + 1),
    ):
        assert run.judge(run.domain.missing(changed, (1,))) == Known("not the newest order of its request")


def test_bytes_that_are_no_order() -> None:
    run, order = signing()
    for data in (b"", b"x", order.encode() + b"\0", order.encode()[:-1]):
        verdict = run.judge(MissingReports(data, ()))
        assert isinstance(verdict, Refuse)
        assert type(verdict.error) is MalformedRecord


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"domain": sha256(b"x")}, "about another order, or of no member"),
        ({"order": sha256(b"x")}, "about another order, or of no member"),
        ({"number": 9}, "about another order, or of no member"),
        ({"signature": bytes(64)}, "whose signature does not verify"),
        ({"missing": (3,)}, "whose signature does not verify"),
    ],
)
def test_reports_that_do_not_count(change: dict[str, Any], said: str) -> None:
    run, order = signing()
    good = run.domain.missing(order, (1,))
    reports = (*good.reports[:-1], replace(good.reports[-1], **change))
    verdict = run.judge(MissingReports(order.encode(), reports))
    assert isinstance(verdict, Refuse)
    assert said in verdict.error.detail
    assert verdict.error.culprits == (reports[-1].number,)


def test_a_found_order_is_not_replaced() -> None:
    """f + 1 modules have its result: who gave it up may hold it, and reports that come later change nothing."""
    run, order = signing()
    run.apply(run.domain.found(order))
    assert run.state.found == {leaf_hash(order.encode()): order.expires_ms}
    for late in (run.domain.missing(order, (1,)), run.domain.found(order), run.domain.found(order, (3, 4))):
        assert run.judge(late) == Known("a result of the order is found already")


def test_an_order_is_found_or_replaced_and_the_first_entry_decides() -> None:
    run, order = signing()
    found, missing = run.domain.found(order), run.domain.missing(order, (1,))
    assert [type(verdict) for verdict in run.verdicts(found, missing)] == [Permit, Later]
    assert [type(verdict) for verdict in run.verdicts(missing, found)] == [Permit, Later]
    run.apply(missing)
    assert run.judge(found) == Known("not the newest order of its request")
    assert run.state.found == {}


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_f_modules_alone_find_nothing(n: int) -> None:
    run, order = signing(n)
    for count in range(1, n + 1):
        verdict = run.judge(run.domain.found(order, run.domain.numbers[:count]))
        if count == faults(n) + 1:
            assert isinstance(verdict, Permit)
        else:
            assert isinstance(verdict, Refuse)
            assert f"{count} reports about an order, {faults(n) + 1} are needed" in verdict.error.detail


def test_a_found_order_is_forgotten_when_it_expires() -> None:
    run, order = signing()
    verdict = run.judge(run.domain.found(order), order.expires_ms)
    assert isinstance(verdict, Refuse)
    assert type(verdict.error) is RequestExpired
    run.apply(run.domain.found(order))
    for time_ms, left in ((order.expires_ms - 1, 1), (order.expires_ms, 0)):
        run.apply(after_ms=time_ms - run.time_ms)
        assert len(run.state.found) == left


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"domain": sha256(b"x")}, "about another order, or of no member"),
        ({"order": sha256(b"x")}, "about another order, or of no member"),
        ({"number": 9}, "about another order, or of no member"),
        ({"signature": bytes(64)}, "whose signature does not verify"),
    ],
)
def test_found_reports_that_do_not_count(change: dict[str, Any], said: str) -> None:
    run, order = signing()
    good = run.domain.found(order)
    reports = (*good.reports[:-1], replace(good.reports[-1], **change))
    verdict = run.judge(FoundReports(order.encode(), reports))
    assert isinstance(verdict, Refuse)
    assert said in verdict.error.detail
    assert verdict.error.culprits == (reports[-1].number,)


def test_reports_signed_for_another_domain_do_not_count_here() -> None:
    run, order = signing()
    other = StubDomain(name="other")
    reports = tuple(replace(report, domain=run.domain.id) for report in other.missing(order, (1,)).reports)
    verdict = run.judge(MissingReports(order.encode(), reports))
    assert isinstance(verdict, Refuse)


def test_without_signers_the_replacement_waits() -> None:
    run, order = signing()
    for number in run.domain.numbers:
        pool(run, number).nonces.clear()
    verdict = run.judge(run.domain.missing(order, (1,)))
    assert isinstance(verdict, Later)


def test_a_keys_confirmation_is_replaced_too() -> None:
    run = LedgerRun(StubDomain())
    run.announce()
    key, order = run.confirming_key()
    assert key.confirmation == leaf_hash(order.encode())
    planned = run.apply(run.domain.missing(order, (order.signers[0].number,)))
    new = planned.orders[0]
    assert isinstance(new, SignOrder)
    assert new.attempt == 2
    key = run.state.keys[key.id]
    assert (key.state, key.confirmation) == (KeyState.CONFIRMING, leaf_hash(new.encode()))
    assert run.judge(run.domain.missing(order, (2,))) == Known("not the newest order of its request")
    run.apply(run.domain.confirmed(key))
    assert run.judge(run.domain.missing(new, (2,))) == Known("not the newest order of its request")
