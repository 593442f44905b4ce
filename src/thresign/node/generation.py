"""Key generation at a node: what the ceremonies want, asked of the vault and said to the other modules."""

from __future__ import annotations

from collections.abc import Callable

from thresign.errors import ThresignError
from thresign.ids import Digest
from thresign.node import events as out
from thresign.node.giving import AskVault
from thresign.orders.batch import Entry
from thresign.orders.merkle import order_hash
from thresign.orders.orders import KeygenOrder
from thresign.orders.statements import CeremonyAbort
from thresign.signing import ceremony
from thresign.signing import events as sign
from thresign.signing.messages import FetchPackage, KeygenPackage
from thresign.vault import calls
from thresign.wire.canonical import Record


class Generation:
    """The ceremonies that this module takes part in."""

    def __init__(
        self,
        number: int,
        ask: AskVault,
        submit: Callable[[Entry], None],
        send: Callable[[out.Send | out.Broadcast], None],
    ) -> None:
        self._ceremonies = ceremony.Ceremonies(number)
        self._ask = ask
        self._submit = submit
        self._send = send

    def received(self, sender: int, message: KeygenPackage | FetchPackage) -> None:
        """A message of another participant."""
        self._carry_out(ceremony.received(self._ceremonies, sender, message))

    def tick(self) -> None:
        """Some time has passed."""
        self._carry_out(ceremony.tick(self._ceremonies))

    def open(self, applied: calls.Applied) -> None:
        """Begins what a decided batch orders."""
        for index, encoded in enumerate(applied.orders):
            if encoded[:8] == KeygenOrder.TAG:
                order = KeygenOrder.decode(encoded)
                opened = ceremony.opened(self._ceremonies, order_hash(encoded), applied.sequence, index, order)
                self._carry_out(opened)

    def over(self, order: bytes) -> None:
        """The ledger knows how this ceremony ended."""
        ceremony.over(self._ceremonies, Digest(order))

    def _carry_out(self, effects: list[ceremony.Effect]) -> None:
        for effect in effects:
            match effect:
                case ceremony.AskStep():
                    self._ask_step(effect)
                case ceremony.AskAbort():
                    reason = calls.printable(effect.reason)[: ceremony.REASON_CHARS_MAX]
                    self._ask(calls.AbortCall(effect.order, effect.culprit, reason), self._abort)
                case sign.Broadcast():
                    self._send(out.Broadcast(effect.message))
                case sign.Send():
                    self._send(out.Send(effect.to, effect.message))
                case sign.Submit():
                    self._submit(effect.entry)

    def _ask_step(self, effect: ceremony.AskStep) -> None:
        leaf, round_ = effect.order, effect.round
        call: Record
        if round_ == 1:
            call = calls.KeygenBeginCall(effect.sequence, effect.place)
        elif round_ == 2:
            call = calls.KeygenDealCall(leaf, effect.packages)
        else:
            call = calls.KeygenFinishCall(leaf, effect.packages)

        def then(reply: Record | ThresignError) -> None:
            if isinstance(reply, calls.KeygenStep):
                self._carry_out(ceremony.stepped(self._ceremonies, leaf, round_, reply.package))
            elif isinstance(reply, ThresignError):
                self._carry_out(ceremony.stepped(self._ceremonies, leaf, round_, reply))

        self._ask(call, then)

    def _abort(self, reply: Record | ThresignError) -> None:
        if isinstance(reply, CeremonyAbort):
            self._submit(reply)
