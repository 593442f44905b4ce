"""What the vote key signs, and what it does not: a compromised vault gets votes of its own domain and roster and a few
kinds of statements in its own name. What only the token can know (partials, announcements, packages of a ceremony) it
signs only when it made it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pkcs11
import pytest
from msgspec.structs import replace

from tests.custody.trust import NON_CANONICAL, SMALL_ORDER, Quorum, quorum_domain, refused
from tests.house.tokens import PlainMember
from tests.reference import frost_ed25519 as reference
from thresign.custody import token as custody
from thresign.groups import ed25519
from thresign.orders.header import Phase, vote_bytes
from thresign.orders.orders import NoticeOrder
from thresign.orders.statements import Announcement, FoundReport, MissingReport, Partials, Present
from thresign.orders.votes import Checkpoint, HorizonReport, NewView, ViewChange

pytestmark = pytest.mark.xdist_group("statements")

ANNOUNCED = 8


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quorum]:
    with quorum_domain(tmp_path_factory.mktemp("four"), 4) as domain:
        domain.token.begin_incarnation(0)
        yield domain


def own_key(four: Quorum) -> bytes:
    return four.domain.genesis.roster.members[0].vote_key


# ---- Votes ---------------------------------------------------------------------------------------------------------


def test_votes_of_this_domain_and_roster_alone(four: Quorum) -> None:
    header = four.header()
    for phase in Phase:
        signature = four.token.sign_vote(phase, 3, header.encode())
        assert ed25519.is_valid(own_key(four), vote_bytes(phase, 3, header.encode()), signature)
    others = {
        "TS_OTHER_DOMAIN": replace(header, domain=bytes(32)),
        "TS_OTHER_ROSTER_EPOCH": replace(header, roster_epoch=1),
        "TS_OTHER_ROSTER": replace(header, roster=bytes(32)),
    }
    for name, other in others.items():
        assert refused(lambda other=other: four.token.sign_vote(Phase.COMMIT, 0, other.encode())) == name


def test_a_vote_is_a_vote_and_nothing_else(four: Quorum) -> None:
    good = vote_bytes(Phase.COMMIT, 0, four.header().encode())
    strange = [b"", good[:-1], good + b"\x00", b"ts.vote2" + good[8:], good[:8] + b"\x03" + good[9:], bytes(len(good))]
    for data in strange:
        assert refused(lambda data=data: four.token._call(custody.VOTE, data, 64)) == "TS_MALFORMED"


# ---- Statements ----------------------------------------------------------------------------------------------------


def test_statements_in_its_own_name(four: Quorum) -> None:
    domain = four.domain.domain
    for number, name in ((1, ""), (2, "TS_STATEMENT_NUMBER"), (0, "TS_STATEMENT_NUMBER")):
        statements = [
            MissingReport(domain, number, os.urandom(32), (2, 3), bytes(64)),
            FoundReport(domain, number, os.urandom(32), bytes(64)),
            Present(domain, number, 1, 1, bytes(64)),
            checkpoint_of(four, number),
        ]
        for statement in statements:
            unsigned = statement.signed_bytes()
            if name:
                assert refused(lambda unsigned=unsigned: four.token.sign_statement(unsigned)) == name
            else:
                assert ed25519.is_valid(own_key(four), unsigned, four.token.sign_statement(unsigned))


def checkpoint_of(four: Quorum, number: int = 1, epoch: int = 0, roster: bytes = b"") -> Checkpoint:
    named = roster or four.domain.genesis.roster.digest()
    rest = (64, os.urandom(32), os.urandom(32), bytes(32))
    return Checkpoint(four.domain.domain, epoch, named, *rest, number, bytes(64))


def test_statements_about_agreement_under_another_roster(four: Quorum) -> None:
    """An epoch that is over gets no second end, one to come no early one."""
    for epoch, roster, name in ((1, b"", "TS_OTHER_ROSTER_EPOCH"), (0, os.urandom(32), "TS_OTHER_ROSTER")):
        checkpoint = checkpoint_of(four, 1, epoch, roster)
        place = (checkpoint.domain, checkpoint.roster_epoch, checkpoint.roster)
        for statement in (
            checkpoint,
            ViewChange(*place, 1, 1, (), (), bytes(64)),
            NewView(*place, 1, 1, (), bytes(64)),
            HorizonReport(*place, 1, 2, 1, 0, (), (), bytes(64)),
        ):
            assert refused(lambda said=statement.signed_bytes(): four.token.sign_statement(said)) == name


def test_statements_for_another_domain(four: Quorum) -> None:
    unsigned = Present(bytes(32), 1, 1, 1, bytes(64)).signed_bytes()
    assert refused(lambda: four.token.sign_statement(unsigned)) == "TS_OTHER_DOMAIN"
    assert refused(lambda: four.token.sign_statement(unsigned[:40])) == "TS_MALFORMED"


def test_what_only_the_token_can_know_is_no_statement(four: Quorum) -> None:
    """Nor is a vote, which has its own mechanism and its own checks."""
    domain = four.domain.domain
    claimed = Announcement(domain, 1, 1, 1, 0, os.urandom(64), bytes(64))
    partial = Partials(domain, 1, (), bytes(64))
    strange = [
        claimed.signed_bytes(),
        partial.signed_bytes(),
        b"ts.dkg11" + domain + bytes(34),
        b"ts.dkg21" + domain + bytes(34),
        b"ts.dkok1" + domain + bytes(34),
        vote_bytes(Phase.COMMIT, 0, four.header().encode()),
        NoticeOrder(os.urandom(32)).encode(),
        four.domain.genesis.encode(),
        b"ts.vchg",
        b"",
        os.urandom(200),
    ]
    for data in strange:
        assert refused(lambda data=data: four.token.sign_statement(data)) == "TS_STATEMENT_KIND"


def test_the_vote_key_makes_no_plain_signature(four: Quorum) -> None:
    """Whoever has the PIN has C_Sign as well: CKM_EDDSA over a vote's bytes would go round every check."""
    with pytest.raises(pkcs11.PKCS11Error, match="0x68"):  # CKR_KEY_FUNCTION_NOT_PERMITTED
        four.token._key.sign(b"anything", mechanism=pkcs11.Mechanism.EDDSA)


