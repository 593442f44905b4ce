"""What a core remembers. All of it can be lost: after a restart the vault's status and the peers bring it back."""

from __future__ import annotations

from dataclasses import dataclass, field

from thresign.agreement.pbft.events import Ask, AskVault, Effect, Tag
from thresign.agreement.pbft.pending import Pending, Waiting
from thresign.ids import Digest
from thresign.orders.batch import Entry
from thresign.orders.header import Certificate, Header, Phase
from thresign.orders.roster import Roster
from thresign.orders.succession import Succession, newest
from thresign.orders.votes import (
    Checkpoint,
    CheckpointCertificate,
    NewView,
    PrePrepare,
    SignedVote,
    ViewChange,
    Vote,
)
from thresign.vault import recovery_calls
from thresign.wire.canonical import Record


@dataclass(slots=True)
class Timing:
    """Milliseconds. The progress timeout doubles with each view change that does not help, up to the maximum."""

    progress_ms: int = 1500
    progress_max_ms: int = 12_000
    standing_ms: int = 250
    retry_ms: int = 60
    fetch_ms: int = 250
    lost_primary_ms: int = 60
    request_ms: int = 3000
    """How long an entry may wait while others are ordered in its stead."""
    gather_ms: int = 100
    """How long a batch waits for more entries while orders of earlier ones are not answered."""


