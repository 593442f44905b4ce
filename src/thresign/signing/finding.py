"""Results that some have given up, or that no quorum comes to hold: once f + 1 say that they have verified one, the
ledger notes it, nothing replaces the order, and all may hold the result (docs/adr/0008)."""

from __future__ import annotations

from itertools import islice

from thresign.ids import Digest
from thresign.orders.statements import FoundReport, FoundReports
from thresign.signing import holding
from thresign.signing.events import AskFound, Broadcast, RecallFound, Send, Submit
from thresign.signing.messages import FetchFound, FetchResult, Held
from thresign.signing.state import Journey, Walk


def say_found(journey: Journey, walk: Walk) -> None:
    """Says that there is a result which some gave up, or which no quorum holds after a long time, perhaps since others
    do not know the order; again while the ledger does not know."""
    long_ago = journey.age(walk) > journey.timing.give_up_ms
    if walk.found or not (walk.reported or walk.reports or walk.found_by or long_ago):
        return
    said = walk.found_by.get(journey.number)
    if said is None:
        journey.out.append(AskFound(walk.certified.leaf))
    else:
        journey.out.append(Broadcast(said))
        journey.out.append(Broadcast(FetchFound(walk.certified.leaf)))
    _submit_found(journey, walk)


def on_found_report(journey: Journey, report: FoundReport) -> None:
    """Takes a report in, with its token's signature."""
    walk = journey.walks.get(Digest(report.order))
    member = journey.roster.member(report.number)
    if walk is None or member is None or report.domain != journey.domain or report.number in walk.found_by:
        return
    if not journey.combiner.signed(member.vote_key, report.signed_bytes(), report.signature):
        return
    walk.found_by[report.number] = report
    _submit_found(journey, walk)


def on_fetch_found(journey: Journey, sender: int, leaf: Digest) -> None:
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
    """Has the order noted as found once f + 1 have said so. The same entry is submitted until the ledger has it, as one
    that replaces an order is. Who has answered leaves that to who has not."""
    needed = journey.roster.f + 1
    if walk.found or walk.answered is not None:
        return
    if len(walk.found_by) >= needed and journey.now_ms >= walk.find_at_ms:
        walk.find_at_ms = journey.now_ms + journey.timing.submit_ms
        chosen = sorted(islice(walk.found_by, needed))
        entry = FoundReports(walk.certified.encoded, tuple(walk.found_by[number] for number in chosen))
        journey.out.append(Submit(entry))


def on_found(journey: Journey, leaf: Digest) -> None:
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
        holding.try_answer(journey, walk)
    elif walk.combined is None:
        journey.out.append(Broadcast(FetchResult(leaf)))
