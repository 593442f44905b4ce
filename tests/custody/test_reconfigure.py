"""A real token through a membership change: a candidate that joins, follows certified rosters only, and leaves. The
cases of the certificate itself are vectors (tests/vectors/successions.txt); the token's file is tested in C."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tokens import PlainMember, genesis_of, make_token, opened, pin
from thresign.custody.token import SoftwareToken, TokenRefused
from thresign.groups import ed25519
from thresign.orders.genesis import Genesis
from thresign.orders.header import Header, MemberSignature, Phase, vote_bytes
from thresign.orders.roster import Member, Roster, make_roster
from thresign.orders.succession import Joining, Succession, check_succession
from thresign.orders.votes import CheckpointCertificate


def succession(genesis: Genesis, old: Roster, new: Roster, voters: dict[int, PlainMember]) -> Succession:
    """Certified by these members of the old roster."""
    place = (genesis.domain(), old.epoch, old.digest(), 64 * new.epoch, bytes(32), bytes(32), new.digest())
    empty = CheckpointCertificate(*place, ())
    said = {number: empty.checkpoint(number, bytes(64)).signed_bytes() for number in voters}
    votes = tuple(MemberSignature(number, voters[number].sign(said[number])) for number in sorted(voters))
    return Succession(CheckpointCertificate(*place, votes), new)


def vote(token: SoftwareToken, genesis: Genesis, roster: Roster, key: bytes) -> bool:
    """Whether the token votes under this roster, validly; False if it refuses."""
    header = Header(genesis.domain(), roster.epoch, roster.digest(), 70, 1, bytes(32), bytes(32)).encode()
    try:
        signature = token.sign_vote(Phase.PREPARE, 0, header)
    except TokenRefused:
        return False
    return ed25519.is_valid(key, vote_bytes(Phase.PREPARE, 0, header), signature)


def test_a_candidate_joins_and_leaves(tmp_path: Path) -> None:
    plain = {number: PlainMember() for number in (1, 2, 3, 4)}
    genesis = genesis_of(list(plain.values()))
    files = make_token(tmp_path, "new")
    pin(files, genesis)
    own = Member(5, "m5", files.vote, files.sealing)
    five = make_roster(1, (*genesis.roster.members, own))
    four = make_roster(2, genesis.roster.members)
    joins = succession(genesis, genesis.roster, five, {n: plain[n] for n in (1, 2, 3)})
    leaves = succession(genesis, five, four, plain)
    check_succession(joins, genesis.domain(), genesis.roster, ed25519.is_valid)
    with opened([files]) as (token,):
        said = Joining(genesis.domain(), own, bytes(64)).signed_bytes()
        assert ed25519.is_valid(files.vote, said, token.sign_statement(said))
        assert (token.roster_epoch(), vote(token, genesis, genesis.roster, files.vote)) == (0, False)
        with pytest.raises(TokenRefused, match="TS_NOT_A_MEMBER"):
            token.announce(1, 1)
        with pytest.raises(TokenRefused, match="TS_OTHER_ROSTER_EPOCH"):
            token.reconfigure(leaves.encode())
        assert token.reconfigure(joins.encode()) == 1
        assert vote(token, genesis, five, files.vote)
        assert not vote(token, genesis, genesis.roster, files.vote)
        with pytest.raises(TokenRefused, match="TS_STATEMENT_KIND"):
            token.sign_statement(said)
    with opened([files]) as (token,):
        assert (token.roster_epoch(), vote(token, genesis, five, files.vote)) == (1, True)
        assert token.reconfigure(leaves.encode()) == 2
        assert not any(vote(token, genesis, roster, files.vote) for roster in (genesis.roster, five, four))
        with pytest.raises(TokenRefused, match="TS_OTHER_ROSTER_EPOCH"):
            token.reconfigure(joins.encode())
