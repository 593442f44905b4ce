"""The desk: who is told what this node knows of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from tests.house.stub_domain import LedgerRun, StubDomain, ready_ledger
from thresign.callers.profile import post_base
from thresign.errors import Conflict, NotAuthenticated, NotPermitted, RequestExpired, Undecided, UnknownRequest
from thresign.journal.segments import SegmentedJournal
from thresign.ledger.snapshot import key_part
from thresign.node import desk as desk_file
from thresign.node import release
from thresign.node.desk import Desk
from thresign.node.history import History
from thresign.node.outcomes import Asked
from thresign.node.records import AnsweredRecord, DecidedRecord, ResultRecord
from thresign.orders.batch import Entry
from thresign.orders.digests import sha256
from thresign.orders.genesis import Caller
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import SignOrder
from thresign.orders.requests import Request
from thresign.rest.interface import Signed, Waiting
from thresign.storage.sqlite import SqliteIndex
from thresign.vault import calls

DOMAIN = StubDomain()
KEY = Ed25519PrivateKey.generate()


def signed(message: bytes = b"message") -> Request:
    request = replace(DOMAIN.sign_request(message), idempotency_key="invoice-1")
    return replace(request, signature=KEY.sign(post_base(request)))


class Runtime:
    """A node whose vault permits everything, at once."""

    def __init__(self) -> None:
        self.history = SimpleNamespace(orders=lambda _name: [], entries=lambda _name: iter(()))
        self.submitted: list[Any] = []
        self.walked: list[int] = []

    def ask_vault(self, call: Any, then: Any) -> None:
        then(calls.Judged(tuple(calls.Verdict(calls.PERMIT, "", "") for _ in call.batch.entries)))

    def submit(self, entry: Any) -> None:
        self.submitted.append(entry)

    def answering(self) -> int:
        return 4

    def walk_again(self, sequence: int) -> None:
        self.walked.append(sequence)


def desk() -> tuple[Desk, Runtime]:
    runtime = Runtime()
    domain = SimpleNamespace(id=DOMAIN.id, genesis=SimpleNamespace(roster=DOMAIN.roster))
    made = Desk(1, domain, runtime, frozenset)  # type: ignore[arg-type]
    caller = Caller("alice", KEY.public_key().public_bytes_raw(), ("signer",))
    made.vault_up(SimpleNamespace(view=0, sequence=0, time_ms=0, keys=(), callers=(caller,), chain=()))  # type: ignore[arg-type]
    return made, runtime


def test_what_is_known_of_a_request_is_told_to_its_caller_alone() -> None:
    async def run() -> None:
        asked, runtime = desk()
        request = signed()
        assert isinstance(await asked.submit(request, b"", 0), Waiting)
        for forged in (replace(request, signature=bytes(64)), replace(request, signature=signed(b"else").signature)):
            with pytest.raises(NotAuthenticated):
                await asked.submit(forged, b"", 0)
        with pytest.raises(Conflict):
            await asked.submit(signed(b"else"), b"", 0)
        assert runtime.submitted == [request]

    asyncio.run(run())


def test_nobody_else_takes_the_place_of_a_request() -> None:
    """Somebody without the key sends something else under an idempotency key that it foresees, at the same time."""

    async def run() -> None:
        asked, runtime = desk()
        request = signed()
        forged = replace(signed(b"else"), signature=bytes(64))
        first = asyncio.ensure_future(asked.submit(forged, b"", 0))
        told = asyncio.ensure_future(asked.submit(request, b"", 0))
        with pytest.raises(NotAuthenticated):
            await first
        assert isinstance(await told, Waiting)
        assert runtime.submitted == [request]

    asyncio.run(run())


@pytest.mark.parametrize(("behind", "submitted"), [(1, True), (3, True), (4, False)])
def test_a_vault_that_is_a_batch_behind_is_asked_again(
    behind: int, submitted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another module has just said that the key is there."""
    monkeypatch.setattr(desk_file, "LAG_S", (0.0, 0.0, 0.0))

    async def run() -> None:
        asked, runtime = desk()
        left = [behind]

        def ask_vault(_call: Any, then: Any) -> None:
            left[0] -= 1
            kind, code = (calls.REFUSE, Conflict.code) if left[0] >= 0 else (calls.PERMIT, "")
            then(calls.Judged((calls.Verdict(kind, code, "key 'k' is generating"),)))

        asked._judging._ask_vault = ask_vault
        request = signed()
        if submitted:
            assert isinstance(await asked.submit(request, b"", 0), Waiting)
        else:
            with pytest.raises(Conflict):
                await asked.submit(request, b"", 0)
        assert runtime.submitted == [request] * submitted

    asyncio.run(run())


