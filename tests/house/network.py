"""Hosts of their own for modules: network namespaces on one bridge, with faults between any two of them. Needs root.

The test itself is on the bridge too, and nothing ever stands between it and a host. Loss and partitions are rules of
nftables in the host that receives: what is dropped is dropped without a word, as a broken cable would.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_NAME_MAX = 15
"""Of an interface, in bytes."""


def _run(*command: str, given: str | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout


@dataclass(frozen=True)
class Network:
    """`hosts` numbers from 1."""

    name: str
    hosts: int

    @property
    def subnet(self) -> str:
        return f"10.{64 + os.getpid() % 128}.{os.getpid() // 128 % 256}"

    @property
    def address(self) -> str:
        """Of a host, with {number} in place of its number."""
        return f"{self.subnet}.{{number}}"

    def within(self, number: int) -> list[str]:
        """What starts a command on a host."""
        return ["ip", "netns", "exec", self._host(number)]

    def lose(self, sender: int, receiver: int, percent: int) -> None:
        """Drops so many of a hundred packets from one host to another, and none of those that go the other way."""
        which = "" if percent >= 100 else f"numgen random mod 100 < {percent} "
        rule = f"add rule inet faults input ip saddr {self.subnet}.{sender} {which}counter drop"
        _run(*self.within(receiver), "nft", "-f", "-", given=rule)

    def partition(self, *sides: Collection[int]) -> None:
        """Nothing passes between hosts on different sides."""
        for side in sides:
            for other in sides:
                if other is not side:
                    for sender in side:
                        for receiver in other:
                            self.lose(sender, receiver, 100)

    def dropped(self) -> int:
        """How many packets were dropped since the network was whole."""
        counted = 0
        for number in range(1, self.hosts + 1):
            listed = _run(*self.within(number), "nft", "list", "chain", "inet", "faults", "input")
            counted += sum(map(int, re.findall(r"counter packets (\d+)", listed)))
        return counted

    def heal(self) -> None:
        """Everything passes again."""
        for number in range(1, self.hosts + 1):
            _run(*self.within(number), "nft", "flush", "chain", "inet", "faults", "input")

    def _host(self, number: int) -> str:
        return f"{self.name}-{number}"

    def _make(self) -> None:
        bridge = f"{self.name}-b"
        _run("ip", "link", "add", bridge, "type", "bridge")
        _run("ip", "address", "add", f"{self.subnet}.254/24", "dev", bridge)
        _run("ip", "link", "set", bridge, "up")
        for number in range(1, self.hosts + 1):
            host, cable = self._host(number), f"{self.name}-v{number}"
            _run("ip", "netns", "add", host)
            _run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", host)
            _run("ip", "link", "set", cable, "master", bridge, "up")
            on_host = ["ip", "-n", host]
            _run(*on_host, "address", "add", f"{self.subnet}.{number}/24", "dev", "eth0")
            _run(*on_host, "link", "set", "eth0", "up")
            _run(*on_host, "link", "set", "lo", "up")
            chain = "add chain inet faults input { type filter hook input priority 0; }"
            _run(*self.within(number), "nft", "-f", "-", given=f"add table inet faults\n{chain}\n")

    def _remove(self) -> None:
        for number in range(1, self.hosts + 1):
            subprocess.run(["ip", "netns", "delete", self._host(number)], capture_output=True, check=False)
        subprocess.run(["ip", "link", "delete", f"{self.name}-b"], capture_output=True, check=False)


@contextlib.contextmanager
def network(hosts: int) -> Iterator[Network]:
    """Hosts with a network; gone at the end. Processes on them have to have ended by then."""
    made = Network(f"ts{os.getpid() % 1_000_000}", hosts)
    assert len(made.name) + 3 <= _NAME_MAX
    try:
        made._make()
        yield made
    finally:
        made._remove()
