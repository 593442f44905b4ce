"""Membership changes in a vault [VOTE-E1 to VOTE-E4, VOTE-T4]: no slot before the old roster's checkpoints, none under
the old roster after them, nothing by who is no member; and what of the old epoch does not count any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from tests.house.stub_members import asked, certified, following, wanted
from tests.house.stub_vault import StubVault
from tests.simulation.stubs import sign
from thresign.errors import InvalidVote, InvariantBroken, MalformedRecord, VoteRefused
from thresign.ledger import snapshot
from thresign.orders.digests import sha256
from thresign.orders.header import MemberSignature, Phase
from thresign.orders.roster import Roster
from thresign.orders.succession import Succession
from thresign.orders.votes import NO_ROSTER, CheckpointCertificate, HorizonReport, SignedVote
from thresign.vault.voting import checkpoint, epoch, rejoin, transfer
from thresign.vault.voting import decide as decide_module
from thresign.vault.voting.records import Checkpointed


def decide_change(vault: StubVault, join: tuple[int, ...] = (5,), leave: tuple[int, ...] = ()) -> Roster:
    """The vault has applied the batch that holds the change."""
    old = vault.book.state.roster
    new = following(old, join, leave)
    entry = asked(vault.domain, wanted(vault.domain, old, new))
    vault.decide(vault.proposal(entries=(entry,)))
    assert vault.book.state.pending == new
    return new


def pending(number: int = 4, n: int = 4, join: tuple[int, ...] = (5,), leave: tuple[int, ...] = ()) -> StubVault:
    """A vault that has applied two batches, the second with a change."""
    vault = StubVault(number, StubDomain(n))
    vault.decide()
    decide_change(vault, join, leave)
    return vault


def follow(vault: StubVault) -> Succession:
    """The roster that is pending follows."""
    ended = epoch.ending(vault.book, certified(vault.book.state))
    assert ended is not None
    epoch.enter(vault.book, ended)
    return ended


# --- before ---------------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_due_right_after_the_change_and_names_the_next_roster() -> None:
    vault = pending()
    state = vault.book.state
    assert state.sequence % state.settings.checkpoint_interval
    ballot = checkpoint.checkpoint(vault.book)
    said = vault.take(ballot)
    assert (said.next, said.roster, said.state) == (
        state.pending.digest(),
        state.roster.digest(),
        snapshot.digest(state),
    )
    assert (ballot.records, ballot.sync) == ((Checkpointed(said),), True)
    assert checkpoint.checkpoint(vault.book).reply.encode() == said.encode()


def test_no_other_checkpoint_names_a_roster() -> None:
    vault = StubVault()
    for _ in range(4):
        vault.decide()
    assert vault.take(checkpoint.checkpoint(vault.book)).next == NO_ROSTER


def test_no_slot_is_voted_on_before_the_next_roster_has_followed() -> None:
    follower, primary = pending(4), pending(1)
    made = follower.domain.header(3)
    with follower.refuses("VOTE-E1: sequence 3 is the next roster's"):
        follower.prepare(follower.domain.pre_prepare(0, made, b""))
    with primary.refuses("VOTE-E1"):
        primary.propose(0, (primary.entry(),))
    with follower.refuses("VOTE-E1"):
        follower.commit(0, made, ())


# --- the end of an epoch --------------------------------------------------------------------------------------------

Bend = Callable[[StubVault, CheckpointCertificate], CheckpointCertificate]

BAD: dict[str, tuple[Bend, type[Exception], str]] = {
    "too few": (lambda v, _: certified(v.book.state, (1, 2)), InvalidVote, "with 2 signatures"),
    "too many": (lambda v, _: certified(v.book.state, (1, 2, 3, 4)), InvalidVote, "with 4 signatures"),
    "one twice": (
        lambda _, c: replace(c, signatures=(c.signatures[0], *c.signatures[:2])),
        MalformedRecord,
        "do not rise",
    ),
    "one who joins": (
        lambda _, c: replace(c, signatures=(*c.signatures[:2], MemberSignature(5, bytes(64)))),
        InvalidVote,
        "module 5 that does not verify",
    ),
    "a signature of zeros": (
        lambda _, c: replace(c, signatures=(*c.signatures[:2], MemberSignature(3, bytes(64)))),
        InvalidVote,
        "module 3 that does not verify",
    ),
    "of another epoch": (lambda v, _: certified(v.book.state, roster_epoch=1), InvalidVote, "another domain or roster"),
    "of another roster": (
        lambda v, _: certified(v.book.state, roster=sha256(b"x")),
        InvalidVote,
        "another domain or roster",
    ),
    "of another domain": (
        lambda v, _: certified(v.book.state, domain=sha256(b"x")),
        InvalidVote,
        "another domain or roster",
    ),
    "for another next roster": (lambda _, c: replace(c, next=sha256(b"x")), InvalidVote, "does not verify"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_end_an_epoch(what: str) -> None:
    bend, kind, said = BAD[what]
    vault = pending()
    certificate = bend(vault, certified(vault.book.state))
    with vault.refuses(said, kind):  # type: ignore[arg-type]
        epoch.ending(vault.book, certificate)


@pytest.mark.parametrize("changes", [{"next": sha256(b"x")}, {"next": NO_ROSTER}, {"state": sha256(b"x")}])
def test_a_quorum_that_says_something_else_stops_the_vault(changes: dict[str, bytes]) -> None:
    vault = pending()
    with pytest.raises(InvariantBroken, match="a quorum has another state"):
        epoch.ending(vault.book, certified(vault.book.state, **changes))


def test_checkpoints_of_other_sequences_end_nothing() -> None:
    vault = pending()
    assert epoch.ending(vault.book, certified(vault.book.state, sequence=1)) is None
    follow(vault)
    assert epoch.ending(vault.book, certified(pending().book.state)) is None


# --- after ----------------------------------------------------------------------------------------------------------


def test_the_next_epoch_begins_at_view_0_with_nothing_said() -> None:
    vault = pending()
    vault.enter(3)
    vault.change_view(4)
    link_before = follow(vault)
    book = vault.book
    assert (book.state.roster.epoch, book.view, book.entered, book.floor, book.low) == (1, 0, 0, 2, 2)
    assert (book.votes, book.accepted, book.prepared, book.changes, book.demanded) == ({}, {}, {}, {}, {})
    assert (book.installed, book.justified, book.decided) == (None, (), None)
    assert book.chain == (link_before,)
    assert not checkpoint.is_due(book)


def test_slots_are_the_next_rosters_from_now_on() -> None:
    vault = pending()
    follow(vault)
    proposed = vault.proposal()
    assert (proposed.header.roster_epoch, proposed.header.sequence) == (1, 3)
    old = replace(proposed.header, roster_epoch=0, roster=vault.domain.roster.digest())
    with vault.refuses("VOTE-J1: the header is not what follows"):
        vault.prepare(vault.domain.pre_prepare(0, old, proposed.body))
    assert vault.prepare(proposed.pre_prepare(0)).sequence == 3


def test_the_old_rosters_words_do_not_count() -> None:
    vault = pending()
    old_changes, old_view = vault.domain.view_changes(1), vault.domain.new_view(1)
    follow(vault)
    with vault.refuses("view-changes, 4 of distinct members are needed", InvalidVote):
        vault.change_view(2, old_changes)
    with vault.refuses("VOTE-N3: a new-view of another domain or roster"):
        vault.install(old_view)


def test_what_was_verified_under_the_old_roster_is_verified_anew() -> None:
    """The same quorum, but for one member: what this vault has seen verify does not pass as the new roster's."""
    vault = pending(join=(5,), leave=(1,))
    changes = vault.domain.view_changes(7, (2, 3, 4))
    certificate = vault.domain.certificate(vault.book.decided.header, voters=(2, 3, 4))  # type: ignore[union-attr]
    vault.change_view(7, changes)
    decide_module.check_certificate(vault.book, certificate)
    follow(vault)
    assert vault.book.state.roster.q == 3
    with vault.refuses("a view-change of another domain or roster", InvalidVote):
        vault.change_view(8, changes)
    with vault.refuses("a certificate of another roster", InvalidVote):
        decide_module.check_certificate(vault.book, certificate)


