"""Lies to a module that fell behind: the ledger that it is offered is not the one that it gets, or not needed."""

from __future__ import annotations

import contextlib

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.agreement.pbft.messages import DecidedBatch, FetchDecided
from thresign.errors import VoteRefused
from thresign.orders.votes import HorizonReport
from thresign.signing.messages import Held, PartialsOf, Result
from thresign.vault.recovery_calls import Offer, OfferCall, Reminder, SnapshotChunk
from thresign.wire.canonical import Record


class CorruptSnapshots(Behaviour):
    """It alters pieces, offers what no quorum signed, or offers well and sends nothing; and it reminds nobody of
    anything, and reports no horizon that it could not have invented."""

    name = "corrupt snapshots"
    kinds: tuple[str, ...] = ("piece", "offer", "silence")

    def outgoing(self, to: int, message: Record) -> Sent:
        kind = self.rng.choice(self.kinds)
        match message:
            case SnapshotChunk() if kind != "offer":
                self.lied()
                if kind == "silence":
                    return []
                data = bytearray(message.data)
                data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
                return [(to, replace(message, data=bytes(data)))]
            case Offer() if kind == "offer":
                self.lied()
                return [(to, replace(message, checkpoint=replace(message.checkpoint, state=self.rng.randbytes(32))))]
            case Reminder():
                return [(to, Reminder((), (), ()))]
            case HorizonReport():
                self.lied()
                return [(to, self.signed(replace(message, entered=message.entered + self.rng.choice([1, 2, 1 << 40]))))]
        return [(to, message)]


class PushedLedger(Behaviour):
    """It offers its ledger, a true one, to whoever asks it for batches, and keeps partials and results to itself: who
    takes the ledger over knows nothing of the orders in between, and with this one they are too many for a quorum. Not
    drawn by seeds; see tests.simulation.disks."""

    name = "pushed ledger"

    def outgoing(self, to: int, message: Record) -> Sent:
        if isinstance(message, Held | Result | PartialsOf | DecidedBatch):
            self.lied()
            return []
        return [(to, message)]

    def incoming(self, sender: int, message: Record) -> bool:
        if not isinstance(message, FetchDecided) or self.module.service is None:
            return True
        with contextlib.suppress(VoteRefused):  # there is no stable checkpoint yet
            offer = self.module.service.serve(OfferCall(), 0).reply
            self.say(sender, offer)
        return False
