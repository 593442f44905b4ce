"""A trust domain of stub tokens, for tests of the pure rooms: what its members and callers sign, and its ledger.

Signatures are those of tests.simulation.stubs: who has the public key can make them, so a test can speak for every
member and caller, honest or not. Everything is deterministic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from tests.simulation.stubs import sign, signature_of, signed
from thresign.callers import profile
from thresign.errors import ThresignError
from thresign.ids import ModuleNumber
from thresign.ledger import ledger
from thresign.ledger.draft import Draft, Plan
from thresign.ledger.judge_keys import confirmation_of
from thresign.ledger.state import Key, State
from thresign.ledger.verdicts import Verdict
from thresign.orders.batch import Batch, Entry
from thresign.orders.digests import sha256
from thresign.orders.genesis import Caller, Genesis, Settings
from thresign.orders.header import Certificate, Header, MemberSignature, Phase, vote_bytes
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import KeygenOrder, SignOrder
from thresign.orders.requests import Request
from thresign.orders.roster import Member, make_roster
from thresign.orders.statements import (
    Announcement,
    CeremonyAbort,
    FoundReport,
    FoundReports,
    KeyConfirmed,
    KeyGenerated,
    KeygenSuccess,
    MissingReport,
    MissingReports,
    Present,
    shares_digest,
)
from thresign.orders.votes import (
    NO_ROSTER,
    Checkpoint,
    CheckpointCertificate,
    NewView,
    Prepared,
    PrePrepare,
    ViewChange,
    Vote,
)

NOW_MS = 1_800_000_000_000
NO_SIGNATURE = bytes(64)
OCTETS = "application/octet-stream"
JSON = "application/json"
ED25519 = 1


def signed_statement(statement: Any, key: bytes) -> Any:
    """The statement with the signature of who has this key."""
    return replace(statement, signature=sign(key, statement.signed_bytes()))


class Checks:
    """ledger.verdicts.Checks with stub cryptography; `bodies` are the large bodies that are held."""

    def __init__(self, domain: StubDomain) -> None:
        self.domain = domain
        self.bodies: Mapping[bytes, bytes] = {}
        self.checked = 0

    def signature(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        self.checked += 1
        return signed(public_key, message, signature)

    def member_keys(self, vote_key: bytes, sealing_key: bytes) -> bool:
        return True

    def announcement(self, announcement: Announcement) -> bool:
        return signed(self.domain.key(announcement.number), announcement.signed_bytes(), announcement.signature)

    def schnorr(self, suite: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return signature_of(public_key, message, signature[:32]) == signature

    def body_held(self, content_sha256: bytes, body_bytes: int) -> bool:
        body = self.bodies.get(content_sha256)
        return body is not None and len(body) == body_bytes


class StubDomain:
    """Members (1 to n unless `numbers` says otherwise), callers "alice" (admin, signer), "sam" (signer) and "olga"
    (auditor), and everything that they can sign."""

    def __init__(self, n: int = 4, numbers: Sequence[int] = (), name: str = "stub", **settings: int) -> None:
        self.numbers = tuple(numbers) or tuple(range(1, n + 1))
        members = tuple(
            Member(i, f"m{i}", sha256(b"vote %d of " % i + name.encode()), sha256(b"seal %d of " % i + name.encode()))
            for i in self.numbers
        )
        self.roster = make_roster(0, members)
        self.callers = (
            Caller("alice", self.caller_key("alice"), ("admin", "signer")),
            Caller("olga", self.caller_key("olga"), ("auditor",)),
            Caller("sam", self.caller_key("sam"), ("signer",)),
        )
        values: dict[str, Any] = {
            "request_lifetime_ms_max": 120_000,
            "clock_skew_ms_max": 5_000,
            "nonce_lifetime_ms": 3_600_000,
            "ceremony_lifetime_ms": 20_000,
            "silence_ms": 500,
            "checkpoint_interval": 4,
            "callers": self.callers,
        }
        self.settings = Settings(**{**values, **settings})
        self.genesis = Genesis(name, NOW_MS, bytes(32), self.settings.digest(), self.roster)
        self.id = self.genesis.domain()
        self.idempotency = 0

    @property
    def q(self) -> int:
        return self.roster.q

    @property
    def f(self) -> int:
        return self.roster.f

    def key(self, number: int) -> bytes:
        """A member's vote key; of a stranger, a key that nobody has enrolled."""
        member = self.roster.member(number)
        return member.vote_key if member is not None else sha256(b"stranger %d" % number)

    @staticmethod
    def caller_key(caller: str) -> bytes:
        return sha256(b"caller " + caller.encode())

    def first_state(self) -> State:
        return ledger.first_state(self.genesis, self.settings)

    # --- callers --------------------------------------------------------------------------------------------------

    def request(
        self,
        path: str,
        body: bytes,
        content_type: str = OCTETS,
        caller: str = "alice",
        idempotency_key: str | None = None,
        now_ms: int = NOW_MS,
        lifetime_s: int = 60,
        key: bytes | None = None,
        **changes: Any,
    ) -> Request:
        """A signed request. `changes` are made before it is signed, `key` replaces the caller's own."""
        if idempotency_key is None:
            self.idempotency += 1
            idempotency_key = f"r{self.idempotency}"
        detached = len(body) > 64 * 1024
        fields: dict[str, Any] = {
            "domain": self.id,
            "caller": caller,
            "path": path,
            "content_type": content_type,
            "idempotency_key": idempotency_key,
            "created_s": now_ms // 1000,
            "expires_s": now_ms // 1000 + lifetime_s,
            "content_sha256": sha256(body),
            "body_bytes": len(body),
            "body": b"" if detached else body,
            "signature": NO_SIGNATURE,
        }
        unsigned = Request(**{**fields, **changes})
        signature = sign(self.caller_key(caller) if key is None else key, profile.post_base(unsigned))
        return replace(unsigned, signature=signature)

    def sign_request(self, message: bytes = b"message", key_name: str = "k", **more: Any) -> Request:
        return self.request(f"/v1/keys/{key_name}/sign", message, **more)

    def create_key(self, name: str = "k", now_ms: int = NOW_MS, caller: str = "alice", **fields: Any) -> Request:
        body = json.dumps({"name": name, **fields}).encode()
        return self.request("/v1/keys", body, JSON, caller, now_ms=now_ms)

    # --- statements -----------------------------------------------------------------------------------------------

    def pairs(self, number: int, incarnation: int, first: int, count: int) -> bytes:
        """Commitments: any bytes do for stubs."""
        return b"".join(
            hashlib.sha512(b"%d/%d/%d" % (number, incarnation, counter)).digest()
            for counter in range(first, first + count)
        )

    def announcement(
        self, number: int, count: int = 4, first: int = 0, incarnation: int = 1, group: int = 1, **changes: Any
    ) -> Announcement:
        pairs = self.pairs(number, incarnation, first, count)
        unsigned = Announcement(self.id, number, incarnation, group, first, pairs, NO_SIGNATURE)
        return signed_statement(replace(unsigned, **changes), self.key(number))

    def present(self, number: int, sequence: int, incarnation: int = 1, **changes: Any) -> Present:
        unsigned = Present(self.id, number, incarnation, sequence, NO_SIGNATURE)
        return signed_statement(replace(unsigned, **changes), self.key(number))

    def missing_report(self, number: int, leaf: bytes, missing: tuple[int, ...], **changes: Any) -> MissingReport:
        unsigned = MissingReport(self.id, number, leaf, missing, NO_SIGNATURE)
        return signed_statement(replace(unsigned, **changes), self.key(number))

    def missing(self, order: SignOrder, missing: tuple[int, ...], reporters: Sequence[int] = ()) -> MissingReports:
        encoded = order.encode()
        chosen = tuple(reporters) or self.numbers[: self.q]
        reports = tuple(self.missing_report(number, leaf_hash(encoded), missing) for number in chosen)
        return MissingReports(encoded, reports)

    def found_report(self, number: int, leaf: bytes) -> FoundReport:
        return signed_statement(FoundReport(self.id, number, leaf, NO_SIGNATURE), self.key(number))

    def found(self, order: SignOrder, reporters: Sequence[int] = ()) -> FoundReports:
        encoded = order.encode()
        chosen = tuple(reporters) or self.numbers[: self.f + 1]
        return FoundReports(encoded, tuple(self.found_report(number, leaf_hash(encoded)) for number in chosen))

    def generated(self, order: KeygenOrder, signers: Sequence[int] = ()) -> KeyGenerated:
        """The success certificate of a ceremony, as the stub tokens end it."""
        leaf = leaf_hash(order.encode())
        public_key = sha256(b"key" + leaf)
        shares = tuple(sha256(public_key + bytes([n])) for n in order.participants)
        transcript = sha256(leaf)
        signatures = []
        for number in tuple(signers) or order.participants:
            fields = (self.id, number, leaf, transcript, public_key, shares_digest(shares))
            success = KeygenSuccess(*fields, NO_SIGNATURE)
            signatures.append(MemberSignature(number, sign(self.key(number), success.signed_bytes())))
        return KeyGenerated(leaf, transcript, public_key, shares, tuple(signatures))

    def confirmed(self, key: Key) -> KeyConfirmed:
        message = confirmation_of(self.id, key)
        return KeyConfirmed(key.id, signature_of(key.public_key, message, bytes(32)))

    def abort(self, number: int, leaf: bytes, culprit: int = 0, reason: str = "no", **changes: Any) -> CeremonyAbort:
        unsigned = CeremonyAbort(self.id, number, leaf, culprit, reason, NO_SIGNATURE)
        return signed_statement(replace(unsigned, **changes), self.key(number))

    # --- agreement ------------------------------------------------------------------------------------------------

    def header(self, sequence: int = 1, previous: bytes | None = None, **changes: Any) -> Header:
        """A header that fits this domain; its batch root is made up."""
        before = self.id if previous is None else previous
        root = sha256(b"root %d" % sequence)
        made = Header(self.id, 0, self.roster.digest(), sequence, NOW_MS + sequence, before, root)
        return replace(made, **changes)

    def vote_signature(self, number: int, phase: Phase, view: int, header: Header) -> bytes:
        return sign(self.key(number), vote_bytes(phase, view, header.encode()))

    def member_votes(
        self, phase: Phase, view: int, header: Header, numbers: Iterable[int]
    ) -> tuple[MemberSignature, ...]:
        return tuple(MemberSignature(n, self.vote_signature(n, phase, view, header)) for n in numbers)

    def pre_prepare(self, view: int, header: Header, body: bytes, number: int | None = None) -> PrePrepare:
        primary = self.roster.primary(view) if number is None else number
        return PrePrepare(view, header, body, self.vote_signature(primary, Phase.PRE_PREPARE, view, header))

    def vote(self, number: int, phase: Phase, view: int, header: Header) -> Vote:
        signature = self.vote_signature(number, phase, view, header)
        return Vote(phase, view, header.sequence, header.digest(), number, signature)

    def certificate(self, header: Header, view: int = 0, voters: Sequence[int] = ()) -> Certificate:
        chosen = tuple(voters) or self.numbers[: self.q]
        return Certificate(header, view, self.member_votes(Phase.COMMIT, view, header, chosen))

    def prepared(self, header: Header, view: int = 0, backups: Sequence[int] = ()) -> Prepared:
        primary = self.roster.primary(view)
        chosen = tuple(backups) or tuple(n for n in self.numbers if n != primary)[: self.q - 1]
        signature = self.vote_signature(primary, Phase.PRE_PREPARE, view, header)
        return Prepared(view, header, signature, self.member_votes(Phase.PREPARE, view, header, chosen))

    def view_change(
        self,
        number: int,
        view: int,
        decided: Certificate | None = None,
        prepared: tuple[Prepared, ...] = (),
        **changes: Any,
    ) -> ViewChange:
        certificates = (decided,) if decided is not None else ()
        unsigned = ViewChange(self.id, 0, self.roster.digest(), view, number, certificates, prepared, NO_SIGNATURE)
        return signed_statement(replace(unsigned, **changes), self.key(number))

    def view_changes(self, view: int, numbers: Sequence[int] = (), **more: Any) -> tuple[ViewChange, ...]:
        return tuple(self.view_change(n, view, **more) for n in tuple(numbers) or self.numbers[: self.q])

    def new_view(
        self, view: int, changes: tuple[ViewChange, ...] | None = None, number: int | None = None, **more: Any
    ) -> NewView:
        primary = self.roster.primary(view) if number is None else number
        held = self.view_changes(view) if changes is None else changes
        unsigned = NewView(self.id, 0, self.roster.digest(), view, primary, held, NO_SIGNATURE)
        return signed_statement(replace(unsigned, **more), self.key(primary))

    def checkpoint(self, number: int, sequence: int, header: bytes, state: bytes, **changes: Any) -> Checkpoint:
        place = (self.id, 0, self.roster.digest(), sequence)
        unsigned = Checkpoint(*place, header, state, NO_ROSTER, number, NO_SIGNATURE)
        return signed_statement(replace(unsigned, **changes), self.key(number))

    def stable(self, sequence: int, header: bytes, state: bytes, numbers: Sequence[int] = ()) -> CheckpointCertificate:
        chosen = tuple(numbers) or self.numbers[: self.q]
        signatures = tuple(MemberSignature(n, self.checkpoint(n, sequence, header, state).signature) for n in chosen)
        place = (self.id, 0, self.roster.digest(), sequence)
        return CheckpointCertificate(*place, header, state, NO_ROSTER, signatures)


