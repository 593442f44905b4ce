"""The rejoin rule on the way: reminding a module of what it signed, and telling it how far we are when it forgot.

What is said here is proven by signatures: a reminder by the reminded module's own, a report by its sender's vault.
"""

from __future__ import annotations

from thresign.agreement.pbft.events import Ask, Broadcast, Send
from thresign.agreement.pbft.messages import AskHorizon, Standing
from thresign.agreement.pbft.state import Core
from thresign.errors import ThresignError
from thresign.ids import Digest
from thresign.orders.header import Header, Phase
from thresign.orders.votes import Checkpoint, HorizonReport, SignedVote
from thresign.vault import recovery_calls
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


def remind(core: Core, sender: int, message: Standing) -> None:
    """A module that was away, or that stands further back than it did, is shown what it signed beyond that."""
    if sender not in core.returned and message.sequence >= core.ahead.get(sender, 0):
        return
    core.returned.discard(sender)
    note_votes(core, core.next)
    vote = core.heard.get(sender)
    votes = (vote,) if vote is not None and vote.header.sequence > message.sequence else ()
    signed = [held[sender] for held in core.changes.values() if sender in held]
    if core.new_view is not None:
        signed += [change for change in core.new_view.changes if change.number == sender]
    newest = max(signed, key=lambda change: change.view, default=None)
    changes = (newest,) if newest is not None and newest.view > message.entered else ()
    checkpoints: tuple[Checkpoint, ...] = ()
    if core.stable is not None and core.stable.sequence > message.sequence:
        checkpoints = tuple(
            core.stable.checkpoint(held.number, held.signature)
            for held in core.stable.signatures
            if held.number == sender
        )
    if votes or changes or checkpoints:
        core.out.append(Send(sender, recovery_calls.Reminder(votes, changes, checkpoints)))


def on_reminder(core: Core, reminder: recovery_calls.Reminder) -> None:
    """Shows the vault what another module holds of this one."""
    if not core.forgot:
        core.ask(Ask.REMIND, 0, 0, reminder)


def on_report(core: Core, report: HorizonReport) -> None:
    """Gives the vault another module's report."""
    if core.forgot and report.asker == core.number and report.incarnation == core.incarnation:
        core.ask(Ask.REJOIN, 0, report.number, recovery_calls.RejoinCall(report))


def remembered(core: Core, reply: Record | ThresignError) -> None:
    """The vault has looked: it asks all others how far they are as long as it does not know what it forgot."""
    if isinstance(reply, recovery_calls.Memory):
        began = bool(reply.forgot) and not core.forgot
        core.forgot = bool(reply.forgot)
        if began:
            ask_horizon(core)


def ask_horizon(core: Core) -> None:
    """Asks all others, again and again while it is needed."""
    if core.forgot:
        core.out.append(Broadcast(AskHorizon(core.incarnation)))