def test_a_view_change_without_a_certificate_stands_for_where_the_epoch_began() -> None:
    vault = pending()
    follow(vault)
    change = vault.change_view(1)
    assert (change.roster_epoch, change.decided, change.prepared) == (1, (), ())


@pytest.mark.parametrize("leave", [(4,), (1,)])
def test_who_has_left_signs_nothing(leave: tuple[int, ...]) -> None:
    vault = pending(leave[0], 5, (), leave)
    follow(vault)
    with vault.refuses("VOTE-E2: module . is no member in roster epoch 1"):
        vault.propose(0, (vault.entry(number=2),))
    with vault.refuses("VOTE-E2"):
        vault.change_view(1)
    with vault.refuses("VOTE-E2"):
        checkpoint.checkpoint(vault.book)
    with vault.refuses("VOTE-E2"):
        rejoin.report(vault.book, 2, 1)


def test_who_is_to_join_follows_and_signs_nothing_before() -> None:
    vault = StubVault(5)
    vault.decide()
    decide_change(vault)
    with vault.refuses("VOTE-E2: module 5 is no member in roster epoch 0"):
        checkpoint.checkpoint(vault.book)
    follow(vault)
    assert vault.book.state.roster.member(5) is not None
    assert vault.prepare(vault.proposal().pre_prepare(0)).number == 5


