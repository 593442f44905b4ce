"""What is answered, as JSON. Bytes are standard base64, digests and ids lower-case hex."""

from __future__ import annotations

import base64

import msgspec

from thresign.frost import suites
from thresign.ledger.snapshot import KeyPart
from thresign.ledger.state import KeyState
from thresign.orders.roster import Roster
from thresign.rest.interface import Changed, Enrolled, KeyMade, Outcome, Signed, Waiting


class KeyView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key. `state` is generating, confirming, active or failed."""

    name: str
    id: str
    state: str
    suite: str
    usage: str
    min_signers: int
    participants: tuple[int, ...]
    key_version: int
    share_epoch: int
    public_key: str = ""
    failure: str = ""
    culprit: int = 0


class KeyList(msgspec.Struct, frozen=True):
    """All keys of the domain."""

    keys: tuple[KeyView, ...]


class MemberView(msgspec.Struct, frozen=True):
    """A member. Keys are base64, of 32 bytes each."""

    number: int
    name: str
    vote_key: str
    sealing_key: str


class RosterView(msgspec.Struct, frozen=True):
    """The members of one epoch, how many of them may lie, and the quorum."""

    epoch: int
    faults: int
    quorum: int
    members: tuple[MemberView, ...]


class RequestView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request: `status` is submitted, ordered, done or failed."""

    request_id: str
    status: str
    signature: str = ""
    key: KeyView | None = None
    caller: str = ""
    evidence: str = ""
    """Path of the evidence bundle."""
    roster_epoch: int = 0
    """Of a change of the members: the epoch that has begun."""


def key_view(key: KeyPart) -> KeyView:
    """A key as callers see it."""
    return KeyView(
        key.name,
        key.id.hex(),
        KeyState(key.state).name.lower(),
        suites.BY_ID[key.suite].name,
        "sign",
        key.min_signers,
        key.participants,
        key.version,
        key.share_epoch,
        base64.b64encode(key.public_key).decode(),
        key.failure,
        key.culprit,
    )


def roster_view(roster: Roster) -> RosterView:
    """A roster as callers see it."""
    members = tuple(
        MemberView(
            member.number,
            member.name,
            base64.b64encode(member.vote_key).decode(),
            base64.b64encode(member.sealing_key).decode(),
        )
        for member in roster.members
    )
    return RosterView(roster.epoch, roster.f, roster.q, members)


def request_view(outcome: Outcome) -> RequestView:
    """A request's outcome as callers see it."""
    request = outcome.request.hex()
    match outcome:
        case Signed():
            signature = base64.b64encode(outcome.signature).decode()
            return RequestView(request, "done", signature, None, "", f"/v1/requests/{request}/evidence")
        case KeyMade():
            done = outcome.key.state == KeyState.ACTIVE
            return RequestView(request, "done" if done else "failed", key=key_view(outcome.key))
        case Enrolled():
            return RequestView(request, "done", caller=outcome.caller)
        case Changed():
            return RequestView(request, "done", roster_epoch=outcome.roster_epoch)
        case Waiting():
            return RequestView(request, outcome.stage)
