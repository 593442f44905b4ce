"""Catching up: where everybody stands, and decided batches from who has them. A certificate proves a batch whoever
sends it, so nothing here has to be trusted."""

from __future__ import annotations

from thresign.agreement.pbft import checkpoint, progress, rejoin
from thresign.agreement.pbft.events import (
    Ask,
    Broadcast,
    CancelTimer,
    Send,
    SendDecided,
    SetTimer,
    Stable,
    Switched,
    Timer,
)
from thresign.agreement.pbft.messages import (
    BodyOf,
    DecidedBatch,
    FetchBody,
    FetchDecided,
    FetchView,
    Forward,
    Mute,
    Standing,
)
from thresign.agreement.pbft.state import Core
from thresign.agreement.pbft.view_change import enter
from thresign.ids import Digest
from thresign.orders.batch import Batch
from thresign.vault import calls

FETCHED_MAX = 64
AGAIN_ENTRIES_MAX = 16


def standing(core: Core) -> Standing:
    """Where this module stands."""
    return Standing(core.view, core.entered, core.sequence, core.low, int(core.suspects), core.roster.epoch)


def vault_up(core: Core, status: calls.Status) -> None:
    """The vault is there (again): its status is where this replica stands; what was asked before is void."""
    core.vault_up = True
    core.asked.clear()
    rejoin.note_votes(core, core.next)
    _stand(core, status)
    rejoin.begin(core, status)
    if core.entered > core.view:
        core.out.append(SetTimer(Timer.VIEW, core.timing.progress_ms))


def switched(core: Core, status: calls.Status) -> None:
    """The vault has entered the next roster's epoch: so does this replica, at view 0. What was asked before is void,
    but for the batch that comes next: it may have been asked for too early, and be applied all the same. What was said
    under the roster before does not count."""
    core.asked = {tag for tag in core.asked if tag.ask is Ask.DECIDE}
    _stand(core, status)
    core.forgot, core.horizon = bool(status.forgot), status.horizon
    core.out.append(CancelTimer(Timer.VIEW))
    core.out.append(CancelTimer(Timer.PROGRESS))
    core.out.append(Stable(status.low, status.base))
    core.out.append(Switched(status))
    rejoin.say_again(core)


def _stand(core: Core, status: calls.Status) -> None:
    """The vault's status is where this replica stands."""
    core.enter_roster(status.chain)
    core.slots.clear()
    core.decided.clear()
    core.installing = None
    core.judging = ()
    core.stalled = False
    core.sequence, core.low = status.sequence, status.low
    core.stable = status.stable[0] if status.stable else None
    core.checkpoints.clear()
    core.stabilising = core.transfer = None
    core.tried.clear()
    core.view, core.entered, core.floor = status.view, status.entered, 0
    core.new_view = None
    core.demanded = {}
    for message in status.new_view:
        enter(core, message)
        core.entered = max(core.entered, status.entered)
    for change in status.changes:
        core.changes.setdefault(change.view, {})[core.number] = change
    core.out.append(SetTimer(Timer.STANDING, core.timing.standing_ms))
    core.out.append(Broadcast(standing(core)))
    if status.pending:
        # It signs once, and gives the same again: without q of these checkpoints nobody goes on.
        core.ask(Ask.CHECKPOINT, core.view, core.sequence, calls.CheckpointCall())


def greet(core: Core, number: int) -> None:
    """A connection stands: its other end is told where we are, or that our vault is not there; and from now on too."""
    if core.vault_up:
        core.out.append(Send(number, standing(core)))
    else:
        core.out.append(Send(number, Mute()))
        core.out.append(SetTimer(Timer.STANDING, core.timing.standing_ms))


