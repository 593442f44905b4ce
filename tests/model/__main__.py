"""Runs TLC over the models of docs/spec/model and prints a table: what was checked, states, depth; each property holds,
and is violated by a change planted on purpose; what must be reachable is reached.

    python -m tests.model JAR [WORDS]    the TLC jar (`make model` gets it from Maven Central); only checks with these
                                         words in their description
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.model.replay import replay
from tests.model.traces import read
from thresign.errors import ThresignError

MODELS = Path(__file__).resolve().parents[2] / "docs" / "spec" / "model"
SECONDS_MAX = 900
TRACES = 20_000
REPLAYED = 300
REPLAYED_PLANTS = ("none", "small quorum", "new view not computed anew", "votes in a view that was left")

SLOT = ("NoPartialWithoutAgreement", "OneSessionANonce", "OneOrderASlot", "ReleasedAgree")
ROSTER = ("OneOrderASlot", "NoDisjointQuorums")


@dataclass
class Check:
    """One run of TLC. `violates` names the invariant that has to be found violated; empty: all have to hold."""

    module: str
    what: str
    constants: dict[str, str]
    invariants: tuple[str, ...]
    violates: str = ""
    options: tuple[str, ...] = field(default=())

    def configuration(self) -> str:
        lines = ["SPECIFICATION Spec", "CHECK_DEADLOCK FALSE", "CONSTANTS"]
        lines += [f"  {name} = {value}" for name, value in self.constants.items()]
        lines += [f"INVARIANT {name}" for name in self.invariants]
        return "\n".join(lines) + "\n"


def slot(what: str, plant: str = "none", violates: str = "", **other: str) -> Check:
    """One slot, four modules, one of them a liar that leads view 0."""
    constants = {"N": "4", "Liars": "{1}", "MaxView": "1", "Headers": '{"a", "b"}', "Plant": f'"{plant}"', **other}
    return Check("AgreeThenRelease", what, constants, (violates,) if violates else SLOT, violates)


def roster(what: str, old: str, new: str, plant: str = "none", violates: str = "", **other: str) -> Check:
    """Two slots, the first of which may change the roster."""
    constants = {"Old": old, "Changes": f"{{{old}, {new}}}", "Liars": "{1}", "Headers": '{"a", "b"}'}
    constants |= {"Plant": f'"{plant}"', **other}
    return Check("Rosters", what, constants, (violates,) if violates else ROSTER, violates)


FOUR, FIVE, OTHER = "{1, 2, 3, 4}", "{1, 2, 3, 4, 5}", "{1, 2, 3, 5}"
LATE = "votes before it applied the change"
EARLY = "votes before the checkpoint"

CHECKS = [
    slot("one slot, liar leads view 0"),
    slot("one slot, liar leads view 1", Liars="{2}"),
    Check(
        "AgreeThenRelease",
        f"one slot, four views, {TRACES} random traces",
        slot("").constants | {"MaxView": "3"},
        SLOT,
        options=("-simulate", f"num={TRACES}", "-depth", "60", "-seed", "1"),
    ),
    slot("reached: a partial", violates="NeverReleased"),
    slot("reached: decided in view 1", violates="NeverDecidedInALaterView"),
    slot("planted: two liars", violates="OneOrderASlot", Liars="{1, 2}"),
    slot("planted: small quorum", "small quorum", "OneOrderASlot"),
    slot("planted: release when prepared", "release when prepared", "NoPartialWithoutAgreement"),
    slot(
        "planted: and nonces not checked",
        "release when prepared, nonce not checked",
        "OneSessionANonce",
    ),
    slot("planted: nothing durable", "nothing durable", "OneOrderASlot"),
    slot("planted: prepared certificate not kept", "prepared certificate not kept", "OneOrderASlot"),
    slot("planted: new view not computed anew", "new view not computed anew", "OneOrderASlot"),
    slot("planted: votes in a view that was left", "votes in a view that was left", "OneOrderASlot"),
    roster("a module joins", FOUR, FIVE),
    roster("a module leaves", FIVE, FOUR),
    roster("a module is replaced", FOUR, OTHER),
    roster("reached: a certificate of the new roster", FOUR, OTHER, violates="NeverCertified"),
    roster("planted: votes before the change", FOUR, OTHER, LATE, "NoDisjointQuorums"),
    roster("planted: votes before the change", FOUR, FIVE, LATE, "OneOrderASlot"),
    roster("planted: votes before the checkpoint", FOUR, OTHER, EARLY, "NoDisjointQuorums"),
]


@dataclass
class Result:
    """What TLC said."""

    violated: str
    finished: bool
    states: str
    distinct: str
    depth: str
    text: str


def check(jar: Path, wanted: Check, directory: Path) -> Result:
    """Runs TLC in a directory of its own."""
    for source in MODELS.glob("*.tla"):
        (directory / source.name).write_bytes(source.read_bytes())
    (directory / "check.cfg").write_text(wanted.configuration())
    command = ["java", "-Xmx3g", "-XX:+UseParallelGC", "-cp", str(jar), "tlc2.TLC", "-workers", "1", *wanted.options]
    command += ["-config", "check.cfg", wanted.module]
    run = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    text = run.stdout + run.stderr
    violated = re.search(r"Invariant (\w+) is violated", text)
    states = re.findall(r"([\d,]+) states generated", text) or re.findall(r"generated (?:=|:) ?([\d,]+)", text)
    states = states or re.findall(r"([\d,]+) states checked", text)
    distinct = re.findall(r"([\d,]+) distinct states found", text)
    depth = re.search(r"depth of the complete state graph search is (\d+)", text)
    trace = len(re.findall(r"^State \d+:", text, re.MULTILINE))
    return Result(
        violated[1] if violated else "",
        run.returncode == 0,
        states[-1] if states else "?",
        distinct[-1] if distinct else "",
        depth[1] if depth else f"trace of {trace}" if trace else "",
        text,
    )


def replayed(jar: Path, plant: str) -> tuple[int, int, Counter[str]]:
    """Traces of the slot model drawn at random and replayed against the voting rules: how many, how many of them the
    rules refused, and what calls the others took."""
    wanted = slot("", plant)
    wanted.invariants, wanted.options = (), ("-simulate", f"file=trace,num={REPLAYED}", "-depth", "40", "-seed", "2")
    with tempfile.TemporaryDirectory() as directory:
        check(jar, wanted, Path(directory))
        refused, done, paths = 0, Counter[str](), sorted(Path(directory).glob("trace_*"))
        for path in paths:
            try:
                done.update(replay(read(path)))
            except (ThresignError, AssertionError):
                refused += 1
    return len(paths), refused, done


def replays(jar: Path) -> int:
    """What the model allows, the rules allow; what it allows by a planted change, they refuse. Returns failures."""
    failed = 0
    for plant in REPLAYED_PLANTS:
        count, refused, done = replayed(jar, plant)
        good = count == REPLAYED and (refused == 0) == (plant == "none")
        failed += not good
        calls = ", ".join(f"{number} {what}" for what, number in done.most_common())
        print(f"replayed, planted {plant}: {count} traces, {refused} refused{'' if good else '  WRONG'}; {calls}")
    return failed


def main() -> int:
    jar = Path(sys.argv[1]).resolve()
    failed = 0
    print(f"{'check':<46}{'states':>12}{'distinct':>10}{'depth':>12}{'seconds':>9}  outcome")
    words = " ".join(sys.argv[2:])
    chosen = [wanted for wanted in CHECKS if words in wanted.what]
    for wanted in chosen:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            result = check(jar, wanted, Path(directory))
        good = result.violated == wanted.violates and (bool(wanted.violates) or result.finished)
        outcome = f"{result.violated} violated" if result.violated else "holds" if result.finished else "TLC failed"
        told = f"{outcome}{', as it must be' if good and wanted.violates else ''}{'' if good else '  WRONG'}"
        took = time.monotonic() - start
        print(
            f"{wanted.what:<46}{result.states:>12}{result.distinct:>10}{result.depth:>12}{took:>9.1f}  {told}",
            flush=True,
        )
        if not good:
            failed += 1
            print(result.text[-3000:])
    failed += 0 if words else replays(jar)
    count = len(chosen) + (0 if words else len(REPLAYED_PLANTS))
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
