"""A vault, alone, before a node that lies: it votes for no request that it has not judged itself.

The vault of module 2 is a real process; the test has its socket, as a compromised node would, and the tokens of the
three other modules, as a compromised quorum of vaults would. So everything around the bad request is in order."""

from __future__ import annotations

import base64
import os
import secrets
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from tests.house.domain import RunningDomain, make_domain
from tests.house.tokens import opened_at
from thresign.client import Profile
from thresign.custody.token import SoftwareToken
from thresign.ledger import ledger
from thresign.orders.batch import Batch, Entry
from thresign.orders.digests import sha256
from thresign.orders.header import Certificate, Header, MemberSignature, Phase
from thresign.orders.merkle import batch_root, leaf_hash
from thresign.orders.orders import NoticeOrder
from thresign.orders.requests import Request
from thresign.orders.votes import PrePrepare, Vote
from thresign.policy.actions import CALLERS_PATH, JSON, KEYS_PATH, OCTETS
from thresign.rest.requests import read_post
from thresign.vault import calls, lanes
from thresign.vault.checks import VaultChecks
from thresign.wire.canonical import Record, decode_one_of

pytestmark = pytest.mark.xdist_group("vault")

VAULT, OTHERS = 2, (1, 3, 4)


class Link:
    """A node's connection to the vault, one call after the other."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.sock.connect(str(path))
                break
            except OSError:
                assert time.monotonic() < deadline, "the vault does not listen"
                time.sleep(0.02)

    def ask(self, call: Record) -> Record:
        payload = call.encode()
        self.sock.sendall(struct.pack(">II", len(payload), 1) + payload)
        length, _ = struct.unpack(">II", self._exactly(8))
        return decode_one_of(lanes.ANSWERS, self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.sock.recv(count - len(data))
            assert part, "the vault closed the connection"
            data += part
        return data

    def failure(self, call: Record) -> calls.Failure:
        answer = self.ask(call)
        assert isinstance(answer, calls.Failure), answer
        return answer


class Liar:
    """Three compromised modules and the fourth's node, against the fourth's vault."""

    def __init__(self, running: RunningDomain, tokens: dict[int, SoftwareToken]) -> None:
        self.running = running
        self.tokens = tokens
        self.link = Link(running.directory(VAULT) / "run" / "vault.sock")
        domain = running.domain
        self.state = ledger.first_state(domain.genesis, domain.settings)
        self.admin = running.profile()

    def request(
        self, path: str, body: bytes, content_type: str = OCTETS, profile: Profile | None = None, created_s: int = 0
    ) -> Request:
        who = profile or self.admin
        created = created_s or int(time.time())
        headers = who.post_headers(path, body, content_type, secrets.token_hex(8), created, 60)
        return read_post(path, [(k.encode(), v.encode()) for k, v in headers.items()], body, self.state.domain)

    def proposal(self, entries: Sequence[Entry], view: int = 0, **changes: object) -> PrePrepare:
        """A pre-prepare of these entries that the compromised primary signed, with some order for each."""
        root = batch_root([leaf_hash(NoticeOrder(sha256(entry.encode())).encode()) for entry in entries])
        now_ms = max(time.time_ns() // 1_000_000, self.state.time_ms)
        roster = self.state.roster
        header = Header(self.state.domain, 0, roster.digest(), self.state.sequence + 1, now_ms, self.state.head, root)
        return self.pre_prepare(replace(header, **changes), Batch(tuple(entries)).encode(), view)

    def pre_prepare(self, header: Header, body: bytes, view: int = 0, signer: int = 1) -> PrePrepare:
        signature = self.tokens[signer].sign_vote(Phase.PRE_PREPARE, view, header.encode())
        return PrePrepare(view, header, body, signature)

    def planned(self, entries: Sequence[Entry]) -> tuple[Header, ledger.Plan]:
        """What honest modules would decide."""
        checks = VaultChecks(self.tokens[1], {})
        now_ms = max(time.time_ns() // 1_000_000, self.state.time_ms)
        plan, _ = ledger.select(self.state, checks, now_ms, entries)
        return ledger.next_header(self.state, plan), plan

    def certificate(self, header: Header) -> Certificate:
        encoded = header.encode()
        votes = (MemberSignature(n, self.tokens[n].sign_vote(Phase.COMMIT, 0, encoded)) for n in OTHERS)
        return Certificate(header, 0, tuple(votes))

    def decide(self, entries: Sequence[Entry]) -> None:
        """Has the vault apply a batch of good entries."""
        header, plan = self.planned(entries)
        answer = self.link.ask(calls.DecideCall(self.certificate(header), Batch(tuple(entries)).encode()))
        assert isinstance(answer, calls.Applied), answer
        ledger.apply(self.state, header, plan)

    def refusal(self, entry: Entry) -> str:
        """How the vault judges the entry, asked and voting; it must say the same both ways."""
        judged = self.link.ask(calls.JudgeCall(Batch((entry,))))
        assert isinstance(judged, calls.Judged)
        (verdict,) = judged.verdicts
        assert verdict.kind == calls.REFUSE, verdict
        failure = self.link.failure(calls.PrepareCall(self.proposal([entry])))
        assert failure.code == "vote_refused"
        assert failure.detail.startswith(f"VOTE-J1: {verdict.code}:"), failure.detail
        return verdict.code


@pytest.fixture(scope="module")
def liar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Liar]:
    running = make_domain(tmp_path_factory.mktemp("vault") / "domain", own_uids=False)
    try:
        running.start(VAULT, "vault")
        places = []
        for number in OTHERS:
            directory = running.directory(number)
            places.append((directory / "token", (directory / "pins" / "user.pin").read_text().strip()))
        with opened_at(places) as tokens:
            liar = Liar(running, dict(zip(OTHERS, tokens, strict=True)))
            yield liar
            liar.link.sock.close()
    finally:
        running.stop_all()


@pytest.fixture(scope="module")
def reader(liar: Liar) -> Profile:
    """An enrolled caller who may read, and not sign."""
    key = Ed25519PrivateKey.generate()
    body = b'{"id":"reader","public_key":"%s","roles":["auditor"]}'
    encoded = base64.b64encode(key.public_key().public_bytes_raw())
    liar.decide([liar.request(CALLERS_PATH, body % encoded, JSON)])
    return Profile(liar.running.domain, "reader", key)


SIGN = f"{KEYS_PATH}/k/sign"


def test_a_good_request_is_voted_for(liar: Liar) -> None:
    entries = [liar.request(KEYS_PATH, b'{"name":"good"}', JSON)]
    header, _ = liar.planned(entries)
    vote = liar.link.ask(calls.PrepareCall(liar.pre_prepare(header, Batch(tuple(entries)).encode())))
    assert isinstance(vote, Vote) and vote.number == VAULT and vote.header == header.digest()
    liar.decide(entries)


def test_a_wrong_signature(liar: Liar) -> None:
    good = liar.request(KEYS_PATH, b'{"name":"a"}', JSON)
    stranger = Profile(liar.running.domain, "admin", Ed25519PrivateKey.generate())
    unknown = Profile(liar.running.domain, "nobody", Ed25519PrivateKey.generate())
    body = b'{"name":"b"}'
    wrong = [
        replace(good, signature=os.urandom(64)),
        replace(good, signature=bytes(64)),
        liar.request(KEYS_PATH, b'{"name":"a"}', JSON, stranger),
        liar.request(KEYS_PATH, b'{"name":"a"}', JSON, unknown),
        replace(good, caller="nobody"),
        replace(good, path=CALLERS_PATH),
        replace(good, content_type=OCTETS),
        replace(good, idempotency_key="another"),
        replace(good, created_s=good.created_s - 1),
        replace(good, expires_s=good.expires_s + 1),
        replace(good, body=body, body_bytes=len(body), content_sha256=sha256(body)),
    ]
    assert [liar.refusal(request) for request in wrong] == ["not_authenticated"] * len(wrong)


def test_a_request_for_another_domain(liar: Liar) -> None:
    good = liar.request(KEYS_PATH, b'{"name":"a"}', JSON)
    assert liar.refusal(replace(good, domain=os.urandom(32))) == "wrong_domain"


def test_an_expired_request_and_one_of_the_future(liar: Liar) -> None:
    now_s = int(time.time())
    assert liar.refusal(liar.request(KEYS_PATH, b'{"name":"a"}', JSON, created_s=now_s - 3600)) == "request_expired"
    later = liar.request(KEYS_PATH, b'{"name":"a"}', JSON, created_s=now_s + 3600)
    assert liar.refusal(later) == "request_not_yet_valid"


def test_an_old_request_under_an_old_time(liar: Liar) -> None:
    """The primary would have to turn the agreed time back for it, beyond what the vault's own clock allows."""
    old = liar.request(KEYS_PATH, b'{"name":"a"}', JSON, created_s=int(time.time()) - 3600)
    for back_ms in (3_600_000, 3_590_000):
        header_ms = time.time_ns() // 1_000_000 - back_ms
        failure = liar.link.failure(calls.PrepareCall(liar.proposal([old], time_ms=header_ms)))
        assert failure.detail.startswith("VOTE-P3:"), failure.detail


