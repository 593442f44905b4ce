"""The door of the room: judge entries, plan batches, apply them.

Everything here is a function of the state, the entries and the agreed time: two ledgers that applied the same batches
are equal byte for byte (`snapshot.digest`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from thresign.errors import InvariantBroken, ThresignError, ensure
from thresign.ids import ModuleNumber
from thresign.ledger.draft import Draft, Plan, finish
from thresign.ledger.judge_keys import fail, judge_abort, judge_confirmed, judge_generated
from thresign.ledger.judge_requests import judge_request
from thresign.ledger.judge_statements import judge_announcement, judge_found, judge_missing, judge_present
from thresign.ledger.state import EXPIRY_BUCKET_MS, KeyState, State
from thresign.ledger.verdicts import Checks, Later, Permit, Refuse, Verdict
from thresign.orders.batch import Entry
from thresign.orders.genesis import Genesis, Settings
from thresign.orders.header import Header
from thresign.orders.requests import Request
from thresign.orders.statements import (
    Announcement,
    CeremonyAbort,
    FoundReports,
    KeyConfirmed,
    KeyGenerated,
    MissingReports,
    Present,
)
from thresign.orders.succession import joined, left
from thresign.trust.standing import Standing


def first_state(genesis: Genesis, settings: Settings) -> State:
    """The ledger before the first batch. Raises InvariantBroken if the settings are not those of the genesis."""
    ensure(settings.digest() == genesis.settings, "the settings belong to the genesis")
    domain = genesis.domain()
    state = State(genesis, settings, domain, genesis.roster, domain)
    state.callers = {caller.id: caller for caller in settings.callers}
    state.standings = {number: Standing() for number in genesis.roster.numbers()}
    return state


def judge(draft: Draft, entry: Entry) -> Verdict:
    """The verdict on one more entry of the draft. While the next roster has not followed, nothing is ordered: the slot
    is the next roster's. [LEDGER-C6]"""
    if draft.state.pending is not None:
        return Later("the next roster has not followed yet")
    verdict = _judge(draft, entry)
    draft.judged(isinstance(verdict, Permit))
    return verdict


def _judge(draft: Draft, entry: Entry) -> Verdict:
    match entry:
        case Request():
            return judge_request(draft, entry)
        case Announcement():
            return judge_announcement(draft, entry)
        case Present():
            return judge_present(draft, entry)
        case MissingReports():
            return judge_missing(draft, entry)
        case FoundReports():
            return judge_found(draft, entry)
        case KeyGenerated():
            return judge_generated(draft, entry)
        case KeyConfirmed():
            return judge_confirmed(draft, entry)
        case CeremonyAbort():
            return judge_abort(draft, entry)


def select(state: State, checks: Checks, time_ms: int, entries: Iterable[Entry]) -> tuple[Plan, list[Verdict]]:
    """Plans a batch of those entries that are permitted now, in order; for a primary. One verdict an entry."""
    draft = _draft(state, checks, time_ms)
    verdicts = [judge(draft, entry) for entry in entries]
    return finish(draft, [verdict for verdict in verdicts if isinstance(verdict, Permit)]), verdicts


def plan(state: State, checks: Checks, time_ms: int, entries: Sequence[Entry]) -> Plan | ThresignError | str:
    """Plans a batch of all the entries; for a backup.

    One entry that is not permitted makes the whole batch inadmissible: then the error is returned, or the reason why it
    is not permitted now.
    """
    draft = _draft(state, checks, time_ms)
    permits = []
    for entry in entries:
        verdict = judge(draft, entry)
        if isinstance(verdict, Refuse):
            return verdict.error
        if not isinstance(verdict, Permit):
            return f"{type(entry).__name__}: {verdict.reason}"
        permits.append(verdict)
    return finish(draft, permits)


def _draft(state: State, checks: Checks, time_ms: int) -> Draft:
    ensure(time_ms >= state.time_ms, "agreed time does not go back")
    return Draft(state, checks, time_ms)


def next_header(state: State, planned: Plan) -> Header:
    """The header that decides this plan."""
    return Header(
        state.domain,
        state.roster.epoch,
        state.roster.digest(),
        state.sequence + 1,
        planned.time_ms,
        state.head,
        planned.root,
    )


def apply(state: State, header: Header, planned: Plan) -> None:
    """Applies a decided batch. Raises InvariantBroken, before any change, if the plan is not the header's."""
    ensure(planned.head == state.head == header.previous, "a batch applies to the head it was planned on")
    ensure(header.sequence == state.sequence + 1, "batches apply in sequence")
    ensure(planned.root == header.batch_root and planned.time_ms == header.time_ms, "the plan is the header's")
    _expire(state, header.time_ms)
    for change in planned.changes:
        change(state)
    state.sequence = header.sequence
    state.time_ms = header.time_ms
    state.head = header.digest()


def enter_roster(state: State) -> None:
    """The pending roster follows: from the next sequence on it decides. Raises InvariantBroken if there is none.

    Orders that no result is known of are not replaced any more, since who holds a result and who reports it missing
    would be counted under two rosters: they count as found (docs/adr/0008). What was known of who left goes with them.
    """
    roster, old = state.pending, state.roster
    if roster is None:
        raise InvariantBroken("no roster is pending")
    state.roster, state.pending = roster, None
    state.began, state.began_head = state.sequence, state.head
    state.last_number = max(state.last_number, roster.members[-1].number)
    for member in left(old, roster):
        number = ModuleNumber(member.number)
        state.incarnations.pop(number, None)
        state.standings.pop(number, None)
        state.credits.pop(number, None)
        for place in [place for place in state.pools if place[0] == number]:
            del state.pools[place]
    for member in joined(old, roster):
        state.standings[ModuleNumber(member.number)] = Standing()
    for record in state.requests.values():
        state.found[record.order] = record.expires_ms


def _expire(state: State, time_ms: int) -> None:
    """Drops what agreed time has ended: requests, found orders, nonces, ceremonies."""
    if time_ms // EXPIRY_BUCKET_MS != state.time_ms // EXPIRY_BUCKET_MS:
        state.expire_requests(time_ms)
        for leaf in [leaf for leaf, expires_ms in state.found.items() if expires_ms <= time_ms]:
            del state.found[leaf]
    for pool in state.pools.values():
        while pool.nonces and pool.nonces[0].expires_ms <= time_ms:
            pool.nonces.popleft()
    for key in list(state.keys.values()):
        if key.state in (KeyState.GENERATING, KeyState.CONFIRMING) and key.expires_ms <= time_ms:
            what = "generated" if key.state is KeyState.GENERATING else "confirmed"
            state.put_key(fail(key, f"not {what} before the deadline"))


def unused_nonces(state: State, number: ModuleNumber, incarnation: int, group: int, time_ms: int) -> int:
    """How many commitments that this life of the module's token announced wait in the pool of this group, and have not
    expired at `time_ms`: in an idle domain the ledger's own time stands still, and its pools only look full."""
    pool = state.pools.get((number, group))
    return pool.waiting(time_ms) if pool is not None and pool.incarnation == incarnation else 0
