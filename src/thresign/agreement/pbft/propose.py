"""The primary's part: what waits is proposed as soon as no slot is in flight, so batches grow with the load.

Also: how entries reach the primary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from thresign.agreement.pbft.commit import check_prepared
from thresign.agreement.pbft.events import Ask, Broadcast, CancelTimer, Refuse, Send, SetTimer, Settled, Tag, Timer
from thresign.agreement.pbft.messages import BodyOf, FetchBody, Forward
from thresign.agreement.pbft.pending import Waiting, parcels
from thresign.agreement.pbft.state import Core
from thresign.errors import Overloaded, ThresignError, by_code
from thresign.ids import Digest
from thresign.limits import BATCH_ENTRIES_MAX
from thresign.orders.batch import Batch, Entry
from thresign.orders.votes import PrePrepare
from thresign.vault import calls
from thresign.wire.canonical import Record

FORWARD_ENTRIES_MAX = 64
ENOUGH_ENTRIES = BATCH_ENTRIES_MAX // 2


def submit(core: Core, entries: Iterable[Entry]) -> None:
    """This node wants these ordered: they wait here until decided batches hold them. Full: refused as Overloaded."""
    taken = []
    for entry in entries:
        try:
            waiting = core.pending.add(entry)
        except Overloaded as error:
            core.out.append(Refuse(entry, error))
            continue
        if waiting is not None:
            taken.append(waiting)
    if core.active and core.leads:
        return
    for forward in forwards(taken):
        if core.active and core.primary in core.peers_up:
            core.out.append(Send(core.primary, forward))
        else:
            # The primary is gone, or this module is on its way to another view and cannot know who orders: tell all.
            core.out.append(Broadcast(forward))


def forwards(waiting: Iterable[Waiting]) -> Iterator[Forward]:
    """The entries in messages that fit in frames."""
    for parcel in parcels((one.entry for one in waiting), FORWARD_ENTRIES_MAX):
        yield Forward(Batch(parcel))


def on_forward(core: Core, sender: int, batch: Batch) -> None:
    """Another node's entries: the primary orders them, the others watch that it does. Beyond the bounds: dropped."""
    for entry in batch.entries:
        try:
            core.pending.add(entry, via=sender)
        except Overloaded:
            return


def forward_own(core: Core) -> None:
    """Sends what this node wants ordered to the primary of a view just entered."""
    own = [waiting for waiting in core.pending.everything() if waiting.own]
    core.out.extend(Send(core.primary, forward) for forward in forwards(own))


def propose(core: Core) -> None:
    """As primary of an active view with no slot in flight: proposes what the view demands, or what waits."""
    if not (core.leads and core.active) or core.sequence < core.floor or core.next in core.decided or core.stalled:
        return
    slot = core.slots.get(core.next)
    if (slot is not None and slot.pre_prepare is not None) or core.asking(Ask.PROPOSE, Ask.REPROPOSE, Ask.DECIDE):
        return
    demanded = core.demanded.get(core.next)
    if demanded is not None:
        body = core.bodies.get(Digest(demanded.digest()), (0, b""))[1]
        core.ask(Ask.REPROPOSE, core.view, core.next, calls.ReproposeCall(core.view, demanded, body))
    elif len(core.pending) > 0 and not _gathers(core):
        core.proposing = core.pending.batch()
        core.ask(Ask.PROPOSE, core.view, core.next, calls.ProposeCall(core.view, Batch(core.proposing)))


def _gathers(core: Core) -> bool:
    """True while more entries are to go into the next batch: a batch costs much, an entry in it little, and its orders
    would only wait behind those of earlier batches that are not answered. An idle domain's batch never waits."""
    if core.signing and not core.gathered and len(core.pending) < ENOUGH_ENTRIES:
        if not core.gathering:
            core.gathering = True
            core.out.append(SetTimer(Timer.GATHER, core.timing.gather_ms))
        return True
    if core.gathering:
        core.out.append(CancelTimer(Timer.GATHER))
    core.gathering = core.gathered = False
    return False


def proposed(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault signed a pre-prepare of what is permitted now, or nothing is."""
    if not isinstance(reply, calls.Proposed):
        stall(core)
        return
    for entry, verdict in zip(core.proposing, reply.verdicts, strict=False):
        if verdict.kind in (calls.REFUSE, calls.KNOWN):
            drop(core, entry, by_code(verdict.code, verdict.detail) if verdict.kind == calls.REFUSE else None)
        elif verdict.kind == calls.LATER:
            core.pending.postpone(entry)
    core.proposing = ()
    if reply.message:
        _send(core, tag, reply.message[0])
    elif any(verdict.kind == calls.LATER for verdict in reply.verdicts):
        stall(core)


def reproposed(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault signed what the new view demands; without the body, others are asked for it."""
    if isinstance(reply, PrePrepare):
        _send(core, tag, reply)
        return
    demanded = core.demanded.get(core.next)
    if demanded is not None and tag.view == core.view:
        core.bodies.pop(Digest(demanded.digest()), None)
        core.out.append(Broadcast(FetchBody(demanded.digest())))
        stall(core)


def on_body(core: Core, message: BodyOf) -> None:
    """A body that a new view demands; the vault judges whether it is."""
    for sequence, header in core.demanded.items():
        if header.digest() == message.header and sequence == core.next:
            core.bodies.setdefault(Digest(message.header), (sequence, message.body))
            core.stalled = False


def _send(core: Core, tag: Tag, message: PrePrepare) -> None:
    if tag.view != core.view or message.view != core.view or message.header.sequence != core.next:
        return
    slot = core.slot(core.next)
    slot.pre_prepare = message
    slot.digest = Digest(message.header.digest())
    slot.accepted = True
    core.bodies[slot.digest] = (core.next, message.body)
    core.out.append(Broadcast(message))
    check_prepared(core, core.next)


def stall(core: Core) -> None:
    """Nothing can be ordered now: try again after a while, or after the next batch."""
    core.stalled = True
    core.out.append(SetTimer(Timer.RETRY, core.timing.retry_ms))


def drop(core: Core, entry: Entry, error: ThresignError | None) -> None:
    """The entry will not be ordered (again); who submitted it here is told if it was refused."""
    waiting = core.pending.remove(entry)
    if waiting is not None and waiting.own:
        core.out.append(Settled(entry) if error is None else Refuse(entry, error))