def test_a_caller_without_the_role(liar: Liar, reader: Profile) -> None:
    assert liar.refusal(liar.request(SIGN, b"message", profile=reader)) == "not_permitted"
    assert liar.refusal(liar.request(KEYS_PATH, b'{"name":"a"}', JSON, reader)) == "not_permitted"


def test_what_cannot_be_done(liar: Liar) -> None:
    assert liar.refusal(liar.request(SIGN, b"message")) == "unknown_key"
    assert liar.refusal(liar.request(KEYS_PATH, b"{", JSON)) == "malformed_request"
    assert liar.refusal(liar.request("/v1/nothing", b"x")) == "malformed_request"


def test_one_bad_entry_spoils_the_batch(liar: Liar) -> None:
    good = liar.request(KEYS_PATH, b'{"name":"fine"}', JSON)
    bad = replace(liar.request(KEYS_PATH, b'{"name":"bad"}', JSON), signature=bytes(64))
    failure = liar.link.failure(calls.PrepareCall(liar.proposal([good, bad])))
    assert failure.detail.startswith("VOTE-J1: not_authenticated")


def test_a_body_that_is_not_the_headers(liar: Liar) -> None:
    good = liar.request(KEYS_PATH, b'{"name":"fine"}', JSON)
    header, _ = liar.planned([good])
    other = Batch((liar.request(KEYS_PATH, b'{"name":"other"}', JSON),)).encode()
    for body in (other, b"", b"garbage", Batch(()).encode()):
        failure = liar.link.failure(calls.PrepareCall(liar.pre_prepare(header, body)))
        assert failure.detail.startswith("VOTE-J1:"), failure.detail


