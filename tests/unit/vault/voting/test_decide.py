"""Deciding [VOTE-D1, VOTE-D2, CERT-1]: the next slot, with a body that is held or given, under a certificate; then the
ledger has gone on, and what was kept for the slot is gone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import NOW_MS, StubDomain, ready_ledger
from tests.house.stub_vault import StubVault
from thresign.errors import InvalidVote, InvariantBroken
from thresign.ids import ModuleNumber
from thresign.orders.batch import Batch
from thresign.orders.digests import sha256
from thresign.orders.header import Phase
from thresign.vault.voting import decide
from thresign.vault.voting.records import Decided


def test_a_body_that_is_held_need_not_be_given() -> None:
    vault = StubVault()
    made = vault.prepared()
    certificate = vault.domain.certificate(made.header)
    proposal, record = decide.decide(vault.book, certificate, b"")
    assert (proposal.header, proposal.body) == (made.header, made.body)
    assert record == Decided(certificate, b"")
    assert (vault.book.state.sequence, vault.book.state.head) == (1, made.digest)
    assert vault.book.decided == certificate


def test_a_body_that_is_not_held_is_written_down() -> None:
    vault = StubVault()
    made = vault.proposal()
    certificate = vault.domain.certificate(made.header)
    _, record = decide.decide(vault.book, certificate, made.body)
    assert record == Decided(certificate, made.body)


def test_a_body_that_is_held_stands_whatever_is_given() -> None:
    vault = StubVault()
    made = vault.prepared()
    proposal, record = decide.decide(vault.book, vault.domain.certificate(made.header), b"false")
    assert (proposal.body, record.body) == (made.body, b"")


def test_what_was_announced_under_a_roster_that_the_token_has_left() -> None:
    """The token does not know any more who has left since; whose signature it is can be told all the same."""
    vault = StubVault()
    said = vault.domain.announcement(2, 1)
    forged = replace(said, signature=bytes(64))
    vault.checks.announcement = lambda _: True  # type: ignore[method-assign]
    good, bad = vault.proposal(entries=(said,)), vault.proposal(entries=(forged,))
    vault.checks.announcement = lambda _: False  # type: ignore[method-assign]
    for made, past in ((good, False), (bad, False), (bad, True)):
        with vault.refuses("VOTE-J1: invalid_vote: an announcement"):
            decide.decide(vault.book, vault.domain.certificate(made.header), made.body, past)
    decide.decide(vault.book, vault.domain.certificate(good.header), good.body, past=True)
    assert vault.book.state.sequence == 1


def test_without_the_body() -> None:
    vault = StubVault()
    made = vault.proposal()
    with vault.refuses("VOTE-D2: the body is not held"):
        decide.decide(vault.book, vault.domain.certificate(made.header), b"")


def test_the_body_of_another_header_is_the_nodes_fault() -> None:
    vault = StubVault()
    made, other = vault.proposal(count=1), vault.proposal(count=2)
    for body in (other.body, b"false", Batch(()).encode()):
        with vault.refuses("VOTE-J1"):
            decide.decide(vault.book, vault.domain.certificate(made.header), body)
    decide.decide(vault.book, vault.domain.certificate(made.header), made.body)


@pytest.mark.parametrize("sequence", [0, 2, 3, 2**64 - 1])
def test_slots_that_are_not_the_next(sequence: int) -> None:
    vault = StubVault()
    made = vault.proposal()
    header = replace(made.header, sequence=sequence)
    with vault.refuses(f"VOTE-D1: sequence {sequence} is not the next slot 1"):
        decide.decide(vault.book, vault.domain.certificate(header), made.body)


def test_a_slot_is_decided_once() -> None:
    vault = StubVault()
    made = vault.decide()
    with vault.refuses("VOTE-D1: sequence 1 is not the next slot 2"):
        decide.decide(vault.book, vault.domain.certificate(made.header), made.body)


def test_what_a_quorum_decided_counts_whatever_this_vault_voted_for() -> None:
    vault = StubVault()
    vault.prepared(count=1)
    other = vault.proposal(count=2)
    vault.decide(other)
    assert vault.book.state.head == other.digest


def test_also_on_the_way_to_another_view_and_below_the_floor_and_horizon() -> None:
    vault = StubVault()
    made = vault.proposal()
    vault.book.horizon = 5
    vault.enter(1, decided=vault.domain.certificate(made.header))
    vault.book.horizon = 0
    vault.change_view(2)
    vault.book.horizon = 5
    vault.decide(made)
    assert vault.book.state.sequence == 1


def test_neither_clock_nor_held_bodies_matter_any_more() -> None:
    """A quorum held the large body and judged the time; a vault that was away applies what they decided."""
    domain = StubDomain()
    vault = StubVault(domain=domain)
    vault.book.state = ready_ledger(domain).state
    large = b"x" * (64 * 1024 + 1)
    vault.checks.bodies = {sha256(large): large}
    made = vault.proposal(entries=(domain.sign_request(large),))
    vault.checks.bodies = {}
    vault.now_ms = NOW_MS + 10**9
    with vault.refuses("VOTE-P3"):
        vault.prepare(made.pre_prepare())
    vault.now_ms = NOW_MS
    with vault.refuses("VOTE-J1: Request: the body has not arrived"):
        vault.prepare(made.pre_prepare())
    vault.now_ms = NOW_MS + 10**9
    vault.decide(made, view=7)


def test_a_decided_batch_that_is_not_admitted_stops_the_vault() -> None:
    """The vault voted for this very body: if it is not admitted now, the ledger is not the quorum's."""
    vault = StubVault()
    made = vault.prepared()
    vault.book.proposal = None
    vault.book.state.incarnations[ModuleNumber(1)] = 99
    with pytest.raises(InvariantBroken, match="a decided batch is not admitted"):
        decide.decide(vault.book, vault.domain.certificate(made.header), b"")


