"""How much work each other module may cause here by asking. What is over it is not done, and not answered.

Whoever asks is a member, and still may lie: a question of a few bytes can cost a vault's signatures, a journal's
reading, or megabytes of answer. So each peer has a budget for each kind of work, of questions and of the bytes that
answer them, which fills up again with time. A budget holds what an honest module may want at the highest load and when
it catches up; what is dropped all the same it asks for again, or of another.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from thresign.agreement.pbft import messages as agreement
from thresign.limits import SNAPSHOT_BYTES_MAX
from thresign.node import bodies
from thresign.signing import messages as signing
from thresign.wire.canonical import Record

MIB = 1024 * 1024
MESSAGE_BYTES_A_BYTE = 64
"""Of a message that a token has to read again for its partial: so many cost what a byte of partials does."""


class Work(Enum):
    """What answering may take."""

    PARTIALS = "partials"
    """The vault has its token sign once more."""
    RESULTS = "results"
    RECALLS = "recalls"
    """The same from the journal: one question is one order."""
    FINDINGS = "findings"
    """The vault signs that a result is found."""
    PACKAGES = "packages"
    BATCHES = "batches"
    BODIES = "bodies"
    HANDOVERS = "handovers"
    """A body is handed to the vault: one that has come, or one that is here already once more."""
    LEDGER = "ledger"
    VIEWS = "views"
    """Saying where a module stands is a question too: who is behind gets what leads on."""
    MEMORY = "memory"


class Bound(NamedTuple):
    """Questions, and bytes of answers: how many more a second, and at most at once."""

    questions_per_s: int
    questions_max: int
    bytes_per_s: int
    bytes_max: int


BOUNDS = {
    Work.PARTIALS: Bound(256, 2048, MIB // 4, 4 * MIB),
    Work.RESULTS: Bound(1024, 8192, 4 * MIB, 32 * MIB),
    Work.RECALLS: Bound(1024, 8192, 4 * MIB, 32 * MIB),
    Work.FINDINGS: Bound(64, 2048, MIB, 8 * MIB),
    Work.PACKAGES: Bound(512, 4096, MIB, 16 * MIB),
    Work.BATCHES: Bound(64, 256, 32 * MIB, 64 * MIB),
    Work.BODIES: Bound(256, 1024, 16 * MIB, 128 * MIB),
    Work.HANDOVERS: Bound(256, 1024, 64 * MIB, 256 * MIB),
    Work.LEDGER: Bound(64, 512, 32 * MIB, SNAPSHOT_BYTES_MAX + 64 * MIB),
    Work.VIEWS: Bound(32, 256, 4 * MIB, 32 * MIB),
    Work.MEMORY: Bound(32, 128, MIB, 8 * MIB),
}

QUESTIONS: dict[type[Record], Work] = {
    signing.FetchPartials: Work.PARTIALS,
    signing.FetchResult: Work.RESULTS,
    signing.FetchHeld: Work.RESULTS,
    signing.FetchFound: Work.FINDINGS,
    signing.FetchPackage: Work.PACKAGES,
    agreement.FetchDecided: Work.BATCHES,
    agreement.FetchBody: Work.BODIES,
    bodies.FetchBody: Work.BODIES,
    agreement.FetchSnapshot: Work.LEDGER,
    agreement.FetchView: Work.VIEWS,
    agreement.FetchProposal: Work.VIEWS,
    agreement.Standing: Work.VIEWS,
    agreement.AskReminder: Work.MEMORY,
    agreement.AskHorizon: Work.MEMORY,
}
"""What each question asks for."""


class _Budget:
    """What is left of one bound, in thousandths. Bytes may be owed: an answer's length is known when it is there."""

    __slots__ = ("at_ms", "bytes", "questions")

    def __init__(self, bound: Bound, now_ms: int) -> None:
        self.questions = 1000 * bound.questions_max
        self.bytes = 1000 * bound.bytes_max
        self.at_ms = now_ms

    def fill(self, bound: Bound, now_ms: int) -> None:
        passed_ms = max(0, now_ms - self.at_ms)
        self.questions = min(1000 * bound.questions_max, self.questions + passed_ms * bound.questions_per_s)
        self.bytes = min(1000 * bound.bytes_max, self.bytes + passed_ms * bound.bytes_per_s)
        self.at_ms = now_ms


class Allowance:
    """The budgets of all peers. They outlast connections: a peer gains nothing by connecting anew."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[int, Work], _Budget] = {}

    def take(self, peer: int, work: Work, now_ms: int, questions: int = 1) -> int:
        """How many of so many questions are to be answered now."""
        budget = self._budgets.get((peer, work))
        if budget is None:
            budget = self._budgets[peer, work] = _Budget(BOUNDS[work], now_ms)
        budget.fill(BOUNDS[work], now_ms)
        if budget.bytes <= 0:
            return 0
        taken = min(questions, budget.questions // 1000)
        budget.questions -= 1000 * taken
        return taken

    def spend(self, peer: int, work: Work, size: int) -> None:
        """An answer has so many bytes. None that was not asked for is counted."""
        budget = self._budgets.get((peer, work))
        if budget is not None:
            budget.bytes -= 1000 * size
