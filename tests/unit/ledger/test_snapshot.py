"""The ledger as bytes: there and back it is the same ledger, its digest names all of it, and a snapshot in any other
form or of another domain is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import ED25519, LedgerRun, StubDomain, ready_ledger
from tests.unit.ledger.test_ledger import history
from thresign.errors import MalformedRecord
from thresign.ids import Digest, KeyId, ModuleNumber, RequestId
from thresign.ledger import snapshot
from thresign.ledger.snapshot import Snapshot
from thresign.ledger.state import EXPIRY_BUCKET_MS, KeyState, RequestRecord, State
from thresign.orders.digests import sha256
from thresign.trust.standing import Standing


def busy() -> LedgerRun:
    run = ready_ledger()
    history(run)
    run.apply(run.domain.sign_request(now_ms=run.time_ms, lifetime_s=100))
    return run


RUN = busy()


def restored(state: State) -> State:
    """Through the bytes."""
    return snapshot.restore(Snapshot.decode(snapshot.take(state).encode()), state.domain)


def test_there_and_back() -> None:
    state = restored(RUN.state)
    assert snapshot.take(state) == snapshot.take(RUN.state)
    assert snapshot.digest(state) == snapshot.digest(RUN.state)
    assert state.requests == RUN.state.requests
    assert state.expiry == RUN.state.expiry
    assert state.pools == RUN.state.pools
    assert state.keys == RUN.state.keys
    assert state.callers == RUN.state.callers
    assert state.incarnations == RUN.state.incarnations
    assert state.standings == RUN.state.standings


def test_the_first_state_there_and_back() -> None:
    state = StubDomain().first_state()
    assert snapshot.digest(restored(state)) == snapshot.digest(state)


def test_a_restored_ledger_goes_on_as_the_other_does() -> None:
    """Assignments, deduplication, expiry: after the same further batches both are equal."""
    run = busy()
    other = LedgerRun(run.domain, restored(run.state))
    other.time_ms = run.time_ms
    for i in range(30):
        entries: list[Any] = [run.domain.sign_request(b"%d" % i, now_ms=run.time_ms, lifetime_s=5)]
        if i % 3 == 0:
            entries += [
                run.domain.announcement(n, 4, first=500 + 10 * i, incarnation=run.state.incarnations[ModuleNumber(n)])
                for n in run.domain.numbers
            ]
        assert run.verdicts(*entries) is not None
        one, two = run.apply(*entries, after_ms=700), other.apply(*entries, after_ms=700)
        assert one.leaves == two.leaves
        assert snapshot.digest(run.state) == snapshot.digest(other.state)


def test_an_id_that_was_used_again_after_its_expiry() -> None:
    """The record stands under its new second alone; the digest must not know that there was an older one."""
    run = ready_ledger()
    first = run.domain.sign_request(b"one", idempotency_key="again", now_ms=run.time_ms, lifetime_s=10)
    run.apply(first)
    run.time_ms = first.expires_s * 1000 + 10
    snapshot.digest(run.state)
    run.apply(run.domain.sign_request(b"two", idempotency_key="again", now_ms=run.time_ms, lifetime_s=50))
    assert snapshot.digest(restored(run.state)) == snapshot.digest(run.state)
    assert snapshot.take(restored(run.state)) == snapshot.take(run.state)


# --- the digest -----------------------------------------------------------------------------------------------------


def _key(state: State) -> KeyId:
    key = state.key_by_name("k")
    assert key is not None
    return key.id


def _change_key(**changes: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        state.keys[_key(state)] = replace(state.keys[_key(state)], **changes)

    return change


def _change_nonce(**changes: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        nonces = state.pools[ModuleNumber(1), ED25519].nonces
        nonces[0] = replace(nonces[0], **changes)

    return change


def _change_request(**changes: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        name = next(iter(state.requests))
        held = state.requests[name]
        fields = {"what": held.what, "order": held.order, "expires_ms": held.expires_ms} | changes
        state.put_request(name, RequestRecord.of(**fields))

    return change


def _change_standing(**changes: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        state.standings[ModuleNumber(2)] = replace(Standing(), **changes)

    return change


def _drop_request(state: State) -> None:
    second = min(state.expiry)
    state.expire_requests((second + 1) * EXPIRY_BUCKET_MS)


def _swap_requests(state: State) -> None:
    second = next(second for second, names in state.expiry.items() if len(names) > 1)
    state.expiry[second].reverse()
    state.seconds.clear()


CHANGES: dict[str, Callable[[State], object]] = {
    "sequence": lambda s: setattr(s, "sequence", s.sequence + 1),
    "time": lambda s: setattr(s, "time_ms", s.time_ms + 1),
    "head": lambda s: setattr(s, "head", Digest(sha256(b"x"))),
    "domain": lambda s: setattr(s, "domain", Digest(sha256(b"x"))),
    "roster": lambda s: setattr(s, "roster", StubDomain(5).roster),
    "a caller's roles": lambda s: s.callers.update(sam=replace(s.callers["sam"], roles=())),
    "a caller less": lambda s: s.callers.pop("sam"),
    "a key's state": _change_key(state=KeyState.FAILED),
    "a key's public key": _change_key(public_key=sha256(b"x")),
    "a key's min_signers": _change_key(min_signers=2),
    "a key's shares": _change_key(verification_shares=()),
    "a key's deadline": _change_key(expires_ms=1),
    "an incarnation": lambda s: s.incarnations.update({ModuleNumber(2): 9}),
    "a credit": lambda s: s.credits.update({2: 77}),
    "a negative credit": lambda s: s.credits.update({2: -77}),
    "a score": _change_standing(score=999),
    "silence": _change_standing(silent_since_ms=1),
    "silences": _change_standing(silences=1),
    "when it was last silent": _change_standing(last_silence_ms=1),
    "a nonce less": lambda s: s.pools[ModuleNumber(1), ED25519].nonces.popleft(),
    "a nonce's counter": _change_nonce(counter=1 << 40),
    "a nonce's commitment": _change_nonce(hiding=sha256(b"x")),
    "a nonce's expiry": _change_nonce(expires_ms=1),
    "the next counter": lambda s: setattr(s.pools[ModuleNumber(1), ED25519], "next_counter", 1 << 40),
    "a pool's life": lambda s: setattr(s.pools[ModuleNumber(1), ED25519], "incarnation", 9),
    "a pool less": lambda s: s.pools.pop((ModuleNumber(1), ED25519)),
    "a request less": _drop_request,
    "what a request asks for": _change_request(what=Digest(sha256(b"x"))),
    "a request's order": _change_request(order=Digest(sha256(b"x"))),
    "in which order requests came": _swap_requests,
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_digest_names_everything(what: str) -> None:
    state = restored(RUN.state)
    assert snapshot.digest(state) == snapshot.digest(RUN.state)
    CHANGES[what](state)
    assert snapshot.digest(state) != snapshot.digest(RUN.state)


def test_the_digest_does_not_depend_on_how_the_ledger_came_about() -> None:
    """Dictionaries remember the order of their insertion; equal ledgers must not differ by it."""
    state = restored(RUN.state)
    for name in ("callers", "keys", "incarnations", "pools", "standings", "credits", "requests", "expiry"):
        held = getattr(state, name)
        setattr(state, name, dict(reversed(held.items())))
    assert snapshot.digest(state) == snapshot.digest(RUN.state)
    assert snapshot.take(state).encode() == snapshot.take(RUN.state).encode()


# --- snapshots that are refused -------------------------------------------------------------------------------------

SNAP = snapshot.take(RUN.state)

BAD: dict[str, tuple[Callable[[Snapshot], Snapshot], str]] = {
    "another genesis": (lambda s: replace(s, genesis=StubDomain(name="other").genesis), "of another trust domain"),
    "other settings": (
        lambda s: replace(s, settings=replace(s.settings, silence_ms=1)),
        "of another trust domain",
    ),
    "callers out of order": (lambda s: replace(s, callers=s.callers[::-1]), "not in canonical order"),
    "a caller twice": (lambda s: replace(s, callers=(s.callers[0], *s.callers)), "not in canonical order"),
    "keys out of order": (lambda s: replace(s, keys=s.keys[::-1]), "not in canonical order"),
    "a key twice": (lambda s: replace(s, keys=(s.keys[0], *s.keys)), "not in canonical order"),
    "modules out of order": (lambda s: replace(s, modules=s.modules[::-1]), "not in canonical order"),
    "pools out of order": (lambda s: replace(s, pools=s.pools[::-1]), "not in canonical order"),
    "a pool twice": (lambda s: replace(s, pools=(s.pools[0], *s.pools)), "not in canonical order"),
    "a request twice": (lambda s: replace(s, requests=(s.requests[0], *s.requests)), "a request stands twice"),
    "requests not by the second": (
        lambda s: replace(s, requests=tuple(sorted(s.requests, key=lambda r: -r.expires_ms))),
        "not in canonical order",
    ),
    "a key in no state": (
        lambda s: replace(s, keys=(replace(s.keys[0], state=9), *s.keys[1:])),
        "key state 9",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_snapshots_that_are_refused(what: str) -> None:
    change, said = BAD[what]
    changed = change(SNAP)
    assert changed != SNAP
    with pytest.raises(MalformedRecord, match=said):
        snapshot.restore(changed, RUN.state.domain)


def test_a_snapshot_restored_under_another_name() -> None:
    with pytest.raises(MalformedRecord, match="of another trust domain"):
        snapshot.restore(SNAP, Digest(sha256(b"x")))


def test_bytes_changed_anywhere_are_refused_or_give_another_digest() -> None:
    """So a receiver that compares the digest with a stable checkpoint installs nothing else."""
    data = SNAP.encode()
    good = snapshot.digest(RUN.state)
    step = max(1, len(data) // 400)
    for at in range(0, len(data), step):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            state = snapshot.restore(Snapshot.decode(changed), RUN.state.domain)
        except MalformedRecord:
            continue
        assert snapshot.digest(state) != good, at


def test_an_unknown_request_is_not_in_it() -> None:
    assert RequestId(bytes(32)) not in {request.id for request in SNAP.requests}
