"""What goes into the journey, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from thresign.ids import Digest
from thresign.orders.batch import Batch, Entry
from thresign.orders.header import Certificate
from thresign.orders.statements import FoundReport, MissingReport, PartialProof
from thresign.signing.messages import Message
from thresign.signing.stages import Answered, Combined
from thresign.vault import calls

# --- in ---------------------------------------------------------------------------------------------------------------


class Past(NamedTuple):
    """What this node's journal says of orders, when it is replayed after a restart: by leaf hash."""

    results: Mapping[Digest, tuple[bytes, tuple[PartialProof, ...]]] = {}
    """Signature and signed partials."""
    reported: frozenset[Digest] = frozenset()
    """Given up: this module will not hold them, but those that are found."""
    found: frozenset[Digest] = frozenset()
    answered: frozenset[Digest] = frozenset()
    replaced: frozenset[Digest] = frozenset()
    """Followed by another order of their request: walked no more, as their result, if there is one, is nobody's."""
    replayed: bool = False
    """Others may have ended these orders while this node was away: ask them first."""
    gap: bool = False
    """What was decided after these orders is not all in the journal: they may have been replaced."""


class Delivered(NamedTuple):
    """A batch was decided and applied."""

    certificate: Certificate
    batch: Batch
    applied: calls.Applied
    past: Past = Past()


class OwnSigned(NamedTuple):
    """What the own token made for a batch."""

    signed: calls.Signed


class Received(NamedTuple):
    """A message of another module, whose identity the connection proves."""

    sender: int
    message: Message


class Journalled(NamedTuple):
    """These results are on disk."""

    leaves: frozenset[Digest]


class OwnReport(NamedTuple):
    """The vault signed this module's report, and the node's journal has it."""

    report: MissingReport


class OwnFound(NamedTuple):
    """The vault signed that this module has verified a result."""

    report: FoundReport


class Found(NamedTuple):
    """The ledger knows of these orders that they have results, since some batch that may not have been seen here."""

    orders: frozenset[Digest]


class MessageArrived(NamedTuple):
    """A message that AskMessage asked for; whose digest this is was checked."""

    message_sha256: bytes
    message: bytes


class Tick(NamedTuple):
    """Some time has passed."""


Event = Delivered | OwnSigned | Received | Journalled | OwnReport | OwnFound | Found | MessageArrived | Tick

# --- out --------------------------------------------------------------------------------------------------------------


class AskSigned(NamedTuple):
    """Have the own token sign its orders of this batch (again: it answers the same)."""

    sequence: int


class AskReport(NamedTuple):
    """Have the vault sign that this order has no result here; journal that before it is sent."""

    order: Digest
    missing: tuple[int, ...]


class AskFound(NamedTuple):
    """Have the vault sign that this module has verified a result of this order."""

    order: Digest


class AskMessage(NamedTuple):
    """Ask a module for the message of an order."""

    to: int
    message_sha256: bytes


class Broadcast(NamedTuple):
    """To all other modules."""

    message: Message


class Send(NamedTuple):
    """To one module."""

    to: int
    message: Message


class Journal(NamedTuple):
    """Write these results down, synced; then say Journalled."""

    results: tuple[Combined, ...]


class Answer(NamedTuple):
    """The request has its signature."""

    answered: Answered


class Submit(NamedTuple):
    """Have this ordered."""

    entry: Entry


class Recall(NamedTuple):
    """A module asks about orders whose walks are over: say from the journal which are held, and send the results."""

    to: int
    orders: tuple[Digest, ...]
    with_result: bool


class RecallFound(NamedTuple):
    """A module asks for a found report of an order whose walk is over here: if the journal has the result, have the
    vault sign that it is found, and send that."""

    to: int
    order: Digest


class Blame(NamedTuple):
    """A signer's partial is wrong or was refused."""

    number: int
    order: Digest
    why: str


Effect = (
    AskSigned
    | AskReport
    | AskFound
    | AskMessage
    | Broadcast
    | Send
    | Journal
    | Answer
    | Submit
    | Recall
    | RecallFound
    | Blame
)
