"""The walk of certified orders through a node, sans-IO: `step(event, now_ms) -> effects`.

Every module combines for itself as soon as it has all partials of an order, writes the result down, and says so; a
result is answered when q modules hold it. A module that reports an order's partial missing gives it up: it will not
hold that order's result. As q + q > n + f, an order is either answered or replaced, never both: a request has one
signature. Should some hold a result that others gave up, f + 1 modules that have verified it say so; once the ledger
has that, the order is not replaced any more, and all may hold its result (docs/adr/0008).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from thresign.ids import Digest
from thresign.limits import BATCH_ENTRIES_MAX
from thresign.orders.merkle import order_hash
from thresign.orders.roster import Roster
from thresign.orders.statements import FoundReport, FoundReports, MissingReport, MissingReports, PartialProof, Partials
from thresign.signing.events import (
    Answer,
    AskFound,
    AskMessage,
    AskReport,
    AskSigned,
    Blame,
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
    RecallFound,
    Received,
    Send,
    Submit,
    Tick,
)
from thresign.signing.messages import FetchFound, FetchHeld, FetchPartials, FetchResult, Held, PartialsOf, Result
from thresign.signing.opening import open_orders, with_message
from thresign.signing.stages import Certified, Combined, accept, answer, combine, hold
from thresign.signing.state import EARLY_HELD_MAX, EARLY_MAX, EARLY_PARTS_MAX, Journey, Walk
from thresign.vault import calls


def step(journey: Journey, event: Event, now_ms: int) -> list[Effect]:
    """Takes in one event; returns what is to be done, in order."""
    journey.out, journey.fresh, journey.now_ms = [], [], now_ms
    match event:
        case Delivered():
            _delivered(journey, event)
        case OwnSigned():
            _own_signed(journey, event.signed)
        case Received():
            _received(journey, event.sender, event.message)
        case Journalled():
            _journalled(journey, event)
        case OwnReport():
            journey.out.append(Broadcast(event.report))
            _on_report(journey, event.report)
        case OwnFound():
            journey.out.append(Broadcast(event.report))
            _on_found_report(journey, event.report)
        case Found():
            for leaf in sorted(event.orders):
                _on_found(journey, leaf)
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
            _on_found(journey, order_hash(entry.order))
    for signed in event.applied.signed:
        _own_signed(journey, signed)
    if any(mine) and not event.applied.signed:
        journey.out.append(AskSigned(event.applied.sequence))
    for key in [key for key in journey.early if key[0] <= event.applied.sequence]:
        for message in journey.early.pop(key):
            if key[0] == event.applied.sequence:
                _on_partials(journey, key[1], message)


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
    walk.holders |= journey.early_held.pop(certified.leaf, set())
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


def _own_signed(journey: Journey, signed: calls.Signed) -> None:
    """This module's partials go to all before anything is combined here."""
    if signed.partials.shares:
        journey.out.append(Broadcast(PartialsOf(signed.sequence, signed.partials)))
        _take_partials(journey, journey.number, signed.partials, signed.partials.opened()[1])
    for refusal in signed.refusals:
        journey.out.append(Blame(journey.number, Digest(refusal.order), refusal.reason))


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
            _on_partials(journey, sender, message)
        case Held():
            for leaf in message.orders:
                _on_held(journey, sender, Digest(leaf))
        case FetchHeld():
            _on_fetch_held(journey, sender, message)
        case Result():
            _on_result(journey, message)
        case MissingReport():
            if message.number == sender:
                _on_report(journey, message)
        case FoundReport():
            if message.number == sender:
                _on_found_report(journey, message)
        case FetchPartials():
            if message.sequence <= journey.sequence:
                journey.out.append(AskSigned(message.sequence))
        case FetchFound():
            _on_fetch_found(journey, sender, Digest(message.order))
        case FetchResult():
            walk = journey.walks.get(Digest(message.order))
            if walk is None:
                journey.out.append(Recall(sender, (Digest(message.order),), True))
            elif walk.combined is not None:
                journey.out.append(Send(sender, _result(walk.combined)))


