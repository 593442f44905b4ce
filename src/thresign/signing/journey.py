"""The walk of certified orders through a node, sans-IO: `step(event, now_ms) -> effects`.

Every module combines for itself as soon as it has all partials of an order, writes the result down, and says so; a
result is answered when q modules hold it. A module that reports an order's partial missing gives it up: it will not
hold that order's result. As q + q > n + f, an order is either answered or replaced, never both: a request has one
signature. Should some hold a result that others gave up, f + 1 modules that have verified it say so; once the ledger
has that, the order is not replaced any more, and all may hold its result (docs/adr/0008).
"""

from __future__ import annotations

from collections.abc import Sequence

from thresign.ids import Digest
from thresign.limits import BATCH_ENTRIES_MAX
from thresign.orders.merkle import order_hash
from thresign.orders.roster import Roster
from thresign.orders.statements import FoundReport, FoundReports, MissingReport
from thresign.signing import finding, giving_up, holding, partials
from thresign.signing.events import (
    AskMessage,
    AskSigned,
    Broadcast,
    Delivered,
    Effect,
    Event,
    Found,
    Journal,
    Journalled,
    MessageArrived,
    OwnFound,
    OwnReport,
    OwnSigned,
    Past,
    Recall,
    Received,
    Send,
    Tick,
)
from thresign.signing.messages import FetchFound, FetchHeld, FetchPartials, FetchResult, Held, PartialsOf, Result
from thresign.signing.opening import open_orders, with_message
from thresign.signing.stages import Certified, Combined, hold
from thresign.signing.state import Journey, Walk


def step(journey: Journey, event: Event, now_ms: int) -> list[Effect]:
    """Takes in one event; returns what is to be done, in order."""
    journey.out, journey.fresh, journey.now_ms = [], [], now_ms
    match event:
        case Delivered():
            _delivered(journey, event)
        case OwnSigned():
            partials.own_signed(journey, event.signed)
        case Received():
            _received(journey, event.sender, event.message)
        case Journalled():
            holding.journalled(journey, event)
        case OwnReport():
            journey.out.append(Broadcast(event.report))
            giving_up.on_report(journey, event.report)
        case OwnFound():
            journey.out.append(Broadcast(event.report))
            finding.on_found_report(journey, event.report)
        case Found():
            for leaf in sorted(event.orders):
                finding.on_found(journey, leaf)
        case MessageArrived():
            _message_arrived(journey, event)
        case Tick():
            _ask_messages(journey)
            _tick(journey, now_ms)
    if journey.fresh:
        journey.out.append(Journal(tuple(journey.fresh)))
    return journey.out


def _delivered(journey: Journey, event: Delivered) -> None:
    journey.sequence = max(journey.sequence, event.applied.sequence)
    mine = [_begin(journey, order, event.past) for order in open_orders(journey, event)]
    for entry in event.batch.entries:
        if isinstance(entry, FoundReports):
            finding.on_found(journey, order_hash(entry.order))
    for signed in event.applied.signed:
        partials.own_signed(journey, signed)
    if any(mine) and not event.applied.signed:
        journey.out.append(AskSigned(event.applied.sequence))
    for key in [key for key in journey.early if key[0] <= event.applied.sequence]:
        for message in journey.early.pop(key):
            if key[0] == event.applied.sequence:
                partials.on_partials(journey, key[1], message)


def _begin(journey: Journey, certified: Certified, past: Past) -> bool:
    """Begins the walk of an order; True if this module is to sign it."""
    known = journey.walks.get(certified.leaf)
    if known is not None:  # it goes on: a new walk would not know that this one has given the order up
        if known.combined is None:
            journey.out.append(Broadcast(FetchResult(certified.leaf)))
        return False
    # Every signer, and who combines, has to read the whole message: for a large one the clock starts later.
    since_ms = journey.now_ms + certified.order.message_bytes // journey.timing.bytes_per_ms
    walk = Walk(certified, since_ms, since_ms + journey.timing.fetch_ms)
    journey.open(walk)
    walk.holders |= journey.early_holders(certified.leaf)
    _restore(journey, walk, past)
    if journey.is_past(certified):
        walk.found, walk.reported = True, False
        walk.holders |= {journey.number} if walk.held is not None else set()
    if past.replayed and walk.combined is None:
        journey.out.append(Broadcast(FetchResult(certified.leaf)))
    signs = any(slot.number == journey.number for slot in certified.order.signers)
    return signs and walk.held is None and not walk.reported


def _message_arrived(journey: Journey, event: MessageArrived) -> None:
    for leaf, wanted in list(journey.wanted.items()):
        if wanted.order.message_sha256 == event.message_sha256:
            del journey.wanted[leaf]
            if _begin(journey, with_message(journey, leaf, wanted, event.message), wanted.past):
                journey.out.append(AskSigned(wanted.sequence))


def message_of(journey: Journey, message_sha256: bytes) -> bytes | None:
    """The message of an order that is walked here, for a module that lacks it."""
    walked = (walk.certified for walk in journey.walks.values())
    return next((order.message for order in walked if order.order.message_sha256 == message_sha256), None)


def _restore(journey: Journey, walk: Walk, past: Past) -> None:
    """What the journal knows of this order from before a restart."""
    leaf = walk.certified.leaf
    walk.found = leaf in past.found
    walk.reported = leaf in past.reported and not walk.found
    if leaf in past.results:
        walk.combined = Combined(walk.certified, *past.results[leaf])
        walk.held = hold(walk.combined, past.results)
        if not walk.reported:
            walk.holders.add(journey.number)


