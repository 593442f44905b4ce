"""State transfer: a module that is behind what its peers still hold takes over a ledger at a stable checkpoint.

A peer that cannot send the batches offers its snapshot instead. The vault checks the offer's certificates before the
first piece and the digest after the last; a snapshot that is not what a quorum signed costs its sender this module's
trust in its offers, and another peer is asked. Afterwards decided batches follow as usual.
"""

from __future__ import annotations

from thresign.agreement.pbft import catch_up
from thresign.agreement.pbft.events import Ask, Restored, Send, SetTimer, Suspect, Tag, Timer
from thresign.agreement.pbft.messages import FetchSnapshot
from thresign.agreement.pbft.state import Core, Transfer
from thresign.errors import InvalidVote, ThresignError
from thresign.vault import calls, recovery_calls
from thresign.wire.canonical import Record

PATIENCE = 8
"""A piece may take this many times as long as a decided batch."""


def on_offer(core: Core, sender: int, offer: recovery_calls.Offer) -> None:
    """Has the vault check an offer that is ahead of this module, from the peer that was asked for decided batches; one
    at a time, and only once all that are ahead were asked, an honest one among them: the orders of batches that are
    skipped are not walked here, so that a liar who offers its ledger to all who lag could keep them from a quorum.
    [PBFT-T1]"""
    ahead = offer.checkpoint.sequence > core.sequence
    if core.transfer is not None or not core.vault_up or not ahead or core.next in core.decided:
        return
    if sender != core.fetching:
        return
    if core.refused_offers.get(sender, 0) >= offer.checkpoint.sequence:
        return
    others = catch_up.untried(core)
    if others or len(core.tried) <= core.roster.f:
        core.out.append(SetTimer(Timer.FETCH, 0 if others else core.timing.fetch_ms))
        return
    core.transfer = Transfer(sender, offer)
    core.ask(Ask.TRANSFER, 0, offer.checkpoint.sequence, recovery_calls.TransferCall(offer))


def offer_checked(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault waits for the pieces, or the offer was none."""
    if core.transfer is None or core.transfer.sequence != tag.sequence:
        return
    if isinstance(reply, calls.Done):
        _fetch(core)
    else:
        give_up(core, reply)


def _fetch(core: Core) -> None:
    transfer = core.transfer
    if transfer is not None:
        core.out.append(Send(transfer.sender, FetchSnapshot(transfer.sequence, transfer.offset)))
        core.out.append(SetTimer(Timer.FETCH, PATIENCE * core.timing.fetch_ms))


def on_chunk(core: Core, sender: int, chunk: recovery_calls.SnapshotChunk) -> None:
    """Gives the vault the piece that was asked for, from who was asked. [PBFT-T2]"""
    transfer = core.transfer
    if transfer is None or sender != transfer.sender or core.asking(Ask.TRANSFER, Ask.CHUNK):
        return
    if (chunk.sequence, chunk.offset) == (transfer.sequence, transfer.offset):
        core.ask(Ask.CHUNK, 0, transfer.offset, recovery_calls.TransferChunkCall(chunk))
        transfer.offset += len(chunk.data)


def chunk_taken(core: Core, reply: Record | ThresignError) -> None:
    """The vault has the piece; after the last one, it stands on the ledger."""
    if core.transfer is None:
        return
    if isinstance(reply, calls.Done):
        _fetch(core)
    elif isinstance(reply, calls.Status):
        core.transfer = None
        core.out.append(Restored(reply))
    else:
        give_up(core, reply)


def overdue(core: Core) -> None:
    """The fetch timer fired during a transfer: if a piece does not come, another peer is asked for all."""
    if core.asking(Ask.TRANSFER, Ask.CHUNK):
        core.out.append(SetTimer(Timer.FETCH, PATIENCE * core.timing.fetch_ms))
    else:
        give_up(core, None)


def give_up(core: Core, reply: Record | ThresignError | None) -> None:
    """Another peer is asked. What was proven wrong is not taken from this sender again."""
    transfer, core.transfer = core.transfer, None
    if transfer is None:
        return
    if isinstance(reply, InvalidVote):
        core.refused_offers[transfer.sender] = transfer.sequence
        core.out.append(Suspect(transfer.sender, f"offered a ledger: {reply.detail}"))
    core.out.append(SetTimer(Timer.FETCH, 0))
