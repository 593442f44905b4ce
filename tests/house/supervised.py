"""A module as an operator runs it: `thresign module run`, which starts vault and node and starts them again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.house.domain import RunningDomain


@dataclass(frozen=True)
class Supervised:
    """A module's supervisor."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """All that supervisor, vault and node have printed."""
        return self.log.read_text()

    def pids(self) -> dict[str, int]:
        """The processes of the module that run now: supervisor, vault, node."""
        top = self.process.pid
        found = {"supervisor": top}
        for child in Path(f"/proc/{top}/task/{top}/children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            found["vault" if b"thresign.vault.main" in words else "node"] = int(child)
        return found


@contextlib.contextmanager
def supervised(
    domain: RunningDomain, number: int, environment: Mapping[str, str] | None = None
) -> Iterator[Supervised]:
    """A module under its supervisor, stopped at the end."""
    path = domain.directory(number) / "supervisor.log"
    command = [sys.executable, "-m", "thresign.cli.main", "module", "run", str(domain.directory(number))]
    with path.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **(environment or {})})
    try:
        yield Supervised(process, path)
    finally:
        process.terminate()
        process.wait(25)
