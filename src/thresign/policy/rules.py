"""The rules: decide(roles, action) is a value, because a denial is a normal answer.

A function of ledger and request alone: no clock, no local configuration, so that every vault decides alike.
"""

from __future__ import annotations

import msgspec

from thresign.policy.actions import Action, CreateKey, EnrolCaller, Reconfigure, Sign


class Permit(msgspec.Struct, frozen=True):
    """The caller may. `rule` names why."""

    rule: str


class Deny(msgspec.Struct, frozen=True):
    """The caller may not. `rule` names which rule is missing."""

    rule: str


_ROLE_FOR: dict[type[Action], str] = {CreateKey: "admin", EnrolCaller: "admin", Reconfigure: "admin", Sign: "signer"}


def decide(roles: tuple[str, ...], action: Action) -> Permit | Deny:
    """Permit iff the caller has the role that the action needs."""
    role = _ROLE_FOR[type(action)]
    if role in roles:
        return Permit(f"role {role}")
    return Deny(f"role {role} is needed")
