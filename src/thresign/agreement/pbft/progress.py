"""The progress timer: when to hold that a primary does not lead (OSDI '99 section 4.5.2).

It runs while something could be decided and is not; it starts afresh with every decided batch. What merely waits for
something else (nonces, a signer) is no reason: before leaving a view for a waiting entry, the node asks its own vault
whether the entry could be ordered now.
"""

from __future__ import annotations

from thresign.agreement.pbft.events import Ask, CancelTimer, SetTimer, Timer
from thresign.agreement.pbft.propose import drop
from thresign.agreement.pbft.state import Core
from thresign.agreement.pbft.view_change import leave_view
from thresign.errors import ThresignError, by_code
from thresign.vault import calls
from thresign.wire.canonical import Record


def watch(core: Core) -> None:
    """Starts or stops the timer as there is something to wait for."""
    wanted = core.active and (len(core.pending) > 0 or _in_flight(core))
    if wanted and not core.watching:
        core.watching = True
        core.out.append(SetTimer(Timer.PROGRESS, _timeout(core)))
    elif core.watching and not wanted:
        core.watching = False
        core.out.append(CancelTimer(Timer.PROGRESS))


def _in_flight(core: Core) -> bool:
    slot = core.slots.get(core.next)
    return core.next in core.demanded or (slot is not None and slot.pre_prepare is not None)


def _timeout(core: Core) -> int:
    timing = core.timing
    if not core.leads and core.primary not in core.peers_up:
        return timing.lost_primary_ms
    return min(timing.progress_ms << core.failed_views, timing.progress_max_ms)


def peer_lost(core: Core, number: int) -> None:
    """The connection to a module broke: if it is the primary, and something waits, soon another has to lead."""
    if core.active and number == core.primary and core.watching:
        core.out.append(SetTimer(Timer.PROGRESS, core.timing.lost_primary_ms))


def no_progress(core: Core) -> None:
    """The timer fired: leave the view if a proposal hangs, or if what waits longest could have been ordered."""
    core.watching = False
    if not core.active:
        return
    oldest = core.pending.oldest()
    if _in_flight(core):
        leave_view(core, core.view + 1)
    elif oldest is not None and core.judging is None:
        core.judging = oldest
        core.ask(Ask.JUDGE, core.view, core.sequence, calls.JudgeCall(oldest.entry))


def judged(core: Core, reply: Record | ThresignError) -> None:
    """The own vault's word on the oldest waiting entry: it could be ordered (leave the view), or it waits rightly."""
    oldest, core.judging = core.judging, None
    if oldest is None or not isinstance(reply, calls.Verdict):
        return
    if reply.kind == calls.PERMIT:
        leave_view(core, core.view + 1)
    elif reply.kind == calls.KNOWN:
        drop(core, oldest.entry, None)
    elif reply.kind == calls.REFUSE:
        drop(core, oldest.entry, by_code(reply.code, reply.detail))
