"""The progress timer: when to hold that a primary does not lead (OSDI '99 section 4.5.2).

It runs while something could be decided and is not, by who is connected; it starts afresh with every decided batch.
What merely waits for something else (nonces, a signer) is no reason: before suspecting the primary for what waits, the
node asks its own vault whether any of it could be ordered now.

Leaving a view cannot be taken back, and a module that leaves alone only loses its vote until the others follow. So a
module first says that it suspects the primary, and leaves when f + 1 do: then one of them is honest, and all follow.
"""

from __future__ import annotations

from thresign.agreement.pbft import deadlines
from thresign.agreement.pbft.events import Ask, Broadcast, CancelTimer, Send, SetTimer, Timer
from thresign.agreement.pbft.messages import Forward, Standing
from thresign.agreement.pbft.propose import drop
from thresign.agreement.pbft.state import Core
from thresign.agreement.pbft.view_change import leave_view
from thresign.errors import ThresignError, by_code
from thresign.orders.batch import Batch
from thresign.vault import calls
from thresign.wire.canonical import Record


def watch(core: Core) -> None:
    """Starts or stops the timer as there is something to wait for."""
    connected = len(core.peers_up) + 1 >= core.roster.q
    wanted = connected and not core.suspects and (len(core.pending) > 0 or _in_flight(core)) and core.active
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
        suspect(core)
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
            if waiting.entry in core.overtaken:
                core.starved.add(waiting.entry)
        elif verdict.kind == calls.KNOWN:
            drop(core, waiting.entry, None)
        elif verdict.kind == calls.REFUSE:
            drop(core, waiting.entry, by_code(verdict.code, verdict.detail))
    if permitted:
        suspect(core)


def wait(core: Core) -> None:
    """At each tick: a deadline for each entry, against a primary that orders others' and leaves one out.

    An entry that was overtaken by a batch with room for it is sent to the primary halfway to its deadline, since nobody
    else may have done so; past it, if the own vault holds that it could be ordered, the primary is suspected. [PBFT-V3]
    """
    deadlines.count(core)
    if not core.active or core.leads or not core.overtaken:
        return
    halfway, overdue = deadlines.overtaken(core)
    if halfway:
        core.out.append(Send(core.primary, Forward(Batch(tuple(waiting.entry for waiting in halfway)))))
    if overdue and not core.judging:
        core.judging = overdue
        batch = Batch(tuple(waiting.entry for waiting in overdue))
        core.ask(Ask.JUDGE, core.view, core.sequence, calls.JudgeCall(batch))


def suspect(core: Core) -> None:
    """Says that the primary does not lead; leaves the view at once if f others have said so."""
    if core.active and not core.suspects:
        core.suspects = True
        core.out.append(Broadcast(Standing(core.view, core.entered, core.sequence, core.low, 1, core.roster.epoch)))
        join_suspicion(core)


def join_suspicion(core: Core) -> None:
    """Leaves the view once f + 1 modules, this one among them or not, suspect its primary or have left it. [PBFT-V0]"""
    others = sum(view >= core.view for number, view in core.suspicions.items() if number != core.number)
    if core.active and others + core.suspects > core.roster.f:
        leave_view(core, core.view + 1)
