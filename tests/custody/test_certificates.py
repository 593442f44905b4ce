"""What a token takes for agreement: q commit votes of distinct members of its roster, of one view, and nothing else.

The token is driven through PKCS#11 alone, as a compromised vault or anybody with the PIN could. The test holds a
quorum of vote keys, so that what is refused is refused for what it says and not for want of a signature."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.custody.trust import NON_CANONICAL, SMALL_ORDER, Quorum, quorum_domain, refused
from tests.house.tokens import PlainMember
from tests.reference.frost_ed25519 import L
from thresign.orders.header import MemberSignature, Phase

pytestmark = pytest.mark.xdist_group("certificates")


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quorum]:
    with quorum_domain(tmp_path_factory.mktemp("four"), 4) as domain:
        yield domain


def test_a_quorum_is_believed(four: Quorum) -> None:
    header = four.header()
    assert four.unknown(header)
    four.check(header, four.votes(header))
    assert not four.unknown(header)


def test_votes_of_a_late_view_count_as_well(four: Quorum) -> None:
    header = four.header()
    four.check(header, four.votes(header, view=2**64 - 1), view=2**64 - 1)
    assert not four.unknown(header)


def test_forged_signatures(four: Quorum) -> None:
    header = four.header()
    good = four.votes(header)
    stranger = PlainMember()
    forged = MemberSignature(good[1].number, stranger.sign_vote(Phase.COMMIT, 0, header.encode()))
    for bad in (forged, replace(good[1], signature=os.urandom(64)), replace(good[1], signature=bytes(64))):
        assert refused(lambda bad=bad: four.check(header, [good[0], bad, good[2]])) == "TS_VOTE_SIGNATURE"
    swapped = [replace(good[0], signature=good[1].signature), replace(good[1], signature=good[0].signature), good[2]]
    assert refused(lambda: four.check(header, swapped)) == "TS_VOTE_SIGNATURE"
    assert four.unknown(header)


def test_one_vote_less_and_one_more(four: Quorum) -> None:
    header = four.header()
    assert refused(lambda: four.check(header, four.votes(header)[:-1])) == "TS_TOO_FEW_VOTES"
    assert refused(lambda: four.check(header, [])) == "TS_TOO_FEW_VOTES"
    assert refused(lambda: four.check(header, four.votes(header, (1, 2, 3, 4)))) == "TS_TOO_MANY_VOTES"
    assert four.unknown(header)


def test_votes_of_two_views(four: Quorum) -> None:
    header = four.header()
    mixed = [*four.votes(header, (2, 3)), *four.votes(header, (4,), view=1)]
    for view in (0, 1):
        assert refused(lambda view=view: four.check(header, mixed, view)) == "TS_VOTE_SIGNATURE"
    assert refused(lambda: four.check(header, four.votes(header, view=1), view=0)) == "TS_VOTE_SIGNATURE"
    assert four.unknown(header)


@pytest.mark.parametrize("phase", [Phase.PRE_PREPARE, Phase.PREPARE])
def test_votes_of_another_phase(four: Quorum, phase: Phase) -> None:
    header = four.header()
    assert refused(lambda: four.check(header, four.votes(header, phase=phase))) == "TS_VOTE_SIGNATURE"
    assert four.unknown(header)


def test_one_voter_twice(four: Quorum) -> None:
    header = four.header()
    one, two, three = four.votes(header)
    for votes in ([one, one, two], [one, two, two], [two, one, three], [three, two, one]):
        assert refused(lambda votes=votes: four.check(header, votes)) == "TS_VOTERS_NOT_RISING"
    assert four.unknown(header)


def test_a_voter_who_is_no_member(four: Quorum) -> None:
    header = four.header()
    outsider = MemberSignature(5, PlainMember().sign_vote(Phase.COMMIT, 0, header.encode()))
    nobody = MemberSignature(0, outsider.signature)
    one, two, _ = four.votes(header)
    assert refused(lambda: four.check(header, [one, two, outsider])) == "TS_UNKNOWN_VOTER"
    assert refused(lambda: four.check(header, [nobody, one, two])) == "TS_UNKNOWN_VOTER"
    assert four.unknown(header)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"domain": bytes(32)}, "TS_OTHER_DOMAIN"),
        ({"roster_epoch": 1}, "TS_OTHER_ROSTER_EPOCH"),
        ({"roster": bytes(32)}, "TS_OTHER_ROSTER"),
    ],
)
def test_a_quorum_of_another_domain_or_roster(four: Quorum, changes: dict[str, object], name: str) -> None:
    """Signed by a quorum of this domain's own keys: even they cannot make the token serve another domain or roster."""
    header = replace(four.header(), **changes)
    assert refused(lambda: four.check(header, four.votes(header))) == name
    assert four.unknown(header)


def test_a_quorum_for_another_header(four: Quorum) -> None:
    header = four.header()
    votes = four.votes(header)
    others = [
        replace(header, sequence=header.sequence + 1),
        replace(header, time_ms=header.time_ms + 1),
        replace(header, previous=os.urandom(32)),
        replace(header, batch_root=os.urandom(32)),
    ]
    for other in others:
        assert refused(lambda other=other: four.check(other, votes)) == "TS_VOTE_SIGNATURE"
        assert four.unknown(other)


@pytest.mark.parametrize("point", [*SMALL_ORDER, *NON_CANONICAL])
def test_small_order_and_non_canonical_points_in_signatures(four: Quorum, point: str) -> None:
    header = four.header()
    one, two, three = four.votes(header)
    for scalar in (bytes(32), three.signature[32:]):
        bad = replace(three, signature=bytes.fromhex(point) + scalar)
        assert refused(lambda bad=bad: four.check(header, [one, two, bad])) == "TS_VOTE_SIGNATURE"
    assert four.unknown(header)


def test_a_scalar_that_is_not_reduced(four: Quorum) -> None:
    """S + L satisfies the equation as well; were it taken, one vote would have many encodings."""
    header = four.header()
    one, two, three = four.votes(header)
    scalar = int.from_bytes(three.signature[32:], "little")
    for multiple in range(1, 1 + (2**256 - 1 - scalar) // L):
        malleated = three.signature[:32] + (scalar + multiple * L).to_bytes(32, "little")
        bad = replace(three, signature=malleated)
        assert refused(lambda bad=bad: four.check(header, [one, two, bad])) == "TS_VOTE_SIGNATURE"
    assert four.unknown(header)


def test_anything_but_the_one_encoding(four: Quorum) -> None:
    header = four.header()
    votes = four.votes(header)
    good = b"ts.cert1" + header.encode() + bytes(8) + (3).to_bytes(4, "big") + b"".join(v.encode() for v in votes)
    cut = [good[:length] for length in (1, 8, 100, len(good) - 64, len(good) - 1)]
    many = good[: 8 + 160 + 8] + (32).to_bytes(4, "big") + good[8 + 160 + 8 + 4 :]
    tags = [b"ts.cert2" + good[8:], good[:8] + b"ts.head2" + good[16:]]
    for bad in (*cut, good + b"\x00", many, *tags, os.urandom(len(good))):
        assert refused(lambda bad=bad: four.token.check_certificate(bad)) == "TS_MALFORMED"
    assert four.unknown(header)
    four.token.check_certificate(good)
    assert not four.unknown(header)


def test_a_header_without_a_time(four: Quorum) -> None:
    header = replace(four.header(), time_ms=0)
    assert refused(lambda: four.check(header, four.votes(header))) == "TS_MALFORMED"
