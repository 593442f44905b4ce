"""VIEW-CHANGE and NEW-VIEW [VOTE-V1 to VOTE-V3, VOTE-N1 to VOTE-N4]: v + 1 for the asking, farther only with a quorum's
view-changes; everything prepared is carried; nothing at or below afterwards; entering a view over q valid ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain, signed_statement
from tests.house.stub_vault import StubVault
from thresign.errors import InvalidVote
from thresign.limits import faults
from thresign.orders.digests import sha256
from thresign.orders.header import Header, MemberSignature, Phase
from thresign.orders.votes import NewView, Prepared, ViewChange
from thresign.vault.voting import view_change
from thresign.vault.voting.records import Changed, Installed

HUGE = [2, 3, 10, 1000, 2**32, 2**63, 2**64 - 1]


# --- leaving --------------------------------------------------------------------------------------------------------


def test_the_next_view_for_the_asking() -> None:
    vault = StubVault()
    ballot = view_change.change_view(vault.book, 1, ())
    change = ballot.reply
    assert change == vault.domain.view_change(4, 1)
    assert ballot.sync
    assert ballot.records == (Changed(change),)
    assert (vault.book.view, vault.book.entered) == (0, 1)


def test_a_repeat_gets_the_stored_bytes() -> None:
    vault = StubVault()
    first = vault.change_view(1)
    again = view_change.change_view(vault.book, 1, ())
    assert again.reply.encode() == first.encode()
    assert (again.records, again.sync) == ((), False)
    assert len(vault.key.statements) == 1


@pytest.mark.parametrize("view", HUGE)
def test_a_node_alone_does_not_drive_its_vault_ahead(view: int) -> None:
    vault = StubVault()
    with vault.refuses(f"VOTE-V2: view {view} is more than one beyond 0"):
        vault.change_view(view)


@pytest.mark.parametrize("view", HUGE[1:])
def test_nor_step_by_step(view: int) -> None:
    """Having left view 0 for 1, it is not installed: 2 is one beyond nothing."""
    vault = StubVault()
    vault.change_view(1)
    for far in (2, view):
        with vault.refuses("VOTE-V2"):
            vault.change_view(far)


def test_views_follow_one_another_once_they_are_installed() -> None:
    vault = StubVault()
    for view in range(1, 6):
        vault.change_view(view)
        vault.enter(view)
        assert (vault.book.view, vault.book.entered) == (view, view)


@pytest.mark.parametrize("reached", [1, 2, 7, 2**63, 2**64 - 2])
def test_a_quorum_carries_it_as_far_as_itself_and_one_beyond(reached: int) -> None:
    for view in (reached, reached + 1):
        vault = StubVault()
        held = vault.domain.view_changes(reached, (1, 2, 3))
        assert vault.change_view(view, held).view == view
        assert vault.book.entered == view


def test_the_same_quorum_carries_it_one_beyond_after_it_carried_it_there() -> None:
    """The new view did not come about: the timer goes on to the next with the view-changes that are at hand."""
    vault = StubVault()
    held = vault.domain.view_changes(7, (1, 2, 3))
    vault.change_view(7, held)
    assert vault.change_view(8, held).view == 8


def test_but_no_farther() -> None:
    vault = StubVault()
    with vault.refuses("VOTE-V2: view 9 is more than one beyond 7"):
        vault.change_view(9, vault.domain.view_changes(7, (1, 2, 3)))


def test_a_quorum_for_a_view_that_is_over_carries_it_nowhere() -> None:
    vault = StubVault()
    vault.enter(5)
    with vault.refuses("VOTE-V2: view 7 is more than one beyond 5"):
        vault.change_view(7, vault.domain.view_changes(3, (1, 2, 3)))
    assert vault.change_view(6).view == 6


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 10])
def test_a_quorum_and_no_fewer(n: int) -> None:
    domain = StubDomain(n)
    for count in range(1, n + 1):
        vault = StubVault(n, domain)
        held = domain.view_changes(7, domain.numbers[:count])
        if count == domain.q:
            assert vault.change_view(8, held).view == 8
        else:
            with vault.refuses(f"{count} view-changes, {domain.q} of distinct members are needed", InvalidVote):
                vault.change_view(8, held)


@pytest.mark.parametrize("view", [0, 1, 2])
def test_nothing_at_or_below_a_view_that_was_entered(view: int) -> None:
    vault = StubVault()
    vault.enter(2)
    with vault.refuses(f"VOTE-V1: view {view} is not above 2"):
        vault.change_view(view)


def test_nothing_below_a_view_that_it_is_on_the_way_to() -> None:
    vault = StubVault()
    vault.change_view(8, vault.domain.view_changes(7, (1, 2, 3)))
    for view in (0, 1, 6, 7):
        with vault.refuses(f"VOTE-V1: view {view} is not above 8"):
            vault.change_view(view)
    assert vault.change_view(8).view == 8


def test_afterwards_no_vote_in_any_view_below() -> None:
    vault = StubVault()
    made = vault.prepared()
    change = vault.change_view(1)
    assert change.prepared == ()
    with vault.refuses("VOTE-2"):
        vault.commit(0, made.header, made.prepares())
    with vault.refuses("VOTE-2"):
        vault.prepare(made.pre_prepare())


def test_a_disk_that_forgot_does_not_state_what_it_prepared() -> None:
    vault = StubVault()
    vault.book.horizon = 2
    vault.decide()
    with vault.refuses("VOTE-4: no view-change before sequence 2"):
        vault.change_view(1)
    vault.decide()
    vault.change_view(1)


# --- what a view-change carries -------------------------------------------------------------------------------------


def test_nothing_happened_nothing_is_carried() -> None:
    change = StubVault().change_view(1)
    assert (change.decided, change.prepared) == ((), ())


def test_a_prepare_alone_is_not_carried() -> None:
    vault = StubVault()
    vault.prepared()
    assert vault.change_view(1).prepared == ()


def test_what_was_prepared_is_carried() -> None:
    vault = StubVault()
    made = vault.committed()
    (proof,) = vault.change_view(1).prepared
    assert proof == Prepared(0, made.header, made.pre_prepare().signature, made.prepares())


def test_the_newest_decided_certificate_stands_for_all_before() -> None:
    vault = StubVault()
    for _ in range(3):
        vault.decide()
    change = vault.change_view(1)
    assert [certificate.header.sequence for certificate in change.decided] == [3]
    assert change.prepared == ()


def test_what_was_prepared_above_the_decided_slot() -> None:
    vault = StubVault()
    vault.decide(vault.committed())
    made = vault.committed()
    change = vault.change_view(1)
    assert [certificate.header.sequence for certificate in change.decided] == [1]
    assert [proof.header for proof in change.prepared] == [made.header]


def test_it_is_carried_through_view_after_view() -> None:
    """The vote of view 0 must not be forgotten because view 1 decided nothing."""
    vault = StubVault()
    made = vault.committed()
    proof = vault.book.prepared[1]
    for view in (1, 2, 3):
        assert vault.change_view(view).prepared == (proof,)
        vault.enter(view, prepared=(proof,))
    assert [proof.header for proof in vault.change_view(4).prepared] == [made.header]


def test_prepared_again_it_is_carried_with_the_higher_view() -> None:
    vault = StubVault()
    made = vault.committed()
    vault.enter(1, prepared=(vault.book.prepared[1],))
    vault.prepare(made.pre_prepare(1))
    vault.commit(1, made.header, made.prepares(1))
    (proof,) = vault.change_view(2).prepared
    assert (proof.view, proof.header) == (1, made.header)


# --- entering -------------------------------------------------------------------------------------------------------


def test_a_new_view_is_entered() -> None:
    vault = StubVault()
    message = vault.domain.new_view(1)
    ballot = view_change.install(vault.book, message)
    assert ballot.sync
    assert ballot.records == (Installed(message),)
    assert (vault.book.view, vault.book.entered, vault.book.installed) == (1, 1, message)


@pytest.mark.parametrize("view", [1, 2, 50, 2**64 - 1])
def test_from_any_view_below(view: int) -> None:
    """q modules have gone there: a module that was away goes too."""
    vault = StubVault()
    vault.enter(view)
    assert vault.book.view == view


def test_entered_again_it_is_the_same() -> None:
    vault = StubVault()
    message = vault.enter(1)
    made = vault.prepared(view=1)
    ballot = view_change.install(vault.book, message)
    assert (ballot.records, ballot.sync) == ((), False)
    assert (1, 1) in vault.book.accepted
    assert vault.commit(1, made.header, made.prepares(1))


def test_another_new_view_for_the_installed_view_changes_nothing() -> None:
    """An equivocating primary: the first that was entered stands, whatever the second demands."""
    vault = StubVault()
    made = vault.proposal()
    first = vault.enter(1)
    before = vault.memory()
    vault.install(
        vault.domain.new_view(1, vault.domain.view_changes(1, prepared=(vault.domain.prepared(made.header),)))
    )
    assert vault.memory() == before
    assert vault.book.installed == first


@pytest.mark.parametrize("view", [1, 2])
def test_views_below_the_installed_one_are_over(view: int) -> None:
    vault = StubVault()
    vault.enter(3)
    with vault.refuses(f"VOTE-N2: view {view} is below 3"):
        vault.install(vault.domain.new_view(view))


@pytest.mark.parametrize("view", [1, 7])
def test_nor_below_one_that_it_is_on_the_way_to(view: int) -> None:
    vault = StubVault()
    vault.change_view(8, vault.domain.view_changes(7, (1, 2, 3)))
    with vault.refuses(f"VOTE-N2: view {view} is below 8"):
        vault.install(vault.domain.new_view(view))
    vault.enter(8)


@pytest.mark.parametrize("number", [1, 3, 4, 9])
def test_only_its_primary_leads_a_view(number: int) -> None:
    vault = StubVault()
    message = vault.domain.new_view(1, number=number)
    with vault.refuses(f"VOTE-N3: module {number} does not lead view 1"):
        vault.install(message)


@pytest.mark.parametrize("key", [1, 3, 4, 9])
def test_and_signs_it(key: int) -> None:
    vault = StubVault()
    message = signed_statement(vault.domain.new_view(1), vault.domain.key(key))
    with vault.refuses("VOTE-N3: the new-view's signature does not verify"):
        vault.install(message)


@pytest.mark.parametrize("change", [{"domain": sha256(b"another")}, {"roster_epoch": 1}])
def test_new_views_of_another_domain_or_roster(change: dict[str, Any]) -> None:
    vault = StubVault()
    with vault.refuses("VOTE-N3: a new-view of another domain or roster"):
        vault.install(vault.domain.new_view(1, **change))


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 10])
def test_over_a_quorum_of_view_changes(n: int) -> None:
    domain = StubDomain(n)
    for count in range(n + 1):
        vault = StubVault(n, domain)
        message = domain.new_view(1, domain.view_changes(1, domain.numbers[:count]) if count else ())
        if count == domain.q:
            vault.install(message)
        else:
            with vault.refuses(f"{count} view-changes, {domain.q} of distinct members", InvalidVote):
                vault.install(message)


@pytest.mark.parametrize("n", [5, 6, 8, 9])
def test_two_f_plus_one_view_changes_are_too_few_where_q_is_larger(n: int) -> None:
    domain = StubDomain(n)
    vault = StubVault(n, domain)
    with vault.refuses("view-changes", InvalidVote):
        vault.install(domain.new_view(1, domain.view_changes(1, domain.numbers[: 2 * faults(n) + 1])))


def _swap(changes: Sequence[ViewChange], place: int, change: ViewChange) -> tuple[ViewChange, ...]:
    return (*changes[:place], change, *changes[place + 1 :])


def chain(domain: StubDomain) -> tuple[Header, Header, Header]:
    one = domain.header(1)
    two = domain.header(2, one.digest())
    return one, two, domain.header(3, two.digest())


Bad = Callable[[StubDomain], ViewChange]


def _with_proof(**changes: Any) -> Bad:
    """Module 2's view-change with a prepared certificate that was changed."""
    return lambda d: d.view_change(2, 1, prepared=(replace(d.prepared(d.header()), **changes),))


