"""Partials for decided batches: however large the messages and whatever the token says, a decided batch is applied and
written down, and its partials are made in parts that hold nobody up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.house.stub_domain import Checks, LedgerRun, ready_ledger
from tests.house.stub_node import ENVIRONMENT
from tests.simulation.stubs import sign
from thresign.custody.interface import Refused, SignCall
from thresign.errors import CustodyError, InvariantBroken
from thresign.ids import ModuleNumber
from thresign.ledger import ledger
from thresign.ledger.draft import Plan
from thresign.ledger.snapshot import restore, take
from thresign.limits import BODIES_BYTES_MAX, BODY_BYTES_MAX
from thresign.orders.batch import Batch
from thresign.orders.digests import sha256
from thresign.orders.header import Phase
from thresign.orders.merkle import batch_root, leaf_hash
from thresign.orders.orders import SignOrder
from thresign.orders.statements import SharePart, partials_bytes
from thresign.vault import calls
from thresign.vault.service import SIGN_AT_ONCE, Service
from thresign.vault.voting.book import Ballot
from thresign.vault.voting.records import Decided

DATA_BYTES_MAX = 16 << 20
"""Of one call, in the token (TS_DATA_BYTES_MAX of native/token/token_limits.h)."""
MANY = 20
RUN = ready_ledger(nonces=64)


class Token:
    """Signs what fits in a call."""

    def __init__(self, run: LedgerRun, number: int) -> None:
        self.run = run
        self.number = number
        self.calls: list[int] = []
        self.broken = False

    def check_certificate(self, _certificate: bytes) -> None:
        pass

    def roster_epoch(self) -> int:
        return 1

    def sign_vote(self, _phase: Phase, _view: int, _header: bytes) -> bytes:
        return bytes(64)

    def sign_statement(self, _unsigned: bytes) -> bytes:
        return bytes(64)

    def keygen_forget(self, _order: bytes) -> None:
        pass

    def sign(self, wanted: Sequence[SignCall]) -> tuple[list[bytes | Refused], bytes]:
        if self.broken or sum(len(call.message) + len(call.order) for call in wanted) > DATA_BYTES_MAX:
            raise CustodyError("TS_SIGN: DataLenRange")
        self.calls.append(len(wanted))
        for call in wanted:
            assert SignOrder.decode(call.order).message_sha256 == sha256(call.message)
        shares = [sha256(call.order + sha256(call.message)) for call in wanted]
        parts = [SharePart(leaf_hash(call.order), share).leaf() for call, share in zip(wanted, shares, strict=True)]
        domain = self.run.domain
        return list(shares), sign(domain.key(self.number), partials_bytes(domain.id, self.number, batch_root(parts)))


class Vault:
    """A vault of module `number`, and a decided batch of requests to sign these messages."""

    def __init__(self, messages: Sequence[bytes], number: int = 1) -> None:
        self.run = LedgerRun(RUN.domain, restore(take(RUN.state), RUN.state.domain))
        self.run.time_ms = RUN.time_ms
        self.token = Token(self.run, number)
        checks = Checks(self.run.domain)
        self.run.checks.bodies = checks.bodies = {sha256(message): message for message in messages}
        self.requests = [self.run.domain.sign_request(message, now_ms=self.run.time_ms) for message in messages]
        planned = self.run.plan(*self.requests)
        assert isinstance(planned, Plan), planned
        header = ledger.next_header(self.run.state, planned)
        self.mine = [
            leaf_hash(order.encode())
            for order in planned.orders
            if isinstance(order, SignOrder) and order.names(number)
        ]
        self.decided = calls.DecideCall(self.run.domain.certificate(header), Batch(tuple(self.requests)).encode())
        token: object = self.token
        self.service = Service(ModuleNumber(number), token, self.run.state, ENVIRONMENT, checks)  # type: ignore[arg-type]
        for request, message in zip(self.requests, messages, strict=True):
            if request.detached:
                self.service.add_body(request.content_sha256, message)

    def decide(self) -> tuple[calls.Applied, Ballot]:
        ballot = self.service.serve(self.decided, self.run.time_ms)
        assert isinstance(ballot.reply, calls.Applied)
        assert [type(record) for record in ballot.records] == [Decided]
        return ballot.reply, ballot

    def signed(self) -> list[calls.Signed]:
        """All parts, one call after the other."""
        parts: list[calls.Signed] = []
        while not parts or parts[-1].next:
            start = parts[-1].next if parts else 0
            reply = self.service.serve(calls.SignCall(self.decided.certificate.header.sequence, start), 0).reply
            assert isinstance(reply, calls.Signed)
            parts.append(reply)
        return parts


def leaves(parts: Sequence[calls.Signed]) -> list[bytes]:
    return [part.order for signed in parts for part in signed.partials.shares]


def large(count: int, size: int) -> list[bytes]:
    return [b"%08d" % i + bytes(size - 8) for i in range(count)]


def test_a_little_is_signed_with_the_answer() -> None:
    vault = Vault([b"%d" % i for i in range(SIGN_AT_ONCE)])
    (signed,) = vault.decide()[0].signed
    assert leaves([signed]) == vault.mine
    assert signed.next == 0


def test_more_is_asked_for() -> None:
    vault = Vault([b"%d" % i for i in range(SIGN_AT_ONCE + 1)])
    assert vault.decide()[0].signed == ()
    assert leaves(vault.signed()) == vault.mine
    assert len(vault.token.calls) == 1


@pytest.mark.parametrize(
    ("count", "size", "in_calls"), [(2, BODY_BYTES_MAX, 1), (6, 3 << 20, 2), (MANY, 1 << 20, 8), (3, 65_537, 3)]
)
def test_large_messages_are_signed_in_parts(count: int, size: int, in_calls: int) -> None:
    """However many: no call of the token is longer than it takes, and each order is signed once."""
    vault = Vault(large(count, size))
    applied, _ = vault.decide()
    assert applied.signed == ()
    parts = vault.signed()
    assert leaves(parts) == vault.mine
    assert all(not part.refusals for part in parts)
    assert max(vault.token.calls) <= in_calls
    domain = vault.run.domain
    for part in parts:
        assert part.partials.signature == sign(domain.key(1), part.partials.signed_bytes())


def test_two_requests_for_one_large_message() -> None:
    """In one batch, and one after the other, as long as there is room for the body."""
    vault = Vault([*large(1, 1 << 20) * 2])
    vault.decide()
    assert leaves(vault.signed()) == vault.mine
    digest = vault.requests[0].content_sha256
    assert digest in vault.service.bodies
    for body in large(BODIES_BYTES_MAX // BODY_BYTES_MAX, BODY_BYTES_MAX):
        vault.service.add_body(sha256(body), body)
    assert digest not in vault.service.bodies


def test_a_token_that_cannot_sign_stops_no_batch() -> None:
    """The batch is applied and written down; its orders are refused, and signed when they are asked for again."""
    vault = Vault([b"one", b"two", b"three"])
    vault.token.broken = True
    applied, _ = vault.decide()
    (signed,) = applied.signed
    assert {refusal.order for refusal in signed.refusals} == set(vault.mine)
    assert signed.partials.shares == ()
    assert vault.service.book.state.sequence == applied.sequence
    vault.token.broken = False
    assert leaves(vault.signed()) == vault.mine


def test_what_fails_after_a_batch_was_applied_stops_the_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record would not be written: nothing that is decided later could be replayed."""
    vault = Vault([b"one"])

    def fails(*_: object) -> None:
        raise CustodyError("broken")

    monkeypatch.setattr(vault.service, "keep", fails)
    with pytest.raises(InvariantBroken, match="was applied: broken"):
        vault.service.serve(vault.decided, 0)
