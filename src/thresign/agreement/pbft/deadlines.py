"""How long each entry has waited, and what was decided meanwhile: deadlines against a primary that leaves one out."""

from __future__ import annotations

from collections.abc import Collection

from thresign.agreement.pbft.pending import Waiting
from thresign.agreement.pbft.state import Core
from thresign.limits import BATCH_ENTRIES_MAX
from thresign.orders.batch import Entry

OVERDUE_MAX = 32


def count(core: Core) -> None:
    """At each tick: what waits has waited for one more in this view; what does not wait any more is forgotten."""
    core.waited = {waiting.entry: core.waited.get(waiting.entry, 0) + 1 for waiting in core.pending.everything()}
    core.overtaken &= core.waited.keys()
    core.starved &= core.waited.keys()


def passed(core: Core, entries: Collection[Entry]) -> None:
    """A batch was decided: if it had room, what had waited for a whole tick was overtaken. Under load, when batches are
    full, waiting proves nothing."""
    core.overtaken.difference_update(entries)
    core.starved.difference_update(entries)
    core.suspects = core.suspects and bool(core.starved)
    if len(entries) < BATCH_ENTRIES_MAX // 2:
        core.overtaken |= {entry for entry, ticks in core.waited.items() if ticks > 1}.difference(entries)


def overtaken(core: Core) -> tuple[list[Waiting], tuple[Waiting, ...]]:
    """What was overtaken and is halfway to its deadline at this tick; and what is past it. A bounded number of each."""
    limit = max(2, core.timing.request_ms // core.timing.standing_ms)
    found = [waiting for waiting in core.pending.everything() if waiting.entry in core.overtaken]
    halfway = [waiting for waiting in found if core.waited.get(waiting.entry, 0) == limit // 2]
    overdue = tuple(waiting for waiting in found if core.waited.get(waiting.entry, 0) >= limit)
    return halfway[:OVERDUE_MAX], overdue[:OVERDUE_MAX]


def reset(core: Core) -> None:
    """A new primary has the whole time."""
    core.waited, core.overtaken, core.starved = {}, set(), set()
