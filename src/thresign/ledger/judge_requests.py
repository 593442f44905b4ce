"""Judging what callers ask for."""

from __future__ import annotations

from thresign.callers import profile
from thresign.errors import (
    Conflict,
    MalformedRecord,
    MalformedRequest,
    NotAuthenticated,
    NotPermitted,
    RequestExpired,
    RequestNotYetValid,
    UnknownKey,
    WrongDomain,
)
from thresign.frost import suites
from thresign.frost.tweaks import KeyTweak, tweaked
from thresign.ids import RequestId
from thresign.ledger.draft import Draft
from thresign.ledger.judge_roster import judge_roster
from thresign.ledger.state import Key, KeyState, RequestRecord, State
from thresign.ledger.verdicts import Change, Known, Later, Permit, Refuse, Verdict
from thresign.limits import CALLERS_MAX, KEYS_MAX
from thresign.orders.digests import key_id, sha256
from thresign.orders.genesis import Caller
from thresign.orders.merkle import order_hash
from thresign.orders.orders import KeygenOrder, NoticeOrder, SignOrder, Usage
from thresign.orders.requests import Request
from thresign.orders.roster import Roster
from thresign.policy.actions import CreateKey, EnrolCaller, Reconfigure, Sign, parse
from thresign.policy.rules import Deny, decide


def judge_request(draft: Draft, request: Request) -> Verdict:
    """Permit iff an enrolled caller signed it for now, the policy admits it, and it is no retry.

    Conditions, in this order (each refusal is its own error):
    - the domain is this one; the caller is enrolled and its signature verifies; [LEDGER-R1]
    - created <= agreed time + skew, agreed time < expires, lifetime within the domain's; [LEDGER-R2]
    - no request of this id is known; a known one must ask for the same, and is then not ordered again; [LEDGER-R3]
    - path and body are well-formed; the caller's roles permit the action; [LEDGER-R4]
    - a body that travels apart is held, and as long as is said, which its caller has not signed; [LEDGER-R5]
    - the key is active, admits the tweaks, and signers are ready; or the key's name is free; or the caller's record is
      valid; and the ledger has room for one key or caller more; [LEDGER-R6]
    - or the next roster may follow (judge_roster).
    """
    state = draft.state
    refusal = _authenticate(draft, request) or _in_time(draft, request)
    if refusal is not None:
        return refusal
    request_id = request.id()
    known = state.requests.get(request_id)
    if known is not None and known.expires_ms > draft.time_ms:
        if known.what == request.what():
            return Known("a retry")
        return Refuse(Conflict("the idempotency key was used for another request"))
    if request_id in draft.requests:
        return Later("another request of this id stands in the same batch")
    try:
        action = parse(request)
    except MalformedRequest as error:
        return Refuse(error)
    decision = decide(state.callers[request.caller].roles, action)
    if isinstance(decision, Deny):
        return Refuse(NotPermitted(f"caller {request.caller}: {decision.rule}"))
    if request.detached and not draft.checks.body_held(request.content_sha256, request.body_bytes):
        return Later("the body has not arrived")
    if isinstance(action, Sign):
        verdict = _sign(draft, request, request_id, action)
    elif isinstance(action, CreateKey):
        verdict = _create_key(draft, request, request_id, action)
    elif isinstance(action, EnrolCaller):
        verdict = _enrol(draft, request, request_id, action)
    else:
        verdict = _reconfigure(draft, request, request_id, action)
    if isinstance(verdict, Permit):
        draft.requests.add(request_id)
    return verdict


def _authenticate(draft: Draft, request: Request) -> Refuse | None:
    if request.domain != draft.state.domain:
        return Refuse(WrongDomain("the request was signed for another trust domain"))
    caller = draft.state.callers.get(request.caller)
    if caller is None:
        return Refuse(NotAuthenticated(f"no caller {request.caller!r} is enrolled"))
    if not draft.checks.signature(caller.public_key, profile.post_base(request), request.signature):
        return Refuse(NotAuthenticated("the signature does not verify"))
    return None


def _in_time(draft: Draft, request: Request) -> Refuse | None:
    settings, time_ms = draft.state.settings, draft.time_ms
    if request.created_s * 1000 > time_ms + settings.clock_skew_ms_max:
        return Refuse(RequestNotYetValid(f"created {request.created_s * 1000 - time_ms} ms after the domain's time"))
    if request.expires_s * 1000 <= time_ms:
        return Refuse(RequestExpired(f"expired {time_ms - request.expires_s * 1000} ms before the domain's time"))
    if (request.expires_s - request.created_s) * 1000 > settings.request_lifetime_ms_max:
        return Refuse(MalformedRequest(f"signed for longer than {settings.request_lifetime_ms_max} ms"))
    return None


