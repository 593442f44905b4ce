"""CHECKPOINT: q equal statements about the ledger make it stable."""

from __future__ import annotations

from thresign.agreement.pbft import witness
from thresign.agreement.pbft.events import Ask, Broadcast, Stable, Suspect, Tag
from thresign.agreement.pbft.state import Core
from thresign.errors import InvalidVote, ThresignError
from thresign.limits import WINDOW_SLOTS
from thresign.orders.header import MemberSignature
from thresign.orders.succession import Succession
from thresign.orders.votes import Checkpoint, CheckpointCertificate
from thresign.vault import calls, recovery_calls
from thresign.wire.canonical import Record


def taken(core: Core, reply: Record | ThresignError) -> None:
    """The vault signed its checkpoint: tell all."""
    if isinstance(reply, Checkpoint):
        core.out.append(Broadcast(reply))
        on_checkpoint(core, reply)


def on_checkpoint(core: Core, message: Checkpoint) -> None:
    """Counts a checkpoint within the watermarks, the first of its sender at that sequence. [PBFT-K1]"""
    if not core.low < message.sequence <= core.sequence + WINDOW_SLOTS:
        return
    witness.see(core, message)
    held = core.checkpoints.setdefault(message.sequence, {})
    held.setdefault(message.number, message)
    check_stable(core, message.sequence)


def check_stable(core: Core, sequence: int, refused: CheckpointCertificate | None = None) -> None:
    """Asks the vault to move the low watermark once q checkpoints say the same as this module's own; not with what it
    has just refused."""
    own = core.checkpoints.get(sequence, {}).get(core.number)
    if own is None:
        return
    same = {
        number: message.signature
        for number, message in core.checkpoints[sequence].items()
        if _content(message) == _content(own)
    }
    if len(same) < core.roster.q:
        return
    chosen = tuple(MemberSignature(number, same[number]) for number in sorted(same)[: core.roster.q])
    certificate = CheckpointCertificate(*_content(own), chosen)
    if certificate != refused:
        _stabilise(core, certificate)


def _content(message: Checkpoint) -> tuple[bytes, int, bytes, int, bytes, bytes, bytes]:
    """What it says, whoever says it."""
    place = (message.domain, message.roster_epoch, message.roster, message.sequence)
    return (*place, message.header, message.state, message.next)


def on_succession(core: Core, link: Succession) -> None:
    """The next roster follows, elsewhere: here too, if this module has come to the end of its own roster's epoch. The
    vault verifies it. [PBFT-E2]"""
    if (link.certificate.roster_epoch, link.sequence) == (core.roster.epoch, core.sequence):
        _stabilise(core, link.certificate)


def on_certificate(core: Core, certificate: CheckpointCertificate) -> None:
    """A checkpoint is stable elsewhere: here too, if ours says the same. Lost messages are made up for so."""
    own = core.checkpoints.get(certificate.sequence, {}).get(core.number)
    if certificate.sequence > core.low and own is not None:
        _stabilise(core, certificate)


def _stabilise(core: Core, certificate: CheckpointCertificate) -> None:
    """One at a time; what is left out now is said again by the others."""
    if core.vault_up and not core.asking(Ask.STABILISE):
        core.stabilising = certificate
        core.ask(Ask.STABILISE, core.view, certificate.sequence, calls.StabiliseCall(certificate))


def stabilised(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The low watermark moved: what lies below is forgotten."""
    certificate, core.stabilising = core.stabilising, None
    if not isinstance(reply, recovery_calls.Stabilised):
        if certificate is not None and isinstance(reply, InvalidVote):
            _drop_invalid(core, certificate, reply)
        # What came together meanwhile was left out: else whoever sends what does not verify, one after the other, could
        # keep an epoch from its end.
        check_stable(core, core.sequence, certificate)
        return
    core.low = max(core.low, reply.low)
    if certificate is not None and certificate.sequence == tag.sequence:
        core.stable = certificate
    core.checkpoints = {at: held for at, held in core.checkpoints.items() if at > core.low}
    core.out.append(Stable(core.low, reply.base))


def _drop_invalid(core: Core, certificate: CheckpointCertificate, error: InvalidVote) -> None:
    """A checkpoint whose signature does not verify is dropped, and the rest tried without it. The certificate may have
    come from anybody: only what its signer itself sent here so is held against it."""
    held = core.checkpoints.get(certificate.sequence, {})
    for wrong in certificate.signatures:
        message = held.get(wrong.number)
        if wrong.number in error.culprits and message is not None and message.signature == wrong.signature:
            core.out.append(Suspect(wrong.number, error.detail))
            del held[wrong.number]
    check_stable(core, certificate.sequence, certificate)


def say_again(core: Core) -> None:
    """Checkpoints that are not stable yet are said again: without a stable one, votes end at the high watermark."""
    for sequence, held in core.checkpoints.items():
        if core.number in held and sequence > core.low:
            core.out.append(Broadcast(held[core.number]))
