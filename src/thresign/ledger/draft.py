"""A batch while it is planned, and the plan that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from thresign.ids import Digest, RequestId
from thresign.ledger.assign import Assigner
from thresign.ledger.state import State
from thresign.ledger.verdicts import Change, Checks, Permit
from thresign.orders.merkle import batch_root, order_hash
from thresign.orders.orders import Order
from thresign.orders.roster import Roster


@dataclass(slots=True)
class Draft:
    """Entries are judged on the ledger after the *previous* batch; what earlier entries of this batch took is here."""

    state: State
    checks: Checks
    time_ms: int
    assigner: Assigner = field(init=False)
    requests: set[RequestId] = field(default_factory=set)
    touched: set[tuple[str, object]] = field(default_factory=set)
    """Things that at most one entry of a batch may change: (kind, which)."""
    fresh: list[tuple[str, object]] = field(default_factory=list)
    """Those that the entry being judged has claimed."""
    creates: bool = False
    """An earlier entry creates a key."""
    next_roster: Roster | None = None
    """What an earlier entry has follow the present roster."""

    def __post_init__(self) -> None:
        self.assigner = Assigner(self.state, self.time_ms)

    def touch(self, kind: str, which: object) -> bool:
        """Claims a thing for one entry; False if an earlier entry of the batch has it."""
        if (kind, which) in self.touched:
            return False
        self.touched.add((kind, which))
        self.fresh.append((kind, which))
        return True

    def judged(self, permitted: bool) -> None:
        """An entry was judged. One that is not permitted claims nothing: else something worthless of a liar, one entry
        after the other, would hold up what waits behind it."""
        if not permitted:
            self.touched.difference_update(self.fresh)
        self.fresh.clear()

    def claimed(self, kind: str) -> int:
        """How many things of a kind earlier entries of the batch have."""
        return sum(held == kind for held, _ in self.touched)


@dataclass(slots=True)
class Plan:
    """A planned batch: on which head it stands, its orders, and what applying it changes."""

    head: Digest
    time_ms: int
    orders: list[Order]
    leaves: list[bytes]
    """The encoded orders."""
    leaf_hashes: list[Digest]
    root: Digest
    changes: list[Change]


def finish(draft: Draft, permits: Sequence[Permit]) -> Plan:
    """The plan of the permitted entries, in order."""
    leaves = [permit.encoded or permit.order.encode() for permit in permits]
    hashes = [order_hash(leaf) for leaf in leaves]
    consumed = draft.assigner.change()
    changes = [consumed] if consumed is not None else []
    for permit in permits:
        changes.extend(permit.changes)
    orders = [permit.order for permit in permits]
    return Plan(draft.state.head, draft.time_ms, orders, leaves, hashes, batch_root(hashes), changes)
