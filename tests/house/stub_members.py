"""Membership changes of a stub domain: next rosters, who asks for them, and what the old roster certifies."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from tests.house.stub_domain import JSON, NO_SIGNATURE, NOW_MS, StubDomain
from tests.simulation.stubs import sign
from thresign.ledger.snapshot import digest
from thresign.ledger.state import State
from thresign.orders.digests import sha256
from thresign.orders.header import MemberSignature
from thresign.orders.requests import Request
from thresign.orders.roster import Member, Roster, make_roster
from thresign.orders.succession import Joining, joined
from thresign.orders.votes import CheckpointCertificate
from thresign.policy.actions import NewMember, Reconfigure


def new_member(number: int) -> Member:
    """A module that is not in the genesis. Who knows its vote key signs for it, as for all of a stub domain."""
    return Member(number, f"m{number}", sha256(b"new vote %d" % number), sha256(b"new seal %d" % number))


def following(old: Roster, join: Sequence[int] = (), leave: Sequence[int] = ()) -> Roster:
    """The roster after these joined and those left."""
    stay = tuple(member for member in old.members if member.number not in leave)
    return make_roster(old.epoch + 1, (*stay, *map(new_member, join)))


def wanted(domain: StubDomain, old: Roster, new: Roster) -> Reconfigure:
    """What an administrator asks for to have `new` follow `old`."""
    proofs = {m.number: sign(m.vote_key, Joining(domain.id, m, NO_SIGNATURE).signed_bytes()) for m in joined(old, new)}
    members = tuple(
        NewMember(m.number, m.name, m.vote_key, m.sealing_key, proofs.get(m.number, b"")) for m in new.members
    )
    return Reconfigure(new.epoch, members)


def asked(domain: StubDomain, action: Reconfigure, now_ms: int = NOW_MS, caller: str = "alice") -> Request:
    """The request for it."""
    return domain.request("/v1/roster", msgspec.json.encode(action), JSON, now_ms=now_ms, caller=caller)


def certified(state: State, numbers: Sequence[int] = (), /, **changes: object) -> CheckpointCertificate:
    """What q members of the state's roster (the first ones unless said) sign where another roster is pending."""
    roster, pending = state.roster, state.pending
    assert pending is not None
    place = (state.domain, roster.epoch, roster.digest(), state.sequence)
    empty = replace(CheckpointCertificate(*place, state.head, digest(state), pending.digest(), ()), **changes)
    chosen = tuple(numbers) or roster.numbers()[: roster.q]
    said = {number: empty.checkpoint(number, NO_SIGNATURE).signed_bytes() for number in chosen}
    votes = []
    for number in chosen:
        member = roster.member(number)
        assert member is not None
        votes.append(MemberSignature(number, sign(member.vote_key, said[number])))
    return replace(empty, signatures=tuple(votes))
