"""What REST needs of the node it stands in. node.desk implements it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from thresign.ledger.snapshot import KeyPart
from thresign.orders.genesis import Caller
from thresign.orders.requests import Request
from thresign.orders.roster import Roster


class Signed(msgspec.Struct, frozen=True):
    """A sign request's answer. The signature is the request's only one."""

    request: bytes
    key: KeyPart
    signature: bytes


class KeyMade(msgspec.Struct, frozen=True):
    """A create-key request's answer."""

    request: bytes
    key: KeyPart


class Enrolled(msgspec.Struct, frozen=True):
    """An enrol-caller request's answer."""

    request: bytes
    caller: str


class Changed(msgspec.Struct, frozen=True):
    """A change of the domain's members: this node's vault has entered the next roster's epoch."""

    request: bytes
    roster_epoch: int


class Waiting(msgspec.Struct, frozen=True):
    """No answer yet. `stage`: submitted (waits to be ordered) or ordered (the signature is on its way)."""

    request: bytes
    stage: str


Outcome = Signed | KeyMade | Enrolled | Changed | Waiting


class ModuleState(msgspec.Struct, frozen=True):
    """One module as this node sees it."""

    number: int
    name: str
    connected: bool


class Proof(msgspec.Struct, frozen=True):
    """Proven: this module signed two messages of which an honest one signs one. `evidence` is the base64 of the record
    Equivocation, which verifies by itself with the domain's public file."""

    module: int
    view: int
    sequence: int
    evidence: str


class NodeStatus(msgspec.Struct, frozen=True):
    """This node, its vault, and whom it reaches."""

    domain: str
    name: str
    module: int
    vault: str
    """up or down."""
    view: int
    primary: int
    sequence: int
    agreed_time_ms: int
    quorum: int
    faults: int
    custody: str
    emulated: bool
    boundary: str
    hardening: dict[str, str]
    modules: tuple[ModuleState, ...]
    ready: bool
    reason: str
    """Why it is not ready; empty if it is."""
    equivocations: tuple[Proof, ...] = ()
    """What this node has proven of others, oldest first."""
    roster_epoch: int = 0
    """How often the members have changed, as far as this module has come."""


class Domain(Protocol):
    """The trust domain, through this node."""

    domain_id: bytes

    def callers(self) -> dict[str, Caller]:
        """The enrolled callers, as far as this node has heard."""

    def keys(self) -> list[KeyPart]:
        """All keys, by name."""

    def key(self, name: str) -> KeyPart:
        """A key by name or id. Raises UnknownKey."""

    async def submit(self, request: Request, body: bytes, wait_ms: int) -> Outcome:
        """Has a request judged and ordered; waits for its answer, at most `wait_ms`.

        A retry gets the answer of the first. Raises CallerError if the vault refuses it, Undecided if no decision could
        be reached in time (the request may still be decided), Overloaded if there is no room.
        """

    def outcome(self, request: bytes, caller: str | None) -> Outcome:
        """Where a request stands. `caller` sees its own; None sees all. Raises UnknownRequest."""

    def evidence(self, request: bytes, caller: str | None) -> bytes:
        """The evidence bundle of an answered sign request. Raises UnknownRequest, Undecided if it is not answered."""

    def roster(self) -> Roster:
        """The members, in the epoch that this module has entered."""

    def status(self) -> NodeStatus:
        """Where everything stands."""
