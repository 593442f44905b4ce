"""VIEW-CHANGE and NEW-VIEW: leaving a primary that does not lead. The vault verifies; here they are collected.

What a new view has to propose again follows from its view-changes (orders.votes.outcome), computed by every vault for
itself and by the core only to know which body to bring.
"""

from __future__ import annotations

from thresign.agreement.pbft import deadlines
from thresign.agreement.pbft.events import Ask, Broadcast, CancelTimer, Entered, Send, SetTimer, Suspect, Tag, Timer
from thresign.agreement.pbft.messages import FetchView, ViewChanges
from thresign.agreement.pbft.propose import forward_own
from thresign.agreement.pbft.state import Core
from thresign.errors import InvalidVote, ThresignError
from thresign.orders.votes import NewView, ViewChange, outcome
from thresign.vault import calls
from thresign.wire.canonical import Record

VIEWS_KEPT_MAX = 8


def leave_view(core: Core, target: int) -> None:
    """Asks the vault for a view-change to `target`, with the q view-changes that justify going so far, if held.

    Of what others brought in a module's name only that counts which it has gone as far as itself: whoever makes up
    view-changes for views out of reach does not keep this module from going on.
    """
    if core.unsettled:
        return
    justification: tuple[ViewChange, ...] = ()
    if target > core.view + 1:
        for view in sorted(view for view in core.changes if view >= target - 1):
            held = core.changes[view]
            there = _there(core, view)
            if len(there) >= core.roster.q:
                justification = tuple(held[number] for number in there[: core.roster.q])
                break
    justified = justification[0].view if justification else 0
    core.ask(Ask.CHANGE_VIEW, target, justified, calls.ChangeViewCall(target, justification))


def _there(core: Core, view: int) -> list[int]:
    """Whose view-changes for this view are held, of those that have gone as far by their own word."""
    held = core.changes[view]
    return [number for number in sorted(held) if number == core.number or core.left.get(number, 0) >= view]


