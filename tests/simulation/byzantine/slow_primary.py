"""A primary that is as slow as it can be without being left: every proposal just under the others' timeout."""

from __future__ import annotations

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.agreement.pbft.messages import Standing
from thresign.agreement.pbft.state import Timing
from thresign.orders.votes import NewView, PrePrepare
from thresign.wire.canonical import Record

JUST_UNDER = 0.93


class SlowPrimary(Behaviour):
    """Its proposals and new-views leave late; it never says that it suspects anybody."""

    name = "slow primary"

    def outgoing(self, to: int, message: Record) -> Sent:
        if isinstance(message, PrePrepare | NewView):
            self.later(Timing().progress_ms * JUST_UNDER, to, message)
            return []
        if isinstance(message, Standing) and message.suspects:
            return []
        return [(to, message)]
