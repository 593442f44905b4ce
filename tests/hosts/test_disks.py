"""Full and erased disks, and modules that were away: a module says nothing that it has not kept, and comes back."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.house.agreed import check_same_chain, check_same_everywhere, public_key, sequence, wait_caught_up
from tests.house.disks import small_disk
from tests.house.domain import RunningDomain, running_domain
from tests.house.stream import check_one_signature_each, eventually, streaming
from tests.house.supervised import supervised
from thresign.cli.processes import PARTS
from thresign.errors import Undecided
from thresign.journal.frames import scan
from thresign.limits import CHECKPOINT_INTERVAL
from thresign.node.replica import FILL_MAX
from thresign.vault.voting.records import RECORDS, Base, SnapshotPart
from thresign.wire.canonical import decode_one_of

pytestmark = pytest.mark.xdist_group("disks")

CALLERS = 4
HEALS_S = 30.0
LARGE_BYTES = 60_000
"""Of a message that travels in its batch, so that journals grow by it."""
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


def start_processes(domain: RunningDomain, number: int) -> None:
    for part in PARTS:
        domain.start(number, part)


def start(domain: RunningDomain, number: int) -> None:
    start_processes(domain, number)
    domain.wait_ready([number])


def votes_count(domain: RunningDomain, number: int, other: int) -> None:
    """With another module gone, nothing is decided without this one."""
    stop(domain, other)
    with streaming(domain.profile(), "k", 1, f"without-{other}-{time.monotonic_ns()}") as stream:
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
        with streaming(domain.profile(), "k", CALLERS, f"more-{asked}") as stream:
            stream.wait_answered(20, 0.0, HEALS_S)
        check_one_signature_each(stream, public_key(domain))
    raise AssertionError(f"module {number} does not vote again")


@pytest.mark.parametrize("part", ["vault", "token", "node"])
def test_full_disk(domain: RunningDomain, part: str) -> None:
    """The module says which file has no room, and votes no more; with room again it comes back by itself."""
    stop(domain, 3)
    with small_disk(domain.directory(3) / part) as disk, supervised(domain, 3) as module:
        domain.wait_ready([3])
        with streaming(domain.profile(), "k", CALLERS, f"full-{part}", timeout_s=60.0) as stream:
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
    with streaming(domain.profile(), "k", CALLERS, "away") as stream:
        eventually(lambda: sequence(domain, 1) > away_at + MISSED, 60.0, f"{MISSED} batches without module 2")
    check_one_signature_each(stream, public_key(domain))
    start(domain, 2)
    wait_caught_up(domain, 2)
    check_same_chain(domain)
    check_same_everywhere(domain, stream)
    votes_count(domain, 2, 3)


def test_erased_node_disk(domain: RunningDomain) -> None:
    """A module whose node has lost all that it had written gets it back, answers what was asked before, and signs."""
    with streaming(domain.profile(), "k", CALLERS, "erased") as stream:
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
    with streaming(domain.profile(), "k", CALLERS, f"forgot-{how}") as stream:
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


def test_away_for_so_long_that_nobody_has_the_batches(domain: RunningDomain) -> None:
    """The others' vaults have begun their journals anew beyond it, and their nodes have lost theirs: it takes a ledger
    over that a quorum has signed, and signs again."""
    away_at = sequence(domain, 2)
    stop(domain, 2)
    others = [number for number in domain.numbers if number != 2]
    asked = itertools.count()

    def ask_one(_: int) -> None:
        with domain.client() as client:
            for _ in range(20):
                number = next(asked)
                client.sign(
                    "k", number.to_bytes(8, "big") + os.urandom(LARGE_BYTES), f"large-{time.time_ns()}-{number}"
                )

    deadline = time.monotonic() + 90.0
    while not all(base_of(domain, number) > away_at + FILL_MAX for number in others):
        assert time.monotonic() < deadline, [base_of(domain, number) for number in others]
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(ask_one, range(CALLERS)))
    for number in domain.numbers:
        if number != 2:
            stop(domain, number)
        for path in (domain.directory(number) / "node").iterdir():
            path.unlink()
        if number != 2:
            start_processes(domain, number)
    domain.wait_ready(others)
    start(domain, 2)
    wait_caught_up(domain, 2)
    assert base_of(domain, 2) > away_at
    votes_count(domain, 2, 3)


def base_of(domain: RunningDomain, number: int) -> int:
    """The sequence at which a vault's journal begins; 0 for the genesis."""
    data = (domain.directory(number) / "vault" / "journal").read_bytes()
    for payload, _ in scan(data):
        record = decode_one_of(RECORDS, payload)
        if isinstance(record, Base):
            return record.decided.header.sequence
        if not isinstance(record, SnapshotPart):
            break
    return 0
