"""A real trust domain for tests: real vaults, nodes and tokens, each a process of its own, on loopback, in a directory
of its own, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from thresign.cli.initialise import Plan, initialise
from thresign.cli.processes import PARTS
from thresign.client import Client, Profile, load_profile
from thresign.setup.files import Domain, read_domain_file

READY_S = 30.0


_RESERVED: list[socket.socket] = []
"""Bound for as long as this process lives: whoever holds a base port owns the ports above it."""


def free_base_port(modules: int) -> int:
    """A port from which on the ports of a domain are free (peers, and REST 100 higher), below those that the kernel
    gives to connections. Other test processes on this machine choose at the same time: the base port itself is never
    used, only held, so that no two of them choose the same ports."""
    for base in range(10_000, 32_000, 211):
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            lock = held.enter_context(socket.socket())
            lock.bind(("127.0.0.1", base))
            for number in range(1, modules + 1):
                for port in (base + number, base + 100 + number):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            _RESERVED.append(lock.dup())
            return base
    raise RuntimeError("no free ports")


@dataclass
class RunningDomain:
    """Start, stop, kill and stop-the-clock of every process."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[tuple[int, str], subprocess.Popen[bytes]] = field(default_factory=dict)
    within: dict[int, list[str]] = field(default_factory=dict)
    """What a module's processes are started with in front of their command: where they run."""

    @property
    def domain(self) -> Domain:
        return read_domain_file(self.root / "domain.json")

    @property
    def numbers(self) -> list[int]:
        return [module.number for module in self.domain.modules]

    def directory(self, number: int) -> Path:
        return self.root / f"module-{number}"

    def url(self, number: int) -> str:
        return next(module.url for module in self.domain.modules if module.number == number)

    def start(self, number: int, part: str) -> None:
        command = [*self.within.get(number, ()), sys.executable, "-m", PARTS[part], str(self.directory(number))]
        with (self.directory(number) / f"{part}.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **self.environment})
        self.processes[number, part] = process

    def start_all(self) -> None:
        for number in self.numbers:
            for part in PARTS:
                self.start(number, part)
        self.wait_ready()

    def signal(self, number: int, part: str, what: signal.Signals) -> None:
        self.processes[number, part].send_signal(what)

    def kill(self, number: int, part: str) -> None:
        self.signal(number, part, signal.SIGKILL)
        self.processes[number, part].wait(10)

    def log(self, number: int, part: str) -> str:
        return (self.directory(number) / f"{part}.log").read_text()

    def wait_ready(self, numbers: list[int] | None = None, within_s: float = READY_S) -> None:
        deadline = time.monotonic() + within_s
        with httpx.Client(verify=ssl.create_default_context(cafile=self.root / "ca.pem"), timeout=2.0) as http:
            for number in numbers or self.numbers:
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        if http.get(f"{self.url(number)}/v1/ready").status_code == 200:
                            break
                    for part in PARTS:
                        process = self.processes.get((number, part))
                        if process is not None and process.poll() is not None:
                            raise AssertionError(f"{part} {number} ended: {self.log(number, part)[-2000:]}")
                    assert time.monotonic() < deadline, (
                        f"module {number} is not ready: {self.log(number, 'node')[-2000:]}"
                    )
                    time.sleep(0.02)

    def stop_all(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    @property
    def profile_path(self) -> Path:
        return self.root / "callers" / "admin.toml"

    def profile(self) -> Profile:
        return load_profile(self.profile_path)

    def client(self, timeout_s: float = 30.0) -> Client:
        return Client(self.profile(), timeout_s=timeout_s)

    def create_key(self, name: str, suite: str = "ed25519") -> None:
        """Makes a key, and waits until every module has heard that it is active: each judges by its own ledger."""
        with self.client() as client:
            client.create_key(name, suite)
            deadline = time.monotonic() + READY_S
            for number in self.numbers:
                while not any(k["name"] == name and k["state"] == "active" for k in self._keys_at(number)):
                    assert time.monotonic() < deadline, f"module {number} does not know that key {name} is active"
                    time.sleep(0.02)

    def _keys_at(self, number: int) -> list[dict[str, str]]:
        context = ssl.create_default_context(cafile=self.root / "ca.pem")
        answer = httpx.get(f"{self.url(number)}/v1/keys", verify=context, timeout=5.0)
        keys: list[dict[str, str]] = answer.json()["keys"]
        return keys


def make_domain(root: Path, modules: int = 4, own_uids: bool = True, host: str = "127.0.0.1") -> RunningDomain:
    """A new domain in an empty directory; nothing runs yet. `host` as in Plan."""
    base_port = free_base_port(modules)
    initialise(Plan(root, "test", modules, host=host, base_port=base_port, own_uids=own_uids), lambda _what: None)
    return RunningDomain(root)


@contextlib.contextmanager
def running_domain(root: Path, modules: int = 4, own_uids: bool = True) -> Iterator[RunningDomain]:
    """A new domain, started, and stopped at the end."""
    domain = make_domain(root, modules, own_uids)
    try:
        domain.start_all()
        yield domain
    finally:
        domain.stop_all()
