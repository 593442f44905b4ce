"""One replica of a stub domain: the core of agreement with its vault, fed event by event; nothing is sent anywhere.

A test plays the network. What the core asks of its vault waits until the test lets the vault answer, or answers itself.
"""

from __future__ import annotations

from typing import Any, TypeVar

from tests.house.stub_domain import NOW_MS, Checks, StubDomain
from tests.simulation.stubs import Monitor, StubToken
from thresign.agreement.pbft.core import step
from thresign.agreement.pbft.events import (
    Answered,
    Ask,
    AskVault,
    Broadcast,
    Deliver,
    Effect,
    Event,
    PeerUp,
    Received,
    Send,
    SetTimer,
    Signing,
    Suspect,
    Tag,
    Timer,
    TimerFired,
    VaultUp,
)
from thresign.agreement.pbft.state import Core, Timing
from thresign.errors import ThresignError
from thresign.ids import ModuleNumber
from thresign.ledger.ledger import first_state
from thresign.orders.batch import Entry
from thresign.orders.header import Header, Phase
from thresign.vault import calls
from thresign.vault.service import Environment, Service
from thresign.wire.canonical import Record

ENVIRONMENT = Environment("stub", True, "same process", ())
E = TypeVar("E")


class StubNode:
    """Module `number`; connected to all others and with its vault up, unless said.

    The orders of a batch are answered at once, unless it is `signing` them until it is told otherwise.
    """

    def __init__(
        self, number: int = 4, domain: StubDomain | None = None, connected: bool = True, signing: bool = False
    ) -> None:
        self.signing = signing
        self.domain = domain if domain is not None else StubDomain()
        self.number = number
        roster = self.domain.roster
        token = StubToken(number, roster, self.domain.id, Monitor(), [0])
        state = first_state(self.domain.genesis, self.domain.settings)
        self.service = Service(ModuleNumber(number), token, state, ENVIRONMENT, Checks(self.domain))
        self.service.begin_incarnation()
        self.core = Core(number, roster, Timing())
        self.asks: list[AskVault] = []
        self.effects: list[Effect] = []
        self.now_ms = NOW_MS
        self.vault_up()
        if connected:
            for other in self.domain.numbers:
                if other != number:
                    self.step(PeerUp(other))
        self.effects.clear()

    # --- in ---------------------------------------------------------------------------------------------------------

    def step(self, event: Event) -> list[Effect]:
        """The effects of this event; what it asks of the vault waits in `asks`."""
        effects = step(self.core, event)
        if delivered(effects) and not self.signing:
            effects += step(self.core, Signing(False))
        self.effects.extend(effects)
        self.asks.extend(effect for effect in effects if isinstance(effect, AskVault))
        return effects

    def vault_up(self) -> list[Effect]:
        self.asks.clear()
        status = self.service.serve(calls.StatusCall(), self.now_ms).reply
        assert isinstance(status, calls.Status)
        return self.step(VaultUp(status))

    def hear(self, sender: int, message: Any) -> list[Effect]:
        return self.step(Received(sender, message))

    def fire(self, timer: Timer) -> list[Effect]:
        return self.step(TimerFired(timer))

    # --- the vault --------------------------------------------------------------------------------------------------

    def asked(self, *kinds: Ask) -> list[AskVault]:
        """What waits for the vault's answer, of these kinds."""
        return [ask for ask in self.asks if not kinds or ask.tag.ask in kinds]

    def pop(self, kind: Ask) -> AskVault:
        """The one question of this kind that waits."""
        (found,) = self.asked(kind)
        self.asks.remove(found)
        return found

    def answer(self, kind: Ask, reply: Record | ThresignError | None = None) -> list[Effect]:
        """Has the vault answer the one question of this kind, or says what it answers."""
        found = self.pop(kind)
        return self.step(Answered(found.tag, self.serve(found) if reply is None else reply))

    def serve(self, ask: AskVault) -> Record | ThresignError:
        try:
            return self.service.serve(ask.call, self.now_ms).reply
        except ThresignError as error:
            return error

    def settle(self) -> list[Effect]:
        """Has the vault answer everything, and what that leads to."""
        effects: list[Effect] = []
        while self.asks:
            found = self.asks.pop(0)
            effects += self.step(Answered(found.tag, self.serve(found)))
        return effects

    # --- what others would say --------------------------------------------------------------------------------------

    def batch(self, *entries: Entry, leader: StubNode | None = None) -> tuple[Header, bytes]:
        """The header and body of the next batch, as an honest primary's vault would propose it."""
        from tests.house.stub_vault import StubVault  # noqa: PLC0415 - it needs pytest, this file does not

        vault = StubVault(self.domain.numbers[0], self.domain)
        vault.book.state = (leader or self).service.book.state
        made = vault.proposal(entries=entries) if entries else vault.proposal()
        return made.header, made.body

    def others(self, view: int = 0) -> list[int]:
        """The backups of a view that are not this module."""
        primary = self.domain.roster.primary(view)
        return [number for number in self.domain.numbers if number not in (primary, self.number)]

    def prepare(self, view: int = 0, count: int = 1) -> tuple[Header, bytes]:
        """As a backup: takes a proposal in and prepares it."""
        made = self.batch(self.domain.announcement(1, count, self._next_counter()))
        self.hear(self.domain.roster.primary(view), self.domain.pre_prepare(view, *made))
        self.answer(Ask.PREPARE)
        return made

    def decide(self, view: int = 0) -> tuple[Header, bytes]:
        """As a backup: takes a whole slot in, from proposal to delivery."""
        header, body = self.prepare(view)
        for number in self.others(view):
            self.hear(number, self.domain.vote(number, Phase.PREPARE, view, header))
        self.settle()
        for number in self.domain.numbers:
            if number != self.number:
                self.hear(number, self.domain.vote(number, Phase.COMMIT, view, header))
        self.settle()
        return header, body

    def _next_counter(self) -> int:
        pool = self.service.book.state.pools.get((ModuleNumber(1), 1))
        return pool.next_counter if pool is not None else 0

    # --- looking ----------------------------------------------------------------------------------------------------

    def said(self, kind: type[E], effects: list[Effect] | None = None) -> list[E]:
        """What was broadcast of this kind."""
        return [
            effect.message  # type: ignore[misc]
            for effect in (self.effects if effects is None else effects)
            if isinstance(effect, Broadcast) and isinstance(effect.message, kind)
        ]


def sent(effects: list[Effect], kind: type[E]) -> list[tuple[int, E]]:
    """What was sent to one module, of this kind."""
    return [(e.to, e.message) for e in effects if isinstance(e, Send) and isinstance(e.message, kind)]  # type: ignore[misc]


def of(effects: list[Effect], kind: type[E]) -> list[E]:
    """The effects of this kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def suspected(effects: list[Effect]) -> list[int]:
    return [effect.number for effect in of(effects, Suspect)]


def timers(effects: list[Effect]) -> dict[Timer, int]:
    """Timers that were set, and after how many milliseconds they fire."""
    return {effect.timer: effect.after_ms for effect in of(effects, SetTimer)}


def delivered(effects: list[Effect]) -> list[int]:
    return [effect.applied.sequence for effect in of(effects, Deliver)]


__all__ = ["Ask", "StubNode", "Tag", "Timer", "delivered", "of", "sent", "suspected", "timers"]
