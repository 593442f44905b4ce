"""Rosters: f and q are what n demands, numbers rise, nobody stands twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from thresign.errors import MalformedRecord
from thresign.limits import MODULES_MAX, MODULES_MIN, faults, quorum
from thresign.orders.digests import sha256
from thresign.orders.roster import Member, Roster, make_roster


def member(number: int) -> Member:
    return Member(number, f"m{number}", sha256(b"v%d" % number), sha256(b"s%d" % number))


def roster(*numbers: int) -> Roster:
    return make_roster(1, tuple(member(number) for number in numbers))


@pytest.mark.parametrize("n", range(MODULES_MIN, MODULES_MAX + 1))
def test_f_and_q_are_written_down(n: int) -> None:
    made = roster(*range(1, n + 1))
    assert (made.f, made.q) == (faults(n), quorum(n))
    for f, q in ((made.f + 1, made.q), (made.f, made.q - 1), (made.f, made.q + 1), (0, 0)):
        with pytest.raises(MalformedRecord, match="do not belong"):
            replace(made, f=f, q=q).check()


def test_members_are_put_in_order() -> None:
    assert roster(7, 1, 40, 3).numbers() == (1, 3, 7, 40)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few(n: int) -> None:
    with pytest.raises(MalformedRecord, match="at least 4"):
        roster(*range(1, n + 1))


def test_too_many() -> None:
    with pytest.raises(MalformedRecord, match="too many"):
        roster(*range(1, MODULES_MAX + 2)).encode()


Change = Callable[[tuple[Member, ...]], tuple[Member, ...]]
CHANGES: dict[str, tuple[Change, str]] = {
    "number 0": (lambda m: (replace(m[0], number=0), *m[1:]), "rise from 1"),
    "a number twice": (lambda m: (m[0], replace(m[1], number=1), *m[2:]), "rise"),
    "out of order": (lambda m: (m[1], m[0], *m[2:]), "rise"),
    "a name twice": (lambda m: (*m[:3], replace(m[3], name=m[0].name)), "share a name"),
    "a vote key twice": (lambda m: (*m[:3], replace(m[3], vote_key=m[0].vote_key)), "share a vote_key"),
    "a sealing key twice": (lambda m: (*m[:3], replace(m[3], sealing_key=m[0].sealing_key)), "share a sealing_key"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_members_that_make_no_roster(what: str) -> None:
    change, said = CHANGES[what]
    made = roster(1, 2, 3, 4)
    wrong = replace(made, members=change(made.members))
    for refuse in (wrong.check, wrong.encode):
        with pytest.raises(MalformedRecord, match=said):
            refuse()


def test_the_primary_goes_round_by_position_not_by_number() -> None:
    made = roster(2, 3, 5, 70)
    assert [made.primary(view) for view in range(6)] == [2, 3, 5, 70, 2, 3]
    assert made.primary(2**64 - 1) == made.members[(2**64 - 1) % 4].number


def test_looking_members_up() -> None:
    made = roster(2, 3, 5, 70)
    assert made.member(5) == member(5)
    assert made.member(4) is None
    assert made.member(0) is None


def test_the_digest_names_all_of_it() -> None:
    made = roster(1, 2, 3, 4)
    others = [
        replace(made, epoch=2),
        roster(1, 2, 3, 5),
        roster(1, 2, 3, 4, 5),
        replace(made, members=(*made.members[:3], replace(made.members[3], name="x"))),
    ]
    assert len({made.digest(), *(other.digest() for other in others)}) == 5
