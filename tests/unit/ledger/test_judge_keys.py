"""Judging how key generation ends [LEDGER-K1 to LEDGER-K5]."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import LedgerRun, StubDomain, signed_statement
from thresign.errors import CeremonyFailed, InvalidVote
from thresign.ledger.judge_keys import confirmation_of
from thresign.ledger.state import Key, KeyState
from thresign.ledger.verdicts import Known, Later, Permit, Refuse
from thresign.orders.digests import sha256
from thresign.orders.header import MemberSignature
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import KeygenOrder, SignOrder
from thresign.orders.statements import KeyConfirmed, KeyGenerated


def generating(n: int = 4) -> tuple[LedgerRun, Key, KeygenOrder]:
    run = LedgerRun(StubDomain(n))
    run.announce()
    key, order = run.create_key()
    return run, key, order


def refused(verdict: Any, said: str, kind: type = InvalidVote) -> tuple[int, ...]:
    """The culprits of a refusal that says this."""
    assert isinstance(verdict, Refuse)
    assert type(verdict.error) is kind
    assert said in verdict.error.detail
    return verdict.error.culprits


# --- success --------------------------------------------------------------------------------------------------------


def test_success_of_all_leads_to_a_confirming_order() -> None:
    run, key, order = generating()
    entry = run.domain.generated(order)
    planned = run.apply(entry)
    confirming = planned.orders[0]
    assert isinstance(confirming, SignOrder)
    now = run.state.keys[key.id]
    assert now.state is KeyState.CONFIRMING
    assert (now.public_key, now.verification_shares, now.transcript) == (
        entry.public_key,
        entry.verification_shares,
        entry.transcript,
    )
    assert (confirming.request, confirming.entry) == (sha256(entry.encode()),) * 2
    assert confirming.message_sha256 == sha256(confirmation_of(run.domain.id, now))
    assert len(confirming.signers) == key.min_signers
    assert now.confirmation == leaf_hash(confirming.encode())
    assert now.expires_ms == run.time_ms + run.domain.settings.ceremony_lifetime_ms


def test_not_of_all_but_one() -> None:
    run, _, order = generating()
    entry = run.domain.generated(order)
    fewer = replace(entry, signatures=entry.signatures[:-1], verification_shares=entry.verification_shares[:-1])
    refused(run.judge(fewer), "not of all participants")
    stranger = replace(entry, signatures=(*entry.signatures[:-1], MemberSignature(9, entry.signatures[-1].signature)))
    refused(run.judge(stranger), "not of all participants")
    refused(run.judge(replace(entry, signatures=(), verification_shares=())), "not of all participants")


@pytest.mark.parametrize(
    "change",
    [
        {"public_key": sha256(b"another")},
        {"transcript": sha256(b"another")},
        {"verification_shares": tuple(sha256(b"%d" % i) for i in range(4))},
        {"verification_shares": ()},
    ],
)
def test_what_all_signed_and_nothing_else(change: dict[str, Any]) -> None:
    run, _, order = generating()
    entry = replace(run.domain.generated(order), **change)
    assert refused(run.judge(entry), "a success whose signature does not verify") == (1,)


def test_a_forged_success_names_whose_it_is() -> None:
    run, _, order = generating()
    entry = run.domain.generated(order)
    forged = replace(entry, signatures=(*entry.signatures[:2], MemberSignature(3, bytes(64)), entry.signatures[3]))
    assert refused(run.judge(forged), "a success whose signature does not verify") == (3,)


def test_success_of_another_ceremony() -> None:
    run, _, order = generating()
    refused(run.judge(replace(run.domain.generated(order), order=sha256(b"x"))), "of no ceremony")


def test_success_counts_once() -> None:
    run, _, order = generating()
    entry = run.domain.generated(order)
    assert [type(verdict) for verdict in run.verdicts(entry, entry)] == [Permit, Later]
    run.apply(entry)
    assert run.judge(entry) == Known("the key is confirming")


def test_after_the_deadline_it_is_too_late() -> None:
    run, key, order = generating()
    entry = run.domain.generated(order)
    assert isinstance(run.judge(entry, key.expires_ms - 1), Permit)
    refused(run.judge(entry, key.expires_ms), "the ceremony's deadline is over", CeremonyFailed)
    run.time_ms = key.expires_ms - 1
    run.apply(run.domain.announcement(1, 1, first=8))
    failed = run.state.keys[key.id]
    assert (failed.state, failed.failure) == (KeyState.FAILED, "not generated before the deadline")
    assert run.judge(entry) == Known("the key is failed")


def test_a_confirming_order_can_be_found() -> None:
    run, _, order = generating()
    (confirming,) = run.apply(run.domain.generated(order)).orders
    assert isinstance(confirming, SignOrder)
    run.apply(run.domain.found(confirming))
    assert run.judge(run.domain.missing(confirming, (1,))) == Known("a result of the order is found already")


def test_without_nonces_the_confirmation_waits() -> None:
    run = LedgerRun(StubDomain())
    _, order = run.create_key()
    assert isinstance(run.judge(run.domain.generated(order)), Later)
    run.announce()
    assert isinstance(run.judge(run.domain.generated(order)), Permit)


def test_a_success_that_waits_does_not_block_an_abort() -> None:
    """Both are about the key; one of them may stand in the batch."""
    run, key, order = generating()
    generated, abort = run.domain.generated(order), run.domain.abort(2, key.ceremony)
    assert [type(verdict) for verdict in run.verdicts(generated, abort)] == [Permit, Later]
    assert [type(verdict) for verdict in run.verdicts(abort, generated)] == [Permit, Later]


# --- confirmation ---------------------------------------------------------------------------------------------------


def confirming() -> tuple[LedgerRun, Key]:
    run = LedgerRun(StubDomain())
    run.announce()
    key, _ = run.confirming_key()
    return run, key


def test_its_first_signature_makes_a_key_active() -> None:
    run, key = confirming()
    run.apply(run.domain.confirmed(key))
    active = run.state.keys[key.id]
    assert (active.state, active.expires_ms, active.failure) == (KeyState.ACTIVE, 0, "")
    assert run.judge(run.domain.confirmed(key)) == Known("the key is active")


def test_only_its_own_signature_over_its_own_values() -> None:
    run, key = confirming()
    good = run.domain.confirmed(key)
    other = run.domain.confirmed(replace(key, transcript=sha256(b"x")))
    for signature in (bytes(64), other.signature, b"", good.signature[:-1]):
        refused(run.judge(KeyConfirmed(key.id, signature)), "a confirming signature that does not verify")
    refused(run.judge(KeyConfirmed(bytes(16), good.signature)), "a confirmation of no key")


def test_a_key_that_is_not_generated_is_not_confirmed() -> None:
    run, key, _ = generating()
    assert run.judge(KeyConfirmed(key.id, bytes(64))) == Known("the key is generating")


def test_a_confirmation_counts_once_a_batch() -> None:
    run, key = confirming()
    entry = run.domain.confirmed(key)
    assert [type(verdict) for verdict in run.verdicts(entry, entry)] == [Permit, Later]


def test_a_confirmation_after_the_deadline_is_too_late() -> None:
    """Applying the batch fails the key first; it must not be active afterwards, with its reason of failure."""
    run, key = confirming()
    entry = run.domain.confirmed(key)
    assert isinstance(run.judge(entry, key.expires_ms - 1), Permit)
    refused(run.judge(entry, key.expires_ms), "the confirmation's deadline is over", CeremonyFailed)


# --- abort ----------------------------------------------------------------------------------------------------------


def test_one_participant_that_cannot_go_on_ends_it() -> None:
    run, key, order = generating()
    run.apply(run.domain.abort(2, key.ceremony, culprit=3, reason="sealed"))
    failed = run.state.keys[key.id]
    assert (failed.state, failed.failure, failed.culprit) == (KeyState.FAILED, "module 2 reports: sealed", 3)
    assert run.judge(run.domain.generated(order)) == Known("the key is failed")
    assert run.judge(run.domain.abort(3, key.ceremony)) == Known("the key is failed")


def test_a_key_that_was_generated_is_not_aborted() -> None:
    run, key = confirming()
    assert run.judge(run.domain.abort(2, key.ceremony)) == Known("the key is confirming")


@pytest.mark.parametrize("what", ["stranger", "other domain", "other ceremony", "forged", "another's"])
def test_aborts_that_do_not_count(what: str) -> None:
    run, key, _ = generating()
    domain = run.domain
    entry, said = {
        "stranger": (domain.abort(9, key.ceremony), "by no participant"),
        "other domain": (domain.abort(2, key.ceremony, domain=sha256(b"x")), "by no participant"),
        "other ceremony": (domain.abort(2, sha256(b"x")), "by no participant"),
        "forged": (replace(domain.abort(2, key.ceremony), signature=bytes(64)), "does not verify"),
        "another's": (signed_statement(domain.abort(2, key.ceremony), domain.key(3)), "does not verify"),
    }[what]
    assert refused(run.judge(entry), said) == (entry.number,)
    assert run.state.keys[key.id].state is KeyState.GENERATING


def test_success_as_encoded_is_success_as_judged() -> None:
    run, _, order = generating()
    entry = run.domain.generated(order)
    assert isinstance(run.judge(KeyGenerated.decode(entry.encode())), Permit)
