"""tests/vectors/certificates.txt in Python; native/tests/certificate/vectors.c is its twin in C. Both verifiers have to
give the same answer to every case, so that a vault never hands its token what the token then refuses."""

from __future__ import annotations

import re

import pytest

from tests.house.vectors import VECTORS, read_vectors
from tests.reference import certificates as reference
from thresign.errors import InvalidVote, MalformedRecord, ThresignError
from thresign.groups import ed25519
from thresign.orders import certificates
from thresign.orders.header import Certificate
from thresign.orders.roster import Roster

NAME = "certificates.txt"
VALUES = read_vectors(NAME)
DOMAIN = bytes.fromhex(VALUES["domain"])
CASES = range(1, int(VALUES["cases"], 16) + 1)
WHAT = re.findall(r"^# (n = .*)$", (VECTORS / NAME).read_text(), re.MULTILINE)

# What the token says in a code, this verifier says in an error: class and words.
ANSWERS: dict[str, tuple[type[ThresignError], str]] = {
    "TS_MALFORMED": (MalformedRecord, "."),
    "TS_VOTERS_NOT_RISING": (MalformedRecord, "members do not rise"),
    "TS_OTHER_DOMAIN": (InvalidVote, "another trust domain"),
    "TS_OTHER_ROSTER_EPOCH": (InvalidVote, "another roster"),
    "TS_OTHER_ROSTER": (InvalidVote, "another roster"),
    "TS_TOO_FEW_VOTES": (InvalidVote, r"with \d votes, \d are needed"),
    "TS_TOO_MANY_VOTES": (InvalidVote, r"with \d votes, \d are needed"),
    "TS_UNKNOWN_VOTER": (InvalidVote, "which is no member"),
    "TS_VOTE_SIGNATURE": (InvalidVote, "does not verify"),
}


def check(number: int) -> Certificate:
    size = int(VALUES["size", number], 16)
    roster = Roster.decode(bytes.fromhex(VALUES["roster", size]))
    assert len(roster.members) == size
    certificate = Certificate.decode(bytes.fromhex(VALUES["certificate", number]))
    certificates.check(certificate, DOMAIN, roster, ed25519.is_valid)
    return certificate


@pytest.mark.parametrize("number", CASES, ids=WHAT)
def test_both_verifiers_say(number: int) -> None:
    expect = VALUES["expect", number]
    if expect == "TS_OK":
        assert check(number).encode().hex() == VALUES["certificate", number]
        return
    kind, said = ANSWERS[expect]
    with pytest.raises(kind, match=said):
        check(number)


def test_every_size_has_every_case() -> None:
    by_size = {n: {what.split(": ", 1)[1] for what in WHAT if what.startswith(f"n = {n},")} for n in reference.SIZES}
    common = set.intersection(*by_size.values())
    where_q_is_larger = {n for n, cases in by_size.items() if any("2f + 1" in case for case in cases)}
    assert where_q_is_larger == {5, 6, 8, 9}
    assert all(len(cases - common) <= 1 for cases in by_size.values())
    assert {VALUES["expect", number] for number in CASES} == {"TS_OK", *ANSWERS}


def test_the_file_is_what_the_reference_makes() -> None:
    assert (VECTORS / NAME).read_text() == reference.text()
