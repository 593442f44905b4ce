"""The service under load: latency and rate through REST, CPU by process, memory, one table.

Four vaults and four nodes are real processes on this machine; the load generator, signed beforehand, runs beside them
on the same cores, so its own CPU is printed too.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import Figures, presign, run
from tests.house.domain import RunningDomain, running_domain

TICKS = os.sysconf("SC_CLK_TCK")
SINGLE = 300
CONCURRENT = {32: 6_000, 128: 8_000, 256: 10_000}
WARM_UP = 200


@dataclass(frozen=True)
class Load:
    """One run, with the CPU seconds that each process spent in it."""

    figures: Figures
    cpu_s: dict[str, float]

    def each_us(self, part: str) -> float:
        """CPU microseconds a request, over all modules."""
        return sum(s for name, s in self.cpu_s.items() if name.startswith(part)) / self.figures.requests * 1e6


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> float:
    """The proportional set size: what is shared between processes is counted once."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no Pss of process {pid}")


def load(domain: RunningDomain, key: str, count: int, callers: int, tag: str) -> Load:
    """`count` requests over `callers` connections, spread over the nodes."""
    requests = presign(domain.profile(), key, count, tag=tag)
    pids = {f"{part} {number}": p.pid for (number, part), p in domain.processes.items()} | {"load": os.getpid()}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    figures = run(domain.profile(), [domain.url(n) for n in domain.numbers], requests, callers)
    if not set(figures.statuses) <= {200, 503}:
        raise RuntimeError(f"statuses {figures.statuses}: {figures.problems}")
    return Load(figures, {name: cpu_s(pid) - before[name] for name, pid in pids.items()})


@contextmanager
def bench_domain() -> Iterator[RunningDomain]:
    """Four modules, an active key "k", warm."""
    with tempfile.TemporaryDirectory(prefix="thresign-bench-") as root:
        Path(root).chmod(0o755)
        with running_domain(Path(root) / "domain") as domain:
            domain.create_key("k")
            load(domain, "k", WARM_UP, 4, "warm")
            yield domain


def section() -> None:
    """Prints the table."""
    print("\nService: n = 4, min_signers = 3, loopback, all processes and the load generator on this machine")
    print(f"{'callers':>8}{'requests':>10}{'per s':>8}{'p50 ms':>8}{'p99 ms':>8}   CPU us a signature, all modules")
    with bench_domain() as domain:
        for callers, count in {1: SINGLE, **CONCURRENT}.items():
            done = load(domain, "k", count, callers, f"c{callers}-")
            figures = done.figures
            print(
                f"{callers:>8}{count:>10}{figures.rate:>8.0f}{figures.percentile(0.5):>8.1f}{figures.percentile(0.99):>8.1f}"
                f"   vaults {done.each_us('vault'):.0f}, nodes {done.each_us('node'):.0f},"
                f" generator {done.each_us('load'):.0f}"
            )
            if figures.statuses.get(503):
                print(f"{callers:>8}{figures.statuses[503]:>10} of them undecided (503): {figures.problems[0]}")
        by_process = ", ".join(f"{name} {s / done.figures.requests * 1e6:.0f}" for name, s in done.cpu_s.items())
        print(f"CPU us a signature by process at {callers} callers: {by_process}")
        for number in domain.numbers:
            parts = {part: memory_mb(p.pid) for (n, part), p in domain.processes.items() if n == number}
            print(f"memory of module {number}: {sum(parts.values()):.0f} MB (" + _each(parts) + ")")
    print(f"load average while measuring: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def _each(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {mb:.0f}" for name, mb in sorted(parts.items()))


if __name__ == "__main__":
    began = time.monotonic()
    section()
    print(f"{time.monotonic() - began:.0f} s")
