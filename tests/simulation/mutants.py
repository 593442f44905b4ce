"""Deliberately broken cores: `make mutants`. Each breaks one rule and has to be found out by the monitor, or by the
code's own invariants, within a bounded number of seeds; the same seed must pass without the mutant.

A mutant lists what it puts in place of what, and the plan under which it is hunted: what the rule protects from has to
happen often enough.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest import mock

from tests.simulation import broken
from tests.simulation.monitor import Broken
from tests.simulation.run import Plan, run
from tests.simulation.stubs import StubToken
from tests.simulation.world import Disk, Faults
from thresign.agreement.pbft import commit as core_commit
from thresign.agreement.pbft import decide as core_decide
from thresign.agreement.pbft import prepare as core_prepare
from thresign.agreement.pbft import propose as core_propose
from thresign.agreement.pbft import view_change as core_view_change
from thresign.agreement.pbft.state import Core
from thresign.errors import InvariantBroken, JournalCorrupt
from thresign.ledger import assign, judge_requests, judge_statements, ledger
from thresign.orders import roster
from thresign.signing import finding, giving_up, holding
from thresign.vault import replay
from thresign.vault.voting import commit, decide, epoch, prepare, propose, view_change
from thresign.vault.voting.book import Book

SEEDS_MAX = 60
CRASHES = Faults(loss=0.1, delay_max=20, node_crash=0.3, vault_crash=0.5)
QUIET = Faults(delay_max=20)
ROUGH = Faults(loss=0.2, delay_max=100, slow_link=0.05, node_crash=0.15, vault_crash=0.15, partition=0.4)

SPLIT = Faults(loss=0.3, delay_max=100, slow_link=0.1, partition=0.9)

Patch = tuple[Any, str, Any]


class Kill(NamedTuple):
    """The seed that found a mutant out, and the promise that it broke."""

    seed: int
    rule: str


@dataclass
class Mutant:
    """`patches`: object, attribute, and what stands there instead."""

    name: str
    patches: list[Patch]
    plan: Plan = field(default_factory=lambda: Plan(faults=ROUGH))

    def run(self, seed: int) -> str | None:
        """The promise that is broken under this seed; None if none is."""
        with contextlib.ExitStack() as stack:
            for target, name, instead in self.patches:
                stack.enter_context(mock.patch.object(target, name, instead, create=name == "max"))
            return broken_rule(lambda: run(seed, self.plan))


def broken_rule(what: Callable[[], object]) -> str | None:
    """Names the promise that was broken; other errors are the mutant's own and no kill."""
    try:
        what()
    except Broken as error:
        return error.rule
    except InvariantBroken as error:
        return f"the code's own invariant: {error.detail[:60]}"
    except JournalCorrupt as error:
        return f"the code's own replay: {error.detail[:60]}"
    return None


def hunted(*liars: str, faults: Faults = ROUGH, n: int = 4, changes: int = 0) -> Plan:
    """A plan with these liars."""
    return Plan(n=n, faults=faults, liars=liars, requests=25, fault_ms=6000, changes=changes)


