"""PRE-PREPARE [VOTE-PP1 to VOTE-PP3]: the primary's own slot of an installed view, with what was judged, or with what
the new view demands."""

from __future__ import annotations

import pytest

from tests.house.stub_domain import NOW_MS, StubDomain
from tests.house.stub_vault import StubVault
from tests.simulation.stubs import sign
from thresign.errors import UnknownKey
from thresign.ledger.verdicts import Permit, Refuse
from thresign.orders.batch import Batch
from thresign.orders.header import Phase, vote_bytes
from thresign.orders.votes import PrePrepare
from thresign.vault.voting import propose
from thresign.vault.voting.records import Accepted


def primary(view: int = 0, domain: StubDomain | None = None) -> StubVault:
    return StubVault(view % 4 + 1, domain)


def test_the_primary_proposes_what_it_has_judged() -> None:
    vault = primary()
    entries = (vault.entry(number=1), vault.entry(number=2))
    ballot, verdicts = propose.propose(vault.book, 0, entries, NOW_MS)
    assert ballot is not None
    message = ballot.reply
    assert isinstance(message, PrePrepare)
    assert [type(verdict) for verdict in verdicts] == [Permit, Permit]
    assert (message.view, message.header.sequence, message.header.time_ms) == (0, 1, NOW_MS)
    assert message.header == vault.proposal(entries=entries).header
    assert Batch.decode(message.body).entries == entries
    assert message.signature == sign(vault.domain.key(1), vote_bytes(Phase.PRE_PREPARE, 0, message.header.encode()))


def test_the_body_is_on_disk_before_the_proposal_is_sent() -> None:
    vault = primary()
    ballot, _ = propose.propose(vault.book, 0, (vault.entry(),), NOW_MS)
    assert ballot is not None
    assert ballot.sync
    message = ballot.reply
    assert isinstance(message, PrePrepare)
    assert ballot.records == (Accepted(0, message.header, message.body, message.signature, message.signature),)


def test_backups_prepare_what_it_proposes() -> None:
    domain = StubDomain()
    message = primary(0, domain).propose(0, (StubVault(1, domain).entry(),))
    for number in (2, 3, 4):
        assert StubVault(number, domain).prepare(message).header == message.header.digest()


def test_only_what_is_permitted_is_proposed() -> None:
    vault = primary()
    good, bad, twice = vault.entry(number=1), vault.domain.sign_request(), vault.entry(number=2)
    ballot, verdicts = propose.propose(vault.book, 0, (good, bad, twice, twice), NOW_MS)
    assert ballot is not None
    assert isinstance(ballot.reply, PrePrepare)
    assert Batch.decode(ballot.reply.body).entries == (good, twice)
    assert isinstance(verdicts[1], Refuse)
    assert isinstance(verdicts[1].error, UnknownKey)
    assert not isinstance(verdicts[3], Permit)


def test_nothing_permitted_nothing_proposed() -> None:
    vault = primary()
    before, signed = vault.memory(), vault.key.signed
    ballot, verdicts = propose.propose(vault.book, 0, (vault.domain.sign_request(),), NOW_MS)
    assert ballot is None
    assert [type(verdict) for verdict in verdicts] == [Refuse]
    ballot, verdicts = propose.propose(vault.book, 0, (), NOW_MS)
    assert (ballot, verdicts) == (None, [])
    assert (vault.memory(), vault.key.signed) == (before, signed)


def test_the_second_proposal_for_a_slot_is_the_first() -> None:
    """Whatever it is asked to propose then: one header per view and sequence."""
    vault = primary()
    first = vault.propose(0, (vault.entry(number=1),))
    ballot, verdicts = propose.propose(vault.book, 0, (vault.entry(number=2),), NOW_MS + 1)
    assert ballot is not None
    assert ballot.reply.encode() == first.encode()
    assert (ballot.records, ballot.sync, verdicts) == ((), False, [])
    assert len(vault.key.votes) == 1


@pytest.mark.parametrize("number", [2, 3, 4])
def test_backups_do_not_propose(number: int) -> None:
    vault = StubVault(number)
    with vault.refuses(f"VOTE-PP1: module {number} is not the primary of view 0"):
        vault.propose(0, (vault.entry(),))


@pytest.mark.parametrize(("number", "view"), [(1, 4), (2, 1), (3, 2), (4, 3), (1, 2**64 - 4)])
def test_own_views_that_are_not_installed(number: int, view: int) -> None:
    """A compromised node names a view of which its module would be the primary."""
    vault = StubVault(number)
    with vault.refuses(f"VOTE-2: view {view} is not the installed view 0"):
        vault.propose(view, (vault.entry(),))


def test_not_on_the_way_to_another_view() -> None:
    vault = primary()
    vault.change_view(1)
    with vault.refuses("VOTE-2: on the way to view 1"):
        vault.propose(0, (vault.entry(),))


def test_not_in_a_view_that_it_is_about_to_lead_but_has_not_installed() -> None:
    vault = primary(1)
    vault.change_view(1)
    with vault.refuses("VOTE-2"):
        vault.propose(1, (vault.entry(),))