def _received(journey: Journey, sender: int, message: object) -> None:
    match message:
        case PartialsOf():
            partials.on_partials(journey, sender, message)
        case Held():
            for leaf in message.orders:
                holding.on_held(journey, sender, Digest(leaf))
        case FetchHeld():
            holding.on_fetch_held(journey, sender, message)
        case Result():
            holding.on_result(journey, message)
        case MissingReport():
            if message.number == sender:
                giving_up.on_report(journey, message)
        case FoundReport():
            if message.number == sender:
                finding.on_found_report(journey, message)
        case FetchPartials():
            if message.sequence <= journey.sequence:
                journey.out.append(AskSigned(message.sequence))
        case FetchFound():
            finding.on_fetch_found(journey, sender, Digest(message.order))
        case FetchResult():
            walk = journey.walks.get(Digest(message.order))
            if walk is None:
                journey.out.append(Recall(sender, (Digest(message.order),), True))
            elif walk.combined is not None:
                journey.out.append(Send(sender, holding.result_of(walk.combined)))


def _ask_messages(journey: Journey) -> None:
    others = [member.number for member in journey.roster.members if member.number != journey.number]
    for wanted in journey.wanted.values():
        if journey.now_ms >= wanted.ask_at_ms:
            wanted.ask_at_ms = journey.now_ms + journey.timing.fetch_ms
            wanted.asked += 1
            to = others[(wanted.order.coordinator + wanted.asked) % len(others)]
            journey.out.append(AskMessage(to, wanted.order.message_sha256))


def enter_roster(journey: Journey, rosters: Sequence[Roster], now_ms: int) -> list[Effect]:
    """The newest of these rosters, by epoch from the genesis' on, is the present one. Orders of those before are not
    replaced any more (ledger.enter_roster): they are as good as found."""
    journey.out, journey.fresh, journey.now_ms = [], [], now_ms
    journey.rosters = dict(enumerate(rosters))
    journey.roster = rosters[-1]
    for leaf, walk in list(journey.walks.items()):
        if journey.is_past(walk.certified) and not walk.found:
            finding.on_found(journey, leaf)
    return journey.out


def skip(journey: Journey, epoch: int, found: frozenset[Digest]) -> None:
    """The vault took a ledger over, in the roster of this epoch: what was decided in between was not seen here. Of the
    rosters before, only what the ledger has as found cannot have been replaced there: the walks of other orders end."""
    for leaf, walk in list(journey.walks.items()):
        if walk.certified.roster_epoch < epoch and leaf not in found:
            journey.settle(walk)
            del journey.walks[leaf]
    for leaf, wanted in list(journey.wanted.items()):
        if wanted.roster_epoch < epoch and leaf not in found:
            del journey.wanted[leaf]


def _tick(journey: Journey, now_ms: int) -> None:
    timing = journey.timing
    fetch: dict[int, set[int]] = {}
    unheard: list[Digest] = []
    for leaf, walk in list(journey.walks.items()):
        age = now_ms - walk.since_ms
        if age > timing.missing_ms:
            journey.settle(walk)
        if walk.answered is not None:
            if age > timing.done_ms or walk.holders >= set(journey.roster.numbers()):
                del journey.walks[leaf]
            else:
                holding.remind(journey, walk, age)
        elif walk.combined is None and now_ms >= walk.fetch_at_ms:
            walk.fetch_at_ms = now_ms + timing.fetch_ms
            if not walk.reported:
                missing = {slot.number for slot in walk.certified.order.signers} - set(walk.proofs) - {journey.number}
                fetch.setdefault(walk.certified.sequence, set()).update(missing)
            # Who holds the result may have ended its own walk, and say nothing of itself: all are asked before this
            # module gives the order up, as it would if it caught up with what others answered while it was away.
            if walk.reported or walk.found or journey.age(walk) > timing.partials_ms:
                journey.out.append(Broadcast(FetchResult(leaf)))
            else:
                journey.out.extend(Send(holder, FetchResult(leaf)) for holder in sorted(walk.holders))
            if giving_up.overdue(journey, walk):
                giving_up.give_up(journey, walk)
        elif walk.held is not None and now_ms >= walk.fetch_at_ms:
            walk.fetch_at_ms = now_ms + timing.fetch_ms
            unheard.append(leaf)
            if not walk.reported:
                journey.out.append(Broadcast(Held((leaf,))))
            finding.say_found(journey, walk)
            holding.remind(journey, walk, age)
    for at in range(0, len(unheard), BATCH_ENTRIES_MAX):
        journey.out.append(Broadcast(FetchHeld(tuple(unheard[at : at + BATCH_ENTRIES_MAX]))))
    for sequence, missing in sorted(fetch.items()):
        for number in sorted(missing):
            journey.out.append(Send(number, FetchPartials(sequence)))


def forget_before(journey: Journey, time_ms: int) -> None:
    """Ends the walks of orders that agreed time has left behind; a little later where there is a result, which may just
    be on its way to a quorum. Who asks for it afterwards is answered from the journal."""
    for leaf, walk in list(journey.walks.items()):
        grace_ms = 0 if walk.combined is None else journey.timing.done_ms
        if walk.certified.order.expires_ms + grace_ms <= time_ms:
            journey.settle(walk)
            del journey.walks[leaf]
    for leaf in [leaf for leaf, wanted in journey.wanted.items() if wanted.order.expires_ms <= time_ms]:
        del journey.wanted[leaf]