def test_a_pre_prepare_that_the_primary_did_not_sign(liar: Liar) -> None:
    entries = [liar.request(KEYS_PATH, b'{"name":"fine"}', JSON)]
    header, _ = liar.planned(entries)
    body = Batch(tuple(entries)).encode()
    for message in (liar.pre_prepare(header, body, signer=3), PrePrepare(0, header, body, bytes(64))):
        failure = liar.link.failure(calls.PrepareCall(message))
        assert failure.detail.startswith("VOTE-P1:"), failure.detail


def test_the_vault_commits_and_decides_nothing_that_it_did_not_judge(liar: Liar) -> None:
    """Even under votes of a whole quorum: what a quorum can have decided the vault applies only if it is permitted."""
    bad = replace(liar.request(KEYS_PATH, b'{"name":"bad"}', JSON), signature=bytes(64))
    message = liar.proposal([bad])
    header = message.header
    prepares = tuple(
        MemberSignature(n, liar.tokens[n].sign_vote(Phase.PREPARE, 0, header.encode())) for n in OTHERS if n != 1
    )
    failure = liar.link.failure(calls.CommitCall(0, header.sequence, header.digest(), prepares))
    assert failure.detail.startswith("VOTE-C1:"), failure.detail


def test_the_vault_decides_nothing_without_a_certificate(liar: Liar) -> None:
    entries = [liar.request(KEYS_PATH, b'{"name":"fine"}', JSON)]
    header, _ = liar.planned(entries)
    body = Batch(tuple(entries)).encode()
    good = liar.certificate(header)
    forged = replace(good, votes=(*good.votes[:2], replace(good.votes[2], signature=os.urandom(64))))
    few = replace(good, votes=good.votes[:2])
    elsewhere = replace(good, header=replace(header, batch_root=os.urandom(32)))
    wrong = f"the commit of module {forged.votes[2].number} does not verify"
    nothing = f"the commit of module {elsewhere.votes[0].number} does not verify"
    for certificate, why in ((forged, wrong), (few, "a certificate with 2 votes, 3 are needed"), (elsewhere, nothing)):
        failure = liar.link.failure(calls.DecideCall(certificate, body))
        assert (failure.code, failure.detail) == ("invalid_vote", why)
    signed = liar.link.ask(calls.SignCall(header.sequence, 0))
    assert isinstance(signed, calls.Signed) and signed.partials.shares == ()


def test_after_all_refusals_the_vault_votes(liar: Liar) -> None:
    entries = [liar.request(KEYS_PATH, b'{"name":"last"}', JSON)]
    header, _ = liar.planned(entries)
    vote = liar.link.ask(calls.PrepareCall(liar.pre_prepare(header, Batch(tuple(entries)).encode())))
    assert isinstance(vote, Vote)
    liar.decide(entries)
    assert calls.Status is type(liar.link.ask(calls.StatusCall()))