def _on_partials(journey: Journey, sender: int, message: PartialsOf) -> None:
    """Takes partials in: from their own signer, with its token's signature; before their batch they wait."""
    partials = message.partials
    member = journey.member(sender)
    if partials.number != sender or member is None or partials.domain != journey.domain:
        return
    if message.sequence > journey.sequence:
        place = (message.sequence, sender)
        if place in journey.early or len(journey.early) < EARLY_MAX:
            journey.early[place] = [*journey.early.get(place, ()), message][-EARLY_PARTS_MAX:]
        return
    if not any(Digest(part.order) in journey.walks for part in partials.shares):
        return
    signed, proofs = partials.opened()
    if journey.combiner.signed(member.vote_key, signed, partials.signature):
        _take_partials(journey, sender, partials, proofs)


def _take_partials(journey: Journey, sender: int, partials: Partials, proofs: list[PartialProof]) -> None:
    for part, proof in zip(partials.shares, proofs, strict=True):
        walk = journey.walks.get(Digest(part.order))
        if walk is None or walk.combined is not None or walk.reported or sender in walk.proofs:
            continue
        if _age(journey, walk) > journey.timing.partials_ms and not walk.found:
            continue
        if any(slot.number == sender for slot in walk.certified.order.signers):
            walk.proofs[sender] = proof
            _try_combine(journey, walk)


def _try_combine(journey: Journey, walk: Walk) -> None:
    if len(walk.proofs) < len(walk.certified.order.signers):
        return
    result = combine(walk.certified, walk.proofs, journey.combiner)
    if isinstance(result, Combined):
        walk.combined = result
        journey.fresh.append(result)
        return
    for number in result:
        walk.wrong.add(number)
        del walk.proofs[number]
        journey.out.append(Blame(number, walk.certified.leaf, "a wrong partial, signed by its token"))
    # Not given up at once: its signer may have sent another module the right one, and then that has the result.
    if walk.hopeless_at_ms is None:
        walk.hopeless_at_ms = _age(journey, walk) + journey.timing.wrong_ms


def _age(journey: Journey, walk: Walk) -> int:
    """Milliseconds since the order was certified here and its message can have been read; they count half with each
    attempt, a quarter with the next, so that a network slower than the timing still comes to an answer."""
    doublings = min(walk.certified.order.attempt - 1, journey.timing.doublings_max)
    return (journey.now_ms - walk.since_ms) >> doublings


def _overdue(journey: Journey, walk: Walk) -> bool:
    """True once the order is to be given up: later if somebody says that it holds the result."""
    timing, age = journey.timing, _age(journey, walk)
    if walk.holders:
        return age > timing.give_up_ms
    return age > timing.missing_ms or (walk.hopeless_at_ms is not None and age > walk.hopeless_at_ms)


def _journalled(journey: Journey, event: Journalled) -> None:
    leaves = []
    for leaf in sorted(event.leaves):
        walk = journey.walks.get(leaf)
        if walk is None or walk.combined is None:
            continue
        walk.held = hold(walk.combined, event.leaves)
        if not walk.reported:
            walk.holders.add(journey.number)
            leaves.append(leaf)
        _try_answer(journey, walk)
    if leaves:
        journey.out.append(Broadcast(Held(tuple(leaves))))


def _on_held(journey: Journey, sender: int, leaf: Digest) -> None:
    walk = journey.walks.get(leaf)
    if walk is not None:
        walk.holders.add(sender)
        _try_answer(journey, walk)
    else:
        early = journey.early_held.setdefault(leaf, set())
        early.add(sender)
        while len(journey.early_held) > EARLY_HELD_MAX:
            del journey.early_held[next(iter(journey.early_held))]


def _on_fetch_held(journey: Journey, sender: int, message: FetchHeld) -> None:
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


