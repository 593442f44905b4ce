"""What goes into the core, and what comes out. Closed sets: a new kind has to be handled where these are matched."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from thresign.agreement.pbft.messages import Message
from thresign.errors import ThresignError
from thresign.orders.batch import Batch, Entry
from thresign.orders.equivocation import Equivocation
from thresign.orders.header import Certificate
from thresign.vault import calls
from thresign.wire.canonical import Record

# --- in ---------------------------------------------------------------------------------------------------------------


class VaultUp(NamedTuple):
    """The vault answers, and stands here. Anything asked of it before is void."""

    status: calls.Status


class VaultDown(NamedTuple):
    """The vault does not answer."""


class Submitted(NamedTuple):
    """This node wants these ordered."""

    entries: tuple[Entry, ...]


class Signing(NamedTuple):
    """Whether orders of decided batches are not answered yet."""

    busy: bool


class Received(NamedTuple):
    """A message of another module, whose identity the connection proves."""

    sender: int
    message: Message


class Answered(NamedTuple):
    """The vault's answer to an AskVault with this tag; an error if it failed."""

    tag: Tag
    reply: Record | ThresignError


class TimerFired(NamedTuple):
    """A timer that was set and not replaced."""

    timer: Timer


class PeerUp(NamedTuple):
    """A connection to this module stands."""

    number: int


class PeerDown(NamedTuple):
    """The connection to this module broke."""

    number: int


class BodyArrived(NamedTuple):
    """A large body that a request names is held by the vault now."""


Event = VaultUp | VaultDown | Submitted | Signing | Received | Answered | TimerFired | PeerUp | PeerDown | BodyArrived


# --- out --------------------------------------------------------------------------------------------------------------


class Timer(Enum):
    """PROGRESS: something that could be decided is not. VIEW: a view change does not end. STANDING: say where we are.
    RETRY: what could not be ordered may be now. FETCH: an answer to a fetch is overdue. GATHER: a batch waits no longer
    for more entries."""

    PROGRESS = "progress"
    VIEW = "view"
    STANDING = "standing"
    RETRY = "retry"
    FETCH = "fetch"
    GATHER = "gather"


class Ask(Enum):
    """What an answer of the vault is about."""

    PROPOSE = "propose"
    REPROPOSE = "repropose"
    PREPARE = "prepare"
    COMMIT = "commit"
    DECIDE = "decide"
    CHANGE_VIEW = "change view"
    NEW_VIEW = "new view"
    INSTALL = "install"
    CHECKPOINT = "checkpoint"
    STABILISE = "stabilise"
    JUDGE = "judge"
    TRANSFER = "transfer"
    CHUNK = "chunk"
    REMIND = "remind"
    REJOIN = "rejoin"


class Tag(NamedTuple):
    """Names a question to the vault: what, in which view, for which sequence."""

    ask: Ask
    view: int
    sequence: int


class Send(NamedTuple):
    """To one module."""

    to: int
    message: Message


class Broadcast(NamedTuple):
    """To all other modules."""

    message: Message


class AskVault(NamedTuple):
    """Answered later with the same tag."""

    tag: Tag
    call: Record


class SetTimer(NamedTuple):
    """Replaces a timer of this kind that was set before."""

    timer: Timer
    after_ms: int


class CancelTimer(NamedTuple):
    """The timer does not fire."""

    timer: Timer


class Restored(NamedTuple):
    """The vault took over a ledger: it stands here now, without what was decided in between."""

    status: calls.Status


class Switched(NamedTuple):
    """The next roster's epoch has begun: the vault stands here, and who is not in the roster is not heard any more."""

    status: calls.Status


class Deliver(NamedTuple):
    """A batch is decided and applied: journal it, act on it."""

    certificate: Certificate
    batch: Batch
    applied: calls.Applied


class SendDecided(NamedTuple):
    """Send decided batches from the journal to a module that lags."""

    to: int
    sequence: int


class Refuse(NamedTuple):
    """A submitted entry will not be ordered: this node's vault refuses it by now."""

    entry: Entry
    error: ThresignError


class Settled(NamedTuple):
    """A submitted entry needs no ordering: the ledger has its effect already."""

    entry: Entry


class Suspect(NamedTuple):
    """Something a module did that an honest one does not do; for observation, never for punishment by itself."""

    number: int
    why: str


class Equivocated(NamedTuple):
    """A module seems to have signed two things of which it may sign one; the signatures are not checked yet."""

    evidence: Equivocation


class Stable(NamedTuple):
    """A checkpoint became stable. The vault's journal begins at `base`: what lies before may be pruned."""

    sequence: int
    base: int = 0


class Entered(NamedTuple):
    """The module takes part in this view now."""

    view: int


Effect = (
    Send
    | Broadcast
    | AskVault
    | SetTimer
    | CancelTimer
    | Deliver
    | Restored
    | Switched
    | SendDecided
    | Refuse
    | Settled
    | Suspect
    | Equivocated
    | Stable
    | Entered
)
