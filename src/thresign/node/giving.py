"""What a node gives to modules that fell behind or forgot: its vault's snapshot in pieces, and horizon reports.

One question of a kind is open for each peer: a peer that asks faster than it is answered is not heard.
"""

from __future__ import annotations

from collections.abc import Callable

from thresign.agreement.pbft.messages import AskHorizon, FetchSnapshot
from thresign.errors import ThresignError
from thresign.node import events as out
from thresign.orders.votes import HorizonReport
from thresign.vault import recovery_calls
from thresign.wire.canonical import Record

ANSWERS = (recovery_calls.Offer, recovery_calls.SnapshotChunk, HorizonReport)

AskVault = Callable[[Record, Callable[[Record | ThresignError], None]], None]


class Giving:
    """Passes questions of peers on to the vault, and its answers back."""

    def __init__(self, ask: AskVault, send: Callable[[out.Send], None]) -> None:
        self._ask = ask
        self._send = send
        self._open: set[tuple[int, type[Record]]] = set()

    def vault_lost(self) -> None:
        """What was asked will not be answered."""
        self._open.clear()

    def said(self, sender: int, message: Record) -> bool:
        """Takes a message in; False if it is none of these."""
        if isinstance(message, FetchSnapshot):
            self._pass_on(sender, recovery_calls.SnapshotCall(message.sequence, message.offset))
        elif isinstance(message, AskHorizon):
            self._pass_on(sender, recovery_calls.ReportCall(sender, message.incarnation))
        else:
            return False
        return True

    def not_held(self, to: int) -> None:
        """A peer needs batches that are not here any more: it is offered the ledger."""
        self._pass_on(to, recovery_calls.OfferCall())

    def _pass_on(self, to: int, call: Record) -> None:
        place = (to, type(call))
        if place in self._open:
            return
        self._open.add(place)

        def then(reply: Record | ThresignError) -> None:
            self._open.discard(place)
            if isinstance(reply, ANSWERS):
                self._send(out.Send(to, reply))

        self._ask(call, then)
