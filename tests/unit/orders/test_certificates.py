"""[CERT-1] in Python: exactly q commit votes of distinct members of this roster on this header, all of one view, all
valid to libsodium. Real Ed25519 keys; every way to fall short for n from 4 to 10, 13 and 31."""

from __future__ import annotations

from collections.abc import Callable

import libnacl
import pytest
from msgspec.structs import replace

from thresign.errors import InvalidVote, MalformedRecord
from thresign.groups import ed25519
from thresign.limits import faults, quorum
from thresign.orders import certificates
from thresign.orders.digests import sha256
from thresign.orders.header import Certificate, Header, MemberSignature, Phase, vote_bytes
from thresign.orders.roster import Member, make_roster

SIZES = [4, 5, 6, 7, 8, 9, 10, 13, 31]
DOMAIN = sha256(b"a domain")
L = 2**252 + 27742317777372353535851937790883648493


class Members:
    """n members with real keys; their numbers have gaps."""

    def __init__(self, n: int) -> None:
        self.numbers = [3 * i + 2 for i in range(n)]
        pairs = {number: libnacl.crypto_sign_seed_keypair(sha256(b"%d" % number)) for number in self.numbers}
        self.secrets = {number: secret for number, (_, secret) in pairs.items()}
        self.roster = make_roster(
            3, tuple(Member(n, f"m{n}", public, sha256(public)) for n, (public, _) in pairs.items())
        )
        self.header = Header(DOMAIN, 3, self.roster.digest(), 9, 1_700_000_000_000, bytes(32), bytes(32))

    def sign(self, number: int, phase: Phase, view: int, header: Header) -> MemberSignature:
        message = vote_bytes(phase, view, header.encode())
        return MemberSignature(number, libnacl.crypto_sign_detached(message, self.secrets[number]))

    def commits(self, numbers: list[int], view: int = 5, header: Header | None = None) -> tuple[MemberSignature, ...]:
        return tuple(self.sign(n, Phase.COMMIT, view, header or self.header) for n in numbers)

    def certificate(self, numbers: list[int], view: int = 5) -> Certificate:
        return Certificate(self.header, view, self.commits(numbers, view))


@pytest.fixture(scope="module", params=SIZES)
def members(request: pytest.FixtureRequest) -> Members:
    return Members(request.param)


def check(members: Members, certificate: Certificate) -> None:
    certificates.check(certificate, DOMAIN, members.roster, ed25519.is_valid)


def test_any_quorum_makes_one(members: Members) -> None:
    q = members.roster.q
    check(members, members.certificate(members.numbers[:q]))
    check(members, members.certificate(members.numbers[-q:]))
    check(members, members.certificate(members.numbers[:q], view=0))
    check(members, members.certificate(members.numbers[:q], view=2**64 - 1))


def test_neither_fewer_nor_more(members: Members) -> None:
    n, q = len(members.numbers), members.roster.q
    assert q == quorum(n)
    for count in {0, 1, q - 1, q + 1, n}:
        if count <= n and count != q:
            with pytest.raises(InvalidVote, match=f"with {count} votes"):
                check(members, members.certificate(members.numbers[:count]))


def test_two_f_plus_one_is_no_quorum_where_n_is_not_3f_plus_1(members: Members) -> None:
    n = len(members.numbers)
    count = 2 * faults(n) + 1
    if count == members.roster.q:
        assert n % 3 == 1
    else:
        with pytest.raises(InvalidVote):
            check(members, members.certificate(members.numbers[:count]))


Change = Callable[[Members, Certificate], Certificate]


def _header(**changes: object) -> Change:
    return lambda members, certificate: replace(certificate, header=replace(certificate.header, **changes))


def _vote(make: Callable[[Members, MemberSignature], MemberSignature], place: int = 1) -> Change:
    def change(members: Members, certificate: Certificate) -> Certificate:
        votes = list(certificate.votes)
        votes[place] = make(members, votes[place])
        return replace(certificate, votes=tuple(votes))

    return change


