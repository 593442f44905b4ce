"""FROST beside the ZcashFoundation crates, in one run: the figures of native/ and the targets they are held against.

The measuring is done by tests/peers (Rust calls both in turn, in one thread, in CPU time); this prints its table.
Ratios are medians over rounds in which ours, theirs and the unit ran in turn; times are the fastest round's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import native_calls

PROGRAM = Path("build/peers/release/thresign-peers")
UNITS = {"ed25519": "U", "ristretto255": "U", "ed448": "U4", "p256": "Up", "secp256k1": "Us", "secp256k1-tr": "Us"}
COLUMNS = ("commit", "partial", "aggregate", "aggregate, one cheater found")
SIZES = ((2, 3), (3, 5), (7, 10), (67, 100))
FAST = ("ed25519", "ristretto255", "secp256k1", "secp256k1-tr")


@dataclass(frozen=True)
class Figure:
    """One operation: nanoseconds of ours, theirs and the unit verification (fastest round), and the median ratios."""

    ours: float
    theirs: float
    unit: float
    ratio: float
    units: float


Figures = dict[tuple[str, int, str], Figure]


def measure() -> Figures:
    """Runs the program; keys are (suite, min_signers, operation)."""
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} is not there: `make peers` builds it (Rust)")
    figures: Figures = {}
    with subprocess.Popen([PROGRAM, "bench"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            suite, min_signers, _, operation, *numbers = line.rstrip("\n").split("\t")
            ours, _, theirs, _, unit, _, ratio, units = map(float, numbers)
            figures[suite, int(min_signers), operation] = Figure(ours, theirs, unit, ratio, units)
    if process.returncode != 0:
        sys.exit(f"{PROGRAM} bench ended with {process.returncode}")
    return figures


def print_operations(figures: Figures) -> None:
    """For every suite and size: microseconds of ours and the ratio to theirs."""
    heads = "".join(f"{name.removeprefix('aggregate, '):>24}" for name in COLUMNS)
    print(f"{'suite':<14}{'signers':>9}{heads}{'key generation':>24}")
    for suite in UNITS:
        for min_signers, n in SIZES:
            row = [figures[suite, min_signers, name] for name in COLUMNS]
            row += [figures[suite, 7, "key generation"]] if min_signers == 7 else []
            cells = "".join(f"{f'{f.ours / 1000:.1f}':>14} {f'({f.ratio:.3f})':>9}" for f in row)
            print(f"{suite:<14}{f'{min_signers} of {n}':>9}{cells}")


@dataclass(frozen=True)
class Target:
    """A row of issue 3: what, the figure, the most it may be, and its unit."""

    what: str
    figure: float
    limit: float
    unit: str

    def __str__(self) -> str:
        verdict = "met" if self.figure <= self.limit else "short"
        return f"{self.what:<62}{self.figure:>9.3f}{self.limit:>8g} {self.unit:<15}{verdict}"


def beside_the_crates(figures: Figures) -> Iterable[Target]:
    """Partial and aggregate at most 0.5 of the crates' time, and so on."""
    for suite in UNITS:
        for operation in ("partial", "aggregate"):
            for min_signers in (2, 7, 67):
                limit = (0.7 if min_signers == 2 else 0.5) if suite in FAST else 0.8
                ratio = figures[suite, min_signers, operation].ratio
                yield Target(f"{suite}, {operation}, {min_signers} signers", ratio, limit, "of theirs")
    for suite in UNITS:
        yield Target(f"{suite}, key generation, 7 of 10", figures[suite, 7, "key generation"].ratio, 0.3, "of theirs")


def whole(figures: Figures, suite: str, min_signers: int) -> float:
    """Units for a whole signature: each signer's commitment and partial, and a coordinator that signs not."""
    of = {name: figures[suite, min_signers, name].units for name in ("commit", "partial", "aggregate")}
    return min_signers * (of["commit"] + of["partial"]) + of["aggregate"]


def in_units(figures: Figures) -> Iterable[Target]:
    """Whole signatures, one signer's partial among many, and the search for a cheater."""
    for suite, min_signers, limit in (
        ("ed25519", 2, 5),
        ("ed25519", 7, 22),
        ("secp256k1-tr", 2, 9),
        ("p256", 2, 7),
        ("ed448", 2, 8),
    ):
        yield Target(
            f"{suite}, whole signature, {min_signers} signers", whole(figures, suite, min_signers), limit, UNITS[suite]
        )
    for suite, limit in (("ed25519", 14), ("secp256k1-tr", 40)):
        yield Target(f"{suite}, one partial, 67 signers", figures[suite, 67, "partial"].units, limit, UNITS[suite])
    for suite in UNITS:
        single = figures[suite, 67, "check of one partial"].ours
        search = figures[suite, 67, "culprits"].ours
        yield Target(f"{suite}, 67 partials with one wrong / 67 single checks", search / (67 * single), 0.5, "")


def from_python() -> Iterable[Target]:
    """The same operation called from Python and from C."""
    for call in native_calls.measure():
        what = f"thresign._native.{call.operation}, {call.suite}, {call.signers} signers ({call.c_ns / 1000:.1f} us)"
        yield Target(what, call.ratio, 1.05, "of the C call")


def section() -> None:
    """Prints the table."""
    print(
        "FROST: microseconds of ours, fastest round (in brackets: ours / the ZcashFoundation crate, median of rounds)"
    )
    figures = measure()
    print_operations(figures)
    units = {UNITS[suite]: figures[suite, 2, "partial"].unit / 1000 for suite in UNITS}
    print("units, us: " + ", ".join(f"{name} {us:.1f}" for name, us in units.items()))
    print(f"{'target':<62}{'is':>9}{'at most':>8}")
    targets = [*beside_the_crates(figures), *in_units(figures), *from_python()]
    for target in targets:
        print(target)
    short = sum(target.figure > target.limit for target in targets)
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{len(targets) - short} of {len(targets)} targets met; {load}")
