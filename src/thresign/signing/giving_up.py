"""Orders without a result: who gives one up says so, and once q have it is replaced (docs/adr/0008)."""

from __future__ import annotations

from itertools import islice

from thresign.ids import Digest
from thresign.orders.statements import MissingReport, MissingReports
from thresign.signing import holding
from thresign.signing.events import AskReport, Broadcast, Send, Submit
from thresign.signing.state import Journey, Walk


def overdue(journey: Journey, walk: Walk) -> bool:
    """True once the order is to be given up: later if somebody says that it holds the result."""
    timing, age = journey.timing, journey.age(walk)
    if walk.holders:
        return age > timing.give_up_ms
    return age > timing.missing_ms or (walk.hopeless_at_ms is not None and age > walk.hopeless_at_ms)


def give_up(journey: Journey, walk: Walk) -> None:
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


def on_report(journey: Journey, report: MissingReport) -> None:
    """Takes a report in, with its token's signature; its sender is given the result, if it is here."""
    walk = journey.walks.get(Digest(report.order))
    member = journey.roster.member(report.number)
    if walk is None or member is None or report.domain != journey.domain or report.number in walk.reports:
        return
    if not journey.combiner.signed(member.vote_key, report.signed_bytes(), report.signature):
        return
    walk.reports[report.number] = report
    if walk.combined is not None:
        journey.out.append(Send(report.number, holding.result_of(walk.combined)))
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