def _signature(alter: Callable[[bytes], bytes]) -> Change:
    return _vote(lambda _, vote: replace(vote, signature=alter(vote.signature)))


def _malleable(signature: bytes) -> bytes:
    """The same signature with S + L: the equation holds, the encoding is not the one."""
    return signature[:32] + (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")


CHANGES: dict[str, tuple[Change, str, int | None]] = {
    # what is changed, what is said, whose vote (by place) is to blame
    "another domain": (_header(domain=sha256(b"another")), "another trust domain", None),
    "another roster epoch": (_header(roster_epoch=4), "another roster", None),
    "another roster": (_header(roster=sha256(b"another")), "another roster", None),
    "another sequence": (_header(sequence=10), "does not verify", 0),
    "another time": (_header(time_ms=1), "does not verify", 0),
    "another batch": (_header(batch_root=sha256(b"another")), "does not verify", 0),
    "another history": (_header(previous=sha256(b"another")), "does not verify", 0),
    "another view": (lambda _, certificate: replace(certificate, view=6), "does not verify", 0),
    "one vote of another view": (
        _vote(lambda members, vote: members.sign(vote.number, Phase.COMMIT, 4, members.header)),
        "does not verify",
        1,
    ),
    "a prepare among the commits": (
        _vote(lambda members, vote: members.sign(vote.number, Phase.PREPARE, 5, members.header)),
        "does not verify",
        1,
    ),
    "a pre-prepare among the commits": (
        _vote(lambda members, vote: members.sign(vote.number, Phase.PRE_PREPARE, 5, members.header)),
        "does not verify",
        1,
    ),
    "one member's vote under another's number": (
        _vote(
            lambda members, vote: replace(
                vote, signature=members.sign(members.numbers[-1], Phase.COMMIT, 5, members.header).signature
            )
        ),
        "does not verify",
        1,
    ),
    "no member": (_vote(lambda _, vote: replace(vote, number=vote.number + 1)), "no member", None),
    "number 0": (_vote(lambda _, vote: replace(vote, number=0), place=0), "no member", None),
    "zeros for a signature": (_signature(lambda _: bytes(64)), "does not verify", 1),
    "a bit of R": (_signature(lambda s: bytes([s[0] ^ 1]) + s[1:]), "does not verify", 1),
    "a bit of S": (_signature(lambda s: s[:32] + bytes([s[32] ^ 1]) + s[33:]), "does not verify", 1),
    "S not below the group order": (_signature(_malleable), "does not verify", 1),
    "R of small order": (_signature(lambda s: b"\x01" + bytes(31) + s[32:]), "does not verify", 1),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_changed_is_refused(members: Members, what: str) -> None:
    change, said, culprit = CHANGES[what]
    good = members.certificate(members.numbers[: members.roster.q])
    changed = change(members, good)
    assert changed != good
    with pytest.raises(InvalidVote, match=said) as caught:
        check(members, changed)
    assert caught.value.culprits == (() if culprit is None else (changed.votes[culprit].number,))


def test_one_voter_twice(members: Members) -> None:
    q = members.roster.q
    twice = members.certificate([*members.numbers[: q - 1], members.numbers[q - 2]])
    with pytest.raises(MalformedRecord):
        check(members, twice)


def test_a_key_of_small_order_signs_nothing() -> None:
    """Whoever enrolled the identity as its key could otherwise vote for anything: 0 B = R + h A."""
    members = Members(4)
    roster = replace(
        members.roster,
        members=(replace(members.roster.members[0], vote_key=b"\x01" + bytes(31)), *members.roster.members[1:]),
    )
    header = replace(members.header, roster=roster.digest())
    votes = (
        MemberSignature(members.numbers[0], b"\x01" + bytes(63)),
        *members.commits(members.numbers[1:3], header=header),
    )
    with pytest.raises(InvalidVote, match="does not verify"):
        certificates.check(Certificate(header, 5, votes), DOMAIN, roster, ed25519.is_valid)