class LedgerRun:
    """One ledger of a stub domain, batch after batch."""

    def __init__(self, domain: StubDomain, state: State | None = None) -> None:
        self.domain = domain
        self.state = state if state is not None else domain.first_state()
        self.checks = Checks(domain)
        self.time_ms = max(NOW_MS, self.state.time_ms)
        self.bodies: list[bytes] = []
        self.times: list[int] = []
        """When each of the bodies was decided."""

    def draft(self, time_ms: int | None = None) -> Draft:
        return Draft(self.state, self.checks, self.time_ms if time_ms is None else time_ms)

    def judge(self, entry: Entry, time_ms: int | None = None) -> Verdict:
        """The verdict on one entry by itself."""
        return ledger.judge(self.draft(time_ms), entry)

    def verdicts(self, *entries: Entry) -> list[Verdict]:
        """The verdicts on entries of one batch."""
        draft = self.draft()
        return [ledger.judge(draft, entry) for entry in entries]

    def plan(self, *entries: Entry) -> Plan | ThresignError | str:
        return ledger.plan(self.state, self.checks, self.time_ms, entries)

    def apply(self, *entries: Entry, after_ms: int = 1) -> Plan:
        """Decides a batch of entries that must all be permitted."""
        self.time_ms += after_ms
        planned = self.plan(*entries)
        assert isinstance(planned, Plan), planned
        ledger.apply(self.state, ledger.next_header(self.state, planned), planned)
        self.bodies.append(Batch(tuple(entries)).encode())
        self.times.append(self.time_ms)
        return planned

    def announce(self, count: int = 8, numbers: Sequence[int] = (), incarnation: int = 1) -> None:
        """Fills everybody's pool by one batch."""
        entries = []
        for number in tuple(numbers) or self.domain.numbers:
            pool = self.state.pools.get((ModuleNumber(number), ED25519))
            first = pool.next_counter if pool is not None and pool.incarnation == incarnation else 0
            entries.append(self.domain.announcement(number, count, first, incarnation))
        self.apply(*entries)

    def order(self, planned: Plan, index: int = 0) -> Any:
        return planned.orders[index]

    def create_key(self, name: str = "k", **fields: Any) -> tuple[Key, KeygenOrder]:
        planned = self.apply(self.domain.create_key(name, now_ms=self.time_ms, **fields))
        key = self.state.key_by_name(name)
        assert key is not None
        return key, self.order(planned)

    def confirming_key(self, name: str = "k", **fields: Any) -> tuple[Key, SignOrder]:
        """A key whose confirming signature is awaited, and the order for it."""
        _, order = self.create_key(name, **fields)
        planned = self.apply(self.domain.generated(order))
        key = self.state.key_by_name(name)
        assert key is not None
        return key, self.order(planned)

    def active_key(self, name: str = "k", **fields: Any) -> Key:
        key, _ = self.confirming_key(name, **fields)
        self.apply(self.domain.confirmed(key))
        return self.state.keys[key.id]


def ready_ledger(domain: StubDomain | None = None, nonces: int = 8) -> LedgerRun:
    """A ledger with an active key "k" and `nonces` nonces of everybody (one more for the key's confirmation)."""
    run = LedgerRun(domain if domain is not None else StubDomain())
    run.announce(nonces + 1)
    run.active_key("k")
    return run