@pytest.mark.parametrize("gone", [False, True])
def test_who_waits_beside_one_that_was_not_put_forward_is_told_to_ask_again(gone: bool) -> None:
    """A retry while the first is being judged: the first is refused, or its caller goes away."""

    async def run() -> None:
        asked, runtime = desk()
        judged: list[Any] = []
        asked._judging._ask_vault = lambda _call, then: judged.append(then)
        first = asyncio.ensure_future(asked.submit(signed(), b"", 2000))
        await asyncio.sleep(0.01)
        retry = asyncio.ensure_future(asked.submit(signed(), b"", 2000))
        await asyncio.sleep(0.01)
        if gone:
            first.cancel()
        else:
            judged[0](calls.Judged((calls.Verdict(calls.REFUSE, RequestExpired.code, "over"),)))
        with pytest.raises(asyncio.CancelledError if gone else RequestExpired):
            await first
        with pytest.raises(Undecided, match="not put forward"):
            await retry
        again = asyncio.ensure_future(asked.submit(signed(), b"", 0))
        await asyncio.sleep(0.01)
        judged[-1](calls.Judged(tuple(calls.Verdict(calls.PERMIT, "", "") for _ in range(2))))
        assert isinstance(await again, Waiting)
        assert len(runtime.submitted) == 1

    asyncio.run(run())


def test_a_body_that_too_few_take_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_file, "SAY_AGAIN_MS", 20)

    async def run() -> None:
        asked, runtime = desk()
        runtime.spread_body = lambda _digest, _body: None  # type: ignore[attr-defined]
        large = bytes(64 * 1024 + 1)
        with pytest.raises(Undecided):
            await asked.submit(signed(large), large, 2000)
        assert not asked._bodies
        waiting = [asyncio.ensure_future(asked._send_ahead(signed(large), large)) for _ in range(2)]
        await asyncio.sleep(0)
        asked.body_held(sha256(large), 3)
        await asyncio.gather(*waiting)
        assert not asked._bodies

    asyncio.run(run())


def test_a_refusal_that_no_batch_can_change_is_told_at_once() -> None:
    async def run() -> None:
        asked, runtime = desk()
        verdicts: list[calls.Judged] = []

        def ask_vault(_call: Any, then: Any) -> None:
            verdicts.append(calls.Judged((calls.Verdict(calls.REFUSE, RequestExpired.code, "over"),)))
            then(verdicts[-1])

        asked._judging._ask_vault = ask_vault
        with pytest.raises(RequestExpired):
            await asked.submit(signed(), b"", 0)
        assert len(verdicts) == 1
        assert runtime.submitted == []

    asyncio.run(run())


# --- an idempotency key that is used again ----------------------------------------------------------------------------


