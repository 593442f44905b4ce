"""`make simulate`: many seeds, or one. Prints what was seen; on a failure the seed, and how to repeat it.

python -m tests.simulation --seeds 2000 [--first 0]
python -m tests.simulation --seed 17
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
import traceback
from collections import Counter

from tests.simulation.run import Outcome, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one run, and all that it counted")
    parser.add_argument("--seeds", type=int, default=200, help="as many runs")
    parser.add_argument("--first", type=int, default=0, help="from this seed on")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return one(arguments.seed)
    return many(arguments.first, arguments.seeds)


def one(seed: int) -> int:
    """Runs a seed and prints everything about it."""
    outcome = run_or_explain(seed)
    if outcome is None:
        return 1
    print(f"seed {seed}: {outcome.modules} modules, liars {outcome.liars or 'none'}")
    print(f"{outcome.answered} of {outcome.asked} requests answered, {outcome.applied} batches, {outcome.views} views")
    for what, count in sorted(outcome.counts.items()):
        print(f"  {what}: {count}")
    print(f"audit hash {outcome.audit}")
    return 0


def many(first: int, seeds: int) -> int:
    """Runs seeds one after the other; stops at the first that fails."""
    total: Counter[str] = Counter()
    audit = hashlib.sha256()
    start = shown = time.monotonic()
    for done, seed in enumerate(range(first, first + seeds), 1):
        outcome = run_or_explain(seed)
        if outcome is None:
            return 1
        audit.update(bytes.fromhex(outcome.audit))
        total.update(tally(outcome))
        now = time.monotonic()
        if now - shown >= 10 or done == seeds:
            shown = now
            rate = done / (now - start)
            print(f"{done} of {seeds} seeds, {rate:.1f} a second ({60 * rate:.0f} a minute)", flush=True)
    report(total, seeds, audit.hexdigest())
    return 0


def tally(outcome: Outcome) -> Counter[str]:
    """One run's part in the sums."""
    return outcome.counts + Counter(
        {
            f"runs of {outcome.modules} modules": 1,
            f"runs with {len(outcome.liars)} liars": 1,
            "requests": outcome.asked,
            "requests answered": outcome.answered,
            "batches decided": outcome.applied,
            "views entered": outcome.views,
        }
    )


def report(total: Counter[str], seeds: int, audit: str) -> None:
    """The table at the end."""
    faults = ("lost", "duplicated", "delayed", "node crash", "vault crash", "partition", "tail lost", "tail torn")
    print("faults injected: " + ", ".join(f"{total[fault]} {fault}" for fault in faults))
    lies = sorted((count, what) for what, count in total.items() if what.startswith("lie "))
    print("lies told: " + (", ".join(f"{count} {what[4:]}" for count, what in reversed(lies)) or "none"))
    runs = sorted((what, count) for what, count in total.items() if what.startswith("runs "))
    print("; ".join(f"{count} {what}" for what, count in runs))
    print(
        f"{total['requests answered']} of {total['requests']} requests answered, {total['batches decided']} batches "
        f"decided, {total['views entered']} views entered, {total['events']} events"
    )
    print(f"audit hash {audit}")
    print(f"{seeds} passed, 0 failed")


def run_or_explain(seed: int) -> Outcome | None:
    """The outcome; or, if the run broke a promise, None, and how to see it again."""
    try:
        return run(seed)
    except Exception:
        traceback.print_exc()
        print(f"\nseed {seed} failed. Repeat it: make simulate SEED={seed}")
        return None


if __name__ == "__main__":
    sys.exit(main())
