"""What goes into a replica, and what comes out."""

from __future__ import annotations

from typing import NamedTuple

from thresign.errors import ThresignError
from thresign.orders.batch import Entry
from thresign.orders.equivocation import Equivocation
from thresign.orders.roster import Roster
from thresign.signing.stages import Answered
from thresign.vault import calls
from thresign.wire.canonical import Record

# --- in ---------------------------------------------------------------------------------------------------------------


class VaultUp(NamedTuple):
    """The vault answers; nothing asked before will be answered."""

    status: calls.Status


class VaultDown(NamedTuple):
    """The vault does not answer."""


class VaultSaid(NamedTuple):
    """The answer to Ask `id`."""

    id: int
    reply: Record | ThresignError


class PeerSaid(NamedTuple):
    """A message of another module, whose identity the connection proves."""

    sender: int
    message: Record


class PeerUp(NamedTuple):
    """A connection stands."""

    number: int


class PeerDown(NamedTuple):
    """A connection broke."""

    number: int


class Submitted(NamedTuple):
    """Have these ordered."""

    entries: tuple[Entry, ...]


class TimerFired(NamedTuple):
    """The timer of this name."""

    name: str


class Written(NamedTuple):
    """Write `id` is on disk."""

    id: int


class BodyArrived(NamedTuple):
    """The vault holds another body: a large one of a request, or a message that WantBody asked for."""

    content_sha256: bytes
    body: bytes


class NotHeld(NamedTuple):
    """The journal does not hold the decided batch of this sequence, which a module that lags asked for."""

    to: int
    sequence: int


Event = (
    VaultUp
    | VaultDown
    | VaultSaid
    | PeerSaid
    | PeerUp
    | PeerDown
    | Submitted
    | TimerFired
    | Written
    | BodyArrived
    | NotHeld
)

# --- out --------------------------------------------------------------------------------------------------------------


class Send(NamedTuple):
    """To one module."""

    to: int
    message: Record


class Broadcast(NamedTuple):
    """To all other modules."""

    message: Record


class Ask(NamedTuple):
    """To the vault; answered by VaultSaid."""

    id: int
    call: Record


class SetTimer(NamedTuple):
    """Replaces the timer of this name."""

    name: str
    after_ms: int


class CancelTimer(NamedTuple):
    """The timer of this name does not fire."""

    name: str


class Write(NamedTuple):
    """Append to the journal, in order. With an `id` above 0: sync, then say Written."""

    id: int
    records: tuple[Record, ...]


class Applied(NamedTuple):
    """A batch was applied: for queries and metrics."""

    applied: calls.Applied
    entries: tuple[Entry, ...]


class Answer(NamedTuple):
    """A request has its signature."""

    answered: Answered


class Refused(NamedTuple):
    """An entry that was submitted here will not be ordered."""

    entry: Entry
    error: ThresignError


class SendDecided(NamedTuple):
    """Send decided batches from the journal, from this sequence on."""

    to: int
    sequence: int


class Restored(NamedTuple):
    """The vault took a ledger over: for queries, it stands here now."""

    status: calls.Status


class Switched(NamedTuple):
    """The next roster's epoch has begun: for queries, the vault stands here; who is not a member is not talked to."""

    status: calls.Status
    roster: Roster


class Equivocated(NamedTuple):
    """A module signed two things of which it may sign one: keep the proof. Both signatures have been checked."""

    evidence: Equivocation


class Prunable(NamedTuple):
    """The vault does not need batches up to this sequence any more, whatever crashes."""

    sequence: int


class SendHeld(NamedTuple):
    """Say which of these orders' results are held by the journal; and send the results, if wanted."""

    to: int
    orders: tuple[bytes, ...]
    with_result: bool


class WantBody(NamedTuple):
    """Ask a module for the body of this digest; then say BodyArrived."""

    to: int
    content_sha256: bytes


class Observe(NamedTuple):
    """Something worth counting or logging: what, about which module (0: none), and words."""

    what: str
    number: int
    detail: str


Output = (
    Send
    | Broadcast
    | Ask
    | SetTimer
    | CancelTimer
    | Write
    | Applied
    | Answer
    | Refused
    | SendDecided
    | SendHeld
    | Restored
    | Switched
    | Prunable
    | Equivocated
    | WantBody
    | Observe
)
