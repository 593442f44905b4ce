"""PREPARE [VOTE-1 to VOTE-4, VOTE-P1 to VOTE-P3, VOTE-J1]: primary's signature, installed view, next slot, a body that
is held and judged; one digest per view and sequence; the same bytes again for the same question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import NOW_MS, StubDomain
from tests.house.stub_vault import Proposed, StubVault
from tests.simulation.stubs import sign
from thresign.limits import WINDOW_SLOTS
from thresign.orders.batch import Batch
from thresign.orders.digests import sha256
from thresign.orders.header import Phase, vote_bytes
from thresign.orders.votes import PrePrepare, Vote
from thresign.vault.voting import prepare
from thresign.vault.voting.records import Accepted

SKEW_MS = 5_000


def test_a_good_proposal_is_prepared() -> None:
    vault = StubVault()
    made = vault.proposal()
    message = made.pre_prepare()
    ballot = prepare.prepare(vault.book, message, NOW_MS)
    vote = ballot.reply
    assert isinstance(vote, Vote)
    assert (vote.phase, vote.view, vote.sequence, vote.header) == (Phase.PREPARE, 0, 1, made.digest)
    assert vote.number == vault.number
    assert vote.signature == sign(vault.domain.key(vault.number), vote_bytes(Phase.PREPARE, 0, made.header.encode()))
    assert vault.key.votes == [(Phase.PREPARE, 0, made.header.encode())]


def test_body_and_prepare_are_on_disk_before_it_is_sent() -> None:
    vault = StubVault()
    made = vault.proposal()
    message = made.pre_prepare()
    ballot = prepare.prepare(vault.book, message, NOW_MS)
    assert ballot.sync
    vote = ballot.reply
    assert isinstance(vote, Vote)
    assert ballot.records == (Accepted(0, made.header, made.body, message.signature, vote.signature),)


def test_a_repeat_gets_the_stored_bytes_and_is_not_written_again() -> None:
    vault = StubVault()
    message = vault.proposal().pre_prepare()
    first = vault.prepare(message)
    again = prepare.prepare(vault.book, message, NOW_MS + 60_000)
    assert again.reply == first
    assert again.reply.encode() == first.encode()
    assert (again.records, again.sync) == ((), False)
    assert len(vault.key.votes) == 1


def test_one_header_per_view_and_sequence() -> None:
    vault = StubVault()
    vault.prepared(count=1)
    with vault.refuses("VOTE-1: signed another header for view 0, sequence 1"):
        vault.prepare(vault.proposal(count=2).pre_prepare())


def test_another_view_may_have_another_header() -> None:
    vault = StubVault()
    vault.prepared(count=1)
    vault.enter(1)
    assert vault.prepare(vault.proposal(count=2).pre_prepare(1)).view == 1


@pytest.mark.parametrize("view", [1, 2, 3, 4, 2**63, 2**64 - 1])
def test_views_that_are_not_installed(view: int) -> None:
    vault = StubVault(number=3 if (view % 4) == 3 else 4)
    with vault.refuses(f"VOTE-2: view {view} is not the installed view 0"):
        vault.prepare(vault.proposal().pre_prepare(view))


@pytest.mark.parametrize("view", [0, 1])
def test_views_that_are_over(view: int) -> None:
    vault = StubVault()
    message = vault.proposal().pre_prepare(view)
    vault.enter(2)
    with vault.refuses("VOTE-2"):
        vault.prepare(message)


def test_on_the_way_to_another_view_none_is_taken_part_in() -> None:
    vault = StubVault()
    messages = [vault.proposal().pre_prepare(view) for view in (0, 1)]
    vault.change_view(1)
    for message in messages:
        with vault.refuses("VOTE-2: on the way to view 1"):
            vault.prepare(message)


def test_not_even_a_repeat_once_the_view_is_left() -> None:
    """The bytes were sent while the view lasted; afterwards the view-change speaks for the vault."""
    vault = StubVault()
    message = vault.proposal().pre_prepare()
    vault.prepare(message)
    vault.change_view(1)
    with vault.refuses("VOTE-2"):
        vault.prepare(message)


@pytest.mark.parametrize("sequence", [0, 2, 3, 257, 2**63, 2**64 - 1])
def test_slots_that_are_not_the_next(sequence: int) -> None:
    vault = StubVault()
    made = vault.proposal()
    header = replace(made.header, sequence=sequence)
    with vault.refuses("VOTE-3: sequence .* is not the next slot 1"):
        vault.prepare(vault.domain.pre_prepare(0, header, made.body))


def test_slots_that_are_decided() -> None:
    vault = StubVault()
    made = vault.proposal()
    vault.decide(made)
    with vault.refuses("VOTE-3: sequence 1 is not the next slot 2"):
        vault.prepare(made.pre_prepare())


def test_slots_that_were_decided_when_the_view_was_installed() -> None:
    """Others have decided slot 1, as a view-change proves: a vote on it in the new view could only do harm."""
    vault = StubVault()
    made = vault.proposal()
    vault.enter(1, decided=vault.domain.certificate(made.header))
    with vault.refuses("VOTE-3: sequence 1 is not the next slot 2"):
        vault.prepare(made.pre_prepare(1))
    vault.decide(made)
    vault.prepared(view=1)


def test_the_primary_does_not_prepare_its_own() -> None:
    vault = StubVault(number=1)
    with vault.refuses("VOTE-P1: the primary does not prepare"):
        vault.prepare(vault.proposal().pre_prepare())


Forge = Callable[[Proposed], PrePrepare]
FORGERIES: dict[str, Forge] = {
    "another backup's": lambda made: made.pre_prepare(number=2),
    "the vault's own": lambda made: made.pre_prepare(number=4),
    "a stranger's": lambda made: made.pre_prepare(number=9),
    "the primary's for another view": lambda made: replace(
        made.pre_prepare(), signature=made.domain.vote_signature(1, Phase.PRE_PREPARE, 4, made.header)
    ),
    "the primary's for another slot": lambda made: replace(
        made.pre_prepare(),
        signature=made.domain.vote_signature(1, Phase.PRE_PREPARE, 0, replace(made.header, sequence=2)),
    ),
    "the primary's prepare": lambda made: replace(
        made.pre_prepare(), signature=made.domain.vote_signature(1, Phase.PREPARE, 0, made.header)
    ),
    "the primary's commit": lambda made: replace(
        made.pre_prepare(), signature=made.domain.vote_signature(1, Phase.COMMIT, 0, made.header)
    ),
    "zeros": lambda made: replace(made.pre_prepare(), signature=bytes(64)),
}


@pytest.mark.parametrize("whose", FORGERIES)
def test_only_the_primarys_signature_counts(whose: str) -> None:
    vault = StubVault()
    with vault.refuses("VOTE-P1: the pre-prepare is not signed by module 1"):
        vault.prepare(FORGERIES[whose](vault.proposal()))


def test_a_repeat_too_needs_the_primarys_signature() -> None:
    vault = StubVault()
    message = vault.proposal().pre_prepare()
    vault.prepare(message)
    with vault.refuses("VOTE-P1"):
        vault.prepare(replace(message, signature=bytes(64)))


@pytest.mark.parametrize("off_ms", [-SKEW_MS, -1, 0, 1, SKEW_MS])
def test_times_within_the_skew(off_ms: int) -> None:
    vault = StubVault()
    vault.prepare(vault.proposal(time_ms=NOW_MS + off_ms).pre_prepare())


@pytest.mark.parametrize("off_ms", [-3_600_000, -SKEW_MS - 1, SKEW_MS + 1, 3_600_000])
def test_times_beyond_the_skew(off_ms: int) -> None:
    vault = StubVault()
    with vault.refuses(f"VOTE-P3: proposed time is {off_ms} ms from this vault's clock"):
        vault.prepare(vault.proposal(time_ms=NOW_MS + off_ms).pre_prepare())


def test_what_a_new_view_demands_is_not_refused_for_its_time() -> None:
    vault = StubVault()
    made = vault.proposal()
    vault.enter(1, prepared=(vault.domain.prepared(made.header),))
    vault.now_ms += 3_600_000
    vault.prepare(made.pre_prepare(1))


def test_a_new_view_demands_one_header_and_no_other() -> None:
    vault = StubVault()
    made, other = vault.proposal(count=1), vault.proposal(count=2)
    vault.enter(1, prepared=(vault.domain.prepared(made.header),))
    with vault.refuses("VOTE-P2: not the header that the new view demands"):
        vault.prepare(other.pre_prepare(1))
    assert vault.prepare(made.pre_prepare(1)).header == made.digest


def test_above_what_a_new_view_demands_the_primary_is_free() -> None:
    vault = StubVault()
    made = vault.proposal()
    vault.enter(1, prepared=(vault.domain.prepared(made.header),))
    vault.prepare(made.pre_prepare(1))
    vault.decide(made, view=1)
    vault.prepared(view=1, count=3)


@pytest.mark.parametrize("horizon", [1, 2, 2**64 - 1])
def test_a_disk_that_may_have_forgotten_votes_does_not_vote(horizon: int) -> None:
    vault = StubVault()
    vault.book.horizon = horizon
    with vault.refuses(f"VOTE-4: no votes up to sequence {horizon}"):
        vault.prepare(vault.proposal().pre_prepare())


def test_a_disk_that_forgot_votes_again_once_the_horizon_has_passed() -> None:
    vault = StubVault()
    vault.book.horizon = 1
    vault.decide()
    vault.prepared()


def test_slots_above_the_high_watermark() -> None:
    """Without a stable checkpoint votes end: q modules have to agree on the ledger now and then."""
    vault = StubVault()
    vault.book.state.sequence = WINDOW_SLOTS
    made = vault.proposal()
    with vault.refuses(f"VOTE-5: sequence {WINDOW_SLOTS + 1} is above the high watermark {WINDOW_SLOTS}"):
        vault.prepare(made.pre_prepare())
    vault.book.low = 1
    vault.prepare(made.pre_prepare())


# --- the judgement of the body --------------------------------------------------------------------------------------


def proposed(vault: StubVault, body: bytes | None = None, **changes: Any) -> PrePrepare:
    """A proposal signed by its primary whose header or body was changed before."""
    made = vault.proposal()
    return vault.domain.pre_prepare(0, replace(made.header, **changes), made.body if body is None else body)


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "another domain": ({"domain": sha256(b"another")}, "not what follows from the entries"),
    "another roster epoch": ({"roster_epoch": 1}, "not what follows from the entries"),
    "another roster": ({"roster": sha256(b"another")}, "not what follows from the entries"),
    "another history": ({"previous": sha256(b"another")}, "does not follow the last decided one"),
    "other orders": ({"batch_root": sha256(b"another")}, "not what follows from the entries"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_headers_that_do_not_follow(what: str) -> None:
    changes, said = HEADERS[what]
    vault = StubVault()
    message = proposed(vault, **changes)
    with vault.refuses(f"VOTE-J1: the header (is )?{said}"):
        vault.prepare(message)


def test_a_time_below_the_last_decided_one() -> None:
    vault = StubVault()
    vault.decide(vault.proposal(time_ms=NOW_MS + 100))
    made = vault.proposal()
    header = replace(made.header, time_ms=NOW_MS + 99)
    with vault.refuses("VOTE-J1: the header does not follow the last decided one"):
        vault.prepare(vault.domain.pre_prepare(0, header, made.body))


def test_time_may_stand_still() -> None:
    vault = StubVault()
    vault.decide(vault.proposal(time_ms=NOW_MS + 100))
    vault.prepare(vault.proposal(time_ms=NOW_MS + 100).pre_prepare())


@pytest.mark.parametrize("body", [b"", b"ts.btch1", b"nonsense", Batch(()).encode() + b"\0"])
def test_bodies_that_are_no_batch(body: bytes) -> None:
    vault = StubVault()
    with vault.refuses("VOTE-J1: body: "):
        vault.prepare(proposed(vault, body))


def test_the_body_of_another_header() -> None:
    vault = StubVault()
    other = vault.proposal(count=2)
    with vault.refuses("VOTE-J1: the header is not what follows from the entries"):
        vault.prepare(proposed(vault, other.body))


def test_a_body_that_was_judged_does_not_stand_for_another() -> None:
    """The judgement is remembered by header and body: the right header over a false body is judged anew."""
    vault = StubVault()
    made = vault.prepared()
    vault.enter(1)
    with vault.refuses("VOTE-J1"):
        vault.prepare(vault.domain.pre_prepare(1, made.header, vault.proposal(count=2).body))


def test_entries_missing_added_or_in_another_order() -> None:
    vault = StubVault()
    one, two = vault.entry(number=1), vault.entry(number=2)
    made = vault.proposal(entries=(one, two))
    for entries in ((one,), (two,), (two, one), (one, two, vault.entry(number=3)), ()):
        with vault.refuses("VOTE-J1: the header is not what follows from the entries"):
            vault.prepare(vault.domain.pre_prepare(0, made.header, Batch(entries).encode()))
    vault.prepare(made.pre_prepare())


NOT_PERMITTED: dict[str, tuple[Callable[[StubDomain], Any], str]] = {
    "a wrong caller's signature": (lambda d: d.create_key(caller="nobody"), "not_authenticated"),
    "a caller without the role": (lambda d: d.create_key(caller="sam"), "not_permitted"),
    "an expired request": (lambda d: d.create_key(now_ms=NOW_MS - 100_000), "request_expired"),
    "a request from the future": (lambda d: d.create_key(now_ms=NOW_MS + 100_000), "request_not_yet_valid"),
    "an altered request": (lambda d: replace(d.create_key(), path="/v1/callers"), "not_authenticated"),
    "a request for another domain": (lambda _: StubDomain(name="other").create_key(), "wrong_domain"),
    "a key that is not there": (lambda d: d.sign_request(), "unknown_key"),
    "a forged announcement": (lambda d: d.announcement(2, signature=bytes(64), count=1), "invalid_vote"),
}


@pytest.mark.parametrize("what", NOT_PERMITTED)
def test_entries_that_are_not_permitted(what: str) -> None:
    """A node that asks its vault to vote for what it would not permit is refused, whoever proposed it."""
    make, code = NOT_PERMITTED[what]
    vault = StubVault()
    entry = make(vault.domain)
    if what == "a forged announcement":
        entry = replace(entry, signature=bytes(64))
    body = Batch((vault.entry(), entry)).encode()
    with vault.refuses(f"VOTE-J1: {code}"):
        vault.prepare(proposed(vault, body))


def test_a_large_body_that_is_not_held() -> None:
    vault = StubVault()
    large = b"x" * (64 * 1024 + 1)
    message = proposed(vault, Batch((vault.domain.sign_request(large),)).encode())
    with vault.refuses("VOTE-J1: Request: the body has not arrived"):
        vault.prepare(message)
    vault.checks.bodies = {sha256(large): large}
    with vault.refuses("VOTE-J1: unknown_key"):  # held, it is judged further
        vault.prepare(message)