class Reused:
    """A node with a journal, in a domain with a key; its clock says `now_ms`. Requests live for a minute."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run: LedgerRun = ready_ledger(DOMAIN)
        self.monkeypatch = monkeypatch
        self.history = History(SegmentedJournal(directory / "journal"), SqliteIndex(directory / "index"))
        self.desk, self.runtime = desk()
        self.runtime.history = self.desk._outcomes.history = self.history  # type: ignore[assignment]
        for key in self.run.state.keys.values():
            self.desk._know(key_part(key))
        for check in ("check", "check_again"):
            monkeypatch.setattr(release, check, lambda *_: None)
        self.later(0)

    def order(self, leaf: bytes) -> SignOrder:
        (row,) = [row for row in self.history.orders(self.name) if row.leaf == leaf]
        record = self.history.batch(row.sequence)
        assert record is not None
        return SignOrder.decode(record.orders[row.leaf_index])

    def later(self, ms: int) -> None:
        self.run.time_ms += ms
        now_s = self.run.time_ms / 1000
        self.monkeypatch.setattr(desk_file.time, "time", lambda: now_s)

    def request(self, message: bytes) -> Request:
        """As its caller sends it now."""
        request = DOMAIN.sign_request(message, now_ms=self.run.time_ms, idempotency_key="invoice-1")
        return replace(request, signature=KEY.sign(post_base(request)))

    def ordered(self, message: bytes) -> bytes:
        """It is ordered now; this node journals that, and tells the desk. Returns the order's leaf hash."""
        entry = DOMAIN.sign_request(message, now_ms=self.run.time_ms, idempotency_key="invoice-1")
        return self.decided(entry)

    def decided(self, entry: Entry) -> bytes:
        leaves = tuple(self.run.apply(entry).leaves)
        body, sequence = self.run.bodies[-1], len(self.run.bodies)
        header = DOMAIN.header(sequence, time_ms=self.run.time_ms)
        self.history.append([DecidedRecord(DOMAIN.certificate(header), body, leaves)])
        applied = calls.Applied(sequence, self.run.time_ms, body, leaves, (), (), 0, 0, ())
        self.desk.applied(applied, (entry,))
        return leaf_hash(leaves[0])

    def answered(self, leaf: bytes) -> bytes:
        """The order has a result, which is its request's answer; returns the signature."""
        signature = sha256(leaf) * 2
        self.history.append([ResultRecord(leaf, self.name, 0, 1, 0, signature, ()), AnsweredRecord(leaf)])
        order = next(
            SignOrder.decode(encoded)
            for record in self.history.newest_batches(9)
            for encoded in record.orders
            if leaf_hash(encoded) == leaf
        )
        certified = SimpleNamespace(order=order, leaf=leaf, key=SimpleNamespace(suite=1, public_key=b""), message=b"")
        combined = SimpleNamespace(certified=certified, signature=signature)
        self.desk.answered(SimpleNamespace(held=SimpleNamespace(combined=combined)))  # type: ignore[arg-type]
        return signature

    @property
    def name(self) -> bytes:
        return self.request(b"").id()


@pytest.fixture
def reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reused]:
    made = Reused(tmp_path, monkeypatch)
    yield made
    made.history.close()


def told(reused: Reused) -> bytes | None:
    """What a GET is told: the signature, or None while there is none."""
    outcome = reused.desk.outcome(reused.name, "alice")
    return outcome.signature if isinstance(outcome, Signed) else None


@pytest.mark.parametrize("second", [b"first", b"second"])
def test_the_newest_request_of_a_name_is_the_one_that_is_told(reused: Reused, second: bytes) -> None:
    """Whether it asks for the same or for something else."""
    first = reused.answered(reused.ordered(b"first"))
    assert told(reused) == first
    reused.later(61_000)
    newest = reused.ordered(second)
    assert told(reused) is None
    assert [row.leaf for row in reused.history.orders(reused.name)] == [newest]
    answer = reused.answered(newest)
    assert told(reused) == answer != first


def test_an_attempt_more_of_the_newest_request(reused: Reused) -> None:
    """Attempts of the older one are not mixed with those of the newer."""
    older = reused.ordered(b"first")
    reused.decided(DOMAIN.missing(reused.order(older), (1,)))
    reused.later(61_000)
    newer = reused.ordered(b"second")
    again = reused.decided(DOMAIN.missing(reused.order(newer), (1,)))
    rows = reused.history.orders(reused.name)
    assert [(row.attempt, row.leaf) for row in rows] == [(1, newer), (2, again)]
    reused.desk._walk_again(reused.name)
    assert reused.runtime.walked == [rows[-1].sequence]


def test_a_name_is_free_once_its_request_has_expired(reused: Reused) -> None:
    """Until then something else under it is a conflict; afterwards the vault says."""

    async def run() -> None:
        reused.answered(reused.ordered(b"first"))
        for remembered in (True, False):
            if not remembered:
                reused.desk._outcomes.asked.clear()
            with pytest.raises(Conflict):
                await reused.desk.submit(reused.request(b"second"), b"", 0)
        reused.later(61_000)
        assert isinstance(await reused.desk.submit(reused.request(b"second"), b"", 0), Waiting)
        assert [entry.content_sha256 for entry in reused.runtime.submitted] == [sha256(b"second")]

    asyncio.run(run())