def _on_result(journey: Journey, message: Result) -> None:
    walk = journey.walks.get(Digest(message.order))
    if walk is not None and walk.combined is None:
        roster = journey.rosters[walk.certified.roster_epoch]
        combined = accept(walk.certified, message.signature, message.partials, roster, journey.combiner)
        if combined is not None:
            walk.combined = combined
            journey.fresh.append(combined)


def _try_answer(journey: Journey, walk: Walk) -> None:
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


def _result(combined: Combined) -> Result:
    return Result(combined.certified.leaf, combined.signature, combined.partials)


def _report(journey: Journey, walk: Walk) -> None:
    """Gives the order up: from now on this module will not hold its result. Said again while the order is not replaced,
    for the report may be lost on the way, or with the vault that was asked to sign it."""
    if walk.combined is not None or walk.found:
        return
    said = walk.reports.get(journey.number)
    if said is not None:
        journey.out.append(Broadcast(said))
        _submit_reports(journey, walk)
        return
    walk.reported = True
    signers = {slot.number for slot in walk.certified.order.signers}
    missing = walk.wrong or signers - set(walk.proofs) or signers
    journey.out.append(AskReport(walk.certified.leaf, tuple(sorted(missing))))


def _on_report(journey: Journey, report: MissingReport) -> None:
    walk = journey.walks.get(Digest(report.order))
    member = journey.roster.member(report.number)
    if walk is None or member is None or report.domain != journey.domain or report.number in walk.reports:
        return
    if not journey.combiner.signed(member.vote_key, report.signed_bytes(), report.signature):
        return
    walk.reports[report.number] = report
    if walk.combined is not None:
        journey.out.append(Send(report.number, _result(walk.combined)))
    _submit_reports(journey, walk)


def _submit_reports(journey: Journey, walk: Walk) -> None:
    """Has the order replaced once q have reported it. The same entry is submitted until the ledger has it: it may find
    no room among those that wait, or be dropped by a vault that lags."""
    if walk.combined is not None or walk.found:
        return
    if len(walk.reports) >= journey.roster.q and journey.now_ms >= walk.replace_at_ms:
        walk.replace_at_ms = journey.now_ms + journey.timing.submit_ms
        chosen = sorted(islice(walk.reports, journey.roster.q))
        entry = MissingReports(walk.certified.encoded, tuple(walk.reports[number] for number in chosen))
        journey.out.append(Submit(entry))


def _say_found(journey: Journey, walk: Walk) -> None:
    """Says that there is a result which some gave up, or which no quorum holds after a long time, perhaps since others
    do not know the order; again while the ledger does not know."""
    long_ago = _age(journey, walk) > journey.timing.give_up_ms
    if walk.found or not (walk.reported or walk.reports or walk.found_by or long_ago):
        return
    said = walk.found_by.get(journey.number)
    if said is None:
        journey.out.append(AskFound(walk.certified.leaf))
    else:
        journey.out.append(Broadcast(said))
        journey.out.append(Broadcast(FetchFound(walk.certified.leaf)))
    _submit_found(journey, walk)


def _on_found_report(journey: Journey, report: FoundReport) -> None:
    walk = journey.walks.get(Digest(report.order))
    member = journey.roster.member(report.number)
    if walk is None or member is None or report.domain != journey.domain or report.number in walk.found_by:
        return
    if not journey.combiner.signed(member.vote_key, report.signed_bytes(), report.signature):
        return
    walk.found_by[report.number] = report
    _submit_found(journey, walk)


def _on_fetch_found(journey: Journey, sender: int, leaf: Digest) -> None:
    """A module gave an order up that others may have answered, and alone it cannot find it: who has answered joins in.
    Who has not does so by itself."""
    walk = journey.walks.get(leaf)
    if walk is None:
        journey.out.append(RecallFound(sender, leaf))
        return
    said = walk.found_by.get(journey.number)
    if walk.answered is None or walk.found:
        return
    if said is not None:
        journey.out.append(Send(sender, said))
    elif journey.now_ms >= walk.say_found_at_ms:
        walk.say_found_at_ms = journey.now_ms + journey.timing.fetch_ms
        journey.out.append(AskFound(leaf))