@dataclass(slots=True)
class Slot:
    """Agreement on one sequence in the current view."""

    pre_prepare: PrePrepare | None = None
    digest: Digest | None = None
    accepted: bool = False
    """Our vault has prepared it (or proposed it)."""
    own: dict[Phase, Vote] = field(default_factory=dict)
    """What we said, to say again."""
    prepares: dict[Digest, dict[int, bytes]] = field(default_factory=dict)
    commits: dict[Digest, dict[int, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Transfer:
    """From whom, what, and how much of it has come."""

    sender: int
    offer: recovery_calls.Offer
    offset: int = 0

    @property
    def sequence(self) -> int:
        return self.offer.checkpoint.sequence


@dataclass(slots=True)
class Core:
    """The state of one replica, and the effects that the current event has had so far."""

    number: int
    roster: Roster
    """That of the epoch which the vault is in; at first the genesis'."""
    timing: Timing
    chain: tuple[Succession, ...] = ()
    """How the rosters followed one another up to this one."""
    genesis: Roster = field(init=False)
    vault_up: bool = False
    view: int = 0
    entered: int = 0
    sequence: int = 0
    """The last applied."""
    low: int = 0
    floor: int = 0
    pending: Pending = field(default_factory=Pending)
    slots: dict[int, Slot] = field(default_factory=dict)
    """Of the current view, above `sequence`."""
    early: dict[tuple[int, int], PrePrepare] = field(default_factory=dict)
    """Pre-prepares for the view or the sequence after ours, by (view, sequence): bounded."""
    demanded: dict[int, Header] = field(default_factory=dict)
    bodies: dict[Digest, tuple[int, bytes]] = field(default_factory=dict)
    """Sequence and body of undecided headers, for new views."""
    changes: dict[int, dict[int, ViewChange]] = field(default_factory=dict)
    """By view and by whose they are: of each module a few."""
    left: dict[int, int] = field(default_factory=dict)
    """By module: the highest view for which it sent its own view-change."""
    new_view: NewView | None = None
    """That of the installed view."""
    checkpoints: dict[int, dict[int, Checkpoint]] = field(default_factory=dict)
    """By sequence above the low watermark, and sender."""
    stable: CheckpointCertificate | None = None
    """By which the low watermark moved."""
    stabilising: CheckpointCertificate | None = None
    """What the vault is asked to move it by."""
    decided: dict[int, tuple[Certificate, bytes]] = field(default_factory=dict)
    """Fetched or assembled, waiting for their turn at the vault."""
    deciding: tuple[Certificate, bytes] | None = None
    """What of it the vault is asked to apply."""
    installing: NewView | None = None
    proposing: tuple[Entry, ...] = ()
    """The entries that the vault is asked to propose."""
    signing: bool = False
    """Orders of decided batches are not answered yet."""
    gathering: bool = False
    """What waits to be proposed waits for more."""
    gathered: bool = False
    """It has waited long enough."""
    stalled: bool = False
    """What waits cannot be ordered now; try again after a batch or a while."""
    judging: tuple[Waiting, ...] = ()
    """What the vault is asked about: could any of it be ordered?"""
    peers_up: set[int] = field(default_factory=set)
    mute: set[int] = field(default_factory=set)
    """Peers that are connected and said that their vault does not answer."""
    ahead: dict[int, int] = field(default_factory=dict)
    """By peer: the highest sequence it said it has."""
    asked: set[Tag] = field(default_factory=set)
    watching: bool = False
    """The progress timer runs."""
    suspects: bool = False
    """This module holds that the primary of the installed view does not lead."""
    suspicions: dict[int, int] = field(default_factory=dict)
    """By module: the highest view whose primary it suspects, or that it has left."""
    ticked: int = 0
    """The sequence at the last tick: no progress since then means that somebody has to say things again."""
    waited: dict[Entry, int] = field(default_factory=dict)
    """For how many ticks what waits has waited in this view."""
    overtaken: set[Entry] = field(default_factory=set)
    """What waited while a batch with room for it was decided."""
    starved: set[Entry] = field(default_factory=set)
    """What was overtaken, is overdue, and could be ordered: while there are any, suspicion stands."""
    fetches: int = 0
    fetching: int = 0
    """The peer that was last asked for decided batches; 0 before."""
    tried: set[int] = field(default_factory=set)
    """The peers that were asked since the last batch was decided here."""
    transfer: Transfer | None = None
    """The ledger that is being taken over."""
    refused_offers: dict[int, int] = field(default_factory=dict)
    """By peer: up to which sequence its offers are not taken, since one was wrong."""
    forgot: bool = False
    """The vault does not vote before it has heard from a quorum how far it may have voted."""
    horizon: int = 0
    """Up to this sequence the vault does not vote."""
    incarnation: int = 0
    """Of the own token."""
    heard: dict[int, SignedVote] = field(default_factory=dict)
    """By module: the vote on the highest slot that it was seen to sign, to remind it of."""
    said: dict[tuple[int, int, int, int], SignedVote | Checkpoint] = field(default_factory=dict)
    """By module, phase, view and sequence: its first word there. Bounded."""
    unknown: list[Vote] = field(default_factory=list)
    """Votes for headers that are not known here. Bounded."""
    unsettled: bool = False
    """The vault has started, and may have forgotten votes: this module takes no part before it was reminded."""
    reminded: set[int] = field(default_factory=set)
    """Who has said what it saw this module sign, since the vault started."""
    failed_views: int = 0
    out: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.genesis = self.roster

    @property
    def member(self) -> bool:
        """False before this module has joined and after it has left: it follows, and takes no part."""
        return self.roster.member(self.number) is not None

    @property
    def primary(self) -> int:
        return self.roster.primary(self.view)

    @property
    def leads(self) -> bool:
        return self.primary == self.number

    @property
    def active(self) -> bool:
        """Takes part in the installed view."""
        return self.vault_up and self.entered <= self.view and not self.unsettled and self.member

    @property
    def next(self) -> int:
        return self.sequence + 1

    @property
    def answering(self) -> set[int]:
        """The other modules that can take part now, as far as this one has heard."""
        return self.peers_up - self.mute

    def slot(self, sequence: int) -> Slot:
        return self.slots.setdefault(sequence, Slot())

    def ask(self, ask: Ask, view: int, sequence: int, call: Record) -> None:
        """Asks the vault, unless the same is being asked."""
        tag = Tag(ask, view, sequence)
        if self.vault_up and tag not in self.asked:
            self.asked.add(tag)
            self.out.append(AskVault(tag, call))

    def asking(self, *asks: Ask) -> bool:
        """True while a question of one of these kinds is open."""
        return any(tag.ask in asks for tag in self.asked)

    def enter_roster(self, chain: tuple[Succession, ...]) -> None:
        """The roster that this chain leads to; if it is another one, forgets what was said under the one before."""
        self.chain = chain
        roster = newest(self.genesis, chain)
        if roster == self.roster:
            return
        self.roster = roster
        self.reset_view()
        for kept in (self.early, self.bodies, self.changes, self.left, self.checkpoints, self.suspicions):
            kept.clear()
        self.judging = ()
        self.watching = False
        self.failed_views = 0
        for number in [number for number in self.ahead if roster.member(number) is None]:
            del self.ahead[number]

    def reset_view(self) -> None:
        """Forgets what belonged to the view before."""
        self.slots.clear()
        self.demanded = {}
        self.suspects = False
        self.asked = {tag for tag in self.asked if tag.ask in (Ask.DECIDE, Ask.CHECKPOINT, Ask.STABILISE)}