def _with_backups(numbers: tuple[int, ...], view: int = 0) -> Bad:
    def make(domain: StubDomain) -> ViewChange:
        proof = domain.prepared(domain.header())
        prepares = domain.member_votes(Phase.PREPARE, view, proof.header, numbers)
        return domain.view_change(2, 1, prepared=(replace(proof, prepares=prepares),))

    return make


def _with_certificate(make: Callable[[StubDomain], Any]) -> Bad:
    return lambda d: d.view_change(2, 1, decided=make(d))


def _other_domain(domain: StubDomain) -> Header:
    return domain.header(domain=sha256(b"another"))


BAD_CHANGES: dict[str, tuple[Bad, str]] = {
    "a forged signature": (
        lambda d: replace(d.view_change(2, 1), signature=bytes(64)),
        "the view-change of module 2 does not verify",
    ),
    "another's signature": (
        lambda d: replace(d.view_change(1, 1), number=2),
        "the view-change of module 2 does not verify",
    ),
    "another domain": (lambda d: d.view_change(2, 1, domain=sha256(b"x")), "of another domain or roster"),
    "another roster epoch": (lambda d: d.view_change(2, 1, roster_epoch=1), "of another domain or roster"),
    "prepared by too few": (_with_backups((2,)), "1 prepares, 2 are needed"),
    "prepared by the primary": (_with_backups((1, 2)), "module 1 is no backup of view 0"),
    "prepared by a stranger": (_with_backups((2, 9)), "module 9 is no backup"),
    "prepares of another view": (_with_backups((2, 3), view=1), "the prepare of module 2 does not verify"),
    "a forged prepare": (
        _with_proof(prepares=(MemberSignature(2, bytes(64)), MemberSignature(3, bytes(64)))),
        "the prepare of module 2 does not verify",
    ),
    "a pre-prepare of nobody": (_with_proof(pre_prepare=bytes(64)), "without its primary's vote"),
    "a prepared header of another domain": (
        lambda d: d.view_change(2, 1, prepared=(d.prepared(_other_domain(d)),)),
        "a prepared certificate of another domain or roster",
    ),
    "a prepared header of another roster": (
        lambda d: d.view_change(2, 1, prepared=(d.prepared(d.header(roster=sha256(b"x"))),)),
        "a prepared certificate of another domain or roster",
    ),
    "a prepared header of another roster epoch": (
        lambda d: d.view_change(2, 1, prepared=(d.prepared(d.header(roster_epoch=1)),)),
        "a prepared certificate of another domain or roster",
    ),
    "a certificate of too few": (
        _with_certificate(lambda d: d.certificate(d.header(), voters=(1, 2))),
        "a certificate with 2 votes",
    ),
    "a certificate of too many": (
        _with_certificate(lambda d: d.certificate(d.header(), voters=(1, 2, 3, 4))),
        "a certificate with 4 votes",
    ),
    "a certificate with a stranger": (
        _with_certificate(lambda d: d.certificate(d.header(), voters=(1, 2, 9))),
        "a vote of module 9, which is no member",
    ),
    "a certificate of another domain": (
        _with_certificate(lambda d: d.certificate(_other_domain(d))),
        "another trust domain",
    ),
    "a certificate of another roster": (
        _with_certificate(lambda d: d.certificate(d.header(roster=sha256(b"x")))),
        "another roster",
    ),
    "a certificate for another header": (
        _with_certificate(lambda d: replace(d.certificate(d.header()), header=d.header(time_ms=7))),
        "the commit of module 1 does not verify",
    ),
    "a certificate for another view": (
        _with_certificate(lambda d: replace(d.certificate(d.header()), view=1)),
        "the commit of module 1 does not verify",
    ),
}


