"""What a node knows of requests: what was asked under which name, what became of it, and whose it is.

A name is a request's id: caller and idempotency key. After a request has expired, its name may be another's.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import NamedTuple

from thresign.errors import Conflict, UnknownKey
from thresign.ledger.snapshot import KeyPart
from thresign.ledger.state import KeyState
from thresign.node import release
from thresign.node.history import History
from thresign.orders.requests import Request
from thresign.policy.actions import KEYS_PATH
from thresign.rest.interface import Changed, KeyMade, Outcome, Signed, Waiting
from thresign.storage.interface import OrderRow

RECENT_MAX = 8192


class Asked(NamedTuple):
    """What a request asks for, whose it is, and until when its idempotency key is taken."""

    what: bytes
    caller: str
    expires_s: int

    @classmethod
    def of(cls, request: Request) -> Asked:
        return cls(request.what(), request.caller, request.expires_s)


class Outcomes:
    """As the node's history, its vault and its recent callers tell it."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.keys: dict[bytes, KeyPart] = {}
        self.asked: OrderedDict[bytes, Asked] = OrderedDict()
        """Recent requests, by name."""
        self.changes: dict[bytes, int] = {}
        """Requests for a change of the members, and the roster epoch that each leads to."""
        self.epoch = 0
        """Of the present roster."""

    def key(self, name: str) -> KeyPart:
        """By its id in hex or its name. Raises UnknownKey."""
        for found in self.keys.values():
            if found.id.hex() == name or (found.name == name and found.state != KeyState.FAILED):
                return found
        raise UnknownKey(f"no key {name!r}")

    def known(self, request: Request, taken: bool, time_ms: int) -> Outcome | None:
        """The outcome of the request, if it was ordered. Raises Conflict for another one under its idempotency key,
        unless that has expired at agreed time `time_ms` and by the clock, and its name is not `taken` by one that
        waits: then the vaults say whether the key is free."""
        name = request.id()
        held = self.asked.get(name)
        if held is None:
            before = self._request(name)
            if before is None:
                return None
            held = Asked.of(before)
            self.remember(name, held)
        if held.what == request.what():
            return self.found(name)
        if taken or held.expires_s * 1000 > max(time_ms, time.time() * 1000):
            raise Conflict("the idempotency key was used for another request")
        return None

    def found(self, name: bytes) -> Outcome | None:
        """The outcome of what is asked for under this name now; None if that was never ordered."""
        rows = self.history.orders(name)
        request, held = self._request(name), self.asked.get(name)
        if request is not None and held is not None and request.what() != held.what:
            return None  # of an earlier request of this name, which has expired
        for row in rows:
            result = self.history.result(row.leaf) if self.history.answered(row.leaf) else None
            if result is not None:
                key = self._key_of(row)
                if key is None or request is None:
                    return None
                release.check_again(request, key, result.signature)
                return Signed(name, key, result.signature)
        for key in self.keys.values() if request is None or request.path == KEYS_PATH else ():
            if key.request == name and key.state in (KeyState.ACTIVE, KeyState.FAILED):
                return KeyMade(name, key)
        if name in self.changes and self.changes[name] <= self.epoch:
            return Changed(name, self.changes[name])
        return Waiting(name, "ordered") if rows else None

    def is_another(self, name: bytes, what: bytes) -> bool:
        """True if what was ordered under this name, if anything, is not this."""
        request = self._request(name)
        return request is not None and request.what() != what

    def caller_of(self, name: bytes) -> str | None:
        """Whose request it was that was ordered under this name; None if there is none."""
        request = self._request(name)
        return request.caller if request is not None else None

    def remember(self, name: bytes, asked: Asked) -> None:
        """The newest request of this name; the oldest of others go when there are too many."""
        self.asked[name] = asked
        if len(self.asked) > RECENT_MAX:
            self.asked.popitem(last=False)

    def _request(self, name: bytes) -> Request | None:
        entry = next(self.history.entries(name), None)
        return entry if isinstance(entry, Request) else None

    def _key_of(self, row: OrderRow) -> KeyPart | None:
        record = self.history.batch(row.sequence)
        if record is None:
            return None
        return next((key for key in self.keys.values() if key.id in record.orders[row.leaf_index]), None)
