"""The progress timer: when to hold that a primary does not lead (OSDI '99 section 4.5.2).

It runs while something could be decided and is not; it starts afresh with every decided batch. What merely waits for
something else (nonces, a signer) is no reason: before leaving a view for what waits, the node asks its own vault
whether any of it could be ordered now.
"""

from __future__ import annotations

from thresign.agreement.pbft.events import Ask, CancelTimer, SetTimer, Timer
from thresign.agreement.pbft.propose import drop
from thresign.agreement.pbft.state import Core
from thresign.agreement.pbft.view_change import leave_view
from thresign.errors import ThresignError, by_code
from thresign.orders.batch import Batch
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
    if not core.leads and core.primary not in core.answering:
        return timing.lost_primary_ms
    return min(timing.progress_ms << core.failed_views, timing.progress_max_ms)


def peer_lost(core: Core, number: int) -> None:
    """The connection to a module broke: if it is the primary, and something waits, soon another has to lead."""
    if core.active and number == core.primary and core.watching:
        core.out.append(SetTimer(Timer.PROGRESS, core.timing.lost_primary_ms))


def on_mute(core: Core, sender: int) -> None:
    """The vault of a connected module does not answer: for agreement that is as if the connection were broken."""
    if sender not in core.mute:
        core.mute.add(sender)
        peer_lost(core, sender)


def no_progress(core: Core) -> None:
    """The timer fired: leave the view if a proposal hangs, or if what waits longest could have been ordered."""
    core.watching = False
    if not core.active:
        return
    if _in_flight(core):
        leave_view(core, core.view + 1)
    elif not core.judging:
        core.judging = tuple(core.pending.sample())
        batch = Batch(tuple(waiting.entry for waiting in core.judging))
        core.ask(Ask.JUDGE, core.view, core.sequence, calls.JudgeCall(batch))


def judged(core: Core, reply: Record | ThresignError) -> None:
    """The own vault's word on what waits: if any of it could be ordered, the primary does not lead."""
    sample, core.judging = core.judging, ()
    if not isinstance(reply, calls.Judged):
        return
    permitted = False
    for waiting, verdict in zip(sample, reply.verdicts, strict=False):
        if verdict.kind == calls.PERMIT:
            permitted = True
        elif verdict.kind == calls.KNOWN:
            drop(core, waiting.entry, None)
        elif verdict.kind == calls.REFUSE:
            drop(core, waiting.entry, by_code(verdict.code, verdict.detail))
    if permitted:
        leave_view(core, core.view + 1)