def _submit_found(journey: Journey, walk: Walk) -> None:
    """Has the order noted as found once f + 1 have said so; until the ledger has it, as above. Who has answered leaves
    that to who has not."""
    needed = journey.roster.f + 1
    if walk.found or walk.answered is not None:
        return
    if len(walk.found_by) >= needed and journey.now_ms >= walk.find_at_ms:
        walk.find_at_ms = journey.now_ms + journey.timing.submit_ms
        chosen = sorted(islice(walk.found_by, needed))
        entry = FoundReports(walk.certified.encoded, tuple(walk.found_by[number] for number in chosen))
        journey.out.append(Submit(entry))


def _on_found(journey: Journey, leaf: Digest) -> None:
    """The ledger knows that the order has a result: nothing replaces it, so this module may hold it."""
    wanted, walk = journey.wanted.get(leaf), journey.walks.get(leaf)
    if wanted is not None:
        wanted.past = wanted.past._replace(found=wanted.past.found | {leaf})
    if walk is None or walk.found:
        return
    walk.found, walk.reported = True, False
    if walk.held is not None:
        walk.holders.add(journey.number)
        journey.out.append(Broadcast(Held((leaf,))))
        _try_answer(journey, walk)
    elif walk.combined is None:
        journey.out.append(Broadcast(FetchResult(leaf)))


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
            _on_found(journey, leaf)
    return journey.out


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
                _remind(journey, walk, age)
        elif walk.combined is None and now_ms >= walk.fetch_at_ms:
            walk.fetch_at_ms = now_ms + timing.fetch_ms
            if not walk.reported:
                missing = {slot.number for slot in walk.certified.order.signers} - set(walk.proofs) - {journey.number}
                fetch.setdefault(walk.certified.sequence, set()).update(missing)
            # Who holds the result may have ended its own walk, and say nothing of itself: all are asked before this
            # module gives the order up, as it would if it caught up with what others answered while it was away.
            if walk.reported or walk.found or _age(journey, walk) > timing.partials_ms:
                journey.out.append(Broadcast(FetchResult(leaf)))
            else:
                journey.out.extend(Send(holder, FetchResult(leaf)) for holder in sorted(walk.holders))
            if _overdue(journey, walk):
                _report(journey, walk)
        elif walk.held is not None and now_ms >= walk.fetch_at_ms:
            walk.fetch_at_ms = now_ms + timing.fetch_ms
            unheard.append(leaf)
            if not walk.reported:
                journey.out.append(Broadcast(Held((leaf,))))
            _say_found(journey, walk)
            _remind(journey, walk, age)
    for at in range(0, len(unheard), BATCH_ENTRIES_MAX):
        journey.out.append(Broadcast(FetchHeld(tuple(unheard[at : at + BATCH_ENTRIES_MAX]))))
    for sequence, missing in sorted(fetch.items()):
        for number in sorted(missing):
            journey.out.append(Send(number, FetchPartials(sequence)))


def _remind(journey: Journey, walk: Walk, age: int) -> None:
    """The coordinator, and after it each other signer in turn, sends the result to who does not say it holds it."""
    if walk.combined is None:
        return
    signers = [slot.number for slot in walk.certified.order.signers]
    start = signers.index(walk.certified.order.coordinator)
    turn = signers[start:] + signers[:start]
    if journey.number not in turn or age < journey.timing.remind_ms * (1 + turn.index(journey.number)):
        return
    for member in journey.roster.members:
        if member.number not in walk.holders and member.number != journey.number:
            journey.out.append(Send(member.number, _result(walk.combined)))


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
