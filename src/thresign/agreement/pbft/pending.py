"""Entries that wait to be ordered: bounded, fair between callers, each once.

An entry is told apart from others by all that it says: else another module could put something worthless, under a
signature that it has seen, in an entry's place.
"""

from __future__ import annotations

import itertools
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from thresign.errors import Overloaded
from thresign.limits import (
    BATCH_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    BODY_BYTES_MAX,
    PENDING_PER_PEER_MAX,
    PENDING_REQUESTS_MAX,
    PENDING_REQUESTS_PER_CALLER_MAX,
)
from thresign.orders.batch import Entry
from thresign.orders.requests import Request
from thresign.orders.statements import Announcement

APART_BYTES_MAX = 2 * BODY_BYTES_MAX
SAMPLE_OF_QUEUE = 8
SAMPLE_MAX = 32
OWN = 0
MODULES = ""
"""The queue of entries that are no caller's request; it goes first, but takes no more than half a batch's entries and
half of its bytes: what cannot be ordered yet must not keep requests from being ordered."""


class Waiting(NamedTuple):
    """One entry. `via`: the module that forwarded it, 0 if it was submitted at this node. `size`: its bytes, about;
    `apart`: those of its body, if that travels apart."""

    entry: Entry
    size: int
    apart: int
    via: int

    @property
    def own(self) -> bool:
        """Submitted at this node, not forwarded by another."""
        return self.via == OWN


def size_of(entry: Entry) -> int:
    """An upper estimate of the entry's encoding, in bytes."""
    match entry:
        case Request():
            return 1024 + len(entry.body)
        case Announcement():
            return 256 + len(entry.pairs)
        case _:
            return 64 + len(entry.encode())


def parcels(entries: Iterable[Entry], entries_max: int) -> Iterator[tuple[Entry, ...]]:
    """The entries in order, so many and no more bytes at a time that a message with them fits in a frame."""
    parcel: list[Entry] = []
    room = BATCH_BYTES_MAX
    for entry in entries:
        size = size_of(entry)
        if parcel and (len(parcel) == entries_max or size > room):
            yield tuple(parcel)
            parcel, room = [], BATCH_BYTES_MAX
        parcel.append(entry)
        room -= size
    if parcel:
        yield tuple(parcel)


class Pending:
    """Queues by caller, served in turn. A retry of a request that waits is not taken in again."""

    def __init__(self) -> None:
        self._queues: OrderedDict[str, OrderedDict[Entry, Waiting]] = OrderedDict()
        self._where: dict[Entry, str] = {}
        self._via: Counter[int] = Counter()
        """How many entries wait, by who forwarded them."""
        self._own: Counter[str] = Counter()
        """How many of this node's own wait, by caller."""

    def __len__(self) -> int:
        return len(self._where)

    def add(self, entry: Entry, via: int = OWN) -> Waiting | None:
        """Takes an entry in; None if it is here already. Raises Overloaded if there is no room.

        Own requests are bounded in all and for each caller, forwarded ones for each module that forwards: no peer can
        take another's room, by inventing requests of a caller or statements of modules. What was forwarded before it
        was submitted here becomes this node's own.
        """
        caller = entry.caller if isinstance(entry, Request) else MODULES
        if entry in self._where:
            if via == OWN:
                self._adopt(entry, caller)
            return None
        if via != OWN:
            if self._via[via] >= PENDING_PER_PEER_MAX:
                raise Overloaded(f"{self._via[via]} entries of module {via} wait already")
        elif self._via[OWN] >= PENDING_REQUESTS_MAX and caller != MODULES:
            raise Overloaded(f"{self._via[OWN]} requests wait already")
        elif self._own[caller] >= PENDING_REQUESTS_PER_CALLER_MAX:
            raise Overloaded(f"{self._own[caller]} requests of {caller or 'modules'} wait already")
        apart = entry.body_bytes if isinstance(entry, Request) and entry.detached else 0
        waiting = Waiting(entry, size_of(entry), apart, via)
        self._queues.setdefault(caller, OrderedDict())[entry] = waiting
        self._where[entry] = caller
        self._count(waiting, caller, 1)
        return waiting

    def _adopt(self, entry: Entry, caller: str) -> None:
        held = self._queues[caller][entry]
        if held.via != OWN:
            self._count(held, caller, -1)
            self._queues[caller][entry] = held._replace(via=OWN)
            self._count(self._queues[caller][entry], caller, 1)

    def _count(self, waiting: Waiting, caller: str, change: int) -> None:
        self._via[waiting.via] += change
        if waiting.own:
            self._own[caller] += change

    def remove(self, entry: Entry) -> Waiting | None:
        """The entry was ordered, or will never be."""
        caller = self._where.pop(entry, None)
        if caller is None:
            return None
        queue = self._queues[caller]
        waiting = queue.pop(entry)
        self._count(waiting, caller, -1)
        if not queue:
            del self._queues[caller]
            del self._own[caller]
        return waiting

    def postpone(self, entry: Entry) -> None:
        """A statement of a module cannot be ordered yet: those behind it come first."""
        if self._where.get(entry) == MODULES:
            self._queues[MODULES].move_to_end(entry)

    def sample(self) -> list[Waiting]:
        """The oldest few of each queue: enough to see whether anything here could be ordered."""
        chosen: list[Waiting] = []
        for queue in self._queues.values():
            chosen.extend(itertools.islice(queue.values(), SAMPLE_OF_QUEUE))
            if len(chosen) >= SAMPLE_MAX:
                break
        return chosen

    def everything(self) -> list[Waiting]:
        """All, in no particular fairness."""
        return [waiting for queue in self._queues.values() for waiting in queue.values()]

    def batch(self) -> tuple[Entry, ...]:
        """The next entries: statements of modules first, then one of each caller in turn, within the batch's limits.

        Bodies that travel apart are bounded too: a vault keeps them until they are signed, and signing takes time.
        """
        chosen: list[Entry] = []
        room, room_apart = BATCH_BYTES_MAX // 4, APART_BYTES_MAX
        for waiting in itertools.islice(self._queues.get(MODULES, {}).values(), BATCH_ENTRIES_MAX // 2):
            if waiting.size > room and chosen:
                break
            room -= waiting.size
            chosen.append(waiting.entry)
        room += BATCH_BYTES_MAX // 4
        turn = [iter(queue.values()) for caller, queue in self._queues.items() if caller != MODULES]
        while turn and len(chosen) < BATCH_ENTRIES_MAX:
            queue = turn.pop(0)
            next_one = next(queue, None)
            if next_one is None:
                continue
            if (next_one.size > room or next_one.apart > room_apart) and chosen:
                break
            room -= next_one.size
            room_apart -= next_one.apart
            chosen.append(next_one.entry)
            turn.append(queue)
        return tuple(chosen)
