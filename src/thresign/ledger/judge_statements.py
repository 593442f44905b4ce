"""Judging what modules state: announced nonces, presence, missing partials, found results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from thresign.errors import InvalidVote, MalformedRecord, RequestExpired
from thresign.frost import suites
from thresign.ids import Digest, KeyId, ModuleNumber, RequestId
from thresign.ledger.draft import Draft
from thresign.ledger.state import Key, KeyState, Nonce, Pool, RequestRecord, State
from thresign.ledger.verdicts import Change, Known, Later, Permit, Refuse, Verdict
from thresign.limits import NONCES_PER_POOL_MAX
from thresign.orders.digests import sha256
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import NoticeOrder, SignOrder
from thresign.orders.statements import Announcement, FoundReport, FoundReports, MissingReport, MissingReports, Present
from thresign.trust.standing import Standing

PRESENT_SEQUENCES_MAX = 1024
"""A statement of presence names a sequence at most this far back."""


COUNTERS_MAX = 1 << 63
"""Counters lie below this, so that orders and snapshots can hold whatever a token announces."""


def _refuse(why: str, culprit: int = 0) -> Refuse:
    return Refuse(InvalidVote(why, (culprit,) if culprit else ()))


def judge_announcement(draft: Draft, entry: Announcement) -> Verdict:
    """Permit iff a member's token announces the next nonces of its newest incarnation.

    - domain, membership, a known group, whole pairs; [LEDGER-A1]
    - an incarnation not below the newest known; within it counters rise (an announcement that was lost leaves a gap,
      its nonces unused), and stay within their bound; [LEDGER-A2]
    - the pool, without what has expired, does not overflow: then it is dropped, and its nonces stay unused; [LEDGER-A3]
    - the token's signature, and every commitment a valid element. [LEDGER-A4]
    """
    state = draft.state
    number = ModuleNumber(entry.number)
    if entry.domain != state.domain or state.roster.member(number) is None:
        return _refuse("an announcement of no member", number)
    element_bytes = suites.ELEMENT_BYTES.get(suites.GroupId(entry.group)) if entry.group in GROUPS else None
    if element_bytes is None or not entry.pairs or len(entry.pairs) % (2 * element_bytes):
        return _refuse("an announcement that is no list of pairs of a group", number)
    newest = state.incarnations.get(number, 0)
    if entry.incarnation < newest:
        return Known("an older life of the token")
    place = (number, entry.group)
    pool = state.pools.get(place)
    held = pool if pool is not None and pool.incarnation == entry.incarnation else Pool(entry.incarnation)
    count = len(entry.pairs) // (2 * element_bytes)
    if entry.first + count <= held.next_counter:
        return Known("announced already")
    if entry.first < held.next_counter:
        return _refuse("an announcement that begins before what was announced", number)
    if held.waiting(draft.time_ms) + count > NONCES_PER_POOL_MAX:
        return Known("the pool is full")
    if entry.first + count > COUNTERS_MAX:
        return _refuse("an announcement of counters that are out of reach", number)
    if not draft.touch("pools of", number):
        return Later("another announcement of this module stands in the same batch")
    if not draft.checks.announcement(entry):
        return _refuse("an announcement whose signature or elements are not valid", number)
    expires_ms = draft.time_ms + state.settings.nonce_lifetime_ms
    size = element_bytes
    nonces = [
        Nonce(entry.first + i, entry.pairs[at : at + size], entry.pairs[at + size : at + 2 * size], expires_ms)
        for i, at in enumerate(range(0, len(entry.pairs), 2 * size))
    ]

    def apply(state: State) -> None:
        if state.incarnations.get(number, 0) != entry.incarnation:
            state.incarnations[number] = entry.incarnation
            for old in [other for other in state.pools if other[0] == number]:
                del state.pools[old]
        into = state.pools.setdefault(place, Pool(entry.incarnation))
        into.nonces.extend(nonces)
        into.next_counter = entry.first + count

    return Permit(NoticeOrder(sha256(entry.encode())), (apply,))


GROUPS = frozenset(int(group) for group in suites.ELEMENT_BYTES)


def judge_present(draft: Draft, entry: Present) -> Verdict:
    """Permit iff a member that was reported silent says, recently enough, that it is there.

    - domain, membership; it is silent, and its hold-off is over; [LEDGER-P1]
    - the sequence it names lies after the report and is recent; the signature verifies. [LEDGER-P2]
    """
    state = draft.state
    number = ModuleNumber(entry.number)
    member = state.roster.member(number)
    if entry.domain != state.domain or member is None:
        return _refuse("a statement of presence of no member", number)
    standing = state.standings.get(number, Standing())
    if not standing.silent_since_ms:
        return Known("the module is not silent")
    if not state.sequence - PRESENT_SEQUENCES_MAX <= entry.sequence <= state.sequence:
        return Known("an old statement of presence")
    if not draft.checks.signature(member.vote_key, entry.signed_bytes(), entry.signature):
        return _refuse("a statement of presence whose signature does not verify", number)
    if not standing.may_return(draft.time_ms, state.settings.silence_ms):
        return Later("the hold-off is not over")
    if not draft.touch("standing of", number):
        return Later("another entry about this module stands in the same batch")

    def apply(state: State) -> None:
        state.standings[number] = state.standings.get(number, Standing()).present()

    return Permit(NoticeOrder(sha256(entry.encode())), (apply,))


def judge_missing(draft: Draft, entry: MissingReports) -> Verdict:
    """Permit iff q members state that they hold no result for the newest order of a request.

    q, not f+1: an answer leaves a node only when q modules hold the result (signing.journey), so a result that was
    answered and an order that replaces it cannot both be (docs/adr/0008).

    - the order is the newest of its request (or of its key's confirmation), has not expired, and is not found;
      [LEDGER-M1]
    - exactly q reports of distinct members, all naming this order, all signatures verify; [LEDGER-M2]
    - signers are ready for a new order. [LEDGER-M3]
    """
    state = draft.state
    opened = _open_order(draft, entry.order)
    if not isinstance(opened, _OpenOrder):
        return opened
    old, key, leaf = opened
    refusal = _check_reports(draft, entry.reports, leaf, state.roster.q)
    if refusal is not None:
        return refusal
    named = Counter(number for report in entry.reports for number in report.missing)
    silent = {slot.number for slot in old.signers if named[slot.number] > state.roster.f}
    assignment = draft.assigner.assign(key, avoid=silent)
    if isinstance(assignment, Later):
        return assignment
    order = SignOrder(
        old.request,
        old.entry,
        old.item,
        old.attempt + 1,
        old.key,
        old.key_version,
        old.share_epoch,
        old.suite,
        old.message_sha256,
        old.message_bytes,
        old.expires_ms,
        assignment.coordinator,
        old.tweaks,
        assignment.signers,
    )
    return Permit(order, (_replace(old, leaf_hash(order.encode())), _mark_silent(silent, draft.time_ms)))


def judge_found(draft: Draft, entry: FoundReports) -> Verdict:
    """Permit iff f + 1 members state that they have verified a result of the newest order of a request.

    One of them is honest, and gives the result to whoever asks. From now on the order is not replaced, so that those
    who gave it up may hold its result after all (docs/adr/0008).

    - the order is the newest of its request (or of its key's confirmation), has not expired, and is not found;
      [LEDGER-F1]
    - exactly f + 1 reports of distinct members, all naming this order, all signatures verify. [LEDGER-F2]
    """
    opened = _open_order(draft, entry.order)
    if not isinstance(opened, _OpenOrder):
        return opened
    order, _, leaf = opened
    refusal = _check_reports(draft, entry.reports, leaf, draft.state.roster.f + 1)
    if refusal is not None:
        return refusal

    def apply(state: State) -> None:
        state.found[leaf] = order.expires_ms

    return Permit(NoticeOrder(sha256(entry.encode())), (apply,))


class _OpenOrder(NamedTuple):
    """An order that may be replaced or found."""

    order: SignOrder
    key: Key
    leaf: Digest


def _open_order(draft: Draft, encoded: bytes) -> _OpenOrder | Verdict:
    """The order if it is its request's newest, has not expired and is not found; claimed for one entry of the batch."""
    state = draft.state
    try:
        order = SignOrder.decode(encoded)
    except MalformedRecord as error:
        return Refuse(error)
    key = state.keys.get(KeyId(order.key))
    if key is None:
        return _refuse("reports about an order for no key")
    if order.expires_ms <= draft.time_ms:
        return Refuse(RequestExpired("the order has expired"))
    leaf = leaf_hash(encoded)
    if _newest_order(state, key, order) != leaf:
        return Known("not the newest order of its request")
    if leaf in state.found:
        return Known("a result of the order is found already")
    if not draft.touch("order", leaf):
        return Later("other reports about this order stand in the same batch")
    return _OpenOrder(order, key, leaf)


def _newest_order(state: State, key: Key, order: SignOrder) -> Digest | None:
    if key.state is KeyState.CONFIRMING:
        return key.confirmation
    record = state.requests.get(RequestId(order.request))
    return record.order if record is not None else None


def _check_reports(
    draft: Draft, reports: Sequence[MissingReport | FoundReport], leaf: Digest, count: int
) -> Refuse | None:
    """Refuses unless there are `count` reports about this order, each signed by the member that it names."""
    roster = draft.state.roster
    if len(reports) != count:
        return _refuse(f"{len(reports)} reports about an order, {count} are needed")
    for report in reports:
        member = roster.member(report.number)
        if member is None or report.domain != draft.state.domain or report.order != leaf:
            return _refuse("a report about another order, or of no member", report.number)
        if not draft.checks.signature(member.vote_key, report.signed_bytes(), report.signature):
            return _refuse("a report whose signature does not verify", report.number)
    return None


def _replace(old: SignOrder, leaf: Digest) -> Change:
    def apply(state: State) -> None:
        key = state.keys[KeyId(old.key)]
        if key.state is KeyState.CONFIRMING:
            state.put_key(replace(key, confirmation=leaf))
            return
        record = state.requests.get(RequestId(old.request))
        if record is not None:
            state.put_request(RequestId(old.request), RequestRecord.of(record.what, leaf, record.expires_ms))

    return apply


def _mark_silent(numbers: set[int], time_ms: int) -> Change:
    def apply(state: State) -> None:
        for number in sorted(numbers):
            module = ModuleNumber(number)
            standing = state.standings.get(module, Standing())
            state.standings[module] = standing.reported_silent(time_ms, state.settings.silence_ms)

    return apply
