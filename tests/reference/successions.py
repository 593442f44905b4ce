"""Makes tests/vectors/successions.txt: how rosters follow one another, well and badly (docs/spec/certificate.md).

    python -m tests.reference.successions > tests/vectors/successions.txt

As tests.reference.certificates: no code of src/ or native/, everything packed and signed by hand.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

from tests.reference.certificates import DOMAIN, Case, malleable, sha256, sign, vote_key

SEQUENCE = 128


class Member(NamedTuple):
    number: int
    name: bytes
    vote: bytes
    sealing: bytes


def member(number: int) -> Member:
    return Member(number, b"m%d" % number, vote_key(number), sha256(b"sealing key %d" % number))


class Roster(NamedTuple):
    epoch: int
    members: tuple[Member, ...]

    @property
    def f(self) -> int:
        return (len(self.members) - 1) // 3

    @property
    def q(self) -> int:
        return -(-(len(self.members) + self.f + 1) // 2)

    def encode(self) -> bytes:
        members = b"".join(
            struct.pack(">HI", m.number, len(m.name)) + m.name + m.vote + m.sealing for m in self.members
        )
        return b"ts.rost1" + struct.pack(">QHHI", self.epoch, self.f, self.q, len(self.members)) + members

    def change(self, leave: tuple[int, ...] = (), join: tuple[int, ...] = (), epoch: int | None = None) -> Roster:
        """The roster after these left and those joined."""
        stay = tuple(m for m in self.members if m.number not in leave)
        return Roster(self.epoch + 1 if epoch is None else epoch, (*stay, *map(member, join)))


class Change(NamedTuple):
    """A succession, in parts that can be bent one by one."""

    old: Roster
    new: Roster
    domain: bytes = DOMAIN
    epoch: int | None = None
    roster: bytes | None = None
    next: bytes | None = None
    voters: tuple[int, ...] | None = None
    tag: bytes = b"ts.chkp1"

    def place(self) -> bytes:
        epoch = self.old.epoch if self.epoch is None else self.epoch
        roster = sha256(self.old.encode()) if self.roster is None else self.roster
        following = sha256(self.new.encode()) if self.next is None else self.next
        said = sha256(b"header") + sha256(b"state") + following
        return self.domain + struct.pack(">Q", epoch) + roster + struct.pack(">Q", SEQUENCE) + said

    def vote(self, number: int, signer: int | None = None) -> tuple[int, bytes]:
        message = self.tag + self.place() + struct.pack(">H", number)
        return number, sign(number if signer is None else signer, message)

    def encode(self, votes: list[tuple[int, bytes]] | None = None) -> bytes:
        chosen = self.voters or tuple(m.number for m in self.old.members[: self.old.q])
        made = [self.vote(number) for number in chosen] if votes is None else votes
        signatures = b"".join(struct.pack(">H", number) + signature for number, signature in made)
        certificate = b"ts.ckcr1" + self.place() + struct.pack(">I", len(made)) + signatures
        return b"ts.succ1" + certificate + self.new.encode()


FOUR = Roster(0, tuple(map(member, (1, 2, 3, 4))))
FIVE = FOUR.change(join=(5,))
SEVEN = Roster(4, tuple(map(member, (2, 3, 5, 7, 11, 13, 17))))
OLD = {4: FOUR, 5: FIVE, 7: SEVEN}


def good() -> Iterator[tuple[int, Case]]:
    yield 4, Case("a fifth joins", "TS_OK", Change(FOUR, FIVE).encode())
    yield 4, Case("certified by the last q", "TS_OK", Change(FOUR, FIVE, voters=(2, 3, 4)).encode())
    yield 4, Case("one is replaced", "TS_OK", Change(FOUR, FOUR.change((2,), (9,))).encode())
    yield 5, Case("one of five leaves", "TS_OK", Change(FIVE, FIVE.change((1,))).encode())
    yield 7, Case("two of seven are replaced", "TS_OK", Change(SEVEN, SEVEN.change((2, 17), (18, 40))).encode())
    yield 7, Case("two of seven leave", "TS_OK", Change(SEVEN, SEVEN.change((3, 5))).encode())


def uncertified() -> Iterator[tuple[int, Case]]:
    """Rosters that may follow, and are not certified."""
    change = Change(FOUR, FIVE)
    votes = [change.vote(number) for number in (1, 2, 3)]
    other = sha256(b"another")
    yield 4, Case("of another domain", "TS_OTHER_DOMAIN", Change(FOUR, FIVE, domain=other).encode())
    yield 4, Case("of the epoch after", "TS_OTHER_ROSTER_EPOCH", Change(FOUR, FIVE, epoch=1).encode())
    yield 5, Case("of the epoch before", "TS_OTHER_ROSTER_EPOCH", Change(FOUR, FIVE).encode())
    yield 4, Case("of another roster", "TS_OTHER_ROSTER", Change(FOUR, FIVE, roster=other).encode())
    yield 4, Case("no votes", "TS_TOO_FEW_VOTES", change.encode([]))
    yield 4, Case("one vote less than a quorum", "TS_TOO_FEW_VOTES", change.encode(votes[:2]))
    yield (
        5,
        Case("2f + 1 votes of five", "TS_TOO_FEW_VOTES", Change(FIVE, FIVE.change((5,)), voters=(1, 2, 3)).encode()),
    )
    yield 4, Case("one vote more than a quorum", "TS_TOO_MANY_VOTES", Change(FOUR, FIVE, voters=(1, 2, 3, 4)).encode())
    yield 4, Case("a voter twice", "TS_VOTERS_NOT_RISING", change.encode([votes[0], votes[1], votes[1]]))
    yield 4, Case("voters out of order", "TS_VOTERS_NOT_RISING", change.encode([votes[1], votes[0], votes[2]]))
    yield 4, Case("a vote of who joins", "TS_UNKNOWN_VOTER", change.encode([*votes[:2], change.vote(5)]))
    yield 4, Case("a vote under number 0", "TS_UNKNOWN_VOTER", change.encode([(0, votes[0][1]), *votes[1:]]))
    borrowed = change.vote(3, signer=1)
    yield 4, Case("a member's vote under another's number", "TS_VOTE_SIGNATURE", change.encode([*votes[:2], borrowed]))
    for place in (0, 2):
        number, signature = votes[place]
        for what, wrong in (("of zeros", bytes(64)), ("with S + L", malleable(signature))):
            bent = [*votes[:place], (number, wrong), *votes[place + 1 :]]
            yield 4, Case(f"signature {place}, {what}", "TS_VOTE_SIGNATURE", change.encode(bent))
    yield 4, Case("statements of another kind", "TS_VOTE_SIGNATURE", Change(FOUR, FIVE, tag=b"ts.here1").encode())
    replaced = Change(FOUR, FOUR.change((2,), (5,)))
    moved = replaced.encode()[: -len(replaced.new.encode())] + FIVE.encode()
    yield 4, Case("the certificate of another change", "TS_OTHER_NEXT_ROSTER", moved)
    none = Change(FOUR, FIVE, next=bytes(32))
    yield 4, Case("the certificate of an ordinary checkpoint", "TS_OTHER_NEXT_ROSTER", none.encode())


def unfollowing() -> Iterator[tuple[int, Case]]:
    """Certified rosters that may not follow."""
    yield 4, Case("an epoch is skipped", "TS_ROSTER_CHANGE", Change(FOUR, FOUR.change(join=(5,), epoch=2)).encode())
    yield 4, Case("the same epoch", "TS_ROSTER_CHANGE", Change(FOUR, FOUR.change(join=(5,), epoch=0)).encode())
    yield 5, Case("an epoch down", "TS_ROSTER_CHANGE", Change(FIVE, FOUR).encode())
    yield 4, Case("nothing changes", "TS_ROSTER_CHANGE", Change(FOUR, FOUR.change()).encode())
    yield 4, Case("two of four join", "TS_ROSTER_CHANGE", Change(FOUR, FOUR.change(join=(5, 6))).encode())
    yield 7, Case("three of seven leave", "TS_ROSTER_CHANGE", Change(SEVEN, SEVEN.change((2, 3, 5))).encode())
    yield 4, Case("two of four are replaced", "TS_ROSTER_CHANGE", Change(FOUR, FOUR.change((1, 2), (5, 6))).encode())
    between = Roster(5, (*SEVEN.members[:2], member(4), *SEVEN.members[2:]))
    yield 7, Case("a new number below the last", "TS_ROSTER_CHANGE", Change(SEVEN, between).encode())
    for what, bent in (
        ("vote key", member(2)._replace(vote=vote_key(9))),
        ("sealing key", member(2)._replace(sealing=sha256(b"x"))),
        ("name", member(2)._replace(name=b"m9")),
    ):
        new = Roster(1, (member(1), bent, member(3), member(4), member(5)))
        yield 4, Case(f"who stays has another {what}", "TS_ROSTER_CHANGE", Change(FOUR, new).encode())
    three = FOUR.change((1,))
    yield 4, Case("three are left", "TS_ROSTER_INVALID", Change(FOUR, three).encode())
    twice = Roster(1, (*FOUR.members, member(5)._replace(vote=vote_key(1))))
    yield 4, Case("who joins has a member's key", "TS_ROSTER_INVALID", Change(FOUR, twice).encode())


def malformed() -> Iterator[tuple[int, Case]]:
    encoded = Change(FOUR, FIVE).encode()
    yield 4, Case("no bytes", "TS_MALFORMED", b"")
    yield 4, Case("a byte short", "TS_MALFORMED", encoded[:-1])
    yield 4, Case("a byte over", "TS_MALFORMED", encoded + b"\0")
    yield 4, Case("another tag", "TS_MALFORMED", b"ts.succ2" + encoded[8:])
    yield 4, Case("a certificate of another kind", "TS_MALFORMED", encoded[:8] + b"ts.cert1" + encoded[16:])
    yield 4, Case("the certificate alone", "TS_MALFORMED", encoded[: -len(FIVE.encode())])


def text() -> str:
    """The file."""
    lines = [
        "# Successions of rosters and what a verifier must say of them: by `python -m tests.reference.successions`,",
        "# checked by native/tests/certificate/successions.c and tests/unit/orders/test_succession_vectors.py.",
        "# `size` is the old roster's n; it stands at roster[n]. `expect` is a name of thresign/result.h.",
        f"domain = {DOMAIN.hex()}",
    ]
    lines += [f"roster[{n}] = {roster.encode().hex()}" for n, roster in OLD.items()]
    at = 0
    for make in (good, uncertified, unfollowing, malformed):
        for n, case in make():
            at += 1
            lines.append(f"# n = {n}: {case.what}")
            lines.append(f"size[{at}] = {n:02x}")
            lines.append(f"expect[{at}] = {case.expect}")
            lines.append(f"succession[{at}] = {case.encoded.hex()}")
    lines.append(f"cases = {at:04x}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