@pytest.mark.parametrize("which", BAD_CHANGES)
@pytest.mark.parametrize("place", [0, 1])
def test_every_view_change_has_to_hold(which: str, place: int) -> None:
    """For entering, for leading and as justification alike. To blame is whose view-change it is, not who stands in the
    proofs that it made up: else the innocent would be left out, and the bad one chosen again."""
    make, said = BAD_CHANGES[which]
    vault = StubVault()
    domain = vault.domain
    others = domain.view_changes(1, (3, 4) if place == 0 else (1, 3))
    bad = make(domain)
    changes = tuple(sorted((bad, *others), key=lambda change: change.number))
    with vault.refuses(said, InvalidVote) as caught:
        vault.install(domain.new_view(1, changes))
    assert caught.value.culprits == (2,)
    with vault.refuses(said, InvalidVote):
        vault.change_view(2, changes)
    leader = StubVault(2, domain)
    leader.change_view(1)
    with leader.refuses(said, InvalidVote):
        leader.take(view_change.new_view(leader.book, 1, changes))


def test_a_bad_view_change_does_not_mask_good_ones() -> None:
    vault = StubVault(2)
    vault.change_view(1)
    bad = replace(vault.domain.view_change(3, 1), signature=bytes(64))
    mine, one = vault.book.changes[1], vault.domain.view_change(1, 1)
    with pytest.raises(InvalidVote):
        view_change.new_view(vault.book, 1, (one, mine, bad))
    assert isinstance(view_change.new_view(vault.book, 1, (one, mine, vault.domain.view_change(4, 1))).reply, NewView)


