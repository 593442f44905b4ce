"""The messages of agreement: their cross-field rules, and the function O of OSDI '99 section 4.4."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from thresign.errors import MalformedRecord
from thresign.orders.header import Certificate, Header, Phase, vote_bytes
from thresign.orders.votes import Prepared, Vote, outcome

DOMAIN = StubDomain()


def chain(length: int, branch: bytes = b"") -> list[Header]:
    """Headers from sequence 1 on, each on the one before."""
    headers: list[Header] = []
    previous: bytes = DOMAIN.id
    for sequence in range(1, length + 1):
        headers.append(DOMAIN.header(sequence, previous, **({"batch_root": branch} if branch else {})))
        previous = headers[-1].digest()
    return headers


H = [DOMAIN.header(0), *chain(6)]
"""H[1] to H[6]."""
OTHER = [DOMAIN.header(0), *chain(6, bytes(32))]


@pytest.mark.parametrize("phase", [Phase.PRE_PREPARE, 3, 255])
def test_a_vote_prepares_or_commits(phase: int) -> None:
    with pytest.raises(MalformedRecord, match="phase"):
        replace(DOMAIN.vote(1, Phase.PREPARE, 0, H[1]), phase=phase).encode()


def test_a_pre_prepare_signs_its_header_and_view_and_not_its_body() -> None:
    message = DOMAIN.pre_prepare(3, H[1], b"body")
    assert message.signed_bytes() == vote_bytes(Phase.PRE_PREPARE, 3, H[1].encode())
    assert replace(message, body=b"other").signed_bytes() == message.signed_bytes()


@pytest.mark.parametrize("backups", [(3, 2), (2, 2), (2, 4, 3)])
def test_backups_of_a_prepared_certificate_rise(backups: tuple[int, ...]) -> None:
    with pytest.raises(MalformedRecord, match="do not rise"):
        DOMAIN.prepared(H[1], backups=backups).encode()


@pytest.mark.parametrize(
    "parts",
    [
        {"prepared": (DOMAIN.prepared(H[2]), DOMAIN.prepared(H[1]))},
        {"prepared": (DOMAIN.prepared(H[1]), DOMAIN.prepared(H[1]))},
        {"prepared": (DOMAIN.prepared(DOMAIN.header(0)),)},
        {"decided": DOMAIN.certificate(H[2]), "prepared": (DOMAIN.prepared(H[2]),)},
        {"decided": DOMAIN.certificate(H[2]), "prepared": (DOMAIN.prepared(H[1]),)},
        {"prepared": (DOMAIN.prepared(H[1], view=4),)},
        {"prepared": (DOMAIN.prepared(H[1], view=5),)},
    ],
)
def test_view_changes_that_contradict_themselves(parts: dict[str, Any]) -> None:
    with pytest.raises(MalformedRecord):
        DOMAIN.view_change(1, 4, **parts)


def test_view_changes_may_have_gaps_above_the_decided_slot() -> None:
    change = DOMAIN.view_change(1, 4, DOMAIN.certificate(H[2]), (DOMAIN.prepared(H[4]), DOMAIN.prepared(H[6], view=3)))
    assert type(change).decode(change.encode()) == change


def test_a_new_view_holds_view_changes_of_distinct_modules_for_itself() -> None:
    one, two, three = DOMAIN.view_changes(4, (1, 2, 3))
    for changes in ((two, one, three), (one, one, two), (one, two, DOMAIN.view_change(3, 5))):
        with pytest.raises(MalformedRecord):
            DOMAIN.new_view(4, changes)
    DOMAIN.new_view(4, (one, two, three))


# --- the outcome of view-changes --------------------------------------------------------------------------------------

C: dict[int, Certificate] = {n: DOMAIN.certificate(H[n]) for n in range(1, 7)}
P: dict[int, Prepared] = {n: DOMAIN.prepared(H[n]) for n in range(1, 7)}


def prepared(header: Header, view: int) -> Prepared:
    return DOMAIN.prepared(header, view)


Held = tuple[Certificate | None, tuple[Prepared, ...]]
NOTHING: Held = (None, ())

OUTCOMES: dict[str, tuple[list[Held], int, list[Header]]] = {
    # what q modules carry: decided and prepared; the floor; what must be proposed again
    "nothing happened": ([NOTHING, NOTHING, NOTHING], 0, []),
    "one prepared": ([NOTHING, (None, (P[1],)), NOTHING], 0, [H[1]]),
    "all prepared": ([(None, (P[1],))] * 3, 0, [H[1]]),
    "one decided": ([NOTHING, (C[1], ()), NOTHING], 1, []),
    "the newest decided slot stands for all before": ([(C[1], ()), (C[4], ()), (C[2], ())], 4, []),
    "prepared at the decided slot by others": ([(C[1], ()), (None, (P[1],)), NOTHING], 1, []),
    "prepared above the decided slot": ([(C[1], (P[2],)), (C[1], ()), NOTHING], 1, [H[2]]),
    "prepared by who has decided less than another": ([(C[2], (P[3],)), (C[1], ()), (C[2], ())], 2, [H[3]]),
    "several slots": ([(C[1], (P[2], P[3])), NOTHING, NOTHING], 1, [H[2], H[3]]),
    "slots prepared at different modules": ([(C[1], (P[2],)), (C[2], (P[3],)), NOTHING], 2, [H[3]]),
    "behind a gap nothing can have been decided": ([(C[1], (P[3],)), NOTHING, NOTHING], 1, []),
    "the walk ends at the first gap": ([(C[1], (P[2], P[4])), NOTHING, NOTHING], 1, [H[2]]),
    "the highest view wins": (
        [(None, (prepared(OTHER[1], 1),)), (None, (prepared(H[1], 2),)), (None, (prepared(OTHER[1], 0),))],
        0,
        [H[1]],
    ),
    "the highest view wins, first among them": (
        [(None, (prepared(H[1], 3),)), (None, (prepared(OTHER[1], 2),)), NOTHING],
        0,
        [H[1]],
    ),
    "the highest view of each slot": (
        [(C[1], (prepared(H[2], 5), prepared(OTHER[3], 1))), (C[1], (prepared(OTHER[2], 1), prepared(H[3], 5)))],
        1,
        [H[2], H[3]],
    ),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_what_a_new_view_has_to_propose_again(case: str) -> None:
    held, floor, demanded = OUTCOMES[case]
    changes = tuple(DOMAIN.view_change(number, 9, decided, proofs) for number, (decided, proofs) in enumerate(held, 1))
    for order in (changes, tuple(reversed(changes))):
        result = outcome(order, 0)
        assert result.floor() == floor
        assert list(result.demanded) == demanded
        assert result.decided == ((C[floor],) if floor else ())


def test_where_an_epoch_began_is_decided_whoever_proves_it() -> None:
    changes = tuple(DOMAIN.view_change(number, 9, None, (P[3],)) for number in (1, 2, 3))
    assert outcome(changes, 2).floor() == 2
    assert outcome(changes, 2).demanded == (H[3],)
    assert outcome(changes, 0).demanded == ()


def test_the_vote_record_names_its_header_by_digest() -> None:
    vote = DOMAIN.vote(2, Phase.COMMIT, 3, H[4])
    assert (vote.header, vote.sequence) == (H[4].digest(), 4)
    assert Vote.decode(vote.encode()) == vote
