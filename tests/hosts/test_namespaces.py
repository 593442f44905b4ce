"""Modules on hosts of their own, and networks that break: never two answers to one request, never two chains of
headers, and after healing all goes on by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Measured
from tests.house.agreed import check_same_chain, check_same_everywhere, public_key, sequence
from tests.house.asking import Asker, at_node
from tests.house.domain import RunningDomain, make_domain
from tests.house.network import Network, network
from tests.house.stream import Stream, check_one_signature_each, eventually, streaming
from thresign.client import Profile

pytestmark = pytest.mark.xdist_group("namespaces")

CALLERS = 4
HEALS_S = 15.0
"""By then connections stand again after a partition: a pause between attempts, and an attempt that a partition met."""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Network]:
    with network(4) as made:
        yield made


@pytest.fixture(scope="module")
def domain(open_tmp: Path, hosts: Network) -> Iterator[RunningDomain]:
    running = make_domain(open_tmp / "namespaces", host=hosts.address)
    running.within = {number: hosts.within(number) for number in running.numbers}
    try:
        running.start_all()
        running.create_key("k")
        yield running
    finally:
        running.stop_all()


def callers_of(domain: RunningDomain, numbers: list[int]) -> Profile:
    """The admin's profile, for whom the domain has these nodes alone."""
    profile = domain.profile()
    return Profile(profile.domain, profile.caller, profile._key, tuple(domain.url(number) for number in numbers))


def check_agreed(domain: RunningDomain, stream: Stream) -> None:
    check_one_signature_each(stream, public_key(domain))
    check_same_everywhere(domain, stream)
    check_same_chain(domain)


def wait_not_ready(asker: Asker, number: int, answering: int) -> None:
    """A module notices that the others are silent."""

    def is_cut_off() -> bool:
        said = asker.send("GET", number, "/v1/ready", {})
        return said.status == 503 and f"{answering} of 4 modules answer" in said.problem.detail

    eventually(is_cut_off, 15.0, f"module {number} notices that it is cut off")


def check_undecided(asker: Asker, number: int, idempotency_key: str) -> None:
    said = asker.sign(b"cut off", idempotency_key, node=number, altered={"prefer": "wait=1"})
    assert (said.status, said.code) == (503, "undecided")


def heal(domain: RunningDomain, hosts: Network) -> float:
    """Everything passes again; how long it took until every module was ready."""
    assert hosts.dropped() > 0
    hosts.heal()
    healed_s = time.monotonic()
    domain.wait_ready(within_s=HEALS_S)
    return time.monotonic() - healed_s


def test_two_halves(domain: RunningDomain, hosts: Network, measured: Measured) -> None:
    """Neither half decides anything; what both were asked is decided once after healing, with one signature each."""
    with streaming(domain.profile(), "k", CALLERS, "before-halves") as stream:
        stream.wait_answered(10, 0.0, 30.0)
    hosts.partition({1, 2}, {3, 4})
    with Asker(domain) as asker:
        for number in domain.numbers:
            wait_not_ready(asker, number, 2)
        before = [sequence(domain, number) for number in domain.numbers]
        for number in domain.numbers:
            check_undecided(asker, number, f"halves-{number}")
            check_undecided(asker, number, "halves-all")  # one request, asked on both sides
        assert [sequence(domain, number) for number in domain.numbers] == before
        took_s = heal(domain, hosts)
        for name in (*(f"halves-{number}" for number in domain.numbers), "halves-all"):
            answers = {asker.sign(b"cut off", name, node=node).signature for node in domain.numbers}
            assert len(answers) == 1
    measured(f"2|2: every module ready {took_s:.1f} s after healing")
    check_agreed(domain, stream)


@pytest.mark.parametrize("who", ["primary", "backup"])
def test_one_alone(domain: RunningDomain, hosts: Network, who: str, measured: Measured) -> None:
    """Three go on without the fourth, whoever led; the fourth decides nothing alone, and catches up afterwards."""
    with at_node(domain, 1) as client:
        primary = client.status(domain.url(1)).primary
    alone = primary if who == "primary" else primary % 4 + 1
    others = [number for number in domain.numbers if number != alone]
    with Asker(domain) as asker:
        with streaming(callers_of(domain, others), "k", CALLERS, f"alone-{who}") as stream:
            stream.wait_answered(10, 0.0, 30.0)
            cut_s = time.monotonic()
            hosts.partition({alone}, others)
            stream.wait_answered(20, cut_s, 30.0)
            silence_s = stream.longest_silence_s(cut_s)
            wait_not_ready(asker, alone, 1)
            check_undecided(asker, alone, f"alone-{who}")
            took_s = heal(domain, hosts)
            stream.wait_answered(10, time.monotonic(), 30.0)
        answers = {asker.sign(b"cut off", f"alone-{who}", node=node).signature for node in domain.numbers}
        assert len(answers) == 1
    measured(f"3|1, the {who} alone: no answer for at most {silence_s:.2f} s; all ready {took_s:.1f} s after healing")
    check_agreed(domain, stream)


def test_loss_one_way(domain: RunningDomain, hosts: Network, measured: Measured) -> None:
    """A fifth of what modules 1 and 2 hear from the others is lost, and nothing of what they say: every quorum has one
    of them."""
    for receiver in (1, 2):
        for sender in (3, 4):
            hosts.lose(sender, receiver, 20)
    with streaming(domain.profile(), "k", CALLERS, "loss", timeout_s=60.0) as stream:
        began_s = time.monotonic()
        stream.wait_answered(30, began_s, 60.0)
        took_s = time.monotonic() - began_s
        dropped = hosts.dropped()
        heal(domain, hosts)
        stream.wait_answered(10, time.monotonic(), 30.0)
    measured(f"one-way loss: 30 requests of {CALLERS} callers in {took_s:.1f} s, {dropped} packets lost")
    check_agreed(domain, stream)


def test_silence_one_way(domain: RunningDomain, hosts: Network) -> None:
    """A primary that all hear and that hears nobody is left; it comes back when it hears again."""
    with at_node(domain, 1) as client:
        before = client.status(domain.url(1))
    others = [number for number in domain.numbers if number != before.primary]
    with streaming(callers_of(domain, others), "k", CALLERS, "deaf") as stream:
        stream.wait_answered(10, 0.0, 30.0)
        deaf_s = time.monotonic()
        for sender in others:
            hosts.lose(sender, before.primary, 100)
        stream.wait_answered(20, deaf_s, 30.0)
        with at_node(domain, others[0]) as client:
            assert client.status(domain.url(others[0])).view > before.view
        heal(domain, hosts)
        stream.wait_answered(10, time.monotonic(), 30.0)
    check_agreed(domain, stream)
