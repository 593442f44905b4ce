"""The quorum that a token computes for itself, and the genesis that it rests on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.custody.trust import NON_CANONICAL, SMALL_ORDER, quorum_domain, refused
from tests.house.tokens import LIBRARY, PlainMember, genesis_of, make_token, pin, run_tool
from thresign.orders.genesis import Genesis


@pytest.mark.parametrize("n", [5, 6, 8])
def test_2f_plus_1_votes_are_not_a_quorum(n: int, tmp_path: Path) -> None:
    """At these sizes ceil((n + f + 1) / 2) is above 2f + 1: two sets of 2f + 1 need not share an honest module."""
    with quorum_domain(tmp_path, n) as domain:
        roster = domain.domain.genesis.roster
        few = 2 * roster.f + 1
        assert few < roster.q
        header = domain.header()
        for count in range(few, roster.q):
            assert refused(lambda count=count: domain.check(header, domain.votes(header)[:count])) == "TS_TOO_FEW_VOTES"
        assert domain.unknown(header)
        domain.check(header, domain.votes(header))
        assert not domain.unknown(header)


# ---- The genesis, on which all this rests --------------------------------------------------------------------------


def pinned(root: Path, change: Callable[[Genesis], bytes]) -> str:
    """What the tool prints when it is asked to pin a genesis of one token and three members changed by `change`."""
    token = make_token(root, "m1")
    genesis = genesis_of([token, *(PlainMember() for _ in range(3))])
    path = root / "genesis"
    path.write_bytes(change(genesis))
    try:
        arguments = ("--module", LIBRARY, "--dir", str(token.directory), "--so-pin-file", str(token.so_pin_file))
        run_tool("pin-genesis", *arguments, str(path))
    except AssertionError as error:
        return str(error)
    return ""


def with_member(genesis: Genesis, **changes: bytes) -> bytes:
    """The genesis with its last member changed, encoded without the checks of Roster."""
    last = genesis.roster.members[-1]
    return genesis.encode().replace(last.encode(), replace(last, **changes).encode())


@pytest.mark.parametrize("point", [SMALL_ORDER[0], SMALL_ORDER[2], SMALL_ORDER[4], SMALL_ORDER[6], *NON_CANONICAL])
def test_no_member_has_a_small_order_or_non_canonical_vote_key(point: str, tmp_path: Path) -> None:
    said = pinned(tmp_path, lambda genesis: with_member(genesis, vote_key=bytes.fromhex(point)))
    assert "TS_KEY_INVALID" in said


def test_no_member_has_a_small_order_sealing_key(tmp_path: Path) -> None:
    assert "TS_KEY_INVALID" in pinned(tmp_path, lambda genesis: with_member(genesis, sealing_key=bytes(32)))


def test_a_quorum_below_the_formula_is_not_pinned(tmp_path: Path) -> None:
    def lowered(genesis: Genesis) -> bytes:
        roster = genesis.roster.encode()
        return genesis.encode().replace(roster, roster[:18] + (2).to_bytes(2, "big") + roster[20:])

    assert "TS_ROSTER_INVALID" in pinned(tmp_path, lowered)


def test_the_pinned_genesis_stays(tmp_path: Path) -> None:
    token = make_token(tmp_path, "m1")
    genesis = genesis_of([token, *(PlainMember() for _ in range(3))])
    pin(token, genesis)
    with pytest.raises(AssertionError, match="CKR_TS_GENESIS_PINNED"):
        pin(token, replace(genesis, salt=os.urandom(32)))
