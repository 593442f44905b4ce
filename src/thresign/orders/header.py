"""Headers, votes and certificates: what a quorum signs, and the proof that it did.

A certificate is valid under a roster if it carries exactly q commit votes of distinct members, in rising order of
number, all for the view it names, each an Ed25519 signature that libsodium's verifier accepts (cofactorless equation,
canonical S, no small-order R or key: docs/spec/certificate.md) over the vote's bytes. The view is in no order.
"""

from __future__ import annotations

import itertools
from enum import IntEnum
from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord
from thresign.ids import Digest
from thresign.limits import MODULES_MAX
from thresign.orders.digests import sha256
from thresign.wire.canonical import U16, U64, Bytes32, Bytes64, Count, Record

VOTE_TAG = b"ts.vote1"


class Phase(IntEnum):
    """Of agreement on one slot (OSDI '99 section 4.2)."""

    PRE_PREPARE = 0
    PREPARE = 1
    COMMIT = 2


class Header(Record, frozen=True):
    """160 bytes; what a batch is hashed into."""

    TAG: ClassVar[bytes] = b"ts.head1"
    domain: Bytes32
    roster_epoch: U64
    roster: Bytes32
    """Digest of the roster of that epoch."""
    sequence: U64
    """From 1."""
    time_ms: U64
    """Agreed time: Unix milliseconds, never below the previous header's."""
    previous: Bytes32
    """Digest of the header before; the domain for sequence 1."""
    batch_root: Bytes32

    def digest(self) -> Digest:
        return sha256(self.encode())


HEADER_BYTES = 160


def vote_bytes(phase: Phase, view: int, header: bytes) -> bytes:
    """What a vote's signature covers: 177 bytes. `header` is an encoded Header."""
    return VOTE_TAG + bytes([phase]) + view.to_bytes(8, "big") + header


class MemberSignature(Record, frozen=True):
    """A member's number and its Ed25519 signature (64 bytes)."""

    number: U16
    signature: Bytes64


def check_rising(signatures: tuple[MemberSignature, ...], what: str) -> None:
    """Raises MalformedRecord unless the numbers rise: each member stands once, and there is one order."""
    if any(a.number >= b.number for a, b in itertools.pairwise(signatures)):
        raise MalformedRecord(f"{what}: members do not rise")


Signatures = Annotated[tuple[MemberSignature, ...], Count(MODULES_MAX)]


class Certificate(Record, frozen=True):
    """q commit votes on a header, all of one view."""

    TAG: ClassVar[bytes] = b"ts.cert1"
    header: Header
    view: U64
    votes: Signatures

    def check(self) -> None:
        check_rising(self.votes, "certificate")
