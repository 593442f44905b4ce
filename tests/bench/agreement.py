"""Agreement, without signing, REST and the node's journal: batches a second beside what their parts cost.

Four real vaults and four shells (agreement_shell: the real core, connections as the nodes'), eight processes on this
machine. A request enrols a caller: every vault judges it and checks its signature, no token makes a partial. *Alone*:
the vaults' journals lie in memory. *Durable*: on a disk, synced before each vote leaves.

The bound is that of a machine whose cores do nothing but the parts that no batch can do without, each measured by
itself (agreement_parts), before and after each run that it is held against: the speed of a shared machine changes.

    c(B) = 2 sign + 2.75 verify + certificate + 3 trip + 6 message + batch + B (verify + entry)   a module and batch
    alone: cores / (n c(B))        durable: 1 / (n c(B) / cores + 3 sync)

For n = 4: two votes; the pre-prepare (at backups) and two prepares in Python, three commits in the token; three calls
of the vault (propose or prepare, commit, decide), an empty one each; 24 messages between four, as short as a vote;
counting votes, judging, ordering and applying: `batch` and `entry`. With one batch in flight three syncs follow one
another: the pre-prepare's, the prepares', the commits'. Not in it: that the vault and its node read and write what they
send each other, journals, checkpoints, and that one batch in flight leaves a core idle now and then.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.agreement_parts import Gauge, Parts, open_tokens, sync_us
from tests.house.domain import RunningDomain, make_domain
from tests.house.tokens import TokenDomain

MODULES = 4
MOST = {1: 1500, 16: 500, 64: 160, 256: 45}
"""By size of a batch: how many a second are prepared for, more than there will be."""
ROUNDS = 3
SECONDS = 1.5
AIM = 0.8
TRIPS = 1000


@dataclass(frozen=True)
class Measured:
    """Batches a second, CPU microseconds a batch and module, and the parts at the time."""

    rate: float
    vaults_us: float
    nodes_us: float
    parts: Parts


def cpu_us(pid: int) -> float:
    """On a processor so far, all threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


class Domain:
    """Four vaults and four shells."""

    def __init__(self, running: RunningDomain, shells: dict[int, subprocess.Popen[str]], tokens: TokenDomain) -> None:
        self.running = running
        self.shells = shells
        told = {number: self._hear(number) for number in shells}
        (self.primary,) = [number for number, said in told.items() if said["leads"]]
        self.gauge = Gauge(tokens, running)

    def _hear(self, number: int) -> dict[str, Any]:
        stdout = self.shells[number].stdout
        line = stdout.readline() if stdout is not None else ""
        if not line:
            raise RuntimeError(f"shell {number} ended: {(self.running.directory(number) / 'shell.log').read_text()}")
        said: dict[str, Any] = json.loads(line)
        return said

    def ask(self, line: str) -> tuple[dict[str, Any], dict[tuple[str, int], float]]:
        """What the primary's shell says at the end of a run, and the CPU microseconds of each vault and shell in its
        measured time."""
        stdin = self.shells[self.primary].stdin
        if stdin is not None:
            stdin.write(line + "\n")
            stdin.flush()
        pids = {("vault", number): process.pid for (number, _), process in self.running.processes.items()}
        pids |= {("shell", number): process.pid for number, process in self.shells.items()}
        self._hear(self.primary)
        before = {name: cpu_us(pid) for name, pid in pids.items()}
        said = self._hear(self.primary)
        return said, {name: cpu_us(pid) - before[name] for name, pid in pids.items()}

    def parts(self, durable: bool) -> Parts:
        """Of this moment."""
        gauge, own, other = self.gauge, self.primary, min(set(self.shells) - {self.primary})
        _, used = self.ask(f"trips {TRIPS}")
        trip = (used["vault", own] + used["shell", own]) / TRIPS
        _, used = self.ask(f"messages {TRIPS}")
        message = (used["shell", own] + used["shell", other]) / (2 * TRIPS)
        sync = sync_us(self.running.root) if durable else 0.0
        votes = (gauge.sign(), gauge.verify(), gauge.certificate())
        return Parts(*votes, trip, message, *gauge.batch_and_entry(), sync)

    def measure(self, size: int, durable: bool) -> Measured:
        """One run, between two measurements of the parts."""
        before = self.parts(durable)
        said, used = self.ask(f"{size} {SECONDS} {MOST[size]}")
        if said["sizes"] != [size]:
            raise RuntimeError(f"batches of {said['sizes']}, not of {size}")
        parts = mean([before, self.parts(durable)])
        vaults, nodes = (
            sum(us for (part, _), us in used.items() if part == name) / (said["batches"] * MODULES)
            for name in ("vault", "shell")
        )
        return Measured(said["batches"] / said["seconds"], vaults, nodes, parts)