def changed(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault left the view: tell all, and wait for the new one."""
    if isinstance(reply, ViewChange) and reply.roster_epoch == core.roster.epoch:
        core.entered = max(core.entered, reply.view)
        core.changes.setdefault(reply.view, {})[core.number] = reply
        core.out.append(Broadcast(reply))
        _set_view_timer(core)
        collect(core)
    elif isinstance(reply, ThresignError) and _drop_invalid(core, tag.sequence, reply):
        leave_view(core, tag.view)


def on_view_change(core: Core, sender: int, change: ViewChange) -> None:
    """Takes a view-change in: for a view above the installed one; its own sender's word goes before a forwarded one.

    - f + 1 distinct modules in higher views: this one follows to the lowest of them; f alone never move it, so only
      what a module says itself counts here, a forwarded signature is not verified before the vault sees it; [PBFT-V1]
    - q for the view that this module leads: it makes the new-view. [PBFT-V2]
    A module in a lower view is given the new-view that it missed.
    """
    if change.view <= core.view:
        if sender == change.number and core.new_view is not None:
            core.out.append(Send(sender, core.new_view))
        return
    own_word = sender == change.number
    if core.roster.member(change.number) is None or not _has_room(core, change, own_word):
        return
    if own_word:
        core.left[sender] = max(core.left.get(sender, 0), change.view)
    held = core.changes.setdefault(change.view, {})
    if own_word or change.number not in held:
        held[change.number] = change
    collect(core)


def _has_room(core: Core, change: ViewChange, own_word: bool) -> bool:
    """Each module has room for a few views. What it says itself takes the place of the farthest that is held of it;
    what others say in its name does not."""
    views = [view for view, held in core.changes.items() if change.number in held]
    if change.view in views or len(views) < VIEWS_KEPT_MAX:
        return True
    if own_word:
        farthest = max(views)
        del core.changes[farthest][change.number]
        if not core.changes[farthest]:
            del core.changes[farthest]
    return own_word


def collect(core: Core) -> None:
    """Follows, and leads, when the view-changes at hand say so."""
    if not core.vault_up or core.unsettled or not core.member:
        return
    higher = [view for view in core.left.values() if view > core.entered]
    if len(higher) > core.roster.f:
        leave_view(core, min(higher))
    view = core.entered
    held = core.changes.get(view, {})
    if view > core.view and core.roster.primary(view) == core.number and core.number in held:
        others = [number for number in sorted(held) if number != core.number]
        if len(others) >= core.roster.q - 1 and core.installing is None:
            chosen = sorted([core.number, *others[: core.roster.q - 1]])
            core.ask(Ask.NEW_VIEW, view, 0, calls.NewViewCall(view, tuple(held[number] for number in chosen)))


def led(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault signed the new-view of which this module is the primary: tell all, and enter it."""
    if isinstance(reply, NewView):
        core.out.append(Broadcast(reply))
        on_new_view(core, reply)
    elif isinstance(reply, ThresignError) and _drop_invalid(core, tag.view, reply):
        # Without a culprit to leave out the vault would refuse the same again: the timer goes on from here.
        collect(core)


def on_new_view(core: Core, message: NewView) -> None:
    """Has the vault enter a view above the installed one; its primary's signature makes it acceptable from anyone."""
    if message.view > core.view and (core.installing is None or message.view > core.installing.view):
        core.installing = message
        core.ask(Ask.INSTALL, message.view, 0, calls.InstallCall(message))


def installed(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault entered the view: nothing of the old one counts, what waits goes to the new primary."""
    message, core.installing = core.installing, None
    if message is None or message.view != tag.view:
        return
    if isinstance(reply, ThresignError):
        core.out.append(Suspect(message.number, f"new-view not entered: {reply.detail}"))
        return
    enter(core, message)
    core.out.append(CancelTimer(Timer.VIEW))
    core.out.append(Entered(core.view))
    if core.entered <= core.view and not core.leads:
        forward_own(core)


def enter(core: Core, message: NewView) -> None:
    """Notes the installed view and what it demands."""
    result = outcome(message.changes, core.chain[-1].sequence if core.chain else 0)
    core.view = message.view
    core.entered = max(core.entered, message.view)
    core.new_view = message
    core.reset_view()
    core.floor = result.floor()
    core.demanded = {header.sequence: header for header in result.demanded if header.sequence > core.sequence}
    core.changes = {view: held for view, held in core.changes.items() if view > core.view}
    core.stalled = False
    core.watching = False
    deadlines.reset(core)
    if core.floor > core.sequence:
        newest = result.decided[0]
        core.decided.setdefault(newest.header.sequence, (newest, b""))
        for change in message.changes:
            known = change.decided[0].header.sequence if change.decided else result.base
            core.ahead[change.number] = max(core.ahead.get(change.number, 0), known)
        core.out.append(SetTimer(Timer.FETCH, 0))


def no_view(core: Core) -> None:
    """The view change did not end in time: say it again, or go one further if a quorum had come along."""
    if core.entered <= core.view:
        return
    held = core.changes.get(core.entered, {})
    core.installing = None
    if len(held) >= core.roster.q:
        core.failed_views += 1
        leave_view(core, core.entered + 1)
    elif core.number in held:
        core.out.append(Broadcast(held[core.number]))
        for peer in sorted(core.peers_up):
            core.out.append(Send(peer, FetchView()))
    else:
        leave_view(core, core.entered)
    _set_view_timer(core)


def on_fetch_view(core: Core, sender: int) -> None:
    """Sends what leads to where this module is."""
    if core.new_view is not None:
        core.out.append(Send(sender, core.new_view))
    for view in sorted(core.changes, key=lambda view: (len(_there(core, view)), view), reverse=True)[:2]:
        held = core.changes[view]
        core.out.append(Send(sender, ViewChanges(tuple(held[number] for number in sorted(held)))))


def _set_view_timer(core: Core) -> None:
    timing = core.timing
    core.out.append(SetTimer(Timer.VIEW, min(timing.progress_ms << core.failed_views, timing.progress_max_ms)))


def _drop_invalid(core: Core, view: int, reply: ThresignError) -> bool:
    """Drops the view-changes that the vault found wrong; True if that leaves something to try anew."""
    dropped = False
    if isinstance(reply, InvalidVote):
        for culprit in reply.culprits:
            core.out.append(Suspect(culprit, reply.detail))
            dropped = core.changes.get(view, {}).pop(culprit, None) is not None or dropped
    return dropped
