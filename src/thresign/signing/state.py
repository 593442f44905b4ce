"""What a node remembers of the orders that it walks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from thresign.ids import Digest
from thresign.orders.batch import Entry
from thresign.orders.orders import SignOrder
from thresign.orders.roster import Member, Roster
from thresign.orders.statements import FoundReport, MissingReport, PartialProof
from thresign.signing.combining import Combiner, SigningKey
from thresign.signing.events import Effect, Past
from thresign.signing.messages import PartialsOf
from thresign.signing.stages import Answered, Certified, Combined, Held

EARLY_MAX = 16
"""Batches that are not known here, of which the partials of one sender are kept: the next ones."""
EARLY_PARTS_MAX = 8
EARLY_HELD_MAX = 2048
"""Of one sender."""


@dataclass(slots=True)
class Timing:
    """Milliseconds after an order was certified here; doubled with each attempt.

    What one module combined has to reach all before any of them gives the order up, or some hold it and some reported
    it, and it is neither answered nor replaced. So partials are taken only until `partials_ms`, results until the end.
    """

    fetch_ms: int = 250
    partials_ms: int = 700
    missing_ms: int = 1000
    wrong_ms: int = 300
    """A wrong partial ends the wait so soon after it was seen."""
    give_up_ms: int = 2500
    """When a module says that it holds the result but does not give it, the order is reported all the same."""
    remind_ms: int = 100
    """The coordinator sends the result to who has not said that it holds it; each next signer this much later. Again
    when the order is twice as old, and so on: a module that is gone, or says nothing, costs little."""
    submit_ms: int = 1000
    """So often an entry that the ledger does not have yet is submitted again."""
    done_ms: int = 5000
    bytes_per_ms: int = 8192
    """A message of this length makes a millisecond's difference: several modules on one small machine hash it, and each
    more than once."""
    doublings_max: int = 4


@dataclass(slots=True)
class Walk:
    """One order on its way.

    `reported` means that this module gave the order up, and will not hold its result unless that is found.
    """

    certified: Certified
    since_ms: int
    fetch_at_ms: int
    """When to ask again for what is missing."""
    proofs: dict[int, PartialProof] = field(default_factory=dict)
    wrong: set[int] = field(default_factory=set)
    """Signers whose partial was wrong."""
    hopeless_at_ms: int | None = None
    """When the order is given up, partials or no partials, because one was wrong."""
    combined: Combined | None = None
    held: Held | None = None
    answered: Answered | None = None
    holders: set[int] = field(default_factory=set)
    reported: bool = False
    reports: dict[int, MissingReport] = field(default_factory=dict)
    replace_at_ms: int = 0
    """When the reports that replace the order are submitted, if there are enough: once, and again."""
    found_by: dict[int, FoundReport] = field(default_factory=dict)
    find_at_ms: int = 0
    """The same of those that find it."""
    remind_at_ms: int = 0
    """When the result is sent once more to who does not say that it holds it."""
    say_found_at_ms: int = 0
    """When the vault is asked to sign, again, that this module has verified an answered result."""
    found: bool = False
    """The ledger knows that there is a result: the order is not replaced, and who gave it up may hold it."""
    settled: bool = False
    """Nothing is to be expected of the order soon: it is answered, or has waited long."""


@dataclass(slots=True)
class Wanted:
    """An order whose message is not here: its request was decided before this module took the ledger over, or the large
    body never came."""

    roster_epoch: int
    sequence: int
    index: int
    order: SignOrder
    encoded: bytes
    key: SigningKey
    past: Past
    ask_at_ms: int = 0
    asked: int = 0
    """How many times; each time somebody else."""


@dataclass(slots=True)
class Journey:
    """The state of one node's walks."""

    number: int
    domain: Digest
    roster: Roster
    combiner: Combiner
    body_of: Callable[[bytes], bytes | None]
    """The body that travels apart, by its SHA-256."""
    entries: Callable[[bytes], Iterable[Entry]]
    """What was ordered under a request's id, as the node's journal has it."""
    timing: Timing = field(default_factory=Timing)
    keys: dict[bytes, SigningKey] = field(default_factory=dict)
    rosters: dict[int, Roster] = field(default_factory=dict)
    """By epoch, up to the present one: an order is signed by members of its own."""
    walks: dict[Digest, Walk] = field(default_factory=dict)
    wanted: dict[Digest, Wanted] = field(default_factory=dict)
    early: dict[tuple[int, int], list[PartialsOf]] = field(default_factory=dict)
    """Partials that came before their batch: by sequence and sender, in as many parts as messages are large."""
    early_held: dict[int, dict[Digest, None]] = field(default_factory=dict)
    """By sender: what it holds of orders that are not known here yet. Bounded."""
    unsettled: dict[int, int] = field(default_factory=dict)
    """By sequence: how many orders are not settled yet."""
    sequence: int = 0
    now_ms: int = 0
    out: list[Effect] = field(default_factory=list)
    fresh: list[Combined] = field(default_factory=list)
    """Combined in this step, to be journalled together."""

    def open(self, walk: Walk) -> None:
        """A walk begins."""
        sequence = walk.certified.sequence
        self.walks[walk.certified.leaf] = walk
        self.unsettled[sequence] = self.unsettled.get(sequence, 0) + 1

    def early_holders(self, leaf: Digest) -> set[int]:
        """Who said that it holds this order, before it was known here."""
        holders = {number for number, held in self.early_held.items() if leaf in held}
        for number in holders:
            del self.early_held[number][leaf]
        return holders

    def settle(self, walk: Walk) -> None:
        """The order was answered, or takes long, or its walk ends."""
        if walk.settled:
            return
        walk.settled = True
        sequence = walk.certified.sequence
        self.unsettled[sequence] -= 1
        if not self.unsettled[sequence]:
            del self.unsettled[sequence]

    def __post_init__(self) -> None:
        self.rosters[self.roster.epoch] = self.roster

    def member(self, number: int) -> Member | None:
        """Who has this number, or had it: it is never given twice."""
        found = (roster.member(number) for _, roster in sorted(self.rosters.items(), reverse=True))
        return next((member for member in found if member is not None), None)

    def is_past(self, certified: Certified) -> bool:
        """True for an order of a roster before the present one: nothing replaces it any more."""
        return certified.roster_epoch < self.roster.epoch

    def age(self, walk: Walk) -> int:
        """Milliseconds since the order was certified here and its message can have been read; they count half with each
        attempt, a quarter with the next, so that a network slower than the timing still comes to an answer."""
        doublings = min(walk.certified.order.attempt - 1, self.timing.doublings_max)
        return (self.now_ms - walk.since_ms) >> doublings
