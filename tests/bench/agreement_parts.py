"""What agreement is made of, each part measured by itself: what the bound of tests.bench.agreement is computed from."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.agreement_shell import presigned, unsigned
from tests.house.domain import RunningDomain
from tests.house.tokens import PlainMember, TokenDomain, TokenFiles, genesis_of, make_token, opened, pin
from thresign.agreement.pbft import core as pbft
from thresign.agreement.pbft import events as agree
from thresign.agreement.pbft.state import Core, Timing
from thresign.callers import profile as rules
from thresign.groups import ed25519
from thresign.journal.file import JournalFile
from thresign.ledger import ledger
from thresign.ledger.draft import Plan
from thresign.orders.batch import Batch
from thresign.orders.header import Header, Phase
from thresign.orders.orders import NoticeOrder
from thresign.orders.requests import Request
from thresign.orders.roster import Roster
from thresign.orders.votes import PrePrepare, Vote
from thresign.vault import calls

LARGE = 256
NO_SIGNATURE = bytes(64)


def median_us(work: Callable[[int], object], rounds: int) -> float:
    """The median processor time of work(i), microseconds: others that want the processor too do not count."""
    times = []
    for i in range(rounds):
        began = time.process_time()
        work(i)
        times.append(time.process_time() - began)
    return statistics.median(times) * 1e6


@dataclass(frozen=True)
class Parts:
    """Microseconds of CPU; `sync` of time."""

    sign: float
    verify: float
    certificate: float
    trip: float
    message: float
    batch: float
    entry: float
    sync: float = 0.0

    def fixed_us(self) -> float:
        """What a batch costs a module, whatever is in it."""
        votes = 2 * self.sign + 2.75 * self.verify + self.certificate
        return votes + 3 * self.trip + 6 * self.message + self.batch

    def batch_us(self, size: int) -> float:
        """c(B)."""
        return self.fixed_us() + size * (self.verify + self.entry)

    def bound(self, size: int, modules: int, cores: int) -> float:
        """Batches a second."""
        return 1e6 / (modules * self.batch_us(size) / cores + 3 * self.sync)


def fixed_and_each(one: float, large: float) -> tuple[float, float]:
    """What batches of 1 and of LARGE cost, as a part for the batch and one for each entry."""
    each = (large - one) / (LARGE - 1)
    return one - each, each


class Gauge:
    """Measures the parts that need no running domain, again and again."""

    def __init__(self, tokens: TokenDomain, running: RunningDomain) -> None:
        self.tokens = tokens
        self.running = running
        self.profile = running.profile()
        self.key = self.profile._key.public_key().public_bytes_raw()
        self.signed = [(rules.post_base(one), one.signature) for one in presigned(self.profile, 60, "verify")]
        self.headers = [tokens.header([]).encode() for _ in range(40)]
        self.made = 0

    def sign(self) -> float:
        """A vote, by the token."""
        return median_us(lambda i: self.tokens.tokens[1].sign_vote(Phase.PREPARE, 0, self.headers[i]), 40)

    def certificate(self) -> float:
        """A certificate of three votes, by the token."""
        made = [self.tokens.certify([], tell=False).certificate.encode() for _ in range(20)]
        return median_us(lambda i: self.tokens.tokens[1].check_certificate(made[i]), len(made))

    def verify(self) -> float:
        """A signature, as vaults check it."""
        return median_us(lambda i: ed25519.is_valid(self.key, *self.signed[i]), len(self.signed))

    def batch_and_entry(self) -> tuple[float, float]:
        """The ledger and the core: for a batch, and for each entry."""
        one, large = (self._ledger(1, 24) + self._core(1, 24), self._ledger(LARGE, 6) + self._core(LARGE, 6))
        return fixed_and_each(one, large)

    def _requests(self, count: int) -> list[Request]:
        self.made += 1
        return list(unsigned(self.profile, count, f"part{self.made}"))

    def _ledger(self, size: int, rounds: int) -> float:
        """Reading a batch, judging it but for its signatures, ordering and applying it."""
        domain = self.running.domain
        state = ledger.first_state(domain.genesis, domain.settings)
        bodies = [Batch(tuple(self._requests(size))).encode() for _ in range(rounds)]

        def decide(i: int) -> None:
            checks: Any = Believing()
            planned = ledger.plan(state, checks, time.time_ns() // 1_000_000, Batch.decode(bodies[i]).entries)
            if not isinstance(planned, Plan):
                raise RuntimeError(f"not planned: {planned}")
            ledger.apply(state, ledger.next_header(state, planned), planned)

        return median_us(decide, rounds)

    def _core(self, size: int, rounds: int) -> float:
        """The events of one batch, through one core."""
        replicas = Replicas(self.running.domain.genesis.roster)
        waiting = [self._requests(size) for _ in range(rounds)]

        def decide(i: int) -> float:
            return replicas.decide(waiting[i])

        return statistics.median(decide(i) for i in range(rounds)) * 1e6 / len(replicas.cores)


class Believing:
    """Checks that cost nothing."""

    def signature(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return True


class Replicas:
    """The cores of all modules, each with a vault that believes everything, and nothing in between."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.cores: dict[int, Core] = {int(number): Core(number, roster, Timing()) for number in roster.numbers()}
        self.primary = roster.primary(0)
        self.sequence = 0
        self.seconds = 0.0
        self.coming: deque[tuple[int, agree.Event]] = deque()
        domain = bytes(32)
        head = (0, 0, 0, 0, domain, 0, 0, 1, "", 0, "", (), (), (), (), (), (), ())
        for number, core in self.cores.items():
            for other in self.cores:
                if other != number:
                    pbft.step(core, agree.PeerUp(other))
            pbft.step(core, agree.VaultUp(calls.Status(number, domain, *head)))

    def decide(self, requests: list[Request]) -> float:
        """Seconds that all cores together took to decide a batch of these."""
        self.sequence += 1
        body = Batch(tuple(requests)).encode()
        header = Header(bytes(32), 0, self.roster.digest(), self.sequence, self.sequence, bytes(32), bytes(32))
        digest = header.digest()
        order = NoticeOrder(digest).encode()
        applied = calls.Applied(self.sequence, self.sequence, body, (order,) * len(requests), (), (0,) * 16, 0, 0, ())
        permit = calls.Verdict(calls.PERMIT, "", "")
        pre_prepare = PrePrepare(0, header, body, NO_SIGNATURE)

        def answer(number: int, ask: agree.Ask) -> Any:
            match ask:
                case agree.Ask.PROPOSE:
                    return calls.Proposed((pre_prepare,), (permit,) * len(requests))
                case agree.Ask.PREPARE | agree.Ask.COMMIT:
                    phase = Phase.PREPARE if ask is agree.Ask.PREPARE else Phase.COMMIT
                    return Vote(phase, 0, self.sequence, digest, number, NO_SIGNATURE)
                case _:
                    return applied

        self.seconds = 0.0
        for entry in requests:
            self.cores[self.primary].pending.add(entry)
        self.coming.append((self.primary, agree.TimerFired(agree.Timer.RETRY)))
        while self.coming:
            number, event = self.coming.popleft()
            began = time.process_time()
            effects = pbft.step(self.cores[number], event)
            self.seconds += time.process_time() - began
            for effect in effects:
                self._do(number, effect, answer)
        if any(core.sequence != self.sequence for core in self.cores.values()):
            raise RuntimeError("the cores did not decide")
        return self.seconds

    def _do(self, number: int, effect: agree.Effect, answer: Callable[[int, agree.Ask], Any]) -> None:
        match effect:
            case agree.Broadcast():
                heard = agree.Received(number, effect.message)
                self.coming.extend((other, heard) for other in self.cores if other != number)
            case agree.Send():
                self.coming.append((effect.to, agree.Received(number, effect.message)))
            case agree.AskVault():
                self.coming.append((number, agree.Answered(effect.tag, answer(number, effect.tag.ask))))
            case agree.Deliver():
                self.coming.append((number, agree.Signing(busy=False)))


def sync_us(directory: Path) -> float:
    """Having 2 KiB at a journal's end on disk: wall time."""
    journal = JournalFile(directory / "sync")
    times = []
    for _ in range(60):
        journal.append([bytes(2048)])
        began = time.perf_counter()
        journal.sync()
        times.append(time.perf_counter() - began)
    journal.close()
    return statistics.median(times) * 1e6


@contextmanager
def open_tokens(directory: Path, modules: int) -> Iterator[TokenDomain]:
    """As many tokens, opened in this process."""
    files: list[TokenFiles | PlainMember] = [make_token(directory, f"m{n}") for n in range(1, modules + 1)]
    genesis = genesis_of(files)
    tokens = [file for file in files if isinstance(file, TokenFiles)]
    for file in tokens:
        pin(file, genesis)
    with opened(tokens) as held:
        domain = TokenDomain(genesis, dict(enumerate(held, 1)))
        for token in domain.tokens.values():
            token.begin_incarnation(0)
        yield domain
