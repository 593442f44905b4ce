"""The rejoin rule on the way: reminding a module of what it signed, and telling it how far we are when it forgot.

What is said here is proven by signatures: a reminder by the reminded module's own, a report by its sender's vault.
"""

from __future__ import annotations

from thresign.agreement.pbft.events import Ask, Broadcast, Send, Tag
from thresign.agreement.pbft.messages import AskHorizon, AskReminder
from thresign.agreement.pbft.state import Core
from thresign.errors import ThresignError
from thresign.ids import Digest
from thresign.orders.header import Header, Phase
from thresign.orders.votes import Checkpoint, HorizonReport, SignedVote
from thresign.vault import calls, recovery_calls
from thresign.wire.canonical import Record


def note(core: Core, phase: Phase, view: int, header: Header, number: int, signature: bytes) -> None:
    """Remembers a vote whose header is known, if it is the furthest of its sender. Unverified: the vault will look."""
    held = core.heard.get(number)
    if held is None or (header.sequence, view, phase) > (held.header.sequence, held.view, held.phase):
        core.heard[number] = SignedVote(phase, view, header, number, signature)


def note_votes(core: Core, sequence: int) -> None:
    """Remembers the votes of a slot for the header that this module holds, when the slot is decided."""
    slot = core.slots.get(sequence)
    if slot is None or slot.pre_prepare is None or slot.digest is None:
        return
    header = slot.pre_prepare.header
    note(core, Phase.PRE_PREPARE, slot.pre_prepare.view, header, core.primary, slot.pre_prepare.signature)
    for phase, votes in ((Phase.PREPARE, slot.prepares), (Phase.COMMIT, slot.commits)):
        for number, signature in votes.get(Digest(slot.digest), {}).items():
            note(core, phase, slot.pre_prepare.view, header, number, signature)


def begin(core: Core, status: calls.Status) -> None:
    """The vault has started. Unless this is the first life of its token, its disk may have forgotten what it signed:
    this node shows it what it still knows itself, and asks the others. As no quorum can be had without as many others
    as have to answer, that costs a round trip and no availability."""
    core.forgot, core.horizon, core.incarnation = bool(status.forgot), status.horizon, status.incarnation
    core.unsettled, core.reminded = status.incarnation > 1, set()
    if core.unsettled:
        own = _reminder(core, core.number, _ask(core))
        if own is None:
            core.reminded.add(core.number)
        else:
            core.ask(Ask.REMIND, 0, core.number, own)
    say_again(core)


def say_again(core: Core) -> None:
    """Asks all others, again and again while it is needed."""
    if core.unsettled:
        core.out.append(Broadcast(_ask(core)))
    if core.forgot:
        core.out.append(Broadcast(AskHorizon(core.incarnation)))


def _ask(core: Core) -> AskReminder:
    return AskReminder(core.sequence, core.entered, core.roster.epoch)


def on_ask_reminder(core: Core, sender: int, message: AskReminder) -> None:
    """Shows a module what it signed beyond where it stands, as far as this one knows."""
    note_votes(core, core.next)
    reminder = _reminder(core, sender, message)
    core.out.append(Send(sender, reminder or recovery_calls.Reminder((), (), ())))


def _reminder(core: Core, number: int, asked: AskReminder) -> recovery_calls.Reminder | None:
    """The furthest that the module was seen to sign of each kind, if beyond where it stands; None if there is nothing.

    What is held of view-changes is of this module's roster epoch: to who stands in an earlier one, any view is beyond.
    """
    vote = core.heard.get(number)
    votes = (vote,) if vote is not None and vote.header.sequence > asked.sequence else ()
    signed = [held[number] for held in core.changes.values() if number in held]
    if core.new_view is not None:
        signed += [change for change in core.new_view.changes if change.number == number]
    newest = max(signed, key=lambda change: change.view, default=None)
    beyond = newest is not None and (core.roster.epoch, newest.view) > (asked.roster_epoch, asked.entered)
    changes = (newest,) if newest is not None and beyond else ()
    checkpoints: tuple[Checkpoint, ...] = ()
    if core.stable is not None and core.stable.sequence > asked.sequence:
        checkpoints = tuple(
            core.stable.checkpoint(held.number, held.signature)
            for held in core.stable.signatures
            if held.number == number
        )
    if not (votes or changes or checkpoints):
        return None
    return recovery_calls.Reminder(votes, changes, checkpoints)


def on_reminder(core: Core, sender: int, reminder: recovery_calls.Reminder) -> None:
    """Shows the vault what another module holds of this one."""
    if not core.unsettled:
        return
    if reminder.votes or reminder.changes or reminder.checkpoints:
        core.ask(Ask.REMIND, 0, sender, reminder)
    else:
        _reminded(core, sender)


def _reminded(core: Core, number: int) -> None:
    core.reminded.add(number)
    if core.number in core.reminded and len(core.reminded) >= core.roster.q:
        core.unsettled = False


def on_report(core: Core, report: HorizonReport) -> None:
    """Gives the vault another module's report."""
    if core.forgot and report.asker == core.number and report.incarnation == core.incarnation:
        core.ask(Ask.REJOIN, 0, report.number, recovery_calls.RejoinCall(report))


def remembered(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault has looked."""
    if isinstance(reply, recovery_calls.Memory):
        began = bool(reply.forgot) and not core.forgot
        core.forgot, core.horizon = bool(reply.forgot), reply.horizon
        if began:
            say_again(core)
        if tag.ask is Ask.REMIND:
            _reminded(core, tag.sequence)
