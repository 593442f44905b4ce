"""The members of a trust domain at one roster epoch, and the quorum they make."""

from __future__ import annotations

import functools
import itertools
from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord
from thresign.ids import Digest, ModuleNumber
from thresign.limits import MODULES_MAX, MODULES_MIN, TEXT_BYTES_MAX, faults, quorum
from thresign.orders.digests import sha256
from thresign.wire.canonical import U16, U64, Bytes32, Chars, Count, Record


class Member(Record, frozen=True):
    """One module: `number` is its FROST identifier, `vote_key` Ed25519, `sealing_key` X25519 (32 bytes each)."""

    number: U16
    name: Annotated[str, Chars(TEXT_BYTES_MAX)]
    vote_key: Bytes32
    sealing_key: Bytes32


class Roster(Record, frozen=True):
    """Members in rising order of number. f and q are written down and must be what n demands."""

    TAG: ClassVar[bytes] = b"ts.rost1"
    epoch: U64
    f: U16
    q: U16
    members: Annotated[tuple[Member, ...], Count(MODULES_MAX)]

    def check(self) -> None:
        n = len(self.members)
        if n < MODULES_MIN:
            raise MalformedRecord(f"roster: {n} members, at least {MODULES_MIN}")
        if self.f != faults(n) or self.q != quorum(n):
            raise MalformedRecord(f"roster: f={self.f}, q={self.q} do not belong to {n} members")
        numbers = [member.number for member in self.members]
        if numbers[0] == 0 or any(a >= b for a, b in itertools.pairwise(numbers)):
            raise MalformedRecord("roster: numbers do not rise from 1")
        for field in ("name", "vote_key", "sealing_key"):
            if len({getattr(member, field) for member in self.members}) != n:
                raise MalformedRecord(f"roster: two members share a {field}")

    def digest(self) -> Digest:
        return _digest(self)

    def numbers(self) -> tuple[ModuleNumber, ...]:
        return tuple(ModuleNumber(member.number) for member in self.members)

    def member(self, number: int) -> Member | None:
        """The member with this number, or None."""
        for member in self.members:
            if member.number == number:
                return member
        return None

    def primary(self, view: int) -> ModuleNumber:
        """Who proposes in this view (OSDI '99 section 4.1: view mod n, by position)."""
        return ModuleNumber(self.members[view % len(self.members)].number)


@functools.lru_cache(maxsize=8)
def _digest(roster: Roster) -> Digest:
    """Remembered by all that it says: a roster stays for long, and every header names it."""
    return sha256(roster.encode())


def make_roster(epoch: int, members: tuple[Member, ...]) -> Roster:
    """A roster with the f and q that belong to it. Raises MalformedRecord if the members do not make one."""
    ordered = tuple(sorted(members, key=lambda member: member.number))
    roster = Roster(epoch, faults(len(ordered)), quorum(len(ordered)), ordered)
    roster.check()
    return roster
