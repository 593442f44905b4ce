"""tests/vectors/successions.txt in Python; native/tests/certificate/successions.c is its twin in C: both have to say
the same of every case."""

from __future__ import annotations

import re

import pytest

from tests.house.vectors import VECTORS, read_vectors
from tests.reference import successions as reference
from thresign.errors import InvalidVote, MalformedRecord, ThresignError
from thresign.groups import ed25519
from thresign.orders.roster import Roster
from thresign.orders.succession import Succession, check_succession

NAME = "successions.txt"
VALUES = read_vectors(NAME)
CASES = range(1, int(VALUES["cases"], 16) + 1)
WHAT = re.findall(r"^# (n = .*)$", (VECTORS / NAME).read_text(), re.MULTILINE)

ANSWERS: dict[str, tuple[type[ThresignError], str]] = {
    "TS_MALFORMED": (MalformedRecord, "."),
    "TS_ROSTER_INVALID": (MalformedRecord, "roster: "),
    "TS_ROSTER_CHANGE": (MalformedRecord, "roster: "),
    "TS_VOTERS_NOT_RISING": (MalformedRecord, "members do not rise"),
    "TS_OTHER_DOMAIN": (InvalidVote, "another domain or roster"),
    "TS_OTHER_ROSTER_EPOCH": (InvalidVote, "another domain or roster"),
    "TS_OTHER_ROSTER": (InvalidVote, "another domain or roster"),
    "TS_TOO_FEW_VOTES": (InvalidVote, r"with \d signatures"),
    "TS_TOO_MANY_VOTES": (InvalidVote, r"with \d signatures"),
    "TS_UNKNOWN_VOTER": (InvalidVote, "does not verify"),
    "TS_VOTE_SIGNATURE": (InvalidVote, "does not verify"),
    "TS_OTHER_NEXT_ROSTER": (InvalidVote, "names another roster"),
}


def check(number: int) -> Succession:
    old = Roster.decode(bytes.fromhex(VALUES["roster", int(VALUES["size", number], 16)]))
    succession = Succession.decode(bytes.fromhex(VALUES["succession", number]))
    check_succession(succession, bytes.fromhex(VALUES["domain"]), old, ed25519.is_valid)
    return succession


@pytest.mark.parametrize("number", CASES, ids=WHAT)
def test_both_verifiers_say(number: int) -> None:
    expect = VALUES["expect", number]
    if expect == "TS_OK":
        assert check(number).encode().hex() == VALUES["succession", number]
        return
    kind, said = ANSWERS[expect]
    with pytest.raises(kind, match=said):
        check(number)


def test_every_answer_has_a_case() -> None:
    assert {VALUES["expect", number] for number in CASES} == {"TS_OK", *ANSWERS}


def test_the_file_is_what_the_reference_makes() -> None:
    assert (VECTORS / NAME).read_text() == reference.text()
