"""What waits to be ordered: bounded, each once, fair between callers, statements of modules first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from thresign.agreement.pbft.messages import Forward
from thresign.agreement.pbft.pending import APART_BYTES_MAX, SAMPLE_MAX, Pending, parcels
from thresign.errors import Overloaded
from thresign.limits import (
    BATCH_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    BODY_BYTES_IN_BATCH_MAX,
    BODY_BYTES_MAX,
    FRAME_BYTES_MAX,
    PENDING_PER_PEER_MAX,
    PENDING_REQUESTS_MAX,
    PENDING_REQUESTS_PER_CALLER_MAX,
)
from thresign.orders.batch import Batch, Entry
from thresign.orders.requests import Request

DOMAIN = StubDomain()


def request(caller: str = "alice", message: bytes = b"m") -> Request:
    return DOMAIN.sign_request(message, caller=caller)


def filled(*entries: Entry) -> Pending:
    pending = Pending()
    for entry in entries:
        pending.add(entry)
    return pending


def test_what_another_changed_does_not_take_its_place() -> None:
    """Whoever has seen a request can send others something else under its signature."""
    entry = request()
    pending = Pending()
    assert pending.add(replace(entry, created_s=entry.created_s - 1), via=2) is not None
    assert pending.add(entry) is not None
    assert pending.remove(entry) is not None
    assert len(pending) == 1


def test_each_waits_once() -> None:
    pending = Pending()
    entry = request()
    first = pending.add(entry)
    assert first is not None
    assert pending.add(entry, via=2) is None
    assert len(pending) == 1
    assert pending.batch() == (entry,)


def test_what_was_removed_can_wait_again() -> None:
    entry = request()
    pending = filled(entry)
    waiting = pending.remove(entry)
    assert waiting is not None
    assert waiting.entry == entry
    assert pending.remove(entry) is None
    assert len(pending) == 0
    assert pending.add(entry, via=2) is not None


def test_a_batch_takes_nothing_away() -> None:
    pending = filled(request(), request())
    assert pending.batch() == pending.batch()
    assert len(pending) == 2


def test_callers_take_turns() -> None:
    greedy = [request("alice") for _ in range(5)]
    modest = [request("sam") for _ in range(2)]
    pending = filled(*greedy, *modest)
    assert pending.batch() == (greedy[0], modest[0], greedy[1], modest[1], *greedy[2:])


def test_a_caller_keeps_its_order() -> None:
    entries = [request() for _ in range(10)]
    assert filled(*entries).batch() == tuple(entries)


def test_statements_of_modules_go_first() -> None:
    """Nonces that are announced late hold up every request."""
    requests = [request() for _ in range(3)]
    statements = [DOMAIN.announcement(number) for number in (1, 2)]
    assert filled(*requests, *statements).batch() == (*statements, *requests)


def test_statements_leave_room_for_requests() -> None:
    """Such as cannot be ordered yet would else keep everything from being ordered: by number or by bytes."""
    waits = [request() for _ in range(3)]
    small = [DOMAIN.present(1, sequence) for sequence in range(600)]
    large = [DOMAIN.announcement(1, 64, first) for first in range(200)]
    for statements in (small, large):
        chosen = filled(*statements, *waits).batch()
        assert chosen[-3:] == tuple(waits)
        assert chosen[:-3] == tuple(statements[: len(chosen) - 3])
        assert len(chosen) > 30
    one = DOMAIN.announcement(1, 128)
    assert filled(one).batch() == (one,)


def test_a_statement_that_has_to_wait_lets_the_others_pass() -> None:
    pending = filled(*(DOMAIN.present(1, sequence) for sequence in range(600)))
    behind = DOMAIN.announcement(2)
    pending.add(behind)
    assert behind not in pending.batch()
    for _ in range(2):
        for entry in pending.batch():
            pending.postpone(entry)
    assert behind in pending.batch()
    assert len(pending) == 601


def test_a_request_keeps_its_place() -> None:
    entries = [request() for _ in range(3)]
    pending = filled(*entries)
    pending.postpone(entries[0])
    pending.postpone(request())
    assert pending.batch() == tuple(entries)


def test_a_caller_has_its_bound_and_others_have_room() -> None:
    pending = Pending()
    for _ in range(PENDING_REQUESTS_PER_CALLER_MAX):
        pending.add(request("alice"))
    with pytest.raises(Overloaded, match="1024 requests of alice wait already"):
        pending.add(request("alice"))
    assert pending.add(request("sam")) is not None


def test_all_callers_together_have_a_bound_and_modules_have_room() -> None:
    pending = Pending()
    for number in range(PENDING_REQUESTS_MAX):
        pending.add(request(f"caller{number % 5}"))
    with pytest.raises(Overloaded, match="4096 requests wait already"):
        pending.add(request("fresh"))
    assert len(pending) == PENDING_REQUESTS_MAX
    assert pending.add(DOMAIN.announcement(1)) is not None


def test_each_module_that_forwards_has_room_of_its_own() -> None:
    """Under whatever callers' names: neither other peers' nor this node's own callers' room."""
    pending = Pending()
    for number in range(PENDING_PER_PEER_MAX):
        pending.add(request(f"caller{number % 5}"), via=2)
    for entry in (request("alice"), DOMAIN.announcement(1)):
        with pytest.raises(Overloaded, match="entries of module 2 wait already"):
            pending.add(entry, via=2)
        assert pending.add(entry, via=3) is not None
    assert pending.add(request("alice")) is not None


def test_what_was_forwarded_and_then_submitted_here_is_this_nodes_own() -> None:
    pending = Pending()
    entry = request()
    pending.add(entry, via=2)
    assert pending.add(entry) is None
    (waiting,) = pending.everything()
    assert waiting.own
    for _ in range(PENDING_PER_PEER_MAX):
        assert pending.add(request("sam"), via=2) is not None


def test_refused_ones_leave_nothing_behind() -> None:
    pending = Pending()
    for number in range(PENDING_REQUESTS_MAX):
        pending.add(request(f"caller{number % 5}"))
    for number in range(100):
        with pytest.raises(Overloaded):
            pending.add(request(f"fresh{number}"))
    assert len(pending.everything()) == len(pending) == PENDING_REQUESTS_MAX
    assert set(pending._queues) == {f"caller{number}" for number in range(5)}


def test_room_is_given_back() -> None:
    pending = Pending()
    for _ in range(3):
        entries = [request() for _ in range(PENDING_REQUESTS_PER_CALLER_MAX)]
        for entry in entries:
            pending.add(entry)
        for entry in entries:
            pending.remove(entry)
    assert len(pending) == 0
    assert pending._queues == {}


def test_a_batch_stays_within_its_limits() -> None:
    pending = filled(*(request(f"c{n % 3}", b"x" * 60_000) for n in range(40)))
    batch = Batch(pending.batch())
    assert 1 < len(batch.entries) < 40
    assert len(batch.encode()) <= BATCH_BYTES_MAX
    many = filled(*(request(f"c{n % 3}") for n in range(600)))
    assert len(many.batch()) == len(Batch(many.batch()).entries) <= BATCH_ENTRIES_MAX


def test_one_large_entry_alone_is_always_taken() -> None:
    entry = request("alice", b"x" * 65_536)
    assert filled(entry).batch() == (entry,)


def test_a_sample_has_the_oldest_of_each_queue() -> None:
    entries = [request(f"c{n % 3}") for n in range(60)]
    chosen = filled(*entries).sample()
    assert {waiting.entry for waiting in chosen} == set(entries[:24])
    assert len(filled(*(request(f"c{n}") for n in range(100))).sample()) <= SAMPLE_MAX + 8


def test_names_tell_entries_apart() -> None:
    run = [
        request(),
        request(),
        DOMAIN.announcement(1),
        DOMAIN.announcement(2),
        DOMAIN.present(1, 1),
        DOMAIN.abort(1, bytes(32)),
    ]
    assert len(set(run)) == len(run)


def test_parcels_have_all_in_order_and_fit_in_a_frame() -> None:
    entries = [request("alice", b"%d" % n + bytes(BODY_BYTES_IN_BATCH_MAX - 4)) for n in range(70)]
    entries += [request("alice", b"%d" % n) for n in range(150)]
    parts = list(parcels(entries, 64))
    assert [entry for part in parts for entry in part] == entries
    assert max(len(Forward(Batch(part)).encode()) for part in parts) < FRAME_BYTES_MAX
    assert max(len(part) for part in parts) == 64
    assert list(parcels([], 64)) == []


def test_bodies_that_travel_apart_are_bounded_in_a_batch() -> None:
    """A vault keeps them all until they are signed. One alone always goes."""
    entries = [request("alice", bytes([n]) * BODY_BYTES_MAX) for n in range(5)]
    pending = filled(*entries)
    batch = pending.batch()
    assert batch == tuple(entries[: APART_BYTES_MAX // BODY_BYTES_MAX])
    assert 1 < len(batch) < len(entries)
    for entry in batch:
        pending.remove(entry)
    assert pending.batch() == tuple(entries[len(batch) : 2 * len(batch)])