def _record(request: Request, request_id: RequestId, order: bytes) -> Change:
    record = RequestRecord.of(request.what(), order_hash(order), request.expires_s * 1000)

    def apply(state: State) -> None:
        state.put_request(request_id, record)

    return apply


def _sign(draft: Draft, request: Request, request_id: RequestId, action: Sign) -> Verdict:
    key = draft.state.key_by_name(action.key)
    if key is None or key.state is KeyState.FAILED:
        return Refuse(UnknownKey(f"no key {action.key!r}"))
    if key.state is not KeyState.ACTIVE:
        return Refuse(Conflict(f"key {action.key!r} is {key.state.name.lower()}: it cannot sign yet"))
    if action.tweaks:
        try:
            tweaked(key.suite, key.public_key, [KeyTweak(tweak.kind, tweak.value) for tweak in action.tweaks])
        except ValueError as error:
            return Refuse(MalformedRequest(f"key {action.key!r}: {error}"))
    assignment = draft.assigner.assign(key)
    if isinstance(assignment, Later):
        return assignment
    order = SignOrder(
        request_id,
        sha256(request.encode()),
        0,
        1,
        key.id,
        key.version,
        key.share_epoch,
        key.suite,
        action.message_sha256,
        action.message_bytes,
        request.expires_s * 1000,
        assignment.coordinator,
        action.tweaks,
        assignment.signers,
    )
    encoded = order.encode()
    return Permit(order, (_record(request, request_id, encoded),), encoded)


def _create_key(draft: Draft, request: Request, request_id: RequestId, action: CreateKey) -> Verdict:
    state = draft.state
    suite = suites.BY_NAME.get(action.suite)
    if suite is None:
        return Refuse(MalformedRequest(f"no suite {action.suite!r}; there are {', '.join(suites.BY_NAME)}"))
    roster = state.roster
    n = len(roster.members)
    min_signers = action.min_signers or roster.q
    if not roster.f + 1 <= min_signers <= n - roster.f:
        return Refuse(MalformedRequest(f"min_signers lies between {roster.f + 1} and {n - roster.f} for {n} modules"))
    if draft.next_roster is not None:
        return Later("the next roster stands in the same batch")
    held = state.key_by_name(action.name)
    if held is not None and held.state is not KeyState.FAILED:
        return Refuse(Conflict(f"there is a key {action.name!r}"))
    if len(state.keys) + draft.claimed("key name") >= KEYS_MAX:
        return Refuse(NotPermitted(f"the domain has {KEYS_MAX} keys, and room for no more"))
    if not draft.touch("key name", action.name):
        return Later("another key of this name stands in the same batch")
    key = key_id(state.domain, request_id)
    if key in state.keys:
        return Refuse(Conflict("the key's id is taken: use another idempotency key"))
    expires_ms = draft.time_ms + state.settings.ceremony_lifetime_ms
    participants = roster.numbers()
    order = KeygenOrder(
        request_id, sha256(request.encode()), key, 1, suite.id, Usage.SIGN, min_signers, expires_ms, participants
    )
    encoded = order.encode()
    record = Key(
        id=key,
        name=action.name,
        request=request_id,
        state=KeyState.GENERATING,
        version=1,
        share_epoch=1,
        suite=suite.id,
        usage=Usage.SIGN,
        min_signers=min_signers,
        participants=participants,
        expires_ms=expires_ms,
        ceremony=order_hash(encoded),
    )

    def apply(state: State) -> None:
        state.put_key(record)
        state.key_names[record.name] = key

    draft.creates = True
    return Permit(order, (_record(request, request_id, encoded), apply), encoded)


def _reconfigure(draft: Draft, request: Request, request_id: RequestId, action: Reconfigure) -> Verdict:
    verdict = judge_roster(draft, action)
    if not isinstance(verdict, Roster):
        return verdict
    draft.next_roster = verdict

    def apply(state: State) -> None:
        state.pending = verdict

    order = NoticeOrder(sha256(request.encode()))
    encoded = order.encode()
    return Permit(order, (_record(request, request_id, encoded), apply), encoded)


def _enrol(draft: Draft, request: Request, request_id: RequestId, action: EnrolCaller) -> Verdict:
    caller = Caller(action.id, action.public_key, tuple(sorted(set(action.roles))))
    try:
        caller.encode()
    except MalformedRecord as error:
        return Refuse(MalformedRequest(error.detail))
    if action.id not in draft.state.callers and len(draft.state.callers) + draft.claimed("caller") >= CALLERS_MAX:
        return Refuse(NotPermitted(f"the domain has {CALLERS_MAX} callers, and room for no more"))
    if not draft.touch("caller", action.id):
        return Later("another record of this caller stands in the same batch")

    def apply(state: State) -> None:
        state.callers[caller.id] = caller

    order = NoticeOrder(sha256(request.encode()))
    encoded = order.encode()
    return Permit(order, (_record(request, request_id, encoded), apply), encoded)