def tick(core: Core) -> None:
    """At intervals: says where we stand, and, if nothing moved since the last tick, says again what may be lost."""
    core.out.append(Broadcast(standing(core) if core.vault_up else Mute()))
    stuck = core.ticked == core.sequence
    core.ticked = core.sequence
    if not core.vault_up:
        return
    if stuck:
        _say_again(core)
    checkpoint.say_again(core)
    rejoin.say_again(core)
    progress.wait(core)
    again = [waiting for waiting in core.pending.everything() if waiting.own and core.waited.get(waiting.entry, 0) > 1][
        :AGAIN_ENTRIES_MAX
    ]
    if again:
        # To all, and on the way to another view too: a primary that this module left may still lead the others; and
        # should it not order them, the others' timers have to run.
        core.out.append(Broadcast(Forward(Batch(tuple(waiting.entry for waiting in again)))))
    if behind(core):
        fetch(core)


def _say_again(core: Core) -> None:
    if core.entered > core.view:
        held = core.changes.get(core.entered, {}).get(core.number)
        if held is not None:
            core.out.append(Broadcast(held))
    slot = core.slots.get(core.next)
    if slot is None:
        return
    if core.leads and slot.pre_prepare is not None:
        core.out.append(Broadcast(slot.pre_prepare))
    for vote in slot.own.values():
        core.out.append(Broadcast(vote))


def on_standing(core: Core, sender: int, message: Standing) -> None:
    """Notes how far another module is; helps who is in a lower view, asks who is in a higher one."""
    core.mute.discard(sender)
    core.ahead[sender] = message.sequence
    if message.roster_epoch != core.roster.epoch:
        if message.roster_epoch < core.roster.epoch:
            core.out.append(Send(sender, core.chain[message.roster_epoch]))
        return
    if message.suspects or message.entered > message.view:
        core.suspicions[sender] = max(message.view, message.entered - 1)
    else:
        core.suspicions.pop(sender, None)
    progress.join_suspicion(core)
    if message.low < core.low and core.stable is not None:
        core.out.append(Send(sender, core.stable))
    if message.view < core.view and core.new_view is not None:
        core.out.append(Send(sender, core.new_view))
    if message.view > core.view or message.entered > max(core.entered, core.view):
        core.out.append(Send(sender, FetchView()))


def behind(core: Core) -> bool:
    """True if some module says that it has applied more, and it is not on its way already."""
    return max(core.ahead.values(), default=0) > core.sequence and core.next not in core.decided


def givers(core: Core) -> list[int]:
    """The connected modules that say that they are ahead."""
    return sorted(number for number, at in core.ahead.items() if at > core.sequence and number in core.peers_up)


def untried(core: Core) -> list[int]:
    """Those of them that were not asked for the next batch yet."""
    return [number for number in givers(core) if number not in core.tried]


def fetch(core: Core) -> None:
    """Asks one module that is ahead for what is missing; another one if it does not answer in time, or cannot."""
    if not core.vault_up or not behind(core) or core.asking(Ask.DECIDE) or core.transfer is not None:
        return
    candidates = untried(core) or givers(core)
    if not candidates:
        return
    core.fetches += 1
    core.fetching = candidates[core.fetches % len(candidates)]
    core.tried.add(core.fetching)
    core.out.append(Send(core.fetching, FetchDecided(core.next)))
    core.out.append(SetTimer(Timer.FETCH, core.timing.fetch_ms))


def on_fetch_decided(core: Core, sender: int, message: FetchDecided) -> None:
    """Sends decided batches from the journal."""
    if message.sequence <= core.sequence:
        core.out.append(SendDecided(sender, message.sequence))


def on_decided_batch(core: Core, message: DecidedBatch) -> None:
    """Keeps a decided batch for its turn, a bounded number ahead; the vault checks it then."""
    sequence = message.certificate.header.sequence
    if core.sequence < sequence <= core.sequence + FETCHED_MAX:
        held = core.decided.get(sequence)
        if held is None or not held[1]:
            core.decided[sequence] = (message.certificate, message.body)


def on_fetch_body(core: Core, sender: int, message: FetchBody) -> None:
    """Sends the body of an undecided header, if it is here."""
    held = core.bodies.get(Digest(message.header))
    if held is not None:
        core.out.append(Send(sender, BodyOf(message.header, held[1])))
