"""Makes tests/vectors/certificates.txt: good and bad certificates for n = 4 to 10, for the verifier in C and the one in
Python alike (docs/spec/certificate.md).

    python -m tests.reference.certificates > tests/vectors/certificates.txt

Shares no code with src/ or native/: the encodings are packed by hand, the signatures made by the slow arithmetic of
tests/reference/frost_ed25519, so that signatures can be made here which no library makes (R of small order, R off the
prime-order subgroup, S beyond the group order). Each case has one fault, so that both verifiers must name the same.
Nothing is random: every key and nonce is a hash of what it is for.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.reference.frost_ed25519 import IDENTITY, L, P, Point, add, decode, encode, multiply

SIZES = range(4, 11)
PRE_PREPARE, PREPARE, COMMIT = range(3)
EPOCH = 3
VIEW = 7


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


DOMAIN = sha256(b"thresign certificate vectors")


def _scalar(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


@cache
def secret_of(number: int) -> int:
    return _scalar(b"vote key %d" % number)


@cache
def vote_key(number: int) -> bytes:
    return encode(multiply(secret_of(number)))


@cache
def torsion_point() -> Point:
    """A point of order 8."""
    y = 2
    while True:
        y += 1
        try:
            point = multiply(L, decode(y.to_bytes(32, "little")))
        except ValueError:
            continue
        if multiply(4, point) != IDENTITY:
            return point


def finish(number: int, r_bytes: bytes, nonce: int, message: bytes) -> bytes:
    """The signature (R, nonce + h * secret) with h over this very encoding of R (RFC 8032 section 5.1.6)."""
    challenge = _scalar(r_bytes, vote_key(number), message)
    return r_bytes + ((nonce + challenge * secret_of(number)) % L).to_bytes(32, "little")


@cache
def sign(number: int, message: bytes) -> bytes:
    nonce = _scalar(b"nonce %d" % number, message)
    return finish(number, encode(multiply(nonce)), nonce, message)


def sign_with_identity(number: int, message: bytes) -> bytes:
    """R is the identity: S B = R + h A holds, but R has small order."""
    return finish(number, encode(IDENTITY), 0, message)


def sign_with_other_identity(number: int, message: bytes) -> bytes:
    """The same with the identity's other encoding, y = p + 1."""
    return finish(number, (P + 1).to_bytes(32, "little"), 0, message)


def sign_off_subgroup(number: int, message: bytes) -> bytes:
    """R has a part of order 8: 8 S B = 8 R + 8 h A holds, S B = R + h A does not."""
    nonce = _scalar(b"nonce %d" % number, message)
    return finish(number, encode(add(multiply(nonce), torsion_point())), nonce, message)