def mean(several: list[Parts]) -> Parts:
    """Each part's."""
    return Parts(*(statistics.mean(getattr(parts, name) for parts in several) for name in Parts.__dataclass_fields__))


@contextmanager
def bench_domain(parent: str | None) -> Iterator[Domain]:
    """A new one in a directory below `parent`."""
    with tempfile.TemporaryDirectory(prefix="thresign-bench-", dir=parent) as root:
        Path(root).chmod(0o755)
        running = make_domain(Path(root) / "domain", MODULES)
        shells: dict[int, subprocess.Popen[str]] = {}
        try:
            for number in running.numbers:
                running.start(number, "vault")
            for number in running.numbers:
                command = [sys.executable, "-m", "tests.bench.agreement_shell", str(running.directory(number))]
                with (running.directory(number) / "shell.log").open("w") as log:
                    shells[number] = subprocess.Popen(
                        [*command, str(running.profile_path)],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=log,
                        text=True,
                    )
            with open_tokens(Path(root), MODULES) as tokens:
                yield Domain(running, shells, tokens)
        finally:
            for shell in shells.values():
                shell.kill()
                shell.wait()
                for pipe in (shell.stdin, shell.stdout):
                    if pipe is not None:
                        pipe.close()
            running.stop_all()


def report(what: str, domain: Domain, durable: bool, cores: int) -> list[Parts]:
    """One table: medians over the rounds, each round held against the parts of its own time. Returns the parts."""
    print(f"\n{what}")
    print(
        f"{'batch':>6}{'batches/s':>11}{'requests/s':>12}{'bound, batches/s':>18}{'of it':>8}"
        f"   CPU us a batch and module: vault, node; c(B); c(B) of it"
    )
    parts = []
    for size in MOST:
        runs = [domain.measure(size, durable) for _ in range(ROUNDS)]
        bounds = [run.parts.bound(size, MODULES, cores) for run in runs]
        rate, bound = statistics.median(run.rate for run in runs), statistics.median(bounds)
        reached = statistics.median(run.rate / bound for run, bound in zip(runs, bounds, strict=True))
        vault, node = (statistics.median(getattr(run, name) for run in runs) for name in ("vaults_us", "nodes_us"))
        least = statistics.median(run.parts.batch_us(size) for run in runs)
        needed = statistics.median(run.parts.batch_us(size) / (run.vaults_us + run.nodes_us) for run in runs)
        print(
            f"{size:>6}{rate:>11.0f}{rate * size:>12.0f}{bound:>18.0f}{reached:>8.0%}"
            f"   {vault:.0f}, {node:.0f}; {least:.0f}; {needed:.0%}" + ("" if reached >= AIM else f"   below {AIM:.0%}")
        )
        parts += [run.parts for run in runs]
    return parts


def section() -> None:
    """Prints both tables, the formula and what was put into it."""
    cores = os.cpu_count() or 1
    print(f"\nAgreement: n = {MODULES}, eight processes on {cores} cores, one batch in flight")
    print("c(B) = 2 sign + 2.75 verify + certificate + 3 trip + 6 message + batch + B (verify + entry)")
    print("bound: alone cores / (n c(B)); durable 1 / (n c(B) / cores + 3 sync)")
    for what, parent in (("alone: the vaults' journals lie in memory", "/dev/shm"), ("with durable votes", None)):
        with bench_domain(parent) as domain:
            parts = mean(report(what, domain, parent is None, cores))
        print(
            f"microseconds: sign {parts.sign:.0f}, verify {parts.verify:.0f}, certificate {parts.certificate:.0f},"
            f" trip {parts.trip:.0f}, message {parts.message:.0f}, batch {parts.batch:.0f}, entry {parts.entry:.1f}"
            + (f", sync {parts.sync:.0f}" if parent is None else "")
        )
    print(f"load average while measuring: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    began = time.monotonic()
    section()
    print(f"{time.monotonic() - began:.0f} s")