def test_view_changes_for_different_views_make_no_quorum() -> None:
    vault = StubVault()
    one, two = vault.domain.view_changes(7, (1, 2))
    with vault.refuses("a view-change for view 8 among those for 7", InvalidVote) as caught:
        vault.change_view(8, (one, two, vault.domain.view_change(3, 8)))
    assert caught.value.culprits == (3,)


def test_one_member_thrice_makes_no_quorum() -> None:
    vault = StubVault()
    one = vault.domain.view_change(1, 7)
    with vault.refuses("of distinct members are needed", InvalidVote):
        vault.change_view(8, (one, one, one))
    other = vault.domain.view_change(1, 7, decided=vault.domain.certificate(vault.domain.header()))
    with vault.refuses("of distinct members are needed", InvalidVote):
        vault.change_view(8, (one, other, vault.domain.view_change(2, 7)))


def test_a_quorum_for_another_view_does_not_enter_this_one() -> None:
    vault = StubVault()
    message = NewView(vault.domain.id, 0, vault.domain.roster.digest(), 5, 2, vault.domain.view_changes(1), bytes(64))
    with pytest.raises(InvalidVote, match="a view-change for view 1 among those for 5"):
        view_change.check_changes(vault.book, message.changes, 5)


# --- what the new view demands --------------------------------------------------------------------------------------