def malleable(signature: bytes) -> bytes:
    """S + L: the equation holds, the encoding is not the one."""
    return signature[:32] + (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")


class Header(NamedTuple):
    """As src/thresign/orders/header.py has it."""

    domain: bytes
    epoch: int
    roster: bytes
    sequence: int
    time_ms: int
    previous: bytes
    batch_root: bytes

    def encode(self) -> bytes:
        numbers = struct.pack(">QQ", self.sequence, self.time_ms)
        return (
            b"ts.head1"
            + self.domain
            + struct.pack(">Q", self.epoch)
            + self.roster
            + numbers
            + self.previous
            + self.batch_root
        )


def vote_bytes(phase: int, view: int, header: Header) -> bytes:
    return b"ts.vote1" + bytes([phase]) + struct.pack(">Q", view) + header.encode()


def certificate(header: Header, view: int, votes: list[tuple[int, bytes]]) -> bytes:
    body = b"".join(struct.pack(">H", number) + signature for number, signature in votes)
    return b"ts.cert1" + header.encode() + struct.pack(">QI", view, len(votes)) + body


class Case(NamedTuple):
    """What is wrong (or right), the name of the answer in native/include/thresign/result.h, and the certificate."""

    what: str
    expect: str
    encoded: bytes


class Domain:
    """n members with gaps in their numbers, their roster, and a header to vote on."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.f = (n - 1) // 3
        self.q = -(-(n + self.f + 1) // 2)
        self.numbers = [3 * i + 2 for i in range(n)]
        members = b"".join(self._member(number) for number in self.numbers)
        self.roster = b"ts.rost1" + struct.pack(">QHHI", EPOCH, self.f, self.q, n) + members
        self.header = Header(
            DOMAIN, EPOCH, sha256(self.roster), 9, 1_800_000_000_000, sha256(b"previous"), sha256(b"root")
        )

    @staticmethod
    def _member(number: int) -> bytes:
        name = b"m%d" % number
        head = struct.pack(">HI", number, len(name)) + name
        return head + vote_key(number) + sha256(b"sealing key %d" % number)

    def vote(
        self, number: int, view: int = VIEW, phase: int = COMMIT, header: Header | None = None
    ) -> tuple[int, bytes]:
        return number, sign(number, vote_bytes(phase, view, self.header if header is None else header))

    def votes(self, numbers: list[int], view: int = VIEW, header: Header | None = None) -> list[tuple[int, bytes]]:
        return [self.vote(number, view, COMMIT, header) for number in numbers]

    def make(self, numbers: list[int], view: int = VIEW, header: Header | None = None) -> bytes:
        chosen = self.header if header is None else header
        return certificate(chosen, view, self.votes(numbers, view, header))


def counted(domain: Domain) -> Iterator[Case]:
    """How many, and who."""
    numbers, q = domain.numbers, domain.q
    yield Case("a quorum, the first", "TS_OK", domain.make(numbers[:q]))
    yield Case("a quorum, the last", "TS_OK", domain.make(numbers[-q:]))
    yield Case("of view 0", "TS_OK", domain.make(numbers[:q], 0))
    yield Case("of the last view", "TS_OK", domain.make(numbers[:q], 2**64 - 1))
    yield Case("no votes", "TS_TOO_FEW_VOTES", domain.make([]))
    yield Case("one vote less than a quorum", "TS_TOO_FEW_VOTES", domain.make(numbers[: q - 1]))
    if 2 * domain.f + 1 < q:
        yield Case("2f + 1 votes, where q is larger", "TS_TOO_FEW_VOTES", domain.make(numbers[: 2 * domain.f + 1]))
    yield Case("one vote more than a quorum", "TS_TOO_MANY_VOTES", domain.make(numbers[: q + 1]))
    twice = [*numbers[: q - 1], numbers[q - 2]]
    yield Case("a voter twice", "TS_VOTERS_NOT_RISING", domain.make(twice))
    swapped = [numbers[1], numbers[0], *numbers[2:q]]
    yield Case("voters out of order", "TS_VOTERS_NOT_RISING", domain.make(swapped))
    votes = domain.votes(numbers[:q])
    between = [*votes[:-1], (votes[-1][0] + 1, votes[-1][1])]
    yield Case(
        "a vote under a number that no member has", "TS_UNKNOWN_VOTER", certificate(domain.header, VIEW, between)
    )
    stranger = [*votes[:-1], domain.vote(1000)]
    yield Case("a stranger's good vote", "TS_UNKNOWN_VOTER", certificate(domain.header, VIEW, stranger))
    nobody = [(0, votes[0][1]), *votes[1:]]
    yield Case("a vote under number 0", "TS_UNKNOWN_VOTER", certificate(domain.header, VIEW, nobody))


def bound(domain: Domain) -> Iterator[Case]:
    """What the votes are for."""
    numbers, q, header = domain.numbers, domain.q, domain.header
    chosen = numbers[:q]
    other = sha256(b"another")
    yield Case("of another domain", "TS_OTHER_DOMAIN", domain.make(chosen, VIEW, header._replace(domain=other)))
    yield Case("of the epoch before", "TS_OTHER_ROSTER_EPOCH", domain.make(chosen, VIEW, header._replace(epoch=2)))
    yield Case("of the epoch after", "TS_OTHER_ROSTER_EPOCH", domain.make(chosen, VIEW, header._replace(epoch=4)))
    yield Case("of another roster", "TS_OTHER_ROSTER", domain.make(chosen, VIEW, header._replace(roster=other)))
    votes = domain.votes(chosen)
    for what, changed in (
        ("sequence", header._replace(sequence=10)),
        ("time", header._replace(time_ms=1)),
        ("history", header._replace(previous=other)),
        ("batch", header._replace(batch_root=other)),
    ):
        yield Case(f"votes for another {what}", "TS_VOTE_SIGNATURE", certificate(changed, VIEW, votes))
    yield Case("votes of another view", "TS_VOTE_SIGNATURE", certificate(header, VIEW + 1, votes))
    for what, vote in (
        ("a vote of another view", domain.vote(chosen[-1], VIEW - 1)),
        ("a prepare among the commits", domain.vote(chosen[-1], VIEW, PREPARE)),
        ("a pre-prepare among the commits", domain.vote(chosen[-1], VIEW, PRE_PREPARE)),
        ("a vote for another header", domain.vote(chosen[-1], VIEW, COMMIT, header._replace(sequence=10))),
        ("a member's vote under another's number", (chosen[-1], domain.vote(chosen[0])[1])),
    ):
        yield Case(what, "TS_VOTE_SIGNATURE", certificate(header, VIEW, [*votes[:-1], vote]))
    half = [domain.vote(number, VIEW + i % 2) for i, number in enumerate(chosen)]
    yield Case("votes of two views, in turn", "TS_VOTE_SIGNATURE", certificate(header, VIEW, half))


def signed(domain: Domain) -> Iterator[Case]:
    """Signatures: first member, last member."""
    chosen, header = domain.numbers[: domain.q], domain.header
    message = vote_bytes(COMMIT, VIEW, header)
    votes = domain.votes(chosen)
    for place in (0, len(chosen) - 1):
        number, good = votes[place]
        for what, signature in (
            ("of zeros", bytes(64)),
            ("with a bit of R changed", bytes([good[0] ^ 1]) + good[1:]),
            ("with a bit of S changed", good[:32] + bytes([good[32] ^ 1]) + good[33:]),
            ("with S + L", malleable(good)),
            ("with the identity for R", sign_with_identity(number, message)),
            ("with the identity's other encoding for R", sign_with_other_identity(number, message)),
            ("that holds only times the cofactor", sign_off_subgroup(number, message)),
        ):
            changed = [*votes[:place], (number, signature), *votes[place + 1 :]]
            which = "first" if place == 0 else "last"
            yield Case(f"the {which} signature, {what}", "TS_VOTE_SIGNATURE", certificate(header, VIEW, changed))


def formed(domain: Domain) -> Iterator[Case]:
    """Bytes that are no certificate."""
    good = domain.make(domain.numbers[: domain.q])
    count_at = 8 + 160 + 8
    yield Case("no bytes", "TS_MALFORMED", b"")
    yield Case("a byte short", "TS_MALFORMED", good[:-1])
    yield Case("a byte over", "TS_MALFORMED", good + b"\0")
    yield Case("another tag", "TS_MALFORMED", b"ts.cert2" + good[8:])
    yield Case("another header tag", "TS_MALFORMED", good[:8] + b"ts.head2" + good[16:])
    yield Case(
        "a vote less than counted",
        "TS_MALFORMED",
        good[:count_at] + struct.pack(">I", domain.q + 1) + good[count_at + 4 :],
    )
    yield Case(
        "a vote more than counted",
        "TS_MALFORMED",
        good[:count_at] + struct.pack(">I", domain.q - 1) + good[count_at + 4 :],
    )
    yield Case("a huge count", "TS_MALFORMED", good[:count_at] + struct.pack(">I", 2**32 - 1) + good[count_at + 4 :])


def text() -> str:
    """The file."""
    lines = [
        "# Certificates and what a verifier must say of them: made by `python -m tests.reference.certificates`,",
        "# checked by native/tests/certificate/vectors.c and tests/unit/orders/test_certificate_vectors.py.",
        "# `size` is n; the roster of n members stands at roster[n]. `expect` is a name of thresign/result.h.",
        f"domain = {DOMAIN.hex()}",
    ]
    domains = {n: Domain(n) for n in SIZES}
    lines += [f"roster[{n}] = {domain.roster.hex()}" for n, domain in domains.items()]
    at = 0
    for n, domain in domains.items():
        for make in (counted, bound, signed, formed):
            for case in make(domain):
                at += 1
                lines.append(f"# n = {n}, q = {domain.q}: {case.what}")
                lines.append(f"size[{at}] = {n:02x}")
                lines.append(f"expect[{at}] = {case.expect}")
                lines.append(f"certificate[{at}] = {case.encoded.hex()}")
    lines.append(f"cases = {at:04x}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
