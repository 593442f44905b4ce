"""The values of the ledger. Plain and mutable: only `Change`s made by the planner touch them, in batch order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import takewhile
from typing import NamedTuple, Self

import msgspec

from thresign.ids import Digest, KeyId, ModuleNumber, RequestId
from thresign.orders.genesis import Caller, Genesis, Settings
from thresign.orders.roster import Roster
from thresign.trust.standing import Standing

EXPIRY_BUCKET_MS = 1000


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


class RequestRecord(bytes):
    """What deduplication needs, until the request's signed expiry: never a result. The 72 bytes that stand in a
    snapshot, and not three objects: a ledger may hold a million."""

    __slots__ = ()

    @classmethod
    def of(cls, what: Digest, order: Digest, expires_ms: int) -> Self:
        return cls(what + order + expires_ms.to_bytes(8, "big"))

    @property
    def what(self) -> Digest:
        """SHA-256 over path, content type and content: a retry must ask for the same."""
        return Digest(self[:32])

    @property
    def order(self) -> Digest:
        """Leaf hash of the newest order made for it."""
        return Digest(self[32:64])

    @property
    def expires_ms(self) -> int:
        return int.from_bytes(self[64:], "big")

    @property
    def second(self) -> int:
        """In which it expires."""
        return self.expires_ms // EXPIRY_BUCKET_MS


class Second(NamedTuple):
    """The requests that expire in one second as they stand in a snapshot, and the digest of that."""

    encoded: bytes
    digest: Digest


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
    pending: Roster | None = None
    """The roster that follows this one: nothing is ordered before it has."""
    began: int = 0
    """The sequence after which this roster's epoch began."""
    began_head: Digest | None = None
    """The head then; None in the genesis' epoch."""
    last_number: int = 0
    """The highest number that any module has had."""
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

    seconds: dict[int, Second] = field(default_factory=dict)
    """Those of `expiry` that were encoded and have not changed since; no part of the agreed state."""
    changed_keys: dict[KeyId, None] = field(default_factory=dict)
    """Keys that changed since somebody last cleared this; no part of the agreed state."""

    def __post_init__(self) -> None:
        self.last_number = max(self.last_number, self.roster.members[-1].number)

    def put_request(self, request: RequestId, record: RequestRecord) -> None:
        """Adds a request, or replaces what is known of it."""
        second, held = record.second, self.requests.get(request)
        if held is not None and held.second != second:  # its id was used again after its expiry
            self._leave(held.second, request)
        if held is None or held.second != second:
            self.expiry.setdefault(second, []).append(request)
        self.seconds.pop(second, None)
        self.requests[request] = record

    def _leave(self, second: int, request: RequestId) -> None:
        self.seconds.pop(second, None)
        self.expiry[second].remove(request)
        if not self.expiry[second]:
            del self.expiry[second]

    def expire_requests(self, time_ms: int) -> None:
        """Drops those whose second is over at this time."""
        for second in [second for second in self.expiry if (second + 1) * EXPIRY_BUCKET_MS <= time_ms]:
            self.seconds.pop(second, None)
            for request in self.expiry.pop(second):
                del self.requests[request]

    def put_key(self, key: Key) -> None:
        """Adds or replaces a key."""
        self.keys[key.id] = key
        self.changed_keys[key.id] = None

    def key_by_name(self, name: str) -> Key | None:
        found = self.key_names.get(name)
        return self.keys[found] if found is not None else None
