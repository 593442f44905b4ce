"""A vault that starts again on its own disk: cut after any record, it stands where it stood, gives the stored bytes to
an identical question, and never votes twice on a slot, whatever the node has forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import NOW_MS, Checks, StubDomain
from tests.house.stub_vault import StubVault
from tests.simulation.stubs import Monitor, StubToken
from thresign.errors import InvariantBroken, JournalCorrupt, VoteRefused
from thresign.ids import ModuleNumber
from thresign.ledger import snapshot
from thresign.orders.batch import Batch
from thresign.orders.header import Header, Phase
from thresign.orders.orders import SignOrder
from thresign.vault import calls
from thresign.vault.replay import replay
from thresign.vault.service import Environment, Service
from thresign.vault.voting.records import (
    RECORDS,
    Base,
    Chained,
    Committed,
    Decided,
    Forgot,
    Horizon,
    Justified,
    KeptMessage,
    SnapshotPart,
    Switched,
)
from thresign.vault.voting.records import Life as LifeRecord
from thresign.wire.canonical import Record, decode_one_of

ENVIRONMENT = Environment("stub", True, "same process", ())
NUMBER = 4
DOMAIN = StubDomain()


class Life:
    """A vault's service with its disk; `monitor` sees every vote of all lives."""

    def __init__(self, records: Sequence[Record] = (), monitor: Monitor | None = None) -> None:
        self.monitor = monitor if monitor is not None else Monitor()
        token = StubToken(NUMBER, DOMAIN.roster, DOMAIN.id, self.monitor, [0])
        self.service = Service(ModuleNumber(NUMBER), token, DOMAIN.first_state(), ENVIRONMENT, Checks(DOMAIN))
        self.disk: list[Record] = [decode_one_of(RECORDS, record.encode()) for record in records]
        replay(self.service, self.disk)

    def ask(self, call: Record, now_ms: int = NOW_MS) -> Any:
        ballot = self.service.serve(call, now_ms)
        self.disk.extend(ballot.records)
        return ballot.reply

    def stands(self) -> object:
        """All that the next vote depends on."""
        book = self.service.book
        return (
            snapshot.digest(book.state),
            (book.view, book.entered, book.floor, book.low, book.horizon),
            book.installed,
            book.decided,
            dict(book.demanded),
            dict(book.accepted),
            dict(book.votes),
            dict(book.prepared),
            dict(book.changes),
            dict(book.checkpoints),
            dict(book.bodies),
        )


class Step(NamedTuple):
    """A call, its reply, how many records were written with it, and where the vault stood afterwards."""

    call: Record
    reply: Record
    written: int
    stands: object


def batches(count: int) -> list[tuple[Header, bytes]]:
    """What is decided, one after the other."""
    vault = StubVault(3, DOMAIN)
    made = []
    for _ in range(count):
        proposed = vault.decide()
        made.append((proposed.header, proposed.body))
    return made


def script() -> list[Record]:
    """Calls of an honest node: two slots in view 0, a view change with a prepared slot, a checkpoint, another view."""
    decided = batches(5)

    def prepare(slot: int, view: int) -> Record:
        return calls.PrepareCall(DOMAIN.pre_prepare(view, *decided[slot - 1]))

    def commit(slot: int, view: int) -> Record:
        header = decided[slot - 1][0]
        proof = DOMAIN.prepared(header, view)
        return calls.CommitCall(view, slot, header.digest(), proof.prepares)

    def decide(slot: int, view: int, body: bytes = b"") -> Record:
        return calls.DecideCall(DOMAIN.certificate(decided[slot - 1][0], view), body)

    first, second = decided[0][0], decided[1][0]
    changes = DOMAIN.view_changes(1, decided=DOMAIN.certificate(first), prepared=(DOMAIN.prepared(second),))
    return [
        prepare(1, 0),
        commit(1, 0),
        decide(1, 0),
        prepare(2, 0),
        commit(2, 0),
        calls.ChangeViewCall(1, ()),
        calls.InstallCall(DOMAIN.new_view(1, changes)),
        prepare(2, 1),
        commit(2, 1),
        decide(2, 1),
        decide(3, 1, decided[2][1]),
        prepare(4, 1),
        decide(4, 1),
        calls.CheckpointCall(),
        prepare(5, 1),
        commit(5, 1),
        calls.ChangeViewCall(2, ()),
        calls.ChangeViewCall(3, DOMAIN.view_changes(2, (1, 2, 3))),
    ]