MUTANTS = [
    Mutant("quorum one too small", [(roster, "quorum", broken.small_quorum)], hunted("equivocation", faults=QUIET)),
    Mutant(
        "a quorum counts one voter twice",
        [
            (core_commit, "count", broken.count_messages),
            (core_decide, "count", broken.count_messages),
            (core_commit, "check_prepared", broken.check_prepared_repeating),
            (core_prepare, "check_prepared", broken.check_prepared_repeating),
            (core_propose, "check_prepared", broken.check_prepared_repeating),
            (core_prepare, "check_committed", broken.check_committed_repeating),
            (core_decide, "check_committed", broken.check_committed_repeating),
            (core_commit, "check_committed", broken.check_committed_repeating),
            (commit, "check_prepares", broken.nothing),
            (view_change, "check_prepares", broken.nothing),
            (StubToken, "check_certificate", broken.check_certificate_repeating),
        ],
        hunted(faults=Faults(duplicate=0.5, delay_max=100)),
    ),
    Mutant(
        "commits without a prepared certificate",
        [
            (core_commit, "check_prepared", broken.check_prepared_at_once),
            (core_prepare, "check_prepared", broken.check_prepared_at_once),
            (core_propose, "check_prepared", broken.check_prepared_at_once),
            (commit, "check_prepares", broken.nothing),
            (view_change, "check_prepares", broken.nothing),
        ],
        hunted("equivocation"),
    ),
    Mutant("sends before the disk has it", [(Disk, "append", broken.append_unsynced)], hunted(faults=CRASHES)),
    Mutant(
        "forgets its votes on restart",
        [(replay, "_accepted", broken.replay_accepted_without_vote)],
        hunted(faults=CRASHES),
    ),
    Mutant(
        "forgets on restart what it prepared",
        [(replay, "_replay_one", broken.replay_without_prepared)],
        hunted(faults=CRASHES),
    ),
    Mutant(
        "forgets on restart which views it left",
        [(replay, "_replay_one", broken.replay_without_changes)],
        hunted(faults=CRASHES),
    ),
    Mutant("a view-change without what was prepared", [(view_change, "change_view", broken.change_view_forgetting)]),
    Mutant(
        "a new view is not computed anew",
        [(view_change, "outcome", broken.outcome_of_nothing), (core_view_change, "outcome", broken.outcome_of_nothing)],
        hunted("withheld bodies", faults=SPLIT),
    ),
    Mutant(
        "votes in a view that it left",
        [(Book, "require_active", broken.require_view_only), (Core, "active", broken.active_always)],
    ),
    Mutant(
        "votes twice in one slot",
        [(Book, "voted", broken.nothing), (core_prepare, "on_pre_prepare", broken.on_pre_prepare_again)],
        hunted("equivocation"),
    ),
    Mutant(
        "agreed time goes back",
        [
            (propose, "max", broken.first_of),
            (propose, "judge_body", broken.judge_any_time),
            (prepare, "judge_body", broken.judge_any_time),
            (decide, "judge_body", broken.judge_any_time),
            (ledger, "ensure", broken.nothing),
        ],
        hunted(faults=Faults(loss=0.1, delay_max=20, node_crash=0.2, vault_crash=0.2, skew=2000)),
    ),
    Mutant("a request is ordered again", [(judge_requests, "_record", broken.record_nothing)]),
    Mutant("the assignment depends on the module", [(assign.Assigner, "__init__", broken.assigner_with_moods)]),
    Mutant("a nonce is handed out twice", [(assign.Assigner, "change", broken.nothing)]),
    Mutant(
        "an order is replaced on f + 1 reports",
        [(judge_statements, "_check_reports", broken.nothing), (giving_up, "on_report", broken.on_report_of_few)],
        hunted("lying held", faults=Faults(loss=0.3, delay_max=100, slow_link=0.1, node_crash=0.2)),
    ),
    Mutant(
        "a split order is left alone",
        [(finding, "say_found", broken.nothing)],
        hunted("wrong partials", faults=Faults(loss=0.3, delay_max=100, slow_link=0.1, node_crash=0.2)),
    ),
    Mutant(
        "who gave an order up holds its result",
        [(holding, "journalled", broken.journalled_regardless), (finding, "say_found", broken.nothing)],
        hunted("wrong partials", faults=Faults(loss=0.3, delay_max=100, slow_link=0.1, node_crash=0.2)),
    ),
    Mutant(
        "one holder counts twice",
        [(holding, "on_held", broken.on_held_again)],
        hunted("lying held", faults=Faults(loss=0.3, delay_max=100, slow_link=0.1, node_crash=0.2)),
    ),
    Mutant(
        "an answer leaves before a quorum holds it",
        [(holding, "_holders_needed", broken.one_holder)],
        hunted("wrong partials", faults=Faults(loss=0.3, delay_max=100, slow_link=0.1, node_crash=0.2)),
    ),
    Mutant("a result is not combined anew", [(holding, "accept", broken.accept_any)], hunted("other results")),
    Mutant(
        "a body is not checked against its header",
        [(prepare, "judge_body", broken.judge_unchecked)],
        hunted("withheld bodies"),
    ),
    Mutant(
        "the next slot is voted on before the checkpoint",
        [
            (ledger, "judge", broken.judge_while_pending),
            (Book, "require_active", broken.require_active_while_pending),
            (epoch, "ensure", broken.nothing),
        ],
        hunted(faults=ROUGH, changes=2),
    ),
    Mutant(
        "votes of the old roster go on after the change",
        [
            (ledger, "enter_roster", broken.enter_roster_at_half),
            (StubToken, "sign_vote", broken.sign_any_vote),
            (StubToken, "check_certificate", broken.check_no_certificate),
        ],
        hunted(faults=QUIET, changes=2),
    ),
    Mutant(
        "the token checks no certificate",
        [(StubToken, "check_certificate", broken.check_no_certificate)],
        hunted("stale checkpoints"),
    ),
]


def hunt(mutant: Mutant, seeds: int = SEEDS_MAX) -> Kill | None:
    """The first seed that finds the mutant out; None if none of these does."""
    for seed in range(seeds):
        rule = mutant.run(seed)
        if rule is not None:
            clean = broken_rule(lambda: run(seed, mutant.plan))
            if clean is not None:
                raise AssertionError(f"seed {seed} breaks {clean!r} without the mutant {mutant.name!r}")
            return Kill(seed, rule)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="mutants with this in their name")
    arguments = parser.parse_args()
    survivors = 0
    print(f"{'mutant':<46}{'seed':>5}  {'seconds':>7}  broken promise")
    chosen = [mutant for mutant in MUTANTS if arguments.only in mutant.name]
    for mutant in chosen:
        start = time.monotonic()
        kill = hunt(mutant)
        took = time.monotonic() - start
        survivors += kill is None
        told = f"{kill.seed:>5}  {took:>7.1f}  {kill.rule}" if kill else f"{'-':>5}  {took:>7.1f}  SURVIVES"
        print(f"{mutant.name:<46}{told}", flush=True)
    print(f"{len(chosen) - survivors} passed, {survivors} failed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
