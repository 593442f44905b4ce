"""Judging what callers ask for [LEDGER-R1 to LEDGER-R6]: one error for each thing that is wrong, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import ED25519, JSON, NOW_MS, LedgerRun, StubDomain, ready_ledger
from thresign.errors import (
    Conflict,
    MalformedRequest,
    NotAuthenticated,
    NotPermitted,
    RequestExpired,
    RequestNotYetValid,
    ThresignError,
    UnknownKey,
    WrongDomain,
)
from thresign.ids import ModuleNumber
from thresign.ledger import judge_requests
from thresign.ledger.state import KeyState
from thresign.ledger.verdicts import Known, Later, Permit, Refuse
from thresign.orders.digests import sha256
from thresign.orders.orders import KeygenOrder, NoticeOrder, SignOrder
from thresign.orders.requests import Request

RUN = ready_ledger()
"""A ledger with a key "k" and nonces; tests that apply anything make their own."""
DOMAIN = RUN.domain
AT = RUN.time_ms

Make = Callable[[StubDomain], Request]


def sign(**more: Any) -> Make:
    return lambda domain: domain.sign_request(now_ms=AT, **more)


REFUSED: dict[str, tuple[Make, type[ThresignError], str]] = {
    "another domain": (sign(domain=sha256(b"other")), WrongDomain, "another trust domain"),
    "no such caller": (sign(caller="eve"), NotAuthenticated, "no caller 'eve' is enrolled"),
    "another caller's key": (sign(key=StubDomain.caller_key("sam")), NotAuthenticated, "does not verify"),
    "zeros": (lambda d: replace(d.sign_request(now_ms=AT), signature=bytes(64)), NotAuthenticated, "does not verify"),
    "another path": (
        lambda d: replace(d.sign_request(now_ms=AT), path="/v1/keys/other/sign"),
        NotAuthenticated,
        "does not verify",
    ),
    "another body": (
        lambda d: replace(d.sign_request(b"one", now_ms=AT), body=b"two", content_sha256=sha256(b"two")),
        NotAuthenticated,
        "does not verify",
    ),
    "another content type": (
        lambda d: replace(d.sign_request(now_ms=AT), content_type=JSON),
        NotAuthenticated,
        "does not verify",
    ),
    "another idempotency key": (
        lambda d: replace(d.sign_request(now_ms=AT), idempotency_key="other"),
        NotAuthenticated,
        "does not verify",
    ),
    "a longer life": (
        lambda d: replace(d.sign_request(now_ms=AT), expires_s=AT // 1000 + 61),
        NotAuthenticated,
        "does not verify",
    ),
    "an hour late": (
        lambda d: d.sign_request(now_ms=AT - 3_600_000),
        RequestExpired,
        "before the domain's time",
    ),
    "an hour early": (
        lambda d: d.sign_request(now_ms=AT + 3_600_000),
        RequestNotYetValid,
        "after the domain's time",
    ),
    "signed for too long": (sign(lifetime_s=121), MalformedRequest, "signed for longer than 120000 ms"),
    "nothing to be asked for there": (
        lambda d: d.request("/v1/nothing", b"", now_ms=AT),
        MalformedRequest,
        "nothing can be asked for at /v1/nothing",
    ),
    "no JSON": (lambda d: d.request("/v1/keys", b"{", JSON, now_ms=AT), MalformedRequest, "body: "),
    "a role that may not sign": (sign(caller="olga"), NotPermitted, "caller olga: role signer is needed"),
    "a role that may not create keys": (
        lambda d: d.create_key("new", now_ms=AT, caller="sam"),
        NotPermitted,
        "caller sam: role admin is needed",
    ),
    "no such key": (sign(key_name="nokey"), UnknownKey, "no key 'nokey'"),
    "a key of this name": (lambda d: d.create_key("k", now_ms=AT), Conflict, "there is a key 'k'"),
    "no such suite": (
        lambda d: d.create_key("new", now_ms=AT, suite="rsa"),
        MalformedRequest,
        "no suite 'rsa'; there are ",
    ),
    "roles that there are not": (
        lambda d: d.request(
            "/v1/callers",
            b'{"id": "x", "public_key": "%s=", "roles": ["king"]}' % (b"A" * 43),
            JSON,
            now_ms=AT,
        ),
        MalformedRequest,
        "roles must be sorted and among",
    ),
    "a caller's key that is none": (
        lambda d: d.request("/v1/callers", b'{"id": "x", "public_key": "AAAA", "roles": []}', JSON, now_ms=AT),
        MalformedRequest,
        "",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_each_fault_has_its_own_error(what: str) -> None:
    make, kind, said = REFUSED[what]
    verdict = RUN.judge(make(DOMAIN))
    assert isinstance(verdict, Refuse)
    assert type(verdict.error) is kind
    assert said in verdict.error.detail


# --- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("created_s", "kind"), [(-59, Permit), (-60, Refuse), (5, Permit), (6, Refuse), (0, Permit)])
def test_from_created_less_skew_until_expiry(created_s: int, kind: type) -> None:
    """Agreed time stands at a whole second here; the skew is 5 s, the request's life 60 s."""
    at = (AT // 1000 + 1) * 1000
    verdict = RUN.judge(DOMAIN.sign_request(now_ms=at + created_s * 1000), at)
    assert type(verdict) is kind


def test_the_longest_life() -> None:
    assert isinstance(RUN.judge(DOMAIN.sign_request(now_ms=AT, lifetime_s=120)), Permit)


# --- orders ---------------------------------------------------------------------------------------------------------


def test_a_request_to_sign_makes_an_order() -> None:
    request = DOMAIN.sign_request(b"message", now_ms=AT)
    verdict = RUN.judge(request)
    assert isinstance(verdict, Permit)
    order = verdict.order
    assert isinstance(order, SignOrder)
    key = RUN.state.key_by_name("k")
    assert key is not None
    assert (order.request, order.entry) == (request.id(), sha256(request.encode()))
    assert (order.item, order.attempt, order.key, order.suite) == (0, 1, key.id, 1)
    assert (order.message_sha256, order.message_bytes) == (sha256(b"message"), 7)
    assert order.expires_ms == request.expires_s * 1000
    assert len(order.signers) == DOMAIN.q
    assert order.coordinator in [slot.number for slot in order.signers]


def test_a_json_request_signs_the_message_inside() -> None:
    verdict = RUN.judge(DOMAIN.request("/v1/keys/k/sign", b'{"message": "aGk="}', JSON, now_ms=AT))
    assert isinstance(verdict, Permit)
    assert isinstance(verdict.order, SignOrder)
    assert (verdict.order.message_sha256, verdict.order.message_bytes) == (sha256(b"hi"), 2)


def test_a_request_to_create_a_key_makes_a_ceremony_of_all() -> None:
    request = DOMAIN.create_key("new", now_ms=AT)
    verdict = RUN.judge(request)
    assert isinstance(verdict, Permit)
    order = verdict.order
    assert isinstance(order, KeygenOrder)
    assert order.participants == DOMAIN.numbers
    assert order.min_signers == DOMAIN.q
    assert order.expires_ms == AT + DOMAIN.settings.ceremony_lifetime_ms


@pytest.mark.parametrize("n", [4, 5, 6, 7, 10])
def test_min_signers_lies_between_f_plus_1_and_n_minus_f(n: int) -> None:
    run = LedgerRun(StubDomain(n))
    f = run.domain.f
    for wanted in range(2, n + 2):
        verdict = run.judge(run.domain.create_key("k", min_signers=wanted))
        if f + 1 <= wanted <= n - f:
            assert isinstance(verdict, Permit)
            assert isinstance(verdict.order, KeygenOrder)
            assert verdict.order.min_signers == wanted
        else:
            assert isinstance(verdict, Refuse)
            assert verdict.error.detail == f"min_signers lies between {f + 1} and {n - f} for {n} modules"


def test_a_caller_is_enrolled_and_replaced() -> None:
    run = LedgerRun(StubDomain())
    domain = run.domain
    for key_byte, roles in ((b"A", ["signer"]), (b"B", ["signer", "admin", "signer"])):
        body = b'{"id": "new", "public_key": "%s=", "roles": %s}' % (
            key_byte * 43,
            str(roles).replace("'", '"').encode(),
        )
        planned = run.apply(domain.request("/v1/callers", body, JSON, now_ms=run.time_ms))
        assert isinstance(planned.orders[0], NoticeOrder)
        assert run.state.callers["new"].roles == tuple(sorted(set(roles)))
    caller = run.state.callers["new"]
    request = domain.create_key("k", caller="new", now_ms=run.time_ms)
    assert isinstance(run.judge(request), Refuse)
    signed = domain.request("/v1/keys", b'{"name": "k"}', JSON, "new", now_ms=run.time_ms, key=caller.public_key)
    assert isinstance(run.judge(signed), Permit)


def test_a_change_of_roles_counts_from_the_next_batch() -> None:
    """Entries are judged on the ledger after the batch before."""
    run = ready_ledger()
    domain = run.domain
    demote = domain.request(
        "/v1/callers",
        b'{"id": "sam", "public_key": "%s=", "roles": []}' % (b"A" * 43),
        JSON,
        now_ms=run.time_ms,
    )
    asked = domain.sign_request(caller="sam", now_ms=run.time_ms)
    assert [type(v) for v in run.verdicts(demote, asked)] == [Permit, Permit]
    run.apply(demote)
    assert isinstance(run.judge(asked), Refuse)


# --- large bodies ---------------------------------------------------------------------------------------------------


def test_a_large_body_has_to_be_held() -> None:
    run = ready_ledger()
    large = b"x" * (64 * 1024 + 1)
    request = run.domain.sign_request(large, now_ms=run.time_ms)
    assert request.body == b""
    verdict = run.judge(request)
    assert verdict == Later("the body has not arrived")
    run.checks.bodies = {sha256(large): large}
    verdict = run.judge(request)
    assert isinstance(verdict, Permit)
    assert isinstance(verdict.order, SignOrder)
    assert (verdict.order.message_sha256, verdict.order.message_bytes) == (sha256(large), len(large))


@pytest.mark.parametrize("body", [b"small", b"x" * (64 * 1024 + 1)])
def test_a_request_whose_length_somebody_made_up_is_not_ordered(body: bytes) -> None:
    """Its caller signs the body's digest alone. Ordered so, no token would sign it: it would take the place of the
    request, and those who cannot sign be held to be silent."""
    run = ready_ledger()
    request = run.domain.sign_request(body, now_ms=run.time_ms)
    forged = replace(request, body=b"", body_bytes=64 * 1024 + 2)
    assert forged.id() == request.id()
    run.checks.bodies = {sha256(body): body}
    assert [type(verdict) for verdict in run.verdicts(forged, request)] == [Later, Permit]


# --- deduplication --------------------------------------------------------------------------------------------------


def test_a_retry_is_not_ordered_again() -> None:
    run = ready_ledger()
    request = run.domain.sign_request(b"m", idempotency_key="once", now_ms=run.time_ms)
    run.apply(request)
    later = run.domain.sign_request(b"m", idempotency_key="once", now_ms=run.time_ms + 10_000)
    assert run.judge(request) == Known("a retry")
    assert run.judge(later, run.time_ms + 10_000) == Known("a retry")


def test_the_same_key_for_something_else_is_a_conflict() -> None:
    run = ready_ledger()
    run.apply(run.domain.sign_request(b"m", idempotency_key="once", now_ms=run.time_ms))
    others = (
        run.domain.sign_request(b"other", idempotency_key="once", now_ms=run.time_ms),
        run.domain.sign_request(b"m", "other", idempotency_key="once", now_ms=run.time_ms),
    )
    for other in others:
        verdict = run.judge(other)
        assert isinstance(verdict, Refuse)
        assert type(verdict.error) is Conflict


def test_keys_of_idempotency_belong_to_their_caller() -> None:
    run = ready_ledger()
    run.apply(run.domain.sign_request(b"m", idempotency_key="once", now_ms=run.time_ms))
    assert isinstance(
        run.judge(run.domain.sign_request(b"x", caller="sam", idempotency_key="once", now_ms=run.time_ms)), Permit
    )


def test_until_its_signed_expiry_and_no_longer() -> None:
    run = ready_ledger()
    request = run.domain.sign_request(b"m", idempotency_key="once", now_ms=run.time_ms, lifetime_s=10)
    run.apply(request)
    expiry = request.expires_s * 1000
    again = run.domain.sign_request(b"other", idempotency_key="once", now_ms=run.time_ms, lifetime_s=100)
    assert isinstance(run.judge(again, expiry - 1), Refuse)
    assert isinstance(run.judge(again, expiry), Permit)


def test_an_id_stands_once_in_a_batch() -> None:
    run = ready_ledger()
    first = run.domain.sign_request(b"one", idempotency_key="once", now_ms=run.time_ms)
    second = run.domain.sign_request(b"two", idempotency_key="once", now_ms=run.time_ms)
    verdicts = run.verdicts(first, second, first)
    assert [type(verdict) for verdict in verdicts] == [Permit, Later, Later]


def test_a_refused_request_does_not_take_its_id() -> None:
    run = ready_ledger()
    bad = run.domain.sign_request(b"m", "nokey", idempotency_key="once", now_ms=run.time_ms)
    good = run.domain.sign_request(b"m", idempotency_key="once", now_ms=run.time_ms)
    assert [type(verdict) for verdict in run.verdicts(bad, good)] == [Refuse, Permit]


# --- keys that cannot sign ------------------------------------------------------------------------------------------


def test_a_key_signs_once_it_is_active() -> None:
    run = LedgerRun(StubDomain())
    run.announce()
    key, order = run.create_key()
    for state in ("generating", "confirming"):
        verdict = run.judge(run.domain.sign_request(now_ms=run.time_ms))
        assert isinstance(verdict, Refuse)
        assert type(verdict.error) is Conflict
        assert verdict.error.detail == f"key 'k' is {state}: it cannot sign yet"
        if state == "generating":
            run.apply(run.domain.generated(order))
    run.apply(run.domain.confirmed(run.state.keys[key.id]))
    assert isinstance(run.judge(run.domain.sign_request(now_ms=run.time_ms)), Permit)


def test_a_failed_key_is_no_key_and_its_name_is_free() -> None:
    run = LedgerRun(StubDomain())
    run.announce()
    key, _ = run.create_key()
    run.apply(run.domain.abort(2, key.ceremony))
    verdict = run.judge(run.domain.sign_request(now_ms=run.time_ms))
    assert isinstance(verdict, Refuse)
    assert type(verdict.error) is UnknownKey
    again, _ = run.create_key()
    assert again.id != key.id
    assert run.state.keys[key.id].state is KeyState.FAILED
    assert run.state.key_by_name("k") == again


def test_the_id_of_a_failed_key_is_not_given_again() -> None:
    """A second ceremony under the same key id would have its shares beside those of the first."""
    run = LedgerRun(StubDomain())
    request = run.domain.request("/v1/keys", b'{"name": "k"}', JSON, idempotency_key="once", now_ms=NOW_MS)
    planned = run.apply(request)
    key = run.state.key_by_name("k")
    assert key is not None
    run.apply(run.domain.abort(2, key.ceremony))
    run.time_ms = request.expires_s * 1000
    run.apply(run.domain.announcement(1))
    again = run.domain.request("/v1/keys", b'{"name": "k"}', JSON, idempotency_key="once", now_ms=run.time_ms)
    verdict = run.judge(again)
    assert isinstance(verdict, Refuse)
    assert verdict.error.detail == "the key's id is taken: use another idempotency key"
    assert planned.orders[0].key == key.id  # type: ignore[union-attr]


def test_a_name_is_given_once_in_a_batch() -> None:
    run = LedgerRun(StubDomain())
    verdicts = run.verdicts(run.domain.create_key("k"), run.domain.create_key("k"), run.domain.create_key("l"))
    assert [type(verdict) for verdict in verdicts] == [Permit, Later, Permit]


def test_without_nonces_a_request_waits() -> None:
    run = ready_ledger(nonces=1)
    while isinstance(run.judge(run.domain.sign_request(now_ms=run.time_ms)), Permit):
        run.apply(run.domain.sign_request(now_ms=run.time_ms))
    verdict = run.judge(run.domain.sign_request(now_ms=run.time_ms))
    assert isinstance(verdict, Later)
    assert "are needed" in verdict.reason
    assert "have no nonces announced" in verdict.reason
    for number in run.domain.numbers:
        pool = run.state.pools[ModuleNumber(number), ED25519]
        run.apply(run.domain.announcement(number, 1, pool.next_counter))
    assert isinstance(run.judge(run.domain.sign_request(now_ms=run.time_ms)), Permit)


# --- room -----------------------------------------------------------------------------------------------------------


def enrolment(domain: StubDomain, name: bytes) -> Request:
    body = b'{"id": "%s", "public_key": "%s=", "roles": ["signer"]}' % (name, b"A" * 43)
    return domain.request("/v1/callers", body, JSON, now_ms=AT)


def test_as_many_keys_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the same batch count."""
    monkeypatch.setattr(judge_requests, "KEYS_MAX", len(RUN.state.keys) + 2)
    verdicts = RUN.verdicts(*(DOMAIN.create_key(name, now_ms=AT) for name in ("k1", "k2", "k3")))
    assert [type(verdict) for verdict in verdicts] == [Permit, Permit, Refuse]
    assert isinstance(verdicts[2], Refuse)
    assert isinstance(verdicts[2].error, NotPermitted)
    assert "room for no more" in verdicts[2].error.detail


def test_as_many_callers_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is enrolled can still be changed."""
    monkeypatch.setattr(judge_requests, "CALLERS_MAX", len(RUN.state.callers) + 1)
    held = next(iter(RUN.state.callers)).encode()
    verdicts = RUN.verdicts(*(enrolment(DOMAIN, name) for name in (b"new", b"newer", held)))
    assert [type(verdict) for verdict in verdicts] == [Permit, Refuse, Permit]
    assert isinstance(verdicts[1], Refuse)
    assert isinstance(verdicts[1].error, NotPermitted)