def played() -> tuple[list[Record], list[Step]]:
    """The script, and after its checkpoint what makes that stable."""
    life = Life()
    steps = []
    todo = script()
    while todo:
        call = todo.pop(0)
        reply = life.ask(call)
        steps.append(Step(call, reply, len(life.disk), life.stands()))
        if isinstance(call, calls.CheckpointCall):
            todo.insert(0, calls.StabiliseCall(DOMAIN.stable(4, reply.header, reply.state)))
    return life.disk, steps


DISK, STEPS = played()
VOTES = [
    place
    for place, step in enumerate(STEPS)
    if isinstance(step.call, (calls.PrepareCall, calls.CommitCall, calls.ChangeViewCall))
]


@pytest.mark.parametrize("place", range(len(STEPS)))
def test_after_every_step_it_stands_where_it_stood(place: int) -> None:
    step = STEPS[place]
    assert Life(DISK[: step.written]).stands() == step.stands


@pytest.mark.parametrize("cut", range(len(DISK) + 1))
def test_cut_after_any_record_the_rest_can_be_played_again(cut: int) -> None:
    """What was not on disk was not sent: the same calls lead to the same votes and the same disk."""
    life = Life(DISK[:cut])
    done = max((place + 1 for place, step in enumerate(STEPS) if step.written <= cut), default=0)
    for step in STEPS[done:]:
        assert life.ask(step.call) == step.reply
    assert life.stands() == STEPS[-1].stands
    assert [r for r in life.disk if not isinstance(r, Justified)] == [r for r in DISK if not isinstance(r, Justified)]


@pytest.mark.parametrize("place", VOTES)
def test_a_node_that_forgot_its_question_gets_the_stored_bytes(place: int) -> None:
    """The node's journal was torn after the vault had voted."""
    step = STEPS[place]
    life = Life(DISK[: step.written])
    again = life.service.serve(step.call, NOW_MS + 60_000)
    assert again.reply.encode() == step.reply.encode()
    assert (again.records, again.sync) == ((), False)


@pytest.mark.parametrize("place", [p for p in VOTES if isinstance(STEPS[p].call, calls.PrepareCall)])
def test_and_no_second_vote_on_the_slot(place: int) -> None:
    """Neither at once nor after a restart of the vault: the monitor of all lives would see it too."""
    step = STEPS[place]
    assert isinstance(step.call, calls.PrepareCall)
    message = step.call.message
    monitor = Monitor()
    life = Life(DISK[: step.written], monitor)
    other_time = replace(message.header, time_ms=message.header.time_ms + 1)
    rival = calls.PrepareCall(DOMAIN.pre_prepare(message.view, other_time, message.body))
    with pytest.raises(VoteRefused, match="VOTE-1: signed another header"):
        life.ask(rival)
    assert monitor.votes == {}
    header = rival.message.header
    with pytest.raises(VoteRefused, match=r"VOTE-(C1|1)"):
        life.ask(
            calls.CommitCall(
                message.view, header.sequence, header.digest(), DOMAIN.prepared(header, message.view).prepares
            )
        )


def test_what_was_not_on_disk_may_be_voted_differently() -> None:
    """The record of the vote was torn, so the vote was never sent."""
    place = next(place for place, step in enumerate(STEPS) if isinstance(step.call, calls.PrepareCall))
    before = STEPS[place - 1].written if place else 0
    message = script()[place].message  # type: ignore[attr-defined]
    header = replace(message.header, time_ms=message.header.time_ms + 1)
    life = Life(DISK[:before])
    assert life.ask(calls.PrepareCall(DOMAIN.pre_prepare(0, header, message.body))).header == header.digest()


