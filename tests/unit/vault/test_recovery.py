"""A vault's journal begins anew at a stable checkpoint, and a ledger is given and taken in pieces: what is thrown away
is what a quorum has signed, and a restart at any point finds the vault where it stood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import NOW_MS, Checks, StubDomain
from tests.house.stub_vault import StubVault
from tests.simulation.stubs import Monitor, StubToken
from tests.unit.vault.test_replay import ENVIRONMENT
from thresign.errors import InvalidVote, JournalCorrupt, VoteRefused
from thresign.ids import ModuleNumber
from thresign.ledger import snapshot
from thresign.orders.header import Header
from thresign.vault import calls, recovery, recovery_calls
from thresign.vault.replay import replay
from thresign.vault.service import Service
from thresign.vault.voting.records import RECORDS, Base, Decided, Forgot, SnapshotPart
from thresign.vault.voting.records import Life as LifeRecord
from thresign.wire.canonical import Record, decode_one_of

DOMAIN = StubDomain()


class Life:
    """A vault with its disk, kept as the server keeps it: a base takes the place of what lies before the mark."""

    def __init__(self, disk: Sequence[Record] = (), number: int = 4, counter: list[int] | None = None) -> None:
        self.counter = counter if counter is not None else [0]
        token = StubToken(number, DOMAIN.roster, DOMAIN.id, Monitor(), self.counter)
        self.service = Service(ModuleNumber(number), token, DOMAIN.first_state(), ENVIRONMENT, Checks(DOMAIN))
        self.service.recovery.grown_bytes_min = 0
        self.disk = [decode_one_of(RECORDS, record.encode()) for record in disk]
        self.mark = 0
        replay(self.service, self.disk)

    def begin(self) -> None:
        recovery.begin_life(self.service, self.disk.extend)

    def ask(self, call: Record) -> Any:
        ballot = self.service.serve(call, NOW_MS)
        if ballot.mark:
            self.mark = len(self.disk)
        self.disk.extend(ballot.records)
        self.service.recovery.grown += 10**9
        if ballot.base:
            self.disk = [*ballot.base, *self.disk[self.mark :]]
        return ballot.reply

    def stands(self) -> object:
        book = self.service.book
        return (
            snapshot.digest(book.state),
            (book.view, book.entered, book.floor, book.low, book.horizon, book.view_horizon, book.forgot),
            book.installed,
            book.decided,
            book.stable,
            book.justified,
            dict(book.demanded),
            dict(book.accepted),
            dict(book.votes),
            dict(book.prepared),
            dict(book.changes),
            dict(book.checkpoints),
        )


def batches(count: int) -> list[tuple[Header, bytes]]:
    vault = StubVault(3, DOMAIN)
    made = [vault.decide() for _ in range(count)]
    return [(proposed.header, proposed.body) for proposed in made]


MADE = batches(14)


def vote(life: Life, slot: int, view: int) -> None:
    header, body = MADE[slot - 1]
    life.ask(calls.PrepareCall(DOMAIN.pre_prepare(view, header, body)))
    life.ask(calls.CommitCall(view, slot, header.digest(), DOMAIN.prepared(header, view).prepares))


def decide(life: Life, slot: int, view: int = 0) -> Any:
    header, body = MADE[slot - 1]
    return life.ask(calls.DecideCall(DOMAIN.certificate(header, view), body))


def stabilise(life: Life) -> Any:
    own = life.service.book.checkpoints[max(life.service.book.checkpoints)]
    return life.ask(calls.StabiliseCall(DOMAIN.stable(own.sequence, own.header, own.state)))


def compacted(slots: int = 4) -> Life:
    """A vault whose journal begins at a stable checkpoint."""
    life = Life()
    for slot in range(1, slots + 1):
        decide(life, slot)
    life.ask(calls.CheckpointCall())
    assert stabilise(life).base == slots
    return life


# --- the journal begins anew ----------------------------------------------------------------------------------------


def test_what_lies_before_is_thrown_away() -> None:
    life = compacted()
    assert not any(isinstance(record, Decided) for record in life.disk)
    assert isinstance(life.disk[0], SnapshotPart)
    assert any(isinstance(record, Base) for record in life.disk)
    assert Life(life.disk).stands() == life.stands()


def test_only_what_a_quorum_has_signed() -> None:
    life = Life()
    for slot in range(1, 5):
        decide(life, slot)
    life.ask(calls.CheckpointCall())
    own = life.service.book.checkpoints[4]
    for numbers in ((1, 2), (1, 2, 3, 4)):
        with pytest.raises(InvalidVote):
            life.ask(calls.StabiliseCall(DOMAIN.stable(4, own.header, own.state, numbers)))
    assert sum(isinstance(record, Decided) for record in life.disk) == 4


def test_what_came_between_checkpoint_and_stability_is_kept() -> None:
    """Votes and batches after the mark stay as they are, behind the new beginning."""
    life = Life()
    for slot in range(1, 5):
        decide(life, slot)
    life.ask(calls.CheckpointCall())
    vote(life, 5, 0)
    decide(life, 5)
    vote(life, 6, 0)
    own = life.service.book.checkpoints[4]
    life.ask(calls.StabiliseCall(DOMAIN.stable(4, own.header, own.state)))
    again = Life(life.disk)
    assert again.stands() == life.stands()
    assert again.service.book.state.sequence == 5
    with pytest.raises(VoteRefused, match="VOTE-1"):
        header = replace(MADE[5][0], time_ms=MADE[5][0].time_ms + 1)
        again.ask(calls.PrepareCall(DOMAIN.pre_prepare(0, header, MADE[5][1])))


@pytest.mark.parametrize("left", [False, True])
def test_views_and_votes_of_before_are_not_forgotten(left: bool) -> None:
    """In a view of its own, maybe on the way to the next; restarted after every step, twice compacted."""
    life = Life()
    life.ask(calls.InstallCall(DOMAIN.new_view(1)))
    if left:
        life.ask(calls.ChangeViewCall(3, DOMAIN.view_changes(2, (1, 2, 3))))
    for slot in range(1, 10):
        if not left:
            vote(life, slot, 1)
        if decide(life, slot, 1).checkpoint_due:
            life.ask(calls.CheckpointCall())
            assert Life(life.disk).stands() == life.stands()
            stabilise(life)
        assert Life(life.disk).stands() == life.stands(), slot
    if left:
        with pytest.raises(VoteRefused, match="VOTE-2: on the way to view 3"):
            vote(Life(life.disk), 10, 1)


def test_a_prepared_slot_of_an_earlier_view_is_still_carried() -> None:
    life = Life()
    for slot in range(1, 5):
        decide(life, slot)
    vote(life, 5, 0)
    life.ask(calls.CheckpointCall())
    stabilise(life)
    (proof,) = Life(life.disk).ask(calls.ChangeViewCall(1, ())).prepared
    assert proof.header == MADE[4][0]


def test_a_snapshot_that_is_not_whole_does_not_start() -> None:
    life = compacted()
    parts = [record for record in life.disk if isinstance(record, SnapshotPart)]
    rest = [record for record in life.disk if not isinstance(record, SnapshotPart)]
    for broken in ([*rest], [*parts, *parts, *rest], [replace(parts[0], data=parts[0].data[:-1]), *rest]):
        with pytest.raises(JournalCorrupt):
            Life(broken)


# --- giving and taking ----------------------------------------------------------------------------------------------


def test_a_vault_whose_journal_is_whole_offers_nothing() -> None:
    with pytest.raises(VoteRefused, match="VOTE-T1"):
        Life().ask(recovery_calls.OfferCall())


def transfer(giver: Life, taker: Life) -> Any:
    offer = giver.ask(recovery_calls.OfferCall())
    taker.ask(recovery_calls.TransferCall(offer))
    piece = giver.ask(recovery_calls.SnapshotCall(offer.checkpoint.sequence, 0))
    return taker.ask(recovery_calls.TransferChunkCall(piece))


def test_a_ledger_is_given_and_taken() -> None:
    giver, taker = compacted(8), Life(number=2)
    status = transfer(giver, taker)
    assert isinstance(status, calls.Status)
    assert (status.sequence, status.low) == (8, 8)
    assert Life(taker.disk, number=2).stands() == taker.stands()
    decide(taker, 9)
    decide(giver, 9)
    assert snapshot.digest(taker.service.book.state) == snapshot.digest(giver.service.book.state)
    third = Life(number=1)
    transfer(taker, third)
    assert third.service.book.state.sequence == 8


def test_pieces_that_are_not_what_was_offered() -> None:
    giver = compacted(8)
    offer = giver.ask(recovery_calls.OfferCall())
    piece = giver.ask(recovery_calls.SnapshotCall(8, 0))
    wrong = (
        replace(piece, data=piece.data[:-1] + bytes([piece.data[-1] ^ 1])),
        replace(piece, data=piece.data[:-1]),
        replace(piece, data=piece.data + b"\0"),
        replace(piece, data=b""),
    )
    for bad in wrong:
        taker = Life(number=2)
        before = taker.stands()
        taker.ask(recovery_calls.TransferCall(offer))
        with pytest.raises(InvalidVote):
            taker.ask(recovery_calls.TransferChunkCall(bad))
        assert (taker.stands(), taker.disk) == (before, [])
        with pytest.raises(VoteRefused, match="VOTE-T1: not the piece that this vault waits for"):
            taker.ask(recovery_calls.TransferChunkCall(piece))
        assert isinstance(transfer(giver, taker), calls.Status)


@pytest.mark.parametrize("length", [0, 2**32 - 1])
def test_offers_of_no_or_endless_length(length: int) -> None:
    offer = replace(compacted(8).ask(recovery_calls.OfferCall()), snapshot_bytes=length)
    with pytest.raises(InvalidVote, match=f"a snapshot of {length} bytes"):
        Life(number=2).ask(recovery_calls.TransferCall(offer))


def test_pieces_that_nobody_waits_for() -> None:
    giver = compacted(8)
    piece = giver.ask(recovery_calls.SnapshotCall(8, 0))
    taker = Life(number=2)
    for bad in (piece, replace(piece, sequence=4), replace(piece, offset=5)):
        with pytest.raises(VoteRefused, match="VOTE-T1"):
            taker.ask(recovery_calls.TransferChunkCall(bad))
    for sequence, offset in ((4, 0), (8, 2**31)):
        with pytest.raises(VoteRefused, match="no such piece"):
            giver.ask(recovery_calls.SnapshotCall(sequence, offset))


# --- lives of the token ---------------------------------------------------------------------------------------------


def test_a_first_life_has_forgotten_nothing() -> None:
    life = Life()
    life.begin()
    assert (life.service.incarnation, life.service.book.forgot) == (1, False)
    assert not any(isinstance(record, Forgot) for record in life.disk)


def test_life_after_life_on_its_own_disk() -> None:
    counter = [0]
    disk: list[Record] = []
    for expected in range(1, 6):
        life = Life(disk, counter=counter)
        life.begin()
        assert (life.service.incarnation, life.service.book.forgot) == (expected, False)
        disk = life.disk


@pytest.mark.parametrize("crash", [0, 1])
def test_a_crash_between_writing_and_counting_is_no_loss(crash: int) -> None:
    """The bound is on disk before the token counts; stopped in between, the next life is not taken for another's."""
    counter = [0]
    life = Life(counter=counter)
    life.begin()
    disk = [*life.disk, LifeRecord(2)]
    counter[0] += crash
    again = Life(disk, counter=counter)
    again.begin()
    assert not again.service.book.forgot


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_disk_that_was_erased_or_put_back_has_forgotten(kept: int) -> None:
    """The token has counted on while this disk was away."""
    counter = [0]
    disk: list[Record] = []
    states = []
    for _ in range(4):
        life = Life(disk, counter=counter)
        life.begin()
        disk = life.disk
        states.append(list(disk))
    old = [] if kept == 0 else states[kept - 1]
    life = Life(old, counter=counter)
    life.begin()
    assert life.service.book.forgot
    assert Forgot() in life.disk
    with pytest.raises(VoteRefused, match="VOTE-4"):
        vote(life, 1, 0)
    after = Life(life.disk, counter=counter)
    after.begin()
    assert after.service.book.forgot  # until a horizon is known