# ---- Announcements of other members --------------------------------------------------------------------------------


def announcement(four: Quorum, signer: int, pairs: bytes, **changes: object) -> bytes:
    member = four.domain.members[signer]
    assert isinstance(member, PlainMember)
    unsigned = replace(Announcement(four.domain.domain, signer, 1, 1, 0, pairs, bytes(64)), **changes)
    return replace(unsigned, signature=member.sign(unsigned.signed_bytes())).encode()


def learn(four: Quorum, encoded: bytes) -> bytes:
    return four.token._call(custody.LEARN, encoded, 1)


GOOD_PAIR = reference.encode(reference.multiply(5)) + reference.encode(reference.multiply(6))


def test_announcements_that_are_learned_and_refused(four: Quorum) -> None:
    good = announcement(four, 2, GOOD_PAIR)
    assert learn(four, good) == b"\x01"
    bad = {
        "TS_OTHER_DOMAIN": announcement(four, 2, GOOD_PAIR, domain=bytes(32)),
        "TS_UNKNOWN_VOTER": announcement(four, 2, GOOD_PAIR, number=9),
        "TS_ANNOUNCEMENT_SIGNATURE": announcement(four, 2, GOOD_PAIR, number=3),
        "TS_MALFORMED": good + b"\x00",
    }
    for name, encoded in bad.items():
        assert refused(lambda encoded=encoded: learn(four, encoded)) == name
    assert refused(lambda: learn(four, good[:-1] + bytes([good[-1] ^ 1]))) == "TS_ANNOUNCEMENT_SIGNATURE"
    for pairs in (b"", GOOD_PAIR[:-1], GOOD_PAIR + GOOD_PAIR[:32]):
        assert refused(lambda pairs=pairs: learn(four, announcement(four, 2, pairs))) == "TS_MALFORMED"
    assert refused(lambda: learn(four, announcement(four, 2, GOOD_PAIR, group=200))) == "TS_MALFORMED"


@pytest.mark.parametrize("point", [*SMALL_ORDER, *NON_CANONICAL])
def test_announced_points_are_elements_of_the_group(four: Quorum, point: str) -> None:
    """Signed by a member: a liar's announcement is no better than a stranger's."""
    bad = bytes.fromhex(point)
    for pairs in (bad + GOOD_PAIR[32:], GOOD_PAIR[:32] + bad, GOOD_PAIR + bad + GOOD_PAIR[32:]):
        assert refused(lambda pairs=pairs: learn(four, announcement(four, 2, pairs))) == "TS_COMMITMENT_INVALID"


def test_own_announcements(four: Quorum) -> None:
    heard = Announcement.decode(four.token.announce(1, ANNOUNCED))
    assert heard.number == 1 and len(heard.pairs) == ANNOUNCED * 64
    assert ed25519.is_valid(own_key(four), heard.signed_bytes(), heard.signature)
    points = {heard.pairs[i : i + 32] for i in range(0, len(heard.pairs), 32)}
    assert len(points) == 2 * ANNOUNCED
    following = Announcement.decode(four.token.announce(1, 1))
    assert following.first == heard.first + ANNOUNCED
