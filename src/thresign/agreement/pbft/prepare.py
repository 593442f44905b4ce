"""PRE-PREPARE at a backup, up to its own prepare."""

from __future__ import annotations

from thresign.agreement.pbft import witness
from thresign.agreement.pbft.commit import check_prepared
from thresign.agreement.pbft.decide import check_committed
from thresign.agreement.pbft.events import Ask, Broadcast, SetTimer, Suspect, Tag, Timer
from thresign.agreement.pbft.state import Core
from thresign.errors import ThresignError
from thresign.ids import Digest
from thresign.orders.header import Phase
from thresign.orders.votes import PrePrepare, Vote
from thresign.vault import calls
from thresign.wire.canonical import Record

EARLY_MAX = 8


def on_pre_prepare(core: Core, sender: int, message: PrePrepare) -> None:
    """Takes a proposal in.

    - it comes from the primary of its view, which is not this module; [PBFT-PP1]
    - its view is the installed one (a later one waits until it is entered), its slot the next (the one after that waits
      until the next is decided); [PBFT-PP2]
    - it is the first for its slot in this view: a second with another digest is equivocation. [PBFT-PP3]
    Then the vault is asked to prepare.
    """
    sequence, view = message.header.sequence, message.view
    if sender != core.roster.primary(view) or sender == core.number or view < core.view or sequence <= core.sequence:
        return
    if view > core.view or sequence > core.next or not core.active:
        if len(core.early) < EARLY_MAX or (view, sequence) in core.early:
            core.early[view, sequence] = message
        core.ahead[sender] = max(core.ahead.get(sender, 0), sequence - 1)
        return
    witness.see_proposal(core, message)
    slot = core.slot(sequence)
    digest = Digest(message.header.digest())
    if slot.pre_prepare is not None and slot.digest != digest:
        core.out.append(Suspect(sender, f"two proposals for view {view}, sequence {sequence}"))
        return
    if slot.pre_prepare is None:
        slot.pre_prepare = message
        slot.digest = digest
        core.bodies[digest] = (sequence, message.body)
        check_committed(core, sequence)
    if not slot.accepted:
        core.ask(Ask.PREPARE, view, sequence, calls.PrepareCall(message))


def take_early(core: Core) -> None:
    """A proposal that came before its turn may have it now."""
    if not core.early or not core.active:
        return
    message = core.early.pop((core.view, core.next), None)
    if message is not None:
        on_pre_prepare(core, core.primary, message)
    for view, sequence in list(core.early):
        if view < core.view or sequence <= core.sequence:
            del core.early[view, sequence]


def prepared(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault prepared: tell all. It refused: maybe something has not arrived yet; else the timer will judge."""
    slot = core.slots.get(tag.sequence)
    if tag.view != core.view or slot is None or slot.digest is None:
        return
    if isinstance(reply, Vote):
        slot.accepted = True
        slot.own[Phase.PREPARE] = reply
        slot.prepares.setdefault(slot.digest, {})[core.number] = reply.signature
        core.out.append(Broadcast(reply))
        check_prepared(core, tag.sequence)
    elif isinstance(reply, ThresignError):
        core.out.append(Suspect(core.primary, f"proposal not prepared: {reply.detail}"))
        core.out.append(SetTimer(Timer.RETRY, core.timing.retry_ms))


def retry(core: Core) -> None:
    """Asks again about a proposal that the vault did not prepare: a body or a clock may have caught up."""
    slot = core.slots.get(core.next)
    if core.active and not core.leads and slot is not None and slot.pre_prepare is not None and not slot.accepted:
        core.ask(Ask.PREPARE, core.view, core.next, calls.PrepareCall(slot.pre_prepare))
