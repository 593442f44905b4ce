"""The values of the ledger. Plain and mutable: only `Change`s made by the planner touch them, in batch order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import takewhile

import msgspec

from thresign.ids import Digest, KeyId, ModuleNumber, RequestId
from thresign.orders.genesis import Caller, Genesis, Settings
from thresign.orders.roster import Roster
from thresign.trust.standing import Standing


class KeyState(IntEnum):
    """GENERATING: the ceremony runs. CONFIRMING: the key's first signature is awaited. Then ACTIVE, or FAILED."""

    GENERATING = 1
    CONFIRMING = 2
    ACTIVE = 3
    FAILED = 4


class Key(msgspec.Struct, frozen=True):
    """A key; what its state does not yet provide is empty."""

    id: KeyId
    name: str
    request: RequestId
    state: KeyState
    version: int
    share_epoch: int
    suite: int
    usage: int
    min_signers: int
    participants: tuple[ModuleNumber, ...]
    expires_ms: int
    ceremony: Digest
    """Leaf hash of the KeygenOrder."""
    public_key: bytes = b""
    verification_shares: tuple[bytes, ...] = ()
    transcript: bytes = b""
    confirmation: Digest = Digest(b"")
    """Leaf hash of the confirming SignOrder of the newest attempt."""
    failure: str = ""
    culprit: int = 0


class Nonce(msgspec.Struct, frozen=True):
    """One announced pair of commitments that no order has consumed."""

    counter: int
    hiding: bytes
    binding: bytes
    expires_ms: int


@dataclass(slots=True)
class Pool:
    """The unused commitments of one module in one group, oldest first. `next_counter` is the next it may announce."""

    incarnation: int
    next_counter: int = 0
    nonces: deque[Nonce] = field(default_factory=deque)

    def waiting(self, time_ms: int) -> int:
        """How many have not expired at this time. Those that have stand at the front."""
        return len(self.nonces) - sum(1 for _ in takewhile(lambda nonce: nonce.expires_ms <= time_ms, self.nonces))


class RequestRecord(msgspec.Struct, frozen=True):
    """What deduplication needs, until the request's signed expiry: never a result."""

    what: Digest
    """SHA-256 over path, content type and content: a retry must ask for the same."""
    order: Digest
    """Leaf hash of the newest order made for it."""
    expires_ms: int


@dataclass(slots=True)
class State:
    """After `sequence`, whose header has digest `head` and time `time_ms`."""

    genesis: Genesis
    settings: Settings
    domain: Digest
    roster: Roster
    head: Digest
    sequence: int = 0
    time_ms: int = 0
    callers: dict[str, Caller] = field(default_factory=dict)
    keys: dict[KeyId, Key] = field(default_factory=dict)
    key_names: dict[str, KeyId] = field(default_factory=dict)
    incarnations: dict[ModuleNumber, int] = field(default_factory=dict)
    pools: dict[tuple[ModuleNumber, int], Pool] = field(default_factory=dict)
    standings: dict[ModuleNumber, Standing] = field(default_factory=dict)
    credits: dict[int, int] = field(default_factory=dict)
    requests: dict[RequestId, RequestRecord] = field(default_factory=dict)
    expiry: dict[int, list[RequestId]] = field(default_factory=dict)
    """Requests by the second in which they expire."""
    found: dict[Digest, int] = field(default_factory=dict)
    """Orders, by leaf hash, that are not replaced any more, since a result of theirs is known; and when they expire."""

    changed_keys: dict[KeyId, None] = field(default_factory=dict)
    """Keys that changed since somebody last cleared this; no part of the agreed state."""

    def put_key(self, key: Key) -> None:
        """Adds or replaces a key."""
        self.keys[key.id] = key
        self.changed_keys[key.id] = None

    def key_by_name(self, name: str) -> Key | None:
        found = self.key_names.get(name)
        return self.keys[found] if found is not None else None


EXPIRY_BUCKET_MS = 1000
