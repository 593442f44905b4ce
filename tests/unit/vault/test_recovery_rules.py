"""The rules of state transfer and of the rejoin rule, one by one, with what they refuse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.simulation.disks import drive, prepared
from tests.simulation.stubs import sign
from tests.simulation.world import Disk, World
from thresign.errors import InvalidVote, MalformedRecord, ThresignError, VoteRefused
from thresign.limits import SNAPSHOT_BYTES_MAX
from thresign.orders.batch import Batch
from thresign.orders.header import Phase
from thresign.orders.votes import NO_ROSTER, Checkpoint, HorizonReport, SignedVote, ViewChange
from thresign.vault import calls, recovery_calls
from thresign.vault.service import Service
from thresign.wire.canonical import Record


@pytest.fixture(scope="module")
def world() -> World:
    made = prepared(11, retain=0, interval=4)
    drive(made, 11)
    made.run_until(made.now + 8000)
    return made


@pytest.fixture
def erased(world: World) -> Iterator[Service]:
    """The vault of module 4 on an empty disk, its node away."""
    module = world.modules[4]
    if module.replica is not None:
        world.crash_node(module)
        world.crash_vault(module)
    module.vault_disk = Disk()
    world.start_vault(module)
    assert module.service is not None
    yield module.service


def of(world: World, number: int) -> Service:
    service = world.modules[number].service
    assert service is not None
    return service


def ask(service: Service, call: Record) -> Record:
    return service.serve(call, 0).reply


def offered(world: World) -> recovery_calls.Offer:
    reply = ask(of(world, 1), recovery_calls.OfferCall())
    assert isinstance(reply, recovery_calls.Offer)
    return reply


def piece(world: World, offset: int = 0) -> recovery_calls.SnapshotChunk:
    reply = ask(of(world, 1), recovery_calls.SnapshotCall(offered(world).checkpoint.sequence, offset))
    assert isinstance(reply, recovery_calls.SnapshotChunk)
    return reply


def report(world: World, number: int, incarnation: int) -> HorizonReport:
    reply = ask(of(world, number), recovery_calls.ReportCall(4, incarnation))
    assert isinstance(reply, HorizonReport)
    return reply


def test_a_ledger_is_taken_over(world: World, erased: Service) -> None:
    offer = offered(world)
    assert isinstance(ask(erased, recovery_calls.TransferCall(offer)), calls.Done)
    ballot = erased.serve(recovery_calls.TransferChunkCall(piece(world)), 0)
    assert isinstance(ballot.reply, calls.Status)
    assert (ballot.reply.sequence, ballot.reply.low) == (offer.checkpoint.sequence, offer.checkpoint.sequence)
    assert ballot.mark
    assert ballot.base, "the journal begins with what was taken over"
    assert offered(world) == ask(erased, recovery_calls.OfferCall()), "it can be passed on"
    with pytest.raises(VoteRefused, match="VOTE-T1"):
        ask(erased, recovery_calls.TransferCall(offer))


def forged(offer: recovery_calls.Offer, what: str) -> recovery_calls.Offer:
    checkpoint = offer.checkpoint
    match what:
        case "state":
            return replace(offer, checkpoint=replace(checkpoint, state=bytes(32)))
        case "too few":
            return replace(offer, checkpoint=replace(checkpoint, signatures=checkpoint.signatures[:-1]))
        case "one twice":
            first = checkpoint.signatures[0]
            return replace(offer, checkpoint=replace(checkpoint, signatures=(first,) * len(checkpoint.signatures)))
        case "domain":
            return replace(offer, checkpoint=replace(checkpoint, domain=bytes(32)))
        case "other slot":
            header = replace(offer.decided.header, sequence=offer.decided.header.sequence + 1)
            return replace(offer, decided=replace(offer.decided, header=header))
        case "commits":
            return replace(offer, decided=replace(offer.decided, view=offer.decided.view + 1))
        case "length 0":
            return replace(offer, snapshot_bytes=0)
    return replace(offer, snapshot_bytes=SNAPSHOT_BYTES_MAX + 1)


@pytest.mark.parametrize(
    "what", ["state", "too few", "one twice", "domain", "other slot", "commits", "length 0", "too long"]
)
def test_forged_offers(world: World, erased: Service, what: str) -> None:
    with pytest.raises(ThresignError) as refused:
        ask(erased, recovery_calls.TransferCall(forged(offered(world), what)))
    assert refused.type is (MalformedRecord if what == "one twice" else InvalidVote)
    with pytest.raises(VoteRefused, match="VOTE-T1"):
        ask(erased, recovery_calls.TransferChunkCall(piece(world)))


@pytest.mark.parametrize("at", [8, 60, -1])
def test_an_altered_snapshot_changes_nothing(world: World, erased: Service, at: int) -> None:
    ask(erased, recovery_calls.TransferCall(offered(world)))
    data = bytearray(piece(world).data)
    data[at] ^= 1
    with pytest.raises(InvalidVote):
        ask(erased, recovery_calls.TransferChunkCall(replace(piece(world), data=bytes(data))))
    assert erased.book.state.sequence == 0
    assert erased.recovery.begun is None


def test_pieces_come_in_order(world: World, erased: Service) -> None:
    ask(erased, recovery_calls.TransferCall(offered(world)))
    for wrong in (replace(piece(world), offset=1), replace(piece(world), sequence=1)):
        with pytest.raises(VoteRefused, match="VOTE-T1"):
            ask(erased, recovery_calls.TransferChunkCall(wrong))
    short = replace(piece(world), data=piece(world).data[:-1])
    with pytest.raises(InvalidVote, match="not as long"):
        ask(erased, recovery_calls.TransferChunkCall(short))


def test_an_erased_disk_does_not_vote(world: World, erased: Service) -> None:
    assert erased.book.forgot, "its token has lived before"
    for call in (
        calls.ProposeCall(0, Batch(())),
        calls.ChangeViewCall(1, ()),
        calls.NewViewCall(3, ()),
        recovery_calls.ReportCall(1, 1),
    ):
        with pytest.raises(VoteRefused, match=r"VOTE-4|VOTE-N1"):
            ask(erased, call)


def test_reports_of_q_others_set_the_horizon(world: World, erased: Service) -> None:
    reports = [report(world, number, erased.incarnation) for number in (1, 2, 3)]
    for given, said in enumerate(reports):
        memory = ask(erased, recovery_calls.RejoinCall(said))
        again = ask(erased, recovery_calls.RejoinCall(said))
        assert isinstance(memory, recovery_calls.Memory)
        assert isinstance(again, recovery_calls.Memory)
        assert again == memory
        assert memory.forgot == int(given < 2)
    proven = max(said.decided[0].header.sequence for said in reports)
    assert erased.book.horizon == proven + 2
    assert erased.book.view_horizon == max(said.entered for said in reports) + 1
    with pytest.raises(VoteRefused, match="VOTE-4"):
        ask(erased, calls.ChangeViewCall(1, ()))


def sealed(report: HorizonReport, world: World) -> HorizonReport:
    member = world.roster.member(report.number)
    assert member is not None
    return replace(report, signature=sign(member.vote_key, report.signed_bytes()))


@pytest.mark.parametrize("what", ["signature", "asker", "life", "own", "stranger", "domain", "certificate", "view"])
def test_reports_that_are_refused(world: World, erased: Service, what: str) -> None:
    good = report(world, 1, erased.incarnation)
    decided = good.decided[0]
    bad = {
        "signature": replace(good, signature=bytes(64)),
        "asker": sealed(replace(good, asker=3), world),
        "life": sealed(replace(good, incarnation=erased.incarnation - 1), world),
        "own": sealed(replace(good, number=4), world),
        "stranger": replace(good, number=9),
        "domain": sealed(replace(good, domain=bytes(32)), world),
        "certificate": sealed(replace(good, decided=(replace(decided, view=decided.view + 1),)), world),
        "view": sealed(replace(good, entered=good.entered + 2), world),
    }[what]
    with pytest.raises(InvalidVote):
        ask(erased, recovery_calls.RejoinCall(bad))
    assert erased.recovery.reports == {}


def test_only_other_members_get_a_report(world: World) -> None:
    for asker in (1, 9, 0):
        with pytest.raises(VoteRefused, match="VOTE-R1"):
            ask(of(world, 1), recovery_calls.ReportCall(asker, 1))


# --- reminders ------------------------------------------------------------------------------------------------------


def shown(world: World, kind: str, number: int = 2) -> Record:
    """Something that module 2 never signed as far as its disk knows, with its own signature."""
    book = of(world, 2).book
    key = world.modules[number].key
    assert book.decided is not None
    header = replace(book.decided.header, sequence=book.state.sequence + 1)
    message: SignedVote | ViewChange | Checkpoint
    match kind:
        case "vote on the next slot":
            message = SignedVote(Phase.PREPARE, book.view, header, number, bytes(64))
        case "vote far ahead":
            far = replace(header, sequence=header.sequence + 9)
            message = SignedVote(Phase.COMMIT, book.view, far, number, bytes(64))
        case "vote on a decided slot":
            message = SignedVote(Phase.COMMIT, book.view, book.decided.header, number, bytes(64))
        case "view-change":
            message = ViewChange(world.domain, 0, world.roster.digest(), book.entered + 1, number, (), (), bytes(64))
        case _:
            fields = (world.domain, 0, world.roster.digest(), header.sequence, bytes(32), bytes(32), NO_ROSTER)
            message = Checkpoint(*fields, number, bytes(64))
    return replace(message, signature=sign(key, message.signed_bytes()))


def reminder(message: Record) -> recovery_calls.Reminder:
    return recovery_calls.Reminder(
        (message,) if isinstance(message, SignedVote) else (),
        (message,) if isinstance(message, ViewChange) else (),
        (message,) if isinstance(message, Checkpoint) else (),
    )


PROOFS = ["vote on the next slot", "vote far ahead", "view-change", "checkpoint"]


@pytest.mark.parametrize("kind", PROOFS)
def test_own_signature_that_the_disk_does_not_know(world: World, kind: str) -> None:
    service = of(world, 2)
    ballot = service.serve(reminder(shown(world, kind)), 0)
    assert isinstance(ballot.reply, recovery_calls.Memory)
    assert ballot.reply.forgot == 1
    assert ballot.sync
    service.book.forgot = False


@pytest.mark.parametrize("kind", PROOFS)
@pytest.mark.parametrize("how", ["another's", "unsigned", "other domain"])
def test_what_does_not_carry_its_signature_proves_nothing(world: World, kind: str, how: str) -> None:
    message = shown(world, kind, 3 if how == "another's" else 2)
    if how == "unsigned":
        message = replace(message, signature=bytes(64))
    elif how == "other domain":
        where = {"header": replace(message.header, domain=bytes(32))} if isinstance(message, SignedVote) else {}
        message = replace(message, **(where or {"domain": bytes(32)}))
    assert of(world, 2).serve(reminder(message), 0).reply == recovery_calls.Memory(0, 0, ())


def test_a_vote_on_a_decided_slot_proves_nothing(world: World) -> None:
    shown_vote = shown(world, "vote on a decided slot")
    assert of(world, 2).serve(reminder(shown_vote), 0).reply == recovery_calls.Memory(0, 0, ())