def test_afterwards_nothing_of_the_slot_is_kept() -> None:
    vault = StubVault()
    made = vault.committed()
    vault.decide(made)
    book = vault.book
    assert (book.proposal, book.votes, book.accepted, book.prepared, book.bodies) == (None, {}, {}, {}, {})


def test_what_a_new_view_demands_above_it_is_kept() -> None:
    domain = StubDomain()
    ahead = StubVault(3, domain)
    first = ahead.decide()
    second = ahead.proposal()
    vault = StubVault(domain=domain)
    vault.enter(1, prepared=(domain.prepared(first.header), domain.prepared(second.header)))
    vault.decide(first, view=1)
    assert vault.book.demanded == {2: second.digest}


# --- the certificate, as it stands inside a view-change --------------------------------------------------------------


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_a_certificate_of_a_quorum(n: int) -> None:
    domain = StubDomain(n)
    vault = StubVault(n, domain)
    header = domain.header()
    for count in range(1, n + 1):
        certificate = domain.certificate(header, voters=domain.numbers[:count])
        if count == domain.q:
            decide.check_certificate(vault.book, certificate)
        else:
            with vault.refuses(f"a certificate with {count} votes, {domain.q} are needed", InvalidVote):
                decide.check_certificate(vault.book, certificate)


def test_votes_of_two_views_make_no_certificate() -> None:
    vault = StubVault()
    header = vault.domain.header()
    for view, culprit in ((0, 3), (1, 1)):
        mixed = replace(
            vault.domain.certificate(header, view),
            votes=(
                *vault.domain.member_votes(Phase.COMMIT, 0, header, (1, 2)),
                *vault.domain.member_votes(Phase.COMMIT, 1, header, (3,)),
            ),
        )
        with vault.refuses(f"the commit of module {culprit} does not verify", InvalidVote) as caught:
            decide.check_certificate(vault.book, mixed)
        assert caught.value.culprits == (culprit,)


def test_what_verified_is_remembered_by_its_exact_bytes() -> None:
    vault = StubVault()
    header = vault.domain.header()
    good = vault.domain.certificate(header)
    decide.check_certificate(vault.book, good)
    checked = vault.checks.checked
    decide.check_certificate(vault.book, good)
    assert vault.checks.checked == checked
    forged = replace(good, votes=(*good.votes[:2], replace(good.votes[2], signature=bytes(64))))
    with pytest.raises(InvalidVote):
        decide.check_certificate(vault.book, forged)


def test_what_is_remembered_is_bounded() -> None:
    vault = StubVault()
    for number in range(1000):
        vault.book.remember_verified(sha256(b"%d" % number))
    assert len(vault.book.verified) == 256
    assert sha256(b"999") in vault.book.verified
    assert sha256(b"0") not in vault.book.verified
