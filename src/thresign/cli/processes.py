"""`thresign module run`: a module's two processes, kept running."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from thresign.cli.output import errors
from thresign.errors import ConfigurationError
from thresign.setup.files import read_module

PARTS = {"vault": "thresign.vault.main", "node": "thresign.node.main"}
BACKOFF_S = (0.2, 5.0)
GIVE_UP_AFTER = 5
"""Starts in a row that each lasted less than a second, of a process that never lasted longer. One that did has what it
needs but for the moment (a full disk): it is started again until it lasts."""


def command(part: str, directory: Path) -> list[str]:
    """How a module's vault or node is started."""
    return [sys.executable, "-m", PARTS[part], str(directory)]


class _Child:
    def __init__(self, part: str, directory: Path) -> None:
        self.part = part
        self._command = command(part, directory)
        self._quick = 0
        self._has_lasted = False
        self._pause = BACKOFF_S[0]
        self.process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._again_at = 0.0

    def tend(self, now: float) -> None:
        """Starts the process if it does not run and its pause is over. Raises ConfigurationError if it never lasts."""
        if self.process is not None and self.process.poll() is not None:
            errors.print(f"thresign: {self.part} ended with status {self.process.returncode}", markup=False)
            lasted = now - self._started >= 1.0
            self._has_lasted = self._has_lasted or lasted
            self._quick = 0 if lasted else self._quick + 1
            self._pause = min(2 * self._pause, BACKOFF_S[1]) if self._quick else BACKOFF_S[0]
            self._again_at = now + self._pause
            self.process = None
            if self._quick >= GIVE_UP_AFTER and not self._has_lasted:
                raise ConfigurationError(f"{self.part} does not start: see its last words above")
        if self.process is None and now >= self._again_at:
            self._started = now
            self.process = subprocess.Popen(self._command)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> None:
        if self.process is not None:
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def run_module(directory: Path) -> None:
    """Runs vault and node, restarting what ends, until SIGTERM or SIGINT. Raises ConfigurationError."""
    read_module(directory)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # of whatever is started here, from its first moment on
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children = [_Child(part, directory) for part in PARTS]
    try:
        while not stopping:
            for child in children:
                child.tend(time.monotonic())
            time.sleep(0.05)
    finally:
        for child in reversed(children):
            child.end()
        for child in children:
            child.wait()
