"""Stub cryptography for the simulator: fast, deterministic, and unforgeable by convention only (nobody here computes
another's signature, except a Byzantine module that a test tells to)."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence

from tests.simulation.monitor import Monitor
from thresign.custody.interface import CeremonyStep, Refused, SignCall
from thresign.errors import CustodyError
from thresign.ids import Digest
from thresign.orders.header import Certificate, Header, Phase, vote_bytes
from thresign.orders.merkle import batch_root, leaf_hash, root_from_proof
from thresign.orders.orders import KeygenOrder, SignOrder
from thresign.orders.roster import Roster
from thresign.orders.statements import (
    Announcement,
    KeygenSuccess,
    SharePart,
    partials_bytes,
    shares_digest,
)
from thresign.orders.succession import Succession, check_succession, newest
from thresign.orders.votes import Checkpoint, HorizonReport, NewView, ViewChange
from thresign.signing.combining import SigningKey
from thresign.signing.messages import KeygenDone

NO_SIGNATURE = bytes(64)
ABOUT_AGREEMENT = {kind.TAG for kind in (ViewChange, NewView, Checkpoint, HorizonReport)}
"""Statements that count under one roster, which they name after the domain."""


def sign(public_key: bytes, message: bytes) -> bytes:
    return hashlib.blake2b(message, key=public_key, digest_size=64).digest()


def signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    return sign(public_key, message) == signature


def share_of(order_leaf: bytes, number: int) -> bytes:
    return hashlib.blake2b(order_leaf + number.to_bytes(2, "big"), digest_size=32).digest()


def signature_of(public_key: bytes, message: bytes, nonces: bytes) -> bytes:
    return nonces + hashlib.blake2b(public_key + nonces + message, digest_size=32).digest()


class StubToken:
    """Checks certificates and nonces as the real one does; shares and signatures are hashes."""

    def __init__(
        self,
        number: int,
        genesis: Roster,
        domain: Digest,
        monitor: Monitor,
        life: list[int],
        pinned: list[Succession] | None = None,
        key: bytes | None = None,
    ) -> None:
        """`life` and `pinned` are what its file keeps; `key` its vote key, if the genesis does not name it."""
        member = genesis.member(number)
        self.number = number
        self.pinned = pinned if pinned is not None else []
        self.roster = newest(genesis, self.pinned)
        self.domain = domain
        self.monitor = monitor
        self.key = key if key is not None or member is None else member.vote_key
        self.life = life
        self.incarnation = 0
        self.headers: dict[bytes, Header] = {}
        self.newest_ms = 0
        self.nonces: dict[int, tuple[bytes, bytes]] = {}
        self.used: dict[int, bytes] = {}
        self.next_counter: dict[int, int] = {}
        self.ceremonies: dict[bytes, KeygenOrder] = {}

    def sign_vote(self, phase: Phase, view: int, header: bytes) -> bytes:
        self.member()
        parsed = Header.decode(header)
        if (parsed.roster_epoch, parsed.roster) != (self.roster.epoch, self.roster.digest()):
            raise CustodyError("TS_OTHER_ROSTER")
        self.monitor.vote(self.number, phase, view, parsed)
        return sign(self.key, vote_bytes(phase, view, header))

    def sign_statement(self, unsigned: bytes) -> bytes:
        self.member()
        if unsigned[:8] in ABOUT_AGREEMENT and unsigned[40:80] != self.roster.epoch.to_bytes(8) + self.roster.digest():
            raise CustodyError("TS_OTHER_ROSTER")
        self.monitor.statement(self.number, unsigned)
        return sign(self.key, unsigned)

    def member(self) -> None:
        if self.roster.member(self.number) is None:
            raise CustodyError("TS_NOT_A_MEMBER")

    def roster_epoch(self) -> int:
        return self.roster.epoch

    def reconfigure(self, succession: bytes) -> int:
        link = Succession.decode(succession)
        check_succession(link, self.domain, self.roster, signed)
        self.pinned.append(link)
        self.roster = link.roster
        self.ceremonies.clear()
        return self.roster.epoch

    def check_certificate(self, certificate: bytes) -> None:
        parsed = Certificate.decode(certificate)
        message = vote_bytes(Phase.COMMIT, parsed.view, parsed.header.encode())
        if parsed.header.domain != self.domain:
            raise CustodyError("TS_OTHER_DOMAIN")
        if (parsed.header.roster_epoch, parsed.header.roster) != (self.roster.epoch, self.roster.digest()):
            raise CustodyError("TS_OTHER_ROSTER")
        if len(parsed.votes) != self.roster.q:
            raise CustodyError("TS_TOO_FEW_VOTES")
        if any(a.number >= b.number for a, b in itertools.pairwise(parsed.votes)):
            raise CustodyError("TS_VOTE_ORDER")
        for vote in parsed.votes:
            member = self.roster.member(vote.number)
            if member is None or not signed(member.vote_key, message, vote.signature):
                raise CustodyError("TS_VOTE_SIGNATURE")
        self.headers[parsed.header.digest()] = parsed.header
        self.newest_ms = max(self.newest_ms, parsed.header.time_ms)
        while len(self.headers) > 300:
            del self.headers[next(iter(self.headers))]

    def learn(self, announcement: bytes) -> bool:
        parsed = Announcement.decode(announcement)
        member = self.roster.member(parsed.number)
        return member is not None and signed(member.vote_key, parsed.signed_bytes(), parsed.signature)

    def begin_incarnation(self, above: int) -> int:
        self.life[0] = max(self.life[0], above) + 1
        self.incarnation = self.life[0]
        self.nonces.clear()
        return self.incarnation

    def announce(self, group: int, count: int) -> bytes:
        self.member()
        first = self.next_counter.get(group, 0)
        self.next_counter[group] = first + count
        pairs = b""
        for counter in range(first, first + count):
            seed = b"%d/%d/%d" % (self.number, self.incarnation, counter)
            pair = (hashlib.sha256(b"D" + seed).digest(), hashlib.sha256(b"E" + seed).digest())
            self.nonces[counter] = pair
            pairs += pair[0] + pair[1]
        unsigned = Announcement(self.domain, self.number, self.incarnation, group, first, pairs, NO_SIGNATURE)
        signature = sign(self.key, unsigned.signed_bytes())
        return Announcement(self.domain, self.number, self.incarnation, group, first, pairs, signature).encode()

    def sign(self, calls: Sequence[SignCall]) -> tuple[list[bytes | Refused], bytes]:
        answers = [self._sign_one(call) for call in calls]
        parts = [
            SharePart(leaf_hash(call.order), answer).leaf()
            for call, answer in zip(calls, answers, strict=True)
            if isinstance(answer, bytes)
        ]
        return answers, sign(self.key, partials_bytes(self.domain, self.number, batch_root(parts)))

    def _sign_one(self, call: SignCall) -> bytes | Refused:
        leaf = leaf_hash(call.order)
        header = self.headers.get(call.header)
        if header is None:
            return Refused(1, "TS_UNKNOWN_HEADER", "")
        if root_from_proof(leaf, call.index, call.count, call.path) != header.batch_root:
            return Refused(2, "TS_NOT_IN_BATCH", "")
        order = SignOrder.decode(call.order)
        if order.expires_ms <= self.newest_ms:
            return Refused(3, "TS_EXPIRED", "")
        slot = next((slot for slot in order.signers if slot.number == self.number), None)
        if slot is None or slot.incarnation != self.incarnation:
            return Refused(4, "TS_OTHER_INCARNATION", "")
        if self.nonces.get(slot.counter) != (slot.hiding, slot.binding):
            return Refused(5, "TS_COMMITMENT_MISMATCH", "")
        if self.used.setdefault(slot.counter, leaf) != leaf:
            return Refused(6, "TS_NONCE_USED", "")
        self.monitor.partial(self.number, self.incarnation, slot.counter, leaf, header)
        return share_of(leaf, self.number)

    def keygen_begin(self, call: SignCall) -> CeremonyStep:
        leaf = leaf_hash(call.order)
        if call.header not in self.headers:
            return CeremonyStep(refused=Refused(1, "TS_UNKNOWN_HEADER", ""))
        self.ceremonies[leaf] = KeygenOrder.decode(call.order)
        return CeremonyStep(b"1" + leaf + bytes([self.number]))

    def keygen_deal(self, order: bytes, packages: Sequence[bytes]) -> CeremonyStep:
        if order not in self.ceremonies:
            return CeremonyStep(refused=Refused(7, "TS_CEREMONY_UNKNOWN", ""))
        return CeremonyStep(b"2" + order + bytes([self.number]))

    def keygen_finish(self, order: bytes, packages: Sequence[bytes]) -> CeremonyStep:
        if order not in self.ceremonies:
            return CeremonyStep(refused=Refused(7, "TS_CEREMONY_UNKNOWN", ""))
        key = hashlib.sha256(b"key" + order).digest()
        shares = tuple(hashlib.sha256(key + bytes([n])).digest() for n in self.ceremonies[order].participants)
        transcript = hashlib.sha256(order).digest()
        fields = (self.domain, self.number, order, transcript, key, shares_digest(shares))
        signature = sign(self.key, KeygenSuccess(*fields, NO_SIGNATURE).signed_bytes())
        return CeremonyStep(KeygenDone(KeygenSuccess(*fields, signature), shares).encode())

    def keygen_forget(self, order: bytes) -> None:
        self.ceremonies.pop(order, None)


class StubCombiner:
    """Combines the stub shares; blames a share that is not the signer's."""

    def combine(
        self, key: SigningKey, order: SignOrder, message: bytes, shares: Mapping[int, bytes]
    ) -> bytes | tuple[int, ...]:
        leaf = leaf_hash(order.encode())
        wrong = tuple(number for number, share in shares.items() if share != share_of(leaf, number))
        if wrong:
            return wrong
        nonces = hashlib.sha256(b"".join(slot.hiding + slot.binding for slot in order.signers)).digest()
        return signature_of(key.public_key, message, nonces)

    def signed(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return signed(public_key, message, signature)


class StubChecks:
    """The vault's checks with stub cryptography."""

    def __init__(self, token: StubToken) -> None:
        self._token = token

    def signature(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return signed(public_key, message, signature)

    def member_keys(self, vote_key: bytes, sealing_key: bytes) -> bool:
        return True

    def announcement(self, announcement: Announcement) -> bool:
        return self._token.learn(announcement.encode())

    def schnorr(self, suite: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return signature_of(public_key, message, signature[:32]) == signature

    def body_held(self, content_sha256: bytes, body_bytes: int) -> bool:
        return True
