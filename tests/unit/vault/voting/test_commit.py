"""COMMIT [VOTE-C1, VOTE-C2]: an accepted pre-prepare, prepares of a quorum of distinct members, all of one view; the
prepared certificate in the same sync."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import NOW_MS, StubDomain
from tests.house.stub_vault import Proposed, StubVault
from tests.simulation.stubs import sign
from thresign.errors import InvalidVote, MalformedRecord
from thresign.limits import faults
from thresign.orders.digests import sha256
from thresign.orders.header import MemberSignature, Phase, vote_bytes
from thresign.orders.votes import Prepared, Vote
from thresign.vault.voting import commit
from thresign.vault.voting.records import Committed

Signatures = tuple[MemberSignature, ...]


def test_a_quorum_prepared() -> None:
    vault = StubVault()
    made = vault.prepared()
    ballot = commit.commit(vault.book, 0, 1, made.digest, made.prepares())
    vote = ballot.reply
    assert isinstance(vote, Vote)
    assert (vote.phase, vote.view, vote.sequence, vote.header) == (Phase.COMMIT, 0, 1, made.digest)
    assert vote.signature == sign(vault.domain.key(4), vote_bytes(Phase.COMMIT, 0, made.header.encode()))


def test_the_prepared_certificate_is_on_disk_with_the_vote() -> None:
    vault = StubVault()
    made = vault.prepared()
    ballot = commit.commit(vault.book, 0, 1, made.digest, made.prepares())
    assert ballot.sync
    proof = Prepared(0, made.header, made.pre_prepare().signature, made.prepares())
    vote = ballot.reply
    assert isinstance(vote, Vote)
    assert ballot.records == (Committed(proof, vote.signature),)
    assert vault.book.prepared == {1: proof}


def test_the_vaults_own_prepare_counts_like_any_other() -> None:
    for numbers in ((2, 3), (2, 4), (3, 4)):
        vault = StubVault()
        made = vault.prepared()
        vault.commit(0, made.header, made.prepares(numbers=numbers))


def test_the_primary_commits_to_what_it_proposed() -> None:
    vault = StubVault(number=1)
    message = vault.propose(0, (vault.entry(),))
    made = Proposed(vault, message.header, message.body)
    assert vault.commit(0, made.header, made.prepares()).phase == Phase.COMMIT


def test_a_repeat_gets_the_stored_bytes() -> None:
    vault = StubVault()
    made = vault.prepared()
    first = vault.commit(0, made.header, made.prepares(numbers=(2, 3)))
    for prepares in (made.prepares(numbers=(2, 3)), made.prepares(numbers=(3, 4)), ()):
        again = commit.commit(vault.book, 0, 1, made.digest, prepares)
        assert again.reply.encode() == first.encode()
        assert (again.records, again.sync) == ((), False)
    assert [phase for phase, _, _ in vault.key.votes] == [Phase.PREPARE, Phase.COMMIT]


def test_one_header_per_view_and_sequence() -> None:
    vault = StubVault()
    vault.committed(count=1)
    other = vault.proposal(count=2)
    with vault.refuses("VOTE-1: signed another header for view 0, sequence 1"):
        vault.commit(0, other.header, other.prepares())


# --- an accepted pre-prepare ----------------------------------------------------------------------------------------


def test_without_a_pre_prepare() -> None:
    """q - 1 good prepares do not stand for the judgement of this vault."""
    vault = StubVault()
    made = vault.proposal()
    with vault.refuses("VOTE-C1: this vault has not accepted that pre-prepare"):
        vault.commit(0, made.header, made.prepares())


def test_another_pre_prepare() -> None:
    vault = StubVault()
    vault.prepared(count=1)
    other = vault.proposal(count=2)
    with vault.refuses("VOTE-C1"):
        vault.commit(0, other.header, other.prepares())


def test_a_pre_prepare_of_the_view_before() -> None:
    """What was accepted in view 0 has to be accepted again in view 1 before it is committed to there."""
    vault = StubVault()
    made = vault.prepared()
    vault.enter(1, prepared=(vault.domain.prepared(made.header),))
    with vault.refuses("VOTE-C1"):
        vault.commit(1, made.header, made.prepares(1))
    vault.prepare(made.pre_prepare(1))
    assert vault.commit(1, made.header, made.prepares(1)).view == 1


def test_a_refused_proposal_in_between_changes_nothing() -> None:
    vault = StubVault()
    made = vault.prepared(count=1)
    with vault.refuses("VOTE-1"):
        vault.prepare(vault.proposal(count=2).pre_prepare())
    assert vault.commit(0, made.header, made.prepares()).header == made.digest


# --- views and slots ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", [1, 2, 2**64 - 1])
def test_views_that_are_not_installed(view: int) -> None:
    vault = StubVault()
    made = vault.prepared()
    with vault.refuses("VOTE-2: view"):
        vault.commit(view, made.header, made.prepares(view))


def test_views_that_were_left() -> None:
    vault = StubVault()
    made = vault.prepared()
    vault.change_view(1)
    for view in (0, 1):
        with vault.refuses("VOTE-2: on the way to view 1"):
            vault.commit(view, made.header, made.prepares(view))


def test_views_that_are_over() -> None:
    vault = StubVault()
    made = vault.prepared()
    vault.enter(1)
    with vault.refuses("VOTE-2: view 0 is not the installed view 1"):
        vault.commit(0, made.header, made.prepares(0))


@pytest.mark.parametrize("sequence", [0, 2, 2**64 - 1])
def test_slots_that_are_not_the_next(sequence: int) -> None:
    vault = StubVault()
    made = vault.prepared()
    with vault.refuses("VOTE-3"):
        vault.take(commit.commit(vault.book, 0, sequence, made.digest, made.prepares()))


def test_slots_that_are_decided() -> None:
    vault = StubVault()
    made = vault.prepared()
    vault.decide(made)
    with vault.refuses("VOTE-3"):
        vault.commit(0, made.header, made.prepares())


def test_a_disk_that_forgot() -> None:
    vault = StubVault()
    made = vault.prepared()
    vault.book.horizon = 1
    with vault.refuses("VOTE-4"):
        vault.commit(0, made.header, made.prepares())


# --- a quorum of prepares -------------------------------------------------------------------------------------------

SIZES = [4, 5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("n", SIZES)
def test_as_many_as_make_a_quorum_with_the_primary(n: int) -> None:
    domain = StubDomain(n)
    for count in range(n + 1):
        vault = StubVault(n, domain)
        made = vault.prepared()
        prepares = made.prepares(numbers=made.backups(0)[:count]) if count else ()
        if count == domain.q - 1:
            vault.commit(0, made.header, prepares)
        else:
            with vault.refuses(f"{len(prepares)} prepares, {domain.q - 1} are needed", InvalidVote):
                vault.commit(0, made.header, prepares)


@pytest.mark.parametrize("n", [5, 6, 8, 9])
def test_two_f_prepares_are_too_few_where_q_is_larger(n: int) -> None:
    domain = StubDomain(n)
    assert 2 * faults(n) + 1 < domain.q
    vault = StubVault(n, domain)
    made = vault.prepared()
    with vault.refuses("are needed", InvalidVote):
        vault.commit(0, made.header, made.prepares(numbers=made.backups(0)[: 2 * faults(n)]))


def _other(made: Proposed, number: int, phase: Phase, view: int = 0, **changes: object) -> MemberSignature:
    header = replace(made.header, **changes)
    return MemberSignature(number, made.domain.vote_signature(number, phase, view, header))


Make = Callable[[Proposed], Signatures]
WRONG: dict[str, tuple[Make, str, tuple[int, ...]]] = {
    "one of another view": (
        lambda made: (*made.prepares(numbers=(2,)), _other(made, 3, Phase.PREPARE, view=1)),
        "the prepare of module 3 does not verify",
        (3,),
    ),
    "all of another view": (lambda made: made.prepares(1, numbers=(3, 4)), "module 3 does not verify", (3,)),
    "a commit among them": (
        lambda made: (*made.prepares(numbers=(2,)), _other(made, 3, Phase.COMMIT)),
        "module 3 does not verify",
        (3,),
    ),
    "a pre-prepare among them": (
        lambda made: (*made.prepares(numbers=(2,)), _other(made, 3, Phase.PRE_PREPARE)),
        "module 3 does not verify",
        (3,),
    ),
    "one for another header": (
        lambda made: (*made.prepares(numbers=(2,)), _other(made, 3, Phase.PREPARE, batch_root=sha256(b"x"))),
        "module 3 does not verify",
        (3,),
    ),
    "one for another slot": (
        lambda made: (*made.prepares(numbers=(2,)), _other(made, 3, Phase.PREPARE, sequence=2)),
        "module 3 does not verify",
        (3,),
    ),
    "one for another domain": (
        lambda made: (*made.prepares(numbers=(2,)), _other(made, 3, Phase.PREPARE, domain=sha256(b"x"))),
        "module 3 does not verify",
        (3,),
    ),
    "one for another roster epoch": (
        lambda made: (*made.prepares(numbers=(2,)), _other(made, 3, Phase.PREPARE, roster_epoch=1)),
        "module 3 does not verify",
        (3,),
    ),
    "one forged": (
        lambda made: (MemberSignature(2, bytes(64)), *made.prepares(numbers=(3,))),
        "module 2 does not verify",
        (2,),
    ),
    "one member's under another's number": (
        lambda made: (*made.prepares(numbers=(2,)), replace(made.prepares(numbers=(2,))[0], number=3)),
        "module 3 does not verify",
        (3,),
    ),
    "the primary's": (lambda made: made.prepares(numbers=(1, 2)), "module 1 is no backup of view 0", ()),
    "a stranger's": (lambda made: made.prepares(numbers=(2, 9)), "module 9 is no backup of view 0", ()),
}


@pytest.mark.parametrize("which", WRONG)
def test_prepares_that_make_no_quorum(which: str) -> None:
    make, said, culprits = WRONG[which]
    vault = StubVault()
    made = vault.prepared()
    with vault.refuses(said, InvalidVote) as caught:
        vault.commit(0, made.header, make(made))
    assert caught.value.culprits == culprits
    assert vault.book.prepared == {}


@pytest.mark.parametrize("numbers", [(2, 2), (3, 2)])
def test_a_member_stands_once_and_numbers_rise(numbers: tuple[int, ...]) -> None:
    vault = StubVault()
    made = vault.prepared()
    with vault.refuses("do not rise", MalformedRecord):
        vault.commit(0, made.header, made.prepares(numbers=numbers))


def test_after_a_refusal_the_right_prepares_still_serve() -> None:
    vault = StubVault()
    made = vault.prepared()
    with pytest.raises(InvalidVote):
        vault.commit(0, made.header, WRONG["one forged"][0](made))
    vault.commit(0, made.header, made.prepares())


def test_commit_needs_no_clock() -> None:
    """Time is judged once, with the prepare: a slow quorum does not void what was prepared."""
    vault = StubVault()
    made = vault.prepared()
    vault.now_ms = NOW_MS + 10**9
    vault.commit(0, made.header, made.prepares())