def test_what_was_prepared_is_demanded() -> None:
    vault = StubVault()
    one, two, _ = chain(vault.domain)
    vault.enter(1, prepared=(vault.domain.prepared(one), vault.domain.prepared(two)))
    assert vault.book.demanded == {1: one.digest(), 2: two.digest()}
    assert vault.book.floor == 0


def test_above_the_newest_decided_slot() -> None:
    vault = StubVault()
    _, two, three = chain(vault.domain)
    vault.enter(1, decided=vault.domain.certificate(two), prepared=(vault.domain.prepared(three),))
    assert vault.book.demanded == {3: three.digest()}
    assert vault.book.floor == 2


BROKEN: dict[str, Callable[[StubDomain], dict[str, Any]]] = {
    "the first does not stand on the domain": lambda d: {"prepared": (d.prepared(d.header(1, bytes(32))),)},
    "the second does not stand on the first": lambda d: {
        "prepared": (d.prepared(d.header(1)), d.prepared(d.header(2, bytes(32))))
    },
    "it does not stand on the decided one": lambda d: {
        "decided": d.certificate(d.header(1)),
        "prepared": (d.prepared(d.header(2, bytes(32))),),
    },
}


@pytest.mark.parametrize("which", BROKEN)
def test_a_chain_that_breaks_is_not_entered(which: str) -> None:
    """More than f modules would have had to lie: q - f honest ones prepared each header on the ledger before it."""
    vault = StubVault()
    carried = BROKEN[which](vault.domain)
    with vault.refuses("VOTE-N4: sequence [12] does not follow the slot before it"):
        vault.install(vault.domain.new_view(1, vault.domain.view_changes(1, **carried)))


