"""The table of contents of the protocol: one event in, the effects out."""

from __future__ import annotations

from thresign.agreement.pbft import (
    catch_up,
    checkpoint,
    commit,
    decide,
    prepare,
    progress,
    propose,
    rejoin,
    transfer,
    view_change,
    witness,
)
from thresign.agreement.pbft.events import (
    Answered,
    Ask,
    BodyArrived,
    Broadcast,
    Effect,
    Event,
    PeerDown,
    PeerUp,
    Received,
    SetTimer,
    Signing,
    Submitted,
    Timer,
    TimerFired,
    VaultDown,
    VaultUp,
)
from thresign.agreement.pbft.messages import (
    AskReminder,
    BodyOf,
    DecidedBatch,
    FetchBody,
    FetchDecided,
    FetchProposal,
    FetchView,
    Forward,
    Message,
    Mute,
    Standing,
    ViewChanges,
)
from thresign.agreement.pbft.state import Core
from thresign.orders.header import Phase
from thresign.orders.succession import Succession
from thresign.orders.votes import (
    Checkpoint,
    CheckpointCertificate,
    HorizonReport,
    NewView,
    PrePrepare,
    SignedVote,
    ViewChange,
    Vote,
)
from thresign.vault.calls import Status
from thresign.vault.recovery_calls import Offer, Reminder, SnapshotChunk


def step(core: Core, event: Event) -> list[Effect]:
    """Takes in one event; returns what is to be done, in order. Never raises for anything that came from outside."""
    core.out = []
    match event:
        case Received():
            if _heard(core, event.sender) and not _of_another_epoch(core, event.message):
                _received(core, event)
        case Answered():
            if event.tag in core.asked:
                core.asked.discard(event.tag)
                _answered(core, event)
        case Submitted():
            propose.submit(core, event.entries)
        case Signing():
            core.signing = event.busy
        case TimerFired():
            _timer(core, event.timer)
        case VaultUp():
            catch_up.vault_up(core, event.status)
        case VaultDown():
            core.vault_up = False
            core.asked.clear()
            core.out.append(Broadcast(Mute()))
        case PeerUp():
            core.peers_up.add(event.number)
            catch_up.greet(core, event.number)
        case PeerDown():
            core.peers_up.discard(event.number)
            core.mute.discard(event.number)
            core.ahead.pop(event.number, None)
            progress.peer_lost(core, event.number)
            if core.transfer is not None and core.transfer.sender == event.number:
                transfer.give_up(core, None)
        case BodyArrived():
            prepare.retry(core)
    if core.vault_up:
        _advance(core)
    return core.out


def _advance(core: Core) -> None:
    """What can be done now, whatever happened before."""
    decide.next_decided(core)
    prepare.take_early(core)
    propose.propose(core)
    progress.watch(core)


def _heard(core: Core, sender: int) -> bool:
    """Members are; a module that is none itself cannot know who has joined, and has its vault look at everything."""
    return sender != core.number and (core.roster.member(sender) is not None or not core.member)


def _of_another_epoch(core: Core, message: Message) -> bool:
    """True for what is signed under another roster: it does not count here, and is said again. [PBFT-E1]"""
    match message:
        case PrePrepare() | SignedVote():
            return message.header.roster_epoch != core.roster.epoch
        case ViewChange() | NewView() | Checkpoint() | CheckpointCertificate() | HorizonReport():
            return message.roster_epoch != core.roster.epoch
        case _:
            return False


def _received(core: Core, event: Received) -> None:
    message, sender = event.message, event.sender
    match message:
        case PrePrepare():
            prepare.on_pre_prepare(core, sender, message)
        case Vote():
            if message.number == sender:
                if message.phase == Phase.PREPARE:
                    commit.on_prepare(core, message)
                else:
                    decide.on_commit(core, message)
        case Forward():
            propose.on_forward(core, sender, message.batch)
        case Standing():
            catch_up.on_standing(core, sender, message)
        case Mute():
            progress.on_mute(core, sender)
        case ViewChange():
            view_change.on_view_change(core, sender, message)
        case ViewChanges():
            for change in message.changes:
                view_change.on_view_change(core, sender, change)
        case NewView():
            view_change.on_new_view(core, message)
        case Checkpoint():
            if message.number == sender:
                checkpoint.on_checkpoint(core, message)
        case CheckpointCertificate():
            checkpoint.on_certificate(core, message)
        case FetchDecided():
            catch_up.on_fetch_decided(core, sender, message)
        case DecidedBatch():
            catch_up.on_decided_batch(core, message)
        case FetchBody():
            catch_up.on_fetch_body(core, sender, message)
        case BodyOf():
            propose.on_body(core, message)
        case FetchView():
            view_change.on_fetch_view(core, sender)
        case _:
            _received_apart(core, sender, message)


def _received_apart(core: Core, sender: int, message: Message) -> None:
    """What is not about deciding: taking a ledger over, reminding, and witnessing."""
    match message:
        case Offer():
            transfer.on_offer(core, sender, message)
        case SnapshotChunk():
            transfer.on_chunk(core, sender, message)
        case HorizonReport():
            if message.number == sender:
                rejoin.on_report(core, message)
        case Reminder():
            rejoin.on_reminder(core, sender, message)
            view_change.collect(core)
        case FetchProposal():
            witness.on_fetch_proposal(core, sender, message)
        case SignedVote():
            witness.on_signed_vote(core, message)
        case AskReminder():
            rejoin.on_ask_reminder(core, sender, message)
        case Succession():
            checkpoint.on_succession(core, message)


def _answered(core: Core, event: Answered) -> None:
    tag, reply = event.tag, event.reply
    match tag.ask:
        case Ask.PROPOSE:
            propose.proposed(core, tag, reply)
        case Ask.REPROPOSE:
            propose.reproposed(core, tag, reply)
        case Ask.PREPARE:
            prepare.prepared(core, tag, reply)
        case Ask.COMMIT:
            commit.committed(core, tag, reply)
        case Ask.DECIDE:
            decide.decided(core, tag, reply)
        case Ask.CHANGE_VIEW:
            view_change.changed(core, tag, reply)
        case Ask.NEW_VIEW:
            view_change.led(core, tag, reply)
        case Ask.INSTALL:
            view_change.installed(core, tag, reply)
        case Ask.CHECKPOINT:
            checkpoint.taken(core, reply)
        case Ask.STABILISE:
            if isinstance(reply, Status):
                catch_up.switched(core, reply)
            else:
                checkpoint.stabilised(core, tag, reply)
        case Ask.JUDGE:
            progress.judged(core, reply)
        case Ask.TRANSFER:
            transfer.offer_checked(core, tag, reply)
        case Ask.CHUNK:
            transfer.chunk_taken(core, reply)
        case Ask.REMIND | Ask.REJOIN:
            rejoin.remembered(core, tag, reply)
            view_change.collect(core)


def _timer(core: Core, timer: Timer) -> None:
    match timer:
        case Timer.PROGRESS:
            progress.no_progress(core)
        case Timer.VIEW:
            view_change.no_view(core)
        case Timer.STANDING:
            catch_up.tick(core)
            core.out.append(SetTimer(Timer.STANDING, core.timing.standing_ms))
        case Timer.RETRY:
            core.stalled = False
            prepare.retry(core)
        case Timer.GATHER:
            core.gathered = True
        case Timer.FETCH:
            if core.transfer is not None:
                transfer.overdue(core)
            else:
                catch_up.fetch(core)
