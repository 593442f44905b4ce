"""The genesis of a trust domain: what every member pins, and the first state of the ledger."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord
from thresign.ids import Digest
from thresign.limits import CHECKPOINT_INTERVAL, NONCE_LIFETIME_MS_MAX, TEXT_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.orders.roster import Roster
from thresign.wire.canonical import U32, U64, Bytes32, Chars, Count, Record

ROLES = frozenset({"admin", "signer", "auditor"})
"""admin: creates keys, enrols callers, changes the members. signer: asks for signatures. auditor: reads requests and
evidence of all."""


CALLER_ID = re.compile(r"[!#-\[\]-~]{1,64}")
"""What stands as `keyid` in a Signature-Input without any escape."""


class Caller(Record, frozen=True):
    """An enrolled REST client: its id (`keyid` of RFC 9421) and Ed25519 public key (32 bytes)."""

    id: Annotated[str, Chars(TEXT_BYTES_MAX)]
    public_key: Bytes32
    roles: Annotated[tuple[Annotated[str, Chars(16)], ...], Count(8)]

    def check(self) -> None:
        if CALLER_ID.fullmatch(self.id) is None:
            raise MalformedRecord("caller: an id is 1 to 64 printable characters without space, quote and backslash")
        if list(self.roles) != sorted(set(self.roles)) or not set(self.roles) <= ROLES:
            raise MalformedRecord(f"caller {self.id}: roles must be sorted and among {sorted(ROLES)}")


class Settings(Record, frozen=True):
    """What the ledger judges by. Times in milliseconds of agreed time."""

    TAG: ClassVar[bytes] = b"ts.sett1"
    request_lifetime_ms_max: U64
    """A request signed for longer than this is refused."""
    clock_skew_ms_max: U64
    """How far a first proposal's time may lie from a vault's clock, and a request's `created` ahead of agreed time."""
    nonce_lifetime_ms: U64
    """Announced commitments that were not used by then are void."""
    ceremony_lifetime_ms: U64
    """A key generation that has not ended by then has failed."""
    silence_ms: U64
    """A module reported silent comes back at the earliest after this time."""
    checkpoint_interval: U32
    callers: Annotated[tuple[Caller, ...], Count(1024)]

    def check(self) -> None:
        ids = [caller.id for caller in self.callers]
        if ids != sorted(set(ids)):
            raise MalformedRecord("settings: callers must be sorted by id, without repeats")
        if not 1 <= self.checkpoint_interval <= CHECKPOINT_INTERVAL:
            raise MalformedRecord(f"settings: checkpoint_interval must lie in 1..{CHECKPOINT_INTERVAL}")
        if not 1 <= self.nonce_lifetime_ms <= NONCE_LIFETIME_MS_MAX:
            raise MalformedRecord(f"settings: nonce_lifetime_ms must lie in 1..{NONCE_LIFETIME_MS_MAX}")

    def digest(self) -> Digest:
        return sha256(self.encode())


class Genesis(Record, frozen=True):
    """The trust domain is named by the digest of this record. Its roster is roster epoch 0."""

    TAG: ClassVar[bytes] = b"ts.gene1"
    name: Annotated[str, Chars(TEXT_BYTES_MAX)]
    created_ms: U64
    salt: Bytes32
    """So that two domains made of the same parts differ."""
    settings: Bytes32
    """Digest of the Settings."""
    roster: Roster

    def check(self) -> None:
        if self.roster.epoch != 0:
            raise MalformedRecord("genesis: roster epoch is not 0")

    def domain(self) -> Digest:
        """The trust domain's id: 32 bytes."""
        return sha256(self.encode())
