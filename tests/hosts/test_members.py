"""Membership changes with real processes: a fifth module joins and one leaves while requests flow; every request gets
its one signature, and evidence of all epochs verifies with the domain's first public file alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.house.agreed import public_key, sequence, wait_caught_up
from tests.house.asking import at_node
from tests.house.domain import RunningDomain, make_domain
from tests.house.stream import check_one_signature_each, eventually, streaming
from thresign.cli.joining import as_member, prepare, read_member
from thresign.cli.processes import PARTS
from thresign.errors import InvalidEvidence, ThresignError
from thresign.orders.bundle import Evidence, verify_evidence
from thresign.policy.actions import NewMember
from thresign.setup.files import Domain

CALLERS = 3


def epoch_at(domain: RunningDomain, number: int) -> int:
    """The epoch that a module has entered; -1 while its node does not answer."""
    try:
        with at_node(domain, number) as client:
            return client.roster().epoch
    except ThresignError:
        return -1


def change(domain: RunningDomain, join: tuple[Path, ...] = (), leave: tuple[int, ...] = ()) -> int:
    """Asks for the next roster; the epoch that has begun."""
    with domain.client() as client:
        roster = client.roster()
        stay = [m for m in roster.members if m.number not in leave]
        members: list[NewMember] = [as_member(m.number, m.name, m.vote_key, m.sealing_key) for m in stay]
        members += map(read_member, join)
        return client.change_roster(roster.epoch + 1, tuple(members)).roster_epoch


def check_chain(bundle: bytes, message: bytes, domain: Domain) -> None:
    """Evidence of epoch 2 does not hold with any other chain than its own."""
    good = Evidence.decode(bundle)
    first, second = good.chain
    verify_evidence(bundle, domain.genesis, message)
    swapped = replace(first, roster=second.roster)
    unsigned = replace(second, certificate=replace(second.certificate, signatures=first.certificate.signatures))
    bent = (
        (),
        (first,),
        (second,),
        (second, first),
        (first, first),
        (first, second, second),
        (swapped, second),
        (first, unsigned),
        (first, replace(second, certificate=replace(second.certificate, sequence=second.sequence + 1))),
    )
    for chain in bent:
        with pytest.raises(InvalidEvidence):
            verify_evidence(replace(good, chain=chain).encode(), domain.genesis, message)
    # The votes of one epoch's roster on another's header, with a chain that leads to either.
    for epoch in (0, 1):
        certificate = good.decided.certificate
        header = replace(certificate.header, roster_epoch=epoch, roster=good.confirmed.certificate.header.roster)
        moved = replace(good.decided, certificate=replace(certificate, header=header))
        with pytest.raises(InvalidEvidence):
            verify_evidence(replace(good, decided=moved, chain=good.chain[:epoch]).encode(), domain.genesis, message)


@pytest.mark.parametrize("restarted", [False, True], ids=["", "and all restart in between"])
def test_a_fifth_joins_and_one_leaves_while_requests_flow(tmp_path: Path, restarted: bool) -> None:
    domain = make_domain(tmp_path / "domain")
    first_file = domain.domain
    try:
        domain.start_all()
        with domain.client() as client:
            client.create_key("k", min_signers=2)
        with streaming(domain.profile(), "k", CALLERS, "flow", timeout_s=60.0) as stream:
            stream.wait_answered(20, time.monotonic(), 30)
            made = prepare(domain.root, "127.0.0.1", None, True, lambda _what: None)
            for part in PARTS:
                domain.start(5, part)
            assert change(domain, join=(Path(made.member_file),)) == 1
            joined = time.monotonic()
            for number in domain.numbers:
                eventually(lambda n=number: epoch_at(domain, n) == 1, 30, f"module {number} in roster epoch 1")
            domain.wait_ready()
            wait_caught_up(domain, 5)
            stream.wait_answered(20, joined, 30)
            if restarted:
                for number in domain.numbers:
                    for part in PARTS:
                        domain.kill(number, part)
                        domain.start(number, part)
                    domain.wait_ready()
                stream.wait_answered(20, time.monotonic(), 60)
            assert change(domain, leave=(1,)) == 2
            left = time.monotonic()
            for number in (2, 3, 4, 5):
                eventually(lambda n=number: epoch_at(domain, n) == 2, 30, f"module {number} in roster epoch 2")
            stream.wait_answered(20, left, 30)
            for part in PARTS:  # not missed: four of four would be needed without the change
                domain.kill(1, part)
            stream.wait_answered(20, time.monotonic(), 60)
        check_one_signature_each(stream, public_key(domain))
        with at_node(domain, 3) as client:
            epochs = set()
            for asked in (stream.answered[0], stream.answered[len(stream.answered) // 2], stream.answered[-1]):
                report = verify_evidence(client.evidence(asked.request_id), first_file.genesis, asked.message)
                assert report.signature == asked.signature.hex()
                epochs.add(report.roster_epoch)
            assert {0, 2} <= epochs
            check_chain(client.evidence(stream.answered[-1].request_id), stream.answered[-1].message, first_file)
            # A new key is the present members'; nobody else of them leaves while the old one needs them.
            key = client.create_key("after", min_signers=2)
            assert key.participants == (2, 3, 4, 5)
            signed = client.sign("after", b"by who is there")
            assert verify_evidence(client.evidence(signed.request_id), first_file.genesis).roster_epoch == 2
            roster = client.roster()
            members = [as_member(m.number, m.name, m.vote_key, m.sealing_key) for m in roster.members[1:]]
            with pytest.raises(ThresignError):
                client.change_roster(3, tuple(members))
        domain.processes = {place: process for place, process in domain.processes.items() if place[0] != 1}
    finally:
        domain.stop_all()


def test_a_vault_disk_that_is_erased_after_one_has_left(tmp_path: Path) -> None:
    """Its token does not know any more who announced what in the epoch before; the module follows, and votes again."""
    domain = make_domain(tmp_path / "domain", 5)
    try:
        domain.start_all()
        domain.wait_ready()
        with domain.client() as client:
            client.create_key("k", min_signers=2)
            client.sign("k", b"before")
        assert change(domain, leave=(1,)) == 1
        for number in (2, 3, 4, 5):
            eventually(lambda n=number: epoch_at(domain, n) == 1, 30, f"module {number} in roster epoch 1")
        for part in PARTS:
            domain.kill(1, part)
            domain.kill(3, part)
        (domain.directory(3) / "vault" / "journal").unlink()
        for part in PARTS:
            domain.start(3, part)
        domain.wait_ready([3])
        eventually(lambda: epoch_at(domain, 3) == 1, 30, "module 3 in roster epoch 1 again")
        with at_node(domain, 4) as client:
            for number in range(6):  # beyond its horizon
                client.sign("k", b"between %d" % number)
        others = sequence(domain, 4)
        eventually(lambda: sequence(domain, 3) >= others, 30, f"module 3 is at sequence {others}")
        for part in PARTS:
            domain.kill(2, part)
        with at_node(domain, 4) as client:  # three of four are needed, and module 3 among them
            client.sign("k", b"after")
        left = domain.processes.items()
        domain.processes = {place: process for place, process in left if place[0] > 2}
    finally:
        domain.stop_all()