def test_a_late_answer_is_not_told_to_who_asks_for_something_else(reused: Reused) -> None:
    async def run() -> None:
        older = reused.ordered(b"first")
        reused.later(61_000)
        waiting = asyncio.ensure_future(reused.desk.submit(reused.request(b"second"), b"", 2000))
        await asyncio.sleep(0.05)
        reused.answered(older)
        newer = reused.ordered(b"second")
        reused.answered(older)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        answer = reused.answered(newer)
        outcome = await waiting
        assert isinstance(outcome, Signed)
        assert outcome.signature == answer

    asyncio.run(run())


def test_who_still_waits_is_not_told_the_answer_to_something_else(reused: Reused) -> None:
    """Its request has just expired, and it waits a little longer: the name is not free before it has gone."""

    async def run() -> None:
        waiting = asyncio.ensure_future(reused.desk.submit(reused.request(b"first"), b"", 300))
        await asyncio.sleep(0.05)
        reused.later(61_000)
        with pytest.raises(Conflict):
            await reused.desk.submit(reused.request(b"second"), b"", 0)
        with pytest.raises(RequestExpired):
            await waiting
        assert isinstance(await reused.desk.submit(reused.request(b"second"), b"", 0), Waiting)

    asyncio.run(run())


def test_a_late_answer_is_not_told_to_who_asks_for_something_else_once_more(reused: Reused) -> None:
    """Nobody waited for it in between, and it is not ordered yet."""

    async def run() -> None:
        older = reused.ordered(b"first")
        reused.later(61_000)
        second = reused.request(b"second")
        assert isinstance(await reused.desk.submit(second, b"", 0), Waiting)
        waiting = asyncio.ensure_future(reused.desk.submit(second, b"", 2000))
        await asyncio.sleep(0.05)
        reused.answered(older)
        answer = reused.answered(reused.ordered(b"second"))
        outcome = await waiting
        assert isinstance(outcome, Signed)
        assert outcome.signature == answer

    asyncio.run(run())


def test_who_signs_anew_is_not_told_that_what_was_signed_before_is_refused(reused: Reused) -> None:
    """A retry waits, signed later than the first. Both wait to be ordered: the first has expired when a batch comes."""

    async def run() -> None:
        first = reused.request(b"message")
        assert isinstance(await reused.desk.submit(first, b"", 0), Waiting)
        reused.later(40_000)
        again = reused.request(b"message")
        waiting = asyncio.ensure_future(reused.desk.submit(again, b"", 2000))
        await asyncio.sleep(0.05)
        assert reused.runtime.submitted == [first, again]
        reused.desk.refused(first, RequestExpired("the first has expired"))
        answer = reused.answered(reused.ordered(b"message"))
        outcome = await waiting
        assert isinstance(outcome, Signed)
        assert outcome.signature == answer

    asyncio.run(run())


def test_another_request_of_the_name_that_is_ordered_late_is_not_the_one_that_is_waited_for(reused: Reused) -> None:
    """This node's clock is ahead of agreed time: for the vaults the older one has not expired yet."""

    async def run() -> None:
        reused.desk._outcomes.remember(reused.name, Asked.of(reused.request(b"first")))
        clock_ms = reused.run.time_ms
        reused.later(61_000)
        waiting = asyncio.ensure_future(reused.desk.submit(reused.request(b"second"), b"", 300))
        await asyncio.sleep(0.05)
        reused.run.time_ms = clock_ms
        reused.answered(reused.ordered(b"first"))
        with pytest.raises(Undecided):
            await waiting

    asyncio.run(run())


def test_what_was_taken_in_is_known_before_it_is_ordered(reused: Reused) -> None:
    """Nobody waits for it: its caller was told where to ask. Until it is refused, or has expired."""

    async def run() -> None:
        request = reused.request(b"message")
        for refused in (True, False):
            assert isinstance(await reused.desk.submit(request, b"", 0), Waiting)
            assert reused.desk.outcome(reused.name, "alice") == Waiting(reused.name, "submitted")
            with pytest.raises(UnknownRequest):
                reused.desk.outcome(reused.name, "olga")
            if refused:
                reused.desk.refused(request, NotPermitted("not any more"))
            else:
                reused.later(61_000)
            with pytest.raises(UnknownRequest):
                reused.desk.outcome(reused.name, "alice")

    asyncio.run(run())