def test_one_view_demands_nothing_of_the_next() -> None:
    vault = StubVault()
    one, _, _ = chain(vault.domain)
    vault.enter(1, prepared=(vault.domain.prepared(one),))
    vault.enter(2)
    assert vault.book.demanded == {}


# --- leading --------------------------------------------------------------------------------------------------------


def test_a_view_is_led_over_a_quorum_of_view_changes() -> None:
    vault = StubVault(2)
    mine = vault.change_view(1)
    others = vault.domain.view_changes(1, (4, 1))
    message = vault.take(view_change.new_view(vault.book, 1, (mine, *others)))
    assert [change.number for change in message.changes] == [1, 2, 4]
    follower = StubVault(3, vault.domain)
    follower.install(message)
    assert follower.book.view == 1
    vault.install(message)
    assert vault.propose(1, (vault.entry(),)).view == 1


@pytest.mark.parametrize("number", [1, 3, 4])
def test_only_by_its_primary(number: int) -> None:
    vault = StubVault(number)
    vault.change_view(1)
    with vault.refuses(f"VOTE-N1: module {number} is not about to lead view 1"):
        vault.take(view_change.new_view(vault.book, 1, vault.domain.view_changes(1)))


def test_not_before_it_left_the_view_before() -> None:
    vault = StubVault(2)
    with vault.refuses("VOTE-N1"):
        vault.take(view_change.new_view(vault.book, 1, vault.domain.view_changes(1)))


def test_not_once_it_is_on_the_way_to_a_later_view() -> None:
    vault = StubVault(2)
    vault.change_view(2, vault.domain.view_changes(1))
    with vault.refuses("VOTE-N1"):
        vault.take(view_change.new_view(vault.book, 1, vault.domain.view_changes(1)))


def test_not_a_view_that_is_installed() -> None:
    vault = StubVault(2)
    vault.enter(1)
    with vault.refuses("VOTE-N1"):
        vault.take(view_change.new_view(vault.book, 1, vault.domain.view_changes(1)))


# --- signatures are checked once ------------------------------------------------------------------------------------


def test_the_same_bytes_are_not_verified_again() -> None:
    vault = StubVault()
    made = vault.committed()
    changes = vault.domain.view_changes(1, prepared=(vault.book.prepared[1],))
    view_change.check_changes(vault.book, changes)
    checked = vault.checks.checked
    view_change.check_changes(vault.book, changes)
    assert vault.checks.checked == checked
    assert made.header.sequence == 1


def test_other_bytes_under_the_same_name_are() -> None:
    """What is remembered is the exact bytes: an altered proof in a view-change seen before is found."""
    vault = StubVault()
    header = vault.domain.header()
    good = vault.domain.view_change(2, 1, decided=vault.domain.certificate(header))
    view_change.check_change(vault.book, good)
    forged = replace(good.decided[0], votes=(*good.decided[0].votes[:2], MemberSignature(4, bytes(64))))
    with pytest.raises(InvalidVote, match="the commit of module 4 does not verify"):
        view_change.check_change(vault.book, vault.domain.view_change(2, 1, decided=forged))
    with pytest.raises(InvalidVote, match="the view-change of module 2 does not verify"):
        view_change.check_change(vault.book, replace(good, signature=bytes(64)))
