"""Bounded exhaustive exploration of a small run of the real core and the real voting rules: `make explore`.

Four modules, one batch, one view change. Module 1, the first primary, is a liar: it shows one batch to modules 2 and 3
and another to 4, votes for both, suspects itself, and then denies that it prepared anything. Links are first in, first
out, as connections are; vaults answer at once; every module may suspect the primary at any moment. Any message may stay
undelivered for ever, so loss and silence are among the interleavings.

First every interleaving up to a depth from the start; then, along schedules drawn at random that run to the end, every
interleaving up to a smaller depth from each of their states.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import functools
import random
import sys
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

from tests.simulation.monitor import Monitor, hold
from tests.simulation.stubs import StubChecks, StubToken, sign
from tests.simulation.world import START_MS, World
from thresign.agreement.pbft import events as ev
from thresign.agreement.pbft.core import step
from thresign.agreement.pbft.messages import Standing
from thresign.agreement.pbft.pending import Pending
from thresign.agreement.pbft.state import Core, Timing
from thresign.errors import ThresignError
from thresign.ledger import ledger
from thresign.ledger.ledger import first_state
from thresign.orders.batch import Batch
from thresign.orders.header import Phase, vote_bytes
from thresign.orders.votes import PrePrepare, ViewChange, Vote
from thresign.vault import calls
from thresign.vault.voting import checkpoint, commit, decide, prepare, propose, view_change
from thresign.vault.voting.book import Book, Proposal
from thresign.wire.canonical import Record

LIAR = 1
HONEST = (2, 3, 4)
SHARED = ("roster", "timing", "key", "checks", "genesis", "settings", "verified", "out", "changed_keys", "state")
"""What copies share, and what is not looked at: a ledger is copied when a batch is applied, and is what it applied."""


@dataclass
class Run:
    """One state of the run."""

    cores: dict[int, Core]
    books: dict[int, Book]
    links: dict[tuple[int, int], tuple[Record, ...]]
    may_suspect: set[int]
    commits: dict[bytes, dict[int, set[int]]]
    """By header and view: who committed, of the correct ones."""
    decided: dict[int, bytes]
    marks: dict[int, int] = dataclasses.field(default_factory=dict)
    """By module: the fingerprint of its core and book."""

    def mark(self) -> int:
        """64 bits that equal states share."""
        return hash((fingerprint(self.marks), fingerprint(self.links), frozenset(self.may_suspect)))


def clone(value: Any) -> Any:
    """A copy that shares what never changes."""
    kind = type(value)
    if kind in (bytes, int, bool, str):
        return value
    if kind in (dict, OrderedDict):
        return kind((key, clone(item)) for key, item in value.items())
    if kind in (list, deque, set):
        return kind(map(clone, value))
    if kind is Pending:
        return copy.deepcopy(value) if len(value) else value
    if dataclasses.is_dataclass(value):
        copied = copy.copy(value)
        for name in names(kind):
            setattr(copied, name, clone(getattr(value, name)))
        return copied
    return value


@functools.cache
def names(kind: type) -> tuple[str, ...]:
    """The fields of a class that are its own in each state."""
    return tuple(field.name for field in dataclasses.fields(kind) if field.name not in SHARED)


def fingerprint(value: Any) -> int:
    """64 bits that equal states share."""
    kind = type(value)
    if kind in (dict, OrderedDict):
        return hash(frozenset((key, fingerprint(item)) for key, item in value.items()))
    if kind in (bytes, int, str):
        return hash(value)
    if kind in (list, deque, tuple):
        return hash(tuple([fingerprint(item) for item in value]))
    if kind is set:
        return hash(frozenset(value))
    if kind is Proposal:
        return hash(value.digest)
    if kind is Pending:
        return len(value)
    if dataclasses.is_dataclass(value):
        return hash(tuple([fingerprint(getattr(value, name)) for name in names(kind)]))
    return hash(value)


# --- the start --------------------------------------------------------------------------------------------------------


def start() -> Run:
    """All that the liar will ever say is on its way; nobody has heard anything."""
    world = World(0, 4)
    monitor = Monitor()
    monitor.byzantine = set(world.modules)
    cores, books = {}, {}
    for number in HONEST:
        token = StubToken(number, world.roster, world.domain, monitor, [0])
        book = Book(number, token, StubChecks(token), first_state(world.genesis, world.settings))  # type: ignore[arg-type]
        core = Core(number, world.roster, Timing())
        core.vault_up = True
        core.peers_up = {1, 2, 3, 4} - {number}
        books[number], cores[number] = book, core
    bodies = (b'{"name": "a", "suite": "ed25519"}', b'{"name": "b", "suite": "ed25519"}')
    requests = [world.request("/v1/keys", body, "application/json") for body in bodies]
    one, two = (proposal(world, books[2], request) for request in requests)
    links: dict[tuple[int, int], tuple[Record, ...]] = {(a, b): () for a in (1, *HONEST) for b in HONEST if a != b}
    key = world.modules[LIAR].key
    denial = ViewChange(world.domain, 0, world.roster.digest(), 1, LIAR, (), (), bytes(64))
    denial = ViewChange(world.domain, 0, world.roster.digest(), 1, LIAR, (), (), sign(key, denial.signed_bytes()))
    for number, shown in ((2, one), (3, one), (4, two)):
        vote = sign(key, vote_bytes(Phase.COMMIT, 0, shown.header.encode()))
        commit_vote = Vote(Phase.COMMIT, 0, 1, shown.header.digest(), LIAR, vote)
        links[LIAR, number] = (shown, commit_vote, Standing(0, 0, 0, 0, 1), denial)
    return Run(cores, books, links, set(HONEST), {}, {})


def proposal(world: World, book: Book, request: Any) -> PrePrepare:
    plan = ledger.plan(book.state, book.checks, START_MS, [request])
    assert isinstance(plan, ledger.Plan), plan
    header = ledger.next_header(book.state, plan)
    unsigned = PrePrepare(0, header, Batch((request,)).encode(), bytes(64))
    return PrePrepare(0, header, unsigned.body, sign(world.modules[LIAR].key, unsigned.signed_bytes()))


# --- steps ------------------------------------------------------------------------------------------------------------


def choices(run: Run) -> list[tuple[int, int]]:
    """What can happen next: (from, to) delivers the first message of a link, (0, m) makes m suspect the primary."""
    found = [link for link, waiting in run.links.items() if waiting]
    return found + [(0, number) for number in sorted(run.may_suspect) if run.cores[number].view == 0]


def take(before: Run, choice: tuple[int, int]) -> Run:
    """The state after it."""
    sender, number = choice
    cores = before.cores | {number: clone(before.cores[number])}
    books = before.books | {number: clone(before.books[number])}
    commits = {header: {view: set(who) for view, who in views.items()} for header, views in before.commits.items()}
    run = Run(cores, books, dict(before.links), set(before.may_suspect), commits, dict(before.decided))
    if sender == 0:
        run.may_suspect.discard(number)
        feed(run, number, ev.TimerFired(ev.Timer.PROGRESS))
    else:
        message, *rest = run.links[choice]
        run.links[choice] = tuple(rest)
        feed(run, number, ev.Received(sender, message))  # type: ignore[arg-type]
    run.marks = before.marks | {number: fingerprint((run.cores[number], run.books[number]))}
    check(run)
    return run


def feed(run: Run, number: int, event: ev.Event) -> None:
    """One event for one module; its vault answers at once."""
    for effect in step(run.cores[number], event):
        match effect:
            case ev.Broadcast():
                for other in HONEST:
                    if other != number:
                        run.links[number, other] += (effect.message,)
            case ev.Send() if effect.to != LIAR:
                run.links[number, effect.to] += (effect.message,)
            case ev.AskVault():
                feed(run, number, ev.Answered(effect.tag, serve(run, number, effect.call)))


def serve(run: Run, number: int, call: Record) -> Record | ThresignError:
    """The vault's answer, by the real voting rules."""
    book = run.books[number]
    try:
        match call:
            case calls.PrepareCall():
                return prepare.prepare(book, call.message, START_MS).reply
            case calls.CommitCall():
                vote = commit.commit(book, call.view, call.sequence, call.header, call.prepares).reply
                run.commits.setdefault(call.header, {}).setdefault(call.view, set()).add(number)
                return vote
            case calls.DecideCall():
                book.state = clone(book.state)
                book.key.check_certificate(call.certificate.encode())  # type: ignore[attr-defined]
                proposal, _ = decide.decide(book, call.certificate, call.body)
                run.decided[number] = proposal.digest
                leaves = tuple(proposal.plan.leaves)
                return calls.Applied(1, book.state.time_ms, proposal.body, leaves, (), (), 0, 0, ())
            case calls.ReproposeCall():
                return propose.repropose(book, call.view, call.header, call.body).reply
            case calls.ProposeCall():
                ballot, _ = propose.propose(book, call.view, call.batch.entries, START_MS)
                return calls.Proposed((ballot.reply,) if ballot is not None else (), ())  # type: ignore[arg-type]
            case calls.ChangeViewCall():
                return view_change.change_view(book, call.view, call.justification).reply
            case calls.NewViewCall():
                return view_change.new_view(book, call.view, call.changes).reply
            case calls.InstallCall():
                view_change.install(book, call.message)
                return calls.Done()
            case calls.CheckpointCall():
                return checkpoint.checkpoint(book).reply
            case _:
                return calls.Judged(())
    except ThresignError as error:
        return error