# --- a disk that forgot ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("horizon", "forgot"), [(1, False), (2, False), (3, True), (9, True)])
def test_a_horizon_that_was_not_passed_is_asked_for_anew(horizon: int, forgot: bool) -> None:
    vault = pending()
    vault.book.horizon, vault.book.view_horizon = horizon, 7
    follow(vault)
    assert (vault.book.forgot, vault.book.view_horizon) == (forgot, 0)


def test_reports_of_another_epoch_are_not_taken() -> None:
    vault = pending()
    said = rejoin.report(pending(2).book, 4, 1)
    follow(vault)
    vault.book.forgot = True
    assert isinstance(said, HorizonReport)
    with pytest.raises(InvalidVote, match="of another roster epoch"):
        rejoin.rejoin(vault.book, {}, said, 1)


def test_a_report_of_this_epoch_proves_where_it_began() -> None:
    forgetful, reports = pending(4), {}
    follow(forgetful)
    forgetful.book.forgot = True
    for number in (1, 2, 3):
        other = pending(number)
        follow(other)
        rejoin.rejoin(forgetful.book, reports, rejoin.report(other.book, 4, 1), 1)
    assert forgetful.book.forgot  # q is 4 of 5 now
    with pytest.raises(VoteRefused, match="VOTE-4"):
        forgetful.prepare(forgetful.proposal().pre_prepare(0))


@pytest.mark.parametrize("number", [4, 5], ids=["who stays", "who has joined"])
def test_a_disk_put_back_to_the_end_of_an_epoch_is_reminded_of_the_next(number: int) -> None:
    """Where the token stands does not tell this from a crash between token and journal."""
    before, after = pending(number), pending(number)
    follow(after)
    member = after.book.state.roster.member(number)
    assert member is not None
    unsigned = SignedVote(Phase.PREPARE, 0, after.proposal().header, number, bytes(64))
    vote = replace(unsigned, signature=sign(member.vote_key, unsigned.signed_bytes()))
    change = after.change_view(1)
    change = replace(change, signature=sign(member.vote_key, change.signed_bytes()))
    for message in (vote, change):
        vault = pending(number)
        assert rejoin.remind(vault.book, (message,)) is not None
        assert vault.book.forgot
    other = replace(change, number=2)
    assert rejoin.remind(before.book, (other, replace(change, signature=bytes(64)))) is None


# --- taking a ledger over -------------------------------------------------------------------------------------------


def made_epochs(number: int = 4) -> tuple[StubVault, tuple[Succession, ...]]:
    """A vault two epochs on, with a batch decided in each."""
    vault = pending(number)
    follow(vault)
    vault.decide()
    decide_change(vault, (), (5,))
    follow(vault)
    vault.decide()
    return vault, vault.book.chain


def test_a_chain_leads_to_the_offered_roster_link_by_link() -> None:
    _, chain = made_epochs()
    vault = StubVault(4)
    assert [roster.epoch for roster in epoch.rosters(vault.book, chain)] == [0, 1, 2]
    for wrong in ((chain[1],), (chain[1], chain[0]), (chain[0], chain[0])):
        with pytest.raises((InvalidVote, MalformedRecord)):
            epoch.rosters(vault.book, wrong)
    forged = replace(chain[1].certificate, signatures=chain[0].certificate.signatures)
    with pytest.raises(InvalidVote):
        epoch.rosters(vault.book, (chain[0], replace(chain[1], certificate=forged)))


def test_an_offer_without_the_links_to_this_vaults_roster_is_refused() -> None:
    ahead, chain = made_epochs()
    vault = pending()
    follow(vault)
    assert ahead.book.decided is not None
    for short in ((), chain[:1]):
        with pytest.raises(InvalidVote):
            transfer.check_offer(vault.book, short, replace(chain[1].certificate, sequence=9), ahead.book.decided)


def test_links_that_are_passed_forget_the_epoch_before() -> None:
    _, chain = made_epochs()
    vault = StubVault(4)
    vault.enter(3)
    vault.book.horizon = 3
    epoch.begin(vault.book, chain)
    assert (vault.book.view, vault.book.chain, vault.book.forgot) == (0, chain, True)
