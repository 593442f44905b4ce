"""Proof that a module signed two things of which an honest one signs at most one: data that convinces anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from thresign.errors import InvalidEvidence, MalformedRecord
from thresign.orders.roster import Roster
from thresign.orders.votes import Checkpoint, SignedVote
from thresign.wire.canonical import Record

Place = tuple[int, int, int, int]
"""Module, phase (3: checkpoint), view (0 for a checkpoint), sequence."""
CHECKPOINT_PHASE = 3


def place_of(message: SignedVote | Checkpoint) -> Place:
    """Of all messages with one place an honest module signs one."""
    if isinstance(message, SignedVote):
        return (message.number, message.phase, message.view, message.header.sequence)
    return (message.number, CHECKPOINT_PHASE, 0, message.sequence)


def content_of(message: SignedVote | Checkpoint) -> bytes:
    """What was said there, without the signature."""
    if isinstance(message, SignedVote):
        return message.header.encode()
    return message.signed_bytes()


class Equivocation(Record, frozen=True):
    """Two votes of one module in one phase, view and sequence for different headers; or two different checkpoints of it
    at one sequence. Each carries its signature.

    A module whose disk forgot what it signed may get here without meaning it (rejoin rule): the proof is that it voted
    twice, not why.
    """

    TAG: ClassVar[bytes] = b"ts.eqvc1"
    first: SignedVote | Checkpoint
    second: SignedVote | Checkpoint

    def check(self) -> None:
        if place_of(self.first) != place_of(self.second) or content_of(self.first) == content_of(self.second):
            raise MalformedRecord("equivocation: the messages do not contradict each other")

    @property
    def number(self) -> int:
        """The module that signed both."""
        return self.first.number


def verify(evidence: Equivocation, roster: Roster, domain: bytes, valid: Callable[[bytes, bytes, bytes], bool]) -> None:
    """Raises InvalidEvidence unless both messages are of this domain and roster and carry the module's signatures.

    `valid` takes public key, message and signature (32, any, 64 bytes). MalformedRecord if they do not contradict.
    """
    evidence.check()
    member = roster.member(evidence.number)
    if member is None:
        raise InvalidEvidence(f"module {evidence.number} is no member of this roster")
    for message in (evidence.first, evidence.second):
        if isinstance(message, SignedVote):
            header = message.header
            place = (header.domain, header.roster_epoch, header.roster)
        else:
            place = (message.domain, message.roster_epoch, message.roster)
        if place != (domain, roster.epoch, roster.digest()):
            raise InvalidEvidence("a message of another domain or roster")
        if not valid(member.vote_key, message.signed_bytes(), message.signature):
            raise InvalidEvidence(f"a signature that is not module {evidence.number}'s")