def check(run: Run) -> None:
    """One header is decided, and at most one could be."""
    hold(len(set(run.decided.values())) <= 1, "one header a slot", str(run.decided))
    able = [header for header, views in run.commits.items() if any(len(who) + 1 >= 3 for who in views.values())]
    hold(len(able) <= 1, "one header a slot", f"certificates can be made for {len(able)}")


# --- exploring --------------------------------------------------------------------------------------------------------


@dataclass
class Explored:
    """What was seen."""

    seen: set[int]
    steps: int = 0
    deciding: int = 0
    """States in which somebody has decided."""
    later: int = 0
    """States in which somebody is in view 1."""

    def note(self, run: Run) -> bool:
        """False if the state was seen before."""
        mark = run.mark()
        if mark in self.seen:
            return False
        self.seen.add(mark)
        self.deciding += bool(run.decided)
        self.later += any(core.view for core in run.cores.values())
        return True


def all_within(explored: Explored, first: Run, depth: int) -> list[int]:
    """Every interleaving up to this depth; how many new states there were at each."""
    layer, counts = [first], []
    for _ in range(depth):
        following = []
        for run in layer:
            for choice in choices(run):
                explored.steps += 1
                after = take(run, choice)
                if explored.note(after):
                    following.append(after)
        layer = following
        counts.append(len(layer))
    return counts


def along(explored: Explored, seed: int, depth: int) -> int:
    """A schedule drawn at random, to its end; every interleaving up to this depth from each of its states."""
    rng, run, length = random.Random(seed), start(), 0
    while options := choices(run):
        run = take(run, rng.choice(options))
        explored.note(run)
        all_within(explored, run, depth)
        length += 1
    return length


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.explore", description=__doc__)
    parser.add_argument("--depth", type=int, default=9)
    parser.add_argument("--schedules", type=int, default=20)
    parser.add_argument("--around", type=int, default=2)
    arguments = parser.parse_args()
    began, explored = time.monotonic(), Explored(set())
    counts = all_within(explored, start(), arguments.depth)
    print(f"all interleavings to depth {arguments.depth}: {len(explored.seen)} states, by depth {counts}", flush=True)
    lengths = [along(explored, seed, arguments.around) for seed in range(arguments.schedules)]
    took = time.monotonic() - began
    print(
        f"and to depth {arguments.around} around {len(lengths)} schedules of {min(lengths)} to {max(lengths)} steps: "
        f"{len(explored.seen)} states in all, {explored.steps} steps, {explored.deciding} states with a decision, "
        f"{explored.later} in view 1, {took:.0f} s"
    )
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
