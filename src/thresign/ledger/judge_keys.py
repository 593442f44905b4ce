"""Judging how key generation ends: a success certificate, a confirming signature, or an abort."""

from __future__ import annotations

from msgspec.structs import replace

from thresign.errors import CeremonyFailed, InvalidVote
from thresign.ids import Digest, KeyId, ModuleNumber
from thresign.ledger.draft import Draft
from thresign.ledger.state import Key, KeyState, State
from thresign.ledger.verdicts import Known, Later, Permit, Refuse, Verdict
from thresign.orders.digests import sha256
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import NoticeOrder, SignOrder
from thresign.orders.statements import CeremonyAbort, KeyConfirmed, KeyGenerated, confirmation_message


def _key_of_ceremony(state: State, order: bytes) -> Key | None:
    return next((key for key in state.keys.values() if key.ceremony == order), None)


def judge_generated(draft: Draft, entry: KeyGenerated) -> Verdict:
    """Permit iff all participants' tokens signed the same public values; leads to an order for a confirming signature.

    - the ceremony is under way and its deadline not over; [LEDGER-K1]
    - one verification share and one signature for each participant, all signatures verify; [LEDGER-K2]
    - signers are ready for the confirming signature. [LEDGER-K3]
    """
    state = draft.state
    key = _key_of_ceremony(state, entry.order)
    if key is None:
        return Refuse(InvalidVote("a success certificate of no ceremony"))
    if key.state is not KeyState.GENERATING:
        return Known(f"the key is {key.state.name.lower()}")
    if key.expires_ms <= draft.time_ms:
        return Refuse(CeremonyFailed("the ceremony's deadline is over"))
    if tuple(signature.number for signature in entry.signatures) != key.participants:
        return Refuse(InvalidVote("a success certificate that is not of all participants"))
    for signature in entry.signatures:
        member = state.roster.member(signature.number)
        success = entry.success(state.domain, signature.number, signature.signature)
        if member is None or not draft.checks.signature(member.vote_key, success.signed_bytes(), success.signature):
            return Refuse(InvalidVote("a success whose signature does not verify", (signature.number,)))
    if not draft.touch("key", key.id):
        return Later("another entry about this key stands in the same batch")
    generated = replace(
        key,
        state=KeyState.CONFIRMING,
        expires_ms=draft.time_ms + state.settings.ceremony_lifetime_ms,
        public_key=entry.public_key,
        verification_shares=entry.verification_shares,
        transcript=entry.transcript,
    )
    assignment = draft.assigner.assign(generated)
    if isinstance(assignment, Later):
        return assignment
    message = confirmation_message(state.domain, entry, key.id, key.version)
    digest = sha256(entry.encode())
    order = SignOrder(
        digest,
        digest,
        0,
        1,
        key.id,
        key.version,
        key.share_epoch,
        key.suite,
        sha256(message),
        len(message),
        generated.expires_ms,
        assignment.coordinator,
        (),
        assignment.signers,
    )
    confirming = replace(generated, confirmation=leaf_hash(order.encode()))

    def apply(state: State) -> None:
        state.put_key(confirming)

    return Permit(order, (apply,))


def judge_confirmed(draft: Draft, entry: KeyConfirmed) -> Verdict:
    """Permit iff the key awaits confirmation, in time, and this is its signature over its public values. [LEDGER-K4]

    Past the deadline applying the batch fails the key: a confirmation in it would raise it again, reason and all.
    """
    key = draft.state.keys.get(KeyId(entry.key))
    if key is None:
        return Refuse(InvalidVote("a confirmation of no key"))
    if key.state is not KeyState.CONFIRMING:
        return Known(f"the key is {key.state.name.lower()}")
    if key.expires_ms <= draft.time_ms:
        return Refuse(CeremonyFailed("the confirmation's deadline is over"))
    if not draft.touch("key", key.id):
        return Later("another entry about this key stands in the same batch")
    message = confirmation_of(draft.state.domain, key)
    if not draft.checks.schnorr(key.suite, key.public_key, message, entry.signature):
        return Refuse(InvalidVote("a confirming signature that does not verify"))

    def apply(state: State) -> None:
        state.put_key(replace(state.keys[key.id], state=KeyState.ACTIVE, expires_ms=0))

    return Permit(NoticeOrder(sha256(entry.encode())), (apply,))


def confirmation_of(domain: Digest, key: Key) -> bytes:
    """The message of a generated key's confirming signature."""
    values = KeyGenerated(key.ceremony, key.transcript, key.public_key, key.verification_shares, ())
    return confirmation_message(domain, values, key.id, key.version)


def judge_abort(draft: Draft, entry: CeremonyAbort) -> Verdict:
    """Permit iff a participant of a running ceremony cannot go on: without all there is no key. [LEDGER-K5]"""
    state = draft.state
    key = _key_of_ceremony(state, entry.order)
    member = state.roster.member(entry.number)
    if key is None or member is None or entry.domain != state.domain or entry.number not in key.participants:
        return Refuse(InvalidVote("an abort by no participant", (entry.number,)))
    if key.state is not KeyState.GENERATING:
        return Known(f"the key is {key.state.name.lower()}")
    if not draft.touch("key", key.id):
        return Later("another entry about this key stands in the same batch")
    if not draft.checks.signature(member.vote_key, entry.signed_bytes(), entry.signature):
        return Refuse(InvalidVote("an abort whose signature does not verify", (entry.number,)))
    reported = f"module {entry.number} reports: {entry.reason}"

    def apply(state: State) -> None:
        state.put_key(fail(state.keys[key.id], reported, entry.culprit))

    return Permit(NoticeOrder(sha256(entry.encode())), (apply,))


def fail(key: Key, why: str, culprit: int = 0) -> Key:
    """The key, failed; its name is free again."""
    return replace(key, state=KeyState.FAILED, failure=why, culprit=ModuleNumber(culprit), expires_ms=0)
