"""Results, up to the answer: who holds one says so, and once enough do it is answered (docs/adr/0008)."""

from __future__ import annotations

from thresign.ids import Digest
from thresign.signing.events import Answer, Broadcast, Journalled, Recall, Send
from thresign.signing.messages import FetchHeld, Held, Result
from thresign.signing.stages import Combined, accept, answer, hold
from thresign.signing.state import EARLY_HELD_MAX, Journey, Walk


def journalled(journey: Journey, event: Journalled) -> None:
    """Results are on disk: from now on this module holds them, and says so, but for those of orders that it gave up."""
    leaves = []
    for leaf in sorted(event.leaves):
        walk = journey.walks.get(leaf)
        if walk is None or walk.combined is None:
            continue
        walk.held = hold(walk.combined, event.leaves)
        if not walk.reported:
            walk.holders.add(journey.number)
            leaves.append(leaf)
        try_answer(journey, walk)
    if leaves:
        journey.out.append(Broadcast(Held(tuple(leaves))))


def on_held(journey: Journey, sender: int, leaf: Digest) -> None:
    """Counts a holder; before the order is known here it waits."""
    walk = journey.walks.get(leaf)
    if walk is not None:
        walk.holders.add(sender)
        try_answer(journey, walk)
    else:
        early = journey.early_held.setdefault(sender, {})
        early[leaf] = None
        if len(early) > EARLY_HELD_MAX:
            del early[next(iter(early))]


def on_fetch_held(journey: Journey, sender: int, message: FetchHeld) -> None:
    """Says which of these this module holds; of orders that it walks no more, the journal knows."""
    held, gone = [], []
    for order in message.orders:
        walk = journey.walks.get(Digest(order))
        if walk is None:
            gone.append(Digest(order))
        elif walk.held is not None and not walk.reported:
            held.append(order)
    if held:
        journey.out.append(Send(sender, Held(tuple(held))))
    if gone:
        journey.out.append(Recall(sender, tuple(gone), False))


def on_result(journey: Journey, message: Result) -> None:
    """Takes a result in that another module combined, if it is one: from anybody."""
    walk = journey.walks.get(Digest(message.order))
    if walk is not None and walk.combined is None:
        roster = journey.rosters[walk.certified.roster_epoch]
        combined = accept(walk.certified, message.signature, message.partials, roster, journey.combiner)
        if combined is not None:
            walk.combined = combined
            journey.fresh.append(combined)


def try_answer(journey: Journey, walk: Walk) -> None:
    """Answers a result that this module has on disk once enough modules hold it."""
    needed = _holders_needed(journey, walk)
    if walk.held is not None and walk.answered is None and len(walk.holders) >= needed:
        # Who has left, or is in the roster of another epoch, holds nothing that counts.
        holders = walk.holders & set(journey.roster.numbers())
        walk.answered = answer(walk.held, holders, needed)
        if walk.answered is not None:
            journey.settle(walk)
            journey.out.append(Answer(walk.answered))


def _holders_needed(journey: Journey, walk: Walk) -> int:
    """q, so that nobody can have the order replaced. One that is found is not replaced by anybody, nor one of a roster
    that was succeeded: there it is enough that one honest module holds the result."""
    return journey.roster.f + 1 if walk.found else journey.roster.q


def result_of(combined: Combined) -> Result:
    """A result, for a module that lacks it."""
    return Result(combined.certified.leaf, combined.signature, combined.partials)


def remind(journey: Journey, walk: Walk, age: int) -> None:
    """The coordinator, and after it each other signer in turn, sends the result to who does not say it holds it."""
    if walk.combined is None or journey.now_ms < walk.remind_at_ms:
        return
    signers = [slot.number for slot in walk.certified.order.signers]
    start = signers.index(walk.certified.order.coordinator)
    turn = signers[start:] + signers[:start]
    if journey.number not in turn or age < journey.timing.remind_ms * (1 + turn.index(journey.number)):
        return
    walk.remind_at_ms = journey.now_ms + age
    for member in journey.roster.members:
        if member.number not in walk.holders and member.number != journey.number:
            journey.out.append(Send(member.number, result_of(walk.combined)))
