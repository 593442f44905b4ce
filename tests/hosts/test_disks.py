"""Full and erased disks, and modules that were away: a module says nothing that it has not kept, and comes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.agreed import check_same_chain, check_same_everywhere, public_key, sequence, wait_caught_up
from tests.house.disks import small_disk
from tests.house.domain import RunningDomain, running_domain
from tests.house.stream import SPLIT, check_one_signature_each, eventually, streaming
from tests.house.supervised import supervised
from thresign.cli.processes import PARTS
from thresign.errors import Undecided
from thresign.limits import CHECKPOINT_INTERVAL

pytestmark = pytest.mark.xdist_group("disks")

CALLERS = 4
HEALS_S = 30.0
MISSED = CHECKPOINT_INTERVAL + 20
SAID = {
    "vault": "thresign-vault: storage_error: {path}/journal: No space left on device",
    "token": "thresign-vault: custody_unavailable: token: TS_STORE_WRITE",
    "node": "thresign-node: storage_error: {path}/journal.00000000000000000000: No space left on device",
}


@pytest.fixture(scope="module")
def domain(open_tmp: Path) -> Iterator[RunningDomain]:
    with running_domain(open_tmp / "disks") as running:
        running.create_key("k")
        yield running


@pytest.fixture(autouse=True)
def all_running(domain: RunningDomain) -> None:
    """Each test begins with four modules that run, whatever the one before did."""
    for number in domain.numbers:
        for part in PARTS:
            if (number, part) not in domain.processes:
                domain.start(number, part)
    domain.wait_ready()


def stop(domain: RunningDomain, number: int) -> None:
    for part in PARTS:
        if domain.processes[number, part].poll() is None:
            domain.signal(number, part, signal.SIGTERM)
        domain.processes.pop((number, part)).wait(10)


def start(domain: RunningDomain, number: int) -> None:
    for part in PARTS:
        domain.start(number, part)
    domain.wait_ready([number])


def votes_count(domain: RunningDomain, number: int, other: int) -> None:
    """With another module gone, nothing is decided without this one."""
    stop(domain, other)
    with streaming(
        domain.profile(), "k", 1, f"without-{other}-{time.monotonic_ns()}", undecided_allowed=SPLIT
    ) as stream:
        stream.wait_answered(3, 0.0, HEALS_S)
    check_one_signature_each(stream, public_key(domain))
    start(domain, other)


def votes_count_again(domain: RunningDomain, number: int, other: int) -> None:
    """The same for a module that forgot: its votes count once its horizon is passed, in slots and in views. While it is
    not, what is asked meanwhile is undecided; with all modules there again it is decided, and the domain moves on."""
    for attempt in range(4):
        stop(domain, other)
        asked = f"again-{other}-{attempt}-{time.monotonic_ns()}"
        with domain.client(timeout_s=10.0) as client:
            try:
                client.sign("k", b"voted", asked)
                return
            except Undecided:
                pass
            finally:
                start(domain, other)
        with streaming(domain.profile(), "k", CALLERS, f"more-{asked}", undecided_allowed=SPLIT) as stream:
            stream.wait_answered(20, 0.0, HEALS_S)
        check_one_signature_each(stream, public_key(domain))
    raise AssertionError(f"module {number} does not vote again")


@pytest.mark.parametrize("part", ["vault", "token", "node"])
def test_full_disk(domain: RunningDomain, part: str) -> None:
    """The module says which file has no room, and votes no more; with room again it comes back by itself."""
    stop(domain, 3)
    with small_disk(domain.directory(3) / part) as disk, supervised(domain, 3) as module:
        domain.wait_ready([3])
        with streaming(
            domain.profile(), "k", CALLERS, f"full-{part}", timeout_s=60.0, undecided_allowed=SPLIT
        ) as stream:
            stream.wait_answered(10, 0.0, HEALS_S)
            disk.fill()
            if part == "token":  # which is written to when a vault begins a new life, and when a key is made
                os.kill(module.pids()["vault"], signal.SIGKILL)
            said = SAID[part].format(path=disk.path)
            eventually(lambda: said in module.said(), HEALS_S, said)
            stream.wait_answered(20, time.monotonic(), HEALS_S)
            disk.empty()
            domain.wait_ready([3], HEALS_S)
            stream.wait_answered(10, time.monotonic(), HEALS_S)
        check_one_signature_each(stream, public_key(domain))
        wait_caught_up(domain, 3)
        check_same_chain(domain)
        check_same_everywhere(domain, stream)
        votes_count(domain, 3, 4)
    start(domain, 3)


def test_module_that_was_away(domain: RunningDomain) -> None:
    """More is decided without it than the others send at once or than lies between two checkpoints: it catches up."""
    away_at = sequence(domain, 2)
    stop(domain, 2)
    with streaming(domain.profile(), "k", CALLERS, "away", undecided_allowed=SPLIT) as stream:
        eventually(lambda: sequence(domain, 1) > away_at + MISSED, 60.0, f"{MISSED} batches without module 2")
    check_one_signature_each(stream, public_key(domain))
    start(domain, 2)
    wait_caught_up(domain, 2)
    check_same_chain(domain)
    check_same_everywhere(domain, stream)
    votes_count(domain, 2, 3)


def test_erased_node_disk(domain: RunningDomain) -> None:
    """A module whose node has lost all that it had written gets it back, answers what was asked before, and signs."""
    with streaming(domain.profile(), "k", CALLERS, "erased", undecided_allowed=SPLIT) as stream:
        stream.wait_answered(20, 0.0, HEALS_S)
    stop(domain, 2)
    for path in (domain.directory(2) / "node").iterdir():
        path.unlink()
    start(domain, 2)
    wait_caught_up(domain, 2)
    check_same_everywhere(domain, stream)
    votes_count(domain, 2, 3)


@pytest.mark.parametrize("how", ["erased", "put back"])
def test_vault_disk_that_forgot(domain: RunningDomain, how: str) -> None:
    """A vault whose journal is gone, or an old one, finds out, follows, and votes beyond what it may have said."""
    journal = domain.directory(2) / "vault" / "journal"
    stop(domain, 2)
    old = journal.read_bytes()
    start(domain, 2)
    with streaming(domain.profile(), "k", CALLERS, f"forgot-{how}", undecided_allowed=SPLIT) as stream:
        stream.wait_answered(20, 0.0, HEALS_S)
        stop(domain, 2)
        status = journal.stat()
        if how == "erased":
            journal.unlink()
        else:
            journal.write_bytes(old)
            os.chown(journal, status.st_uid, status.st_gid)
        start(domain, 2)
        stream.wait_answered(20, time.monotonic(), HEALS_S)
    check_one_signature_each(stream, public_key(domain))
    wait_caught_up(domain, 2)
    check_same_chain(domain)
    check_same_everywhere(domain, stream)
    votes_count_again(domain, 2, 3)
