"""How one roster follows another: what may change at once, the certificate of a change, and the chain from the genesis.

A chain is believed link by link: each is signed by q members of the roster before it, and no epoch is left out. The
same checks in C: native/certificate/succession.c. docs/spec/certificate.md states them, and
tests/vectors/successions.txt has cases for both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from thresign.errors import InvalidVote, MalformedRecord
from thresign.limits import ROSTER_EPOCHS_MAX
from thresign.orders.certificates import Verifier, check_checkpoints
from thresign.orders.roster import Member, Roster
from thresign.orders.statements import Statement
from thresign.orders.votes import CheckpointCertificate
from thresign.wire.canonical import Bytes32, Bytes64, Count, Record


class Joining(Statement, frozen=True):
    """A token that is in no roster yet states which member it would be: it has the keys, and belongs to this domain.

    Numbers are never given twice, so this serves for one joining.
    """

    TAG: ClassVar[bytes] = b"ts.join1"
    domain: Bytes32
    member: Member
    signature: Bytes64


class Succession(Record, frozen=True):
    """The certificate of a membership change: q checkpoints of the old roster that name the next one, and that one."""

    TAG: ClassVar[bytes] = b"ts.succ1"
    certificate: CheckpointCertificate
    roster: Roster

    @property
    def sequence(self) -> int:
        """The last sequence of the old roster."""
        return self.certificate.sequence


Chain = Annotated[tuple[Succession, ...], Count(ROSTER_EPOCHS_MAX)]
"""Successions from the genesis on, one for each epoch."""


def joined(old: Roster, new: Roster) -> tuple[Member, ...]:
    """The members of the new roster that the old one does not have, by number."""
    held = set(old.numbers())
    return tuple(member for member in new.members if member.number not in held)


def left(old: Roster, new: Roster) -> tuple[Member, ...]:
    """The members of the old roster that the new one does not have, by number."""
    held = set(new.numbers())
    return tuple(member for member in old.members if member.number not in held)


def check_change(old: Roster, new: Roster) -> None:
    """Raises MalformedRecord unless the new roster may follow the old one: the next epoch; who stays is as before; who
    joins has a number above all before; something changes; at most f (the old roster's) join, and at most f leave."""
    new.check()
    if new.epoch != old.epoch + 1:
        raise MalformedRecord(f"roster: epoch {new.epoch} does not follow epoch {old.epoch}")
    for member in new.members:
        if old.member(member.number) not in (None, member):
            raise MalformedRecord(f"roster: module {member.number} stays, and its name and keys have to")
    joining, leaving = joined(old, new), left(old, new)
    if any(member.number <= old.members[-1].number for member in joining):
        raise MalformedRecord("roster: a new module's number lies above all before")
    if not joining and not leaving:
        raise MalformedRecord("roster: nothing changes")
    if max(len(joining), len(leaving)) > old.f:
        raise MalformedRecord(f"roster: at most {old.f} join and {old.f} leave at once")


def check_succession(succession: Succession, domain: bytes, old: Roster, verifies: Verifier) -> None:
    """Raises InvalidVote or MalformedRecord unless q members of the old roster certified that this one follows.
    [CERT-2]"""
    check_checkpoints(succession.certificate, domain, old, verifies)
    if succession.certificate.next != succession.roster.digest():
        raise InvalidVote("a succession whose certificate names another roster, or none")
    check_change(old, succession.roster)


def rosters(genesis: Roster, chain: Sequence[Succession], domain: bytes, verifies: Verifier) -> list[Roster]:
    """The rosters of all epochs that the chain leads to, by epoch, the genesis' first. Raises InvalidVote or
    MalformedRecord at the first link that does not hold. [CERT-2]"""
    found, before = [genesis], 0
    for link in chain:
        check_succession(link, domain, found[-1], verifies)
        if link.sequence <= before:
            raise InvalidVote(f"a succession at sequence {link.sequence}, after one at {before}")
        before = link.sequence
        found.append(link.roster)
    return found


def newest(genesis: Roster, chain: Sequence[Succession]) -> Roster:
    """The roster that a chain which was checked leads to."""
    return chain[-1].roster if chain else genesis