def test_a_view_that_was_left_stays_left() -> None:
    place = next(place for place, step in enumerate(STEPS) if isinstance(step.call, calls.ChangeViewCall))
    life = Life(DISK[: STEPS[place].written])
    for call in (STEPS[place - 1].call, STEPS[place - 2].call):
        with pytest.raises(VoteRefused, match="VOTE-2: on the way to view 1"):
            life.ask(call)


def test_what_was_prepared_is_still_carried() -> None:
    place = max(place for place, step in enumerate(STEPS) if isinstance(step.call, calls.CommitCall))
    life = Life(DISK[: STEPS[place].written])
    (proof,) = life.ask(calls.ChangeViewCall(2, ())).prepared
    assert (proof.view, proof.header.sequence) == (1, 5)


def test_a_disk_that_may_have_forgotten_does_not_vote_until_its_horizon() -> None:
    life = Life([Horizon(3)])
    made = batches(4)
    for sequence, (header, body) in enumerate(made, 1):
        call = calls.PrepareCall(DOMAIN.pre_prepare(0, header, body))
        if sequence <= 3:
            with pytest.raises(VoteRefused, match="VOTE-4"):
                life.ask(call)
            with pytest.raises(VoteRefused, match="VOTE-4"):
                life.ask(calls.ChangeViewCall(1, ()))
        else:
            life.ask(call)
        life.ask(calls.DecideCall(DOMAIN.certificate(header), body))
    assert Life(life.disk).stands() == life.stands()


def test_horizons_do_not_shrink() -> None:
    assert Life([Horizon(3), Horizon(2)]).service.book.horizon == 3


def test_records_that_do_not_lead_from_one_to_the_next() -> None:
    """A decided batch, or the body that it stands on, is missing in the middle: the vault does not start."""
    decided = [place for place, record in enumerate(DISK) if isinstance(record, Decided)]
    for without in (0, *decided[:-1]):
        with pytest.raises((JournalCorrupt, InvariantBroken)):
            Life([*DISK[:without], *DISK[without + 1 :]])


def test_old_checkpoints_are_forgotten_after_a_restart_too() -> None:
    life = Life()
    for header, body in batches(12):
        if life.ask(calls.DecideCall(DOMAIN.certificate(header), body)).checkpoint_due:
            own = life.ask(calls.CheckpointCall())
            if own.sequence <= 8:
                life.ask(calls.StabiliseCall(DOMAIN.stable(own.sequence, own.header, own.state)))
    assert list(life.service.book.checkpoints) == [8, 12]
    assert Life(life.disk).stands() == life.stands()


def test_a_record_of_another_kind() -> None:
    with pytest.raises(JournalCorrupt, match="a Header in the vault's journal"):
        replay(Life().service, [batches(1)[0][0]])


def test_nothing_is_verified_twice() -> None:
    """What was written had been verified; a long journal is replayed without a signature check."""
    life = Life()
    checks = Checks(DOMAIN)
    life.service.book.checks = checks
    replay(life.service, DISK)
    assert checks.checked == 0
    assert life.service.book.checks is checks


def test_orders_that_were_not_signed_yet_can_be_signed_after_a_restart() -> None:
    """Decided batches are kept with their leaves and messages, as they were before the restart."""
    life = Life(DISK)
    kept = life.service.kept.batch(5 - 1)
    assert kept is not None
    assert kept.certificate.header == batches(4)[3][0]
    assert Batch.decode(kept.body).entries
    assert not any(isinstance(order, SignOrder) for order in kept.orders)


def test_every_kind_of_record_was_played() -> None:
    """So that the tests above cover them; of what a journal begins anew with, the tests of its compaction."""
    anew = {Horizon, Forgot, LifeRecord, SnapshotPart, Base, KeptMessage, Switched, Chained}
    assert {type(record) for record in DISK} | anew == set(RECORDS.values())
    assert {record.proof.view for record in DISK if isinstance(record, Committed)} == {0, 1}
    phases = {phase for phase, _, _ in Life(DISK[:2]).service.book.votes}
    assert phases == {Phase.PREPARE, Phase.COMMIT}
