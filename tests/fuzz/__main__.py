"""`python -m tests.fuzz [--seconds N] [--seed S] [--target WORD]`: for so long on all targets together."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.fuzz.run import Found, all_targets, one
from tests.house.records import Draw
from thresign.orders.genesis import Genesis
from thresign.orders.header import Certificate, Header
from thresign.orders.orders import KeygenOrder, SignOrder
from thresign.orders.roster import Roster
from thresign.orders.succession import Succession
from thresign.wire.canonical import Record

PARSERS: dict[str, dict[type[Record], int]] = {
    "fuzz_records": {SignOrder: 0, KeygenOrder: 1, Roster: 2, Genesis: 2, Certificate: 3, Header: 3},
    "fuzz_succession": {Succession: 0},
}
"""By what a target of native/fuzz takes the input for: its first byte."""


def write_corpus(directory: Path, seed: int) -> None:
    """Good records for the C targets to begin with."""
    draw = Draw(random.Random(seed))
    for target, parsers in PARSERS.items():
        place = directory / target
        place.mkdir(parents=True, exist_ok=True)
        for kind, parser in parsers.items():
            for number in range(8):
                (place / f"{kind.__name__}-{number}").write_bytes(bytes([parser]) + draw.record(kind).encode())


def main() -> int:
    """Ends with 1 at the first input that breaks a target, which is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--target", default="", help="only targets whose name contains this")
    parser.add_argument("--corpus", type=Path, help="write the C targets' first inputs here, and nothing else")
    given = parser.parse_args()
    if given.corpus is not None:
        write_corpus(given.corpus, given.seed)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        chosen = {n: t for n, t in all_targets(given.seed, Path(directory)).items() if given.target in n}
        if not chosen:
            print(f"no target is called {given.target!r}", file=sys.stderr)
            return 2
        share = given.seconds / sum(target.weight for target in chosen.values())
        print(f"seed {given.seed}: {len(chosen)} targets, {given.seconds:.0f} s")
        for name, target in chosen.items():
            try:
                tried = one(name, target, given.seed, sys.maxsize, share * target.weight)
            except Found as found:
                print(found, file=sys.stderr)
                return 1
            print(f"{tried:>9} inputs  {name}")
    return 0


sys.exit(main())
