"""The rejoin rule [VOTE-4, VOTE-R1 to VOTE-R4]: a vault whose disk forgot what it signed finds out, says nothing, and
votes again beyond what it can have voted on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain, signed_statement
from tests.house.stub_vault import StubVault
from thresign.errors import InvalidVote
from thresign.orders.digests import sha256
from thresign.orders.header import Header, Phase
from thresign.orders.votes import HorizonReport, SignedVote
from thresign.vault.voting import propose, rejoin
from thresign.vault.voting.records import Forgot, Horizon

LIFE = 7
NO_SIGNATURE = bytes(64)


def forgetful(number: int = 4, domain: StubDomain | None = None) -> StubVault:
    vault = StubVault(number, domain)
    vault.book.forgot = True
    return vault


def report(
    of: StubDomain,
    number: int,
    sequence: int = 0,
    entered: int = 0,
    proven: int | None = None,
    **changes: Any,
) -> HorizonReport:
    """What module `number` states to module 4: it has applied `sequence`, and proves view `proven`."""
    decided = (of.certificate(of.header(sequence)),) if sequence else ()
    reached = max(entered - 1, 0) if proven is None else proven
    justification = of.view_changes(reached) if reached else ()
    unsigned = HorizonReport(
        of.id, 0, of.roster.digest(), number, 4, LIFE, entered, decided, justification, NO_SIGNATURE
    )
    return signed_statement(replace(unsigned, **changes), of.key(number))


# --- it says nothing ------------------------------------------------------------------------------------------------


def test_a_vault_that_forgot_signs_nothing() -> None:
    vault = forgetful()
    made = vault.proposal()
    for ask in (
        lambda: vault.prepare(made.pre_prepare()),
        lambda: vault.commit(0, made.header, made.prepares()),
        lambda: vault.change_view(1),
        lambda: vault.take(propose.propose(vault.book, 0, (vault.entry(),), vault.now_ms)[0]),  # type: ignore[arg-type]
        lambda: rejoin.report(vault.book, 1, 1),
    ):
        with vault.refuses("VOTE-4: this disk has forgotten votes, and does not know yet how many"):
            ask()


def test_but_it_applies_what_others_decide() -> None:
    vault = forgetful()
    vault.decide()
    assert vault.book.state.sequence == 1


# --- the horizon ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [4, 5, 7])
def test_reports_of_q_others_give_the_horizon(n: int) -> None:
    domain = StubDomain(n)
    vault = forgetful(4, domain)
    others = [number for number in domain.numbers if number != 4][: domain.q]
    reports: dict[int, HorizonReport] = {}
    for count, number in enumerate(others, 1):
        for _ in range(2):  # said twice it counts once
            if count < len(others) or len(reports) < domain.q:
                records = rejoin.rejoin(vault.book, reports, report(domain, number, 5 if count == 2 else 3), LIFE)
        assert vault.book.forgot == (count < domain.q)
    assert records == () or records == (Horizon(7, 1),)
    assert (vault.book.horizon, vault.book.view_horizon) == (7, 1)


def test_the_farthest_counts_and_two_more_slots_and_one_more_view() -> None:
    vault = forgetful()
    reports: dict[int, HorizonReport] = {}
    said = (report(vault.domain, 1, 2, 0), report(vault.domain, 2, 9, 1), report(vault.domain, 3, 4, 6))
    for one in said[:2]:
        assert rejoin.rejoin(vault.book, reports, one, LIFE) == ()
    assert rejoin.rejoin(vault.book, reports, said[2], LIFE) == (Horizon(11, 7),)


def test_beyond_it_the_vault_votes_and_not_before() -> None:
    vault = forgetful()
    reports: dict[int, HorizonReport] = {}
    for number in (1, 2, 3):
        rejoin.rejoin(vault.book, reports, report(vault.domain, number), LIFE)
    assert (vault.book.horizon, vault.book.view_horizon) == (2, 1)
    for _ in range(2):
        with vault.refuses("VOTE-4: no votes up to sequence 2"):
            vault.prepare(vault.proposal().pre_prepare())
        with vault.refuses("VOTE-4: no view-change before sequence 2"):
            vault.change_view(1)
        with vault.refuses("VOTE-4: no report before sequence 2"):
            rejoin.report(vault.book, 1, 1)
        vault.decide()
    with vault.refuses("VOTE-4: no votes below view 1: this disk may have forgotten a view-change"):
        vault.prepare(vault.proposal().pre_prepare())
    vault.enter(1)
    vault.prepared(view=1)


def test_who_remembers_takes_no_reports() -> None:
    vault = StubVault()
    assert rejoin.rejoin(vault.book, {}, report(vault.domain, 1, 100), LIFE) == ()
    assert vault.book.horizon == 0


Make = Callable[[StubDomain], HorizonReport]
BAD: dict[str, tuple[Make, str, tuple[int, ...]]] = {
    "a stranger's": (lambda d: report(d, 9), "of no other member", ()),
    "its own": (lambda d: report(d, 4), "of no other member", ()),
    "of another domain": (lambda d: report(d, 1, domain=sha256(b"x")), "of no other member", ()),
    "for somebody else": (lambda d: report(d, 1, asker=3), "for somebody else, or for an earlier life", ()),
    "for an earlier life": (lambda d: report(d, 1, incarnation=LIFE - 1), "or for an earlier life of this token", ()),
    "forged": (lambda d: replace(report(d, 1), signature=NO_SIGNATURE), "module 1 does not verify", (1,)),
    "another's": (lambda d: replace(report(d, 2), number=1), "module 1 does not verify", (1,)),
    "altered": (lambda d: replace(report(d, 1, 9), decided=()), "module 1 does not verify", (1,)),
    "with a certificate of too few": (
        lambda d: report(d, 1, decided=(d.certificate(d.header(5), voters=(1, 2)),)),
        "a certificate with 2 votes",
        (),
    ),
    "with a forged certificate": (
        lambda d: report(d, 1, decided=(replace(d.certificate(d.header(5)), view=3),)),
        "the commit of module 1 does not verify",
        (1,),
    ),
    "of a view that it does not prove": (
        lambda d: report(d, 1, entered=9, proven=7),
        "module 1 states view 9 and proves 7",
        (1,),
    ),
    "of a view out of nothing": (lambda d: report(d, 1, entered=2, proven=0), "states view 2 and proves 0", (1,)),
    "with too few view-changes": (
        lambda d: report(d, 1, entered=8, justification=d.view_changes(7, (1, 2))),
        "2 view-changes, 3 of distinct members are needed",
        (),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_reports_that_do_not_count(what: str) -> None:
    make, said, culprits = BAD[what]
    vault = forgetful()
    reports: dict[int, HorizonReport] = {}
    with vault.refuses(said, InvalidVote) as caught:
        rejoin.rejoin(vault.book, reports, make(vault.domain), LIFE)
    assert caught.value.culprits == culprits
    assert reports == {}
    assert vault.book.forgot


def test_one_module_thrice_is_one() -> None:
    vault = forgetful()
    reports: dict[int, HorizonReport] = {}
    for sequence in (1, 2, 3):
        rejoin.rejoin(vault.book, reports, report(vault.domain, 1, sequence), LIFE)
    assert vault.book.forgot


# --- reporting ------------------------------------------------------------------------------------------------------


def test_a_module_states_and_proves_how_far_it_has_come() -> None:
    domain = StubDomain()
    vault = StubVault(1, domain)
    vault.decide()
    vault.change_view(3, domain.view_changes(2, (2, 3, 4)))
    said = rejoin.report(vault.book, 4, LIFE)
    assert (said.asker, said.incarnation, said.entered) == (4, LIFE, 3)
    asker = forgetful(4, domain)
    rejoin.check_report(asker.book, said, LIFE)
    assert [certificate.header.sequence for certificate in said.decided] == [1]


def test_after_entering_a_view_it_can_prove_it() -> None:
    domain = StubDomain()
    vault = StubVault(1, domain)
    vault.enter(9)
    said = rejoin.report(vault.book, 4, LIFE)
    assert said.entered == 9
    rejoin.check_report(forgetful(4, domain).book, said, LIFE)


@pytest.mark.parametrize("asker", [1, 9, 0])
def test_only_to_other_members(asker: int) -> None:
    vault = StubVault(1)
    with vault.refuses(f"VOTE-R1: module {asker} is no other member"):
        rejoin.report(vault.book, asker, LIFE)


# --- being reminded -------------------------------------------------------------------------------------------------


def signed_vote(domain: StubDomain, header: Header, phase: Phase = Phase.PREPARE, view: int = 0) -> SignedVote:
    return SignedVote(phase, view, header, 4, domain.vote_signature(4, phase, view, header))


def test_a_vote_of_its_own_that_it_does_not_know_of() -> None:
    for phase in Phase:
        for sequence, view in ((1, 0), (2, 0), (1, 5), (9, 3)):
            vault = StubVault()
            ballot = rejoin.remind(vault.book, (signed_vote(vault.domain, vault.domain.header(sequence), phase, view),))
            assert ballot is not None
            assert (ballot.records, ballot.sync) == ((Forgot(),), True)
            assert vault.book.forgot


def test_a_view_change_or_checkpoint_that_it_does_not_know_of() -> None:
    for make in (
        lambda d: d.view_change(4, 1),
        lambda d: d.checkpoint(4, 4, sha256(b"h"), sha256(b"s")),
    ):
        vault = StubVault()
        assert rejoin.remind(vault.book, (make(vault.domain),)) is not None
        assert vault.book.forgot


def test_what_it_remembers_proves_nothing() -> None:
    vault = StubVault()
    made = vault.committed()
    change = vault.change_view(1)
    shown = (signed_vote(vault.domain, made.header), signed_vote(vault.domain, made.header, Phase.COMMIT), change)
    assert rejoin.remind(vault.book, shown) is None
    vault.decide(made)
    assert rejoin.remind(vault.book, shown) is None
    assert not vault.book.forgot


def test_what_does_not_carry_its_signature_proves_nothing_whoever_sent_it() -> None:
    """Else one liar could silence every vault that restarts."""
    vault = StubVault()
    domain = vault.domain
    header = domain.header(9)
    other = StubDomain(name="other")
    shown = (
        replace(signed_vote(domain, header), signature=bytes(64)),
        replace(signed_vote(domain, header), number=3),
        SignedVote(Phase.PREPARE, 0, header, 4, domain.vote_signature(3, Phase.PREPARE, 0, header)),
        signed_vote(other, other.header(9)),
        replace(signed_vote(domain, header), phase=Phase.COMMIT),
        replace(domain.view_change(4, 5), signature=bytes(64)),
        domain.view_change(3, 5),
        other.view_change(4, 5),
        domain.checkpoint(3, 40, sha256(b"h"), sha256(b"s")),
    )
    assert rejoin.remind(vault.book, shown) is None
    assert not vault.book.forgot


def test_a_forgotten_vote_is_found_before_another_is_cast() -> None:
    """The disk was put back to before the vote; reminded of it, the vault does not vote for another header there."""
    domain = StubDomain()
    before = StubVault(4, domain)
    made = before.prepared(count=1)
    vault = StubVault(4, domain)
    rejoin.remind(vault.book, (signed_vote(domain, made.header),))
    with vault.refuses("VOTE-4"):
        vault.prepare(vault.proposal(count=2).pre_prepare())
    reports: dict[int, HorizonReport] = {}
    for number in (1, 2, 3):
        rejoin.rejoin(vault.book, reports, report(domain, number), LIFE)
    with vault.refuses("VOTE-4: no votes up to sequence 2"):
        vault.prepare(vault.proposal(count=2).pre_prepare())
