"""Judging the next roster that an administrator asks for."""

from __future__ import annotations

from thresign.errors import Conflict, MalformedRecord, MalformedRequest, ReshareNeeded
from thresign.ledger.draft import Draft
from thresign.ledger.state import KeyState, State
from thresign.ledger.verdicts import Later, Refuse
from thresign.limits import ROSTER_EPOCHS_MAX
from thresign.orders.roster import Member, Roster, make_roster
from thresign.orders.succession import Joining, check_change, joined
from thresign.policy.actions import NewMember, Reconfigure


def judge_roster(draft: Draft, action: Reconfigure) -> Roster | Refuse | Later:
    """The next roster, if it may follow the present one.

    - it is of the next epoch, the only one in its batch, and of those that chains can lead to; [LEDGER-C1]
    - who stays is as before; at most f join and at most f leave; a new number was never anybody's; [LEDGER-C2]
    - each new member's token proves that it has the keys, which are valid; [LEDGER-C3]
    - no key is being generated: a ceremony does not outlive its roster; [LEDGER-C4]
    - each active key keeps min_signers + f of its participants, f the larger of both rosters'. [LEDGER-C5]
    """
    state = draft.state
    if action.epoch != state.roster.epoch + 1:
        return Refuse(Conflict(f"roster epoch {action.epoch} was asked for: the next one is {state.roster.epoch + 1}"))
    if action.epoch > ROSTER_EPOCHS_MAX:
        return Refuse(Conflict(f"{ROSTER_EPOCHS_MAX} membership changes are the most"))
    try:
        roster = make_roster(action.epoch, tuple(_member(member) for member in action.members))
        roster.encode()
        check_change(state.roster, roster)
        _check_joining(draft, roster, {member.number: member.joining for member in action.members})
    except MalformedRecord as error:
        return Refuse(MalformedRequest(error.detail))
    short = _short_keys(state, roster)
    if short:
        return Refuse(ReshareNeeded(f"too few participants would be left of {', '.join(short)}: reshare first"))
    if draft.next_roster is not None:
        return Later("another roster stands in the same batch")
    under_way = (KeyState.GENERATING, KeyState.CONFIRMING)
    if draft.creates or any(key.state in under_way for key in state.keys.values()):
        return Later("a key is being generated")
    return roster


def _member(member: NewMember) -> Member:
    return Member(member.number, member.name, member.vote_key, member.sealing_key)


def _check_joining(draft: Draft, roster: Roster, proofs: dict[int, bytes]) -> None:
    state = draft.state
    for member in joined(state.roster, roster):
        if member.number <= state.last_number:
            raise MalformedRecord(f"roster: number {member.number} was another module's")
        said = Joining(state.domain, member, proofs[member.number])
        if len(said.signature) != 64 or not draft.checks.member_keys(member.vote_key, member.sealing_key):
            raise MalformedRecord(
                f"roster: module {member.number}: its keys, or the proof that it has them, are not valid"
            )
        if not draft.checks.signature(member.vote_key, said.signed_bytes(), said.signature):
            raise MalformedRecord(f"roster: module {member.number} does not prove that it has its keys")


def _short_keys(state: State, roster: Roster) -> list[str]:
    """The names of active keys of which too few participants would be left."""
    members, faults = set(roster.numbers()), max(roster.f, state.roster.f)
    active = [key for key in state.keys.values() if key.state is KeyState.ACTIVE]
    left = [key for key in active if not set(key.participants) <= members]
    return sorted(key.name for key in left if len(members & set(key.participants)) < key.min_signers + faults)