def test_a_view_that_is_installed_may_be_led() -> None:
    vault = primary(1)
    vault.change_view(1)
    vault.enter(1)
    assert vault.propose(1, (vault.entry(),)).view == 1


def test_a_slot_that_others_have_decided() -> None:
    vault = primary(1)
    made = vault.proposal()
    vault.enter(1, decided=vault.domain.certificate(made.header))
    with vault.refuses("VOTE-3"):
        vault.propose(1, (vault.entry(),))


def test_a_disk_that_forgot() -> None:
    vault = primary()
    vault.book.horizon = 1
    with vault.refuses("VOTE-4"):
        vault.propose(0, (vault.entry(),))
    vault.decide()
    assert vault.propose(0, (vault.entry(),)).header.sequence == 2


def test_agreed_time_is_the_clock_and_never_goes_back() -> None:
    vault = primary()
    vault.decide(vault.proposal(time_ms=NOW_MS + 4_000))
    vault.now_ms = NOW_MS + 100
    assert vault.propose(0, (vault.entry(),)).header.time_ms == NOW_MS + 4_000
    other = primary()
    other.decide(other.proposal(time_ms=NOW_MS + 4_000))
    other.now_ms = NOW_MS + 5_000
    assert other.propose(0, (other.entry(),)).header.time_ms == NOW_MS + 5_000


# --- what a new view demands ----------------------------------------------------------------------------------------


def demanding(count: int = 1, held: bool = False) -> tuple[StubVault, PrePrepare]:
    """Module 2 leads view 1, which demands a header of view 0 (whose body the vault voted for, if `held`)."""
    vault = primary(1)
    made = vault.prepared(count=count) if held else vault.proposal(count=count)
    vault.enter(1, prepared=(vault.domain.prepared(made.header),))
    return vault, made.pre_prepare()


def test_what_the_new_view_demands_is_proposed_again() -> None:
    vault, before = demanding()
    ballot = propose.repropose(vault.book, 1, before.header, before.body)
    message = ballot.reply
    assert isinstance(message, PrePrepare)
    assert (message.view, message.header, message.body) == (1, before.header, before.body)
    assert ballot.sync
    assert ballot.records == (Accepted(1, message.header, message.body, message.signature, message.signature),)
    again = propose.repropose(vault.book, 1, before.header, before.body)
    assert (again.reply.encode(), again.records) == (message.encode(), ())


def test_nothing_else_is_proposed_for_that_slot() -> None:
    vault, before = demanding()
    with vault.refuses("VOTE-PP2: the new view demands a header for this slot"):
        vault.propose(1, (vault.entry(2),))
    other = vault.proposal(count=2)
    with vault.refuses("VOTE-PP2: not the header that the new view demands"):
        vault.take(propose.repropose(vault.book, 1, other.header, other.body))
    vault.take(propose.repropose(vault.book, 1, before.header, before.body))
    with vault.refuses("VOTE-PP2"):
        vault.propose(1, (vault.entry(2),))


def test_the_body_need_not_be_brought_if_the_vault_voted_for_it() -> None:
    vault, before = demanding(held=True)
    message = vault.take(propose.repropose(vault.book, 1, before.header, b""))
    assert message.body == before.body


def test_without_the_body_nothing_is_signed() -> None:
    vault, before = demanding()
    for body in (b"", vault.proposal(count=2).body):
        with vault.refuses("VOTE-J1"):
            vault.take(propose.repropose(vault.book, 1, before.header, body))


def test_a_body_that_was_voted_for_stands_whatever_is_brought() -> None:
    vault, before = demanding(held=True)
    assert vault.take(propose.repropose(vault.book, 1, before.header, b"false")).body == before.body


def test_nothing_is_proposed_again_without_demand() -> None:
    vault = primary()
    made = vault.proposal()
    with vault.refuses("VOTE-PP2"):
        vault.take(propose.repropose(vault.book, 0, made.header, made.body))


def test_backups_do_not_propose_again() -> None:
    vault = StubVault(4)
    made = vault.proposal()
    vault.enter(1, prepared=(vault.domain.prepared(made.header),))
    with vault.refuses("VOTE-PP1"):
        vault.take(propose.repropose(vault.book, 1, made.header, made.body))


def test_two_slots_are_demanded_one_after_the_other() -> None:
    """Judging the second needs the ledger after the first."""
    domain = StubDomain()
    ahead = StubVault(3, domain)
    first = ahead.proposal()
    ahead.decide(first)
    second = ahead.proposal()
    vault = primary(1, domain)
    vault.enter(1, prepared=(domain.prepared(first.header), domain.prepared(second.header)))
    with vault.refuses("VOTE-PP2"):
        vault.take(propose.repropose(vault.book, 1, second.header, second.body))
    vault.take(propose.repropose(vault.book, 1, first.header, first.body))
    vault.decide(first, view=1)
    assert vault.take(propose.repropose(vault.book, 1, second.header, second.body)).header == second.header
