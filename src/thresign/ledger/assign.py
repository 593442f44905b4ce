"""The assignment of an order: which signers, which of their announced nonces, who coordinates first.

A pure function of the ledger after the previous batch, the header's agreed time and what earlier orders of the same
batch took. Nobody proposes it; every vault computes it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection

import msgspec

from thresign.frost import suites
from thresign.ids import ModuleNumber
from thresign.ledger.state import Key, Pool, State
from thresign.ledger.verdicts import Change, Later
from thresign.orders.orders import SignerSlot
from thresign.trust.assignment import choose
from thresign.trust.standing import Standing


class Assignment(msgspec.Struct, frozen=True):
    """Signers rise by number."""

    signers: tuple[SignerSlot, ...]
    coordinator: int


class _Supply:
    """The commitments of one module in one group that have not expired, handed out in order."""

    __slots__ = ("_left", "first", "incarnation", "taken")

    def __init__(self, pool: Pool, time_ms: int) -> None:
        self.incarnation = pool.incarnation
        # Expired nonces stand at the front; applying the batch drops them before it consumes any.
        self._left = itertools.dropwhile(lambda nonce: nonce.expires_ms <= time_ms, pool.nonces)
        self.first = next(self._left, None)
        """What is handed out next."""
        self.taken = 0

    def take(self, number: int) -> SignerSlot:
        nonce = self.first
        if nonce is None:
            raise LookupError("the nonce was there when the signer was weighed")
        self.first = next(self._left, None)
        self.taken += 1
        return SignerSlot(number, self.incarnation, nonce.counter, nonce.hiding, nonce.binding)


class Assigner:
    """Hands out nonces and credit within one batch. The state does not change meanwhile."""

    def __init__(self, state: State, time_ms: int) -> None:
        self._state = state
        self._time_ms = time_ms
        self._supplies: dict[tuple[ModuleNumber, int], _Supply] = {}
        self._eligible: dict[tuple[tuple[ModuleNumber, ...], int], list[tuple[ModuleNumber, int, _Supply | None]]] = {}
        """Of these participants, with nonces of this group: number, weight, supply."""
        self._credits = dict(state.credits)

    def assign(self, key: Key, avoid: Collection[int] = ()) -> Assignment | Later:
        """Chooses key.min_signers of the key's participants; those in `avoid` come last, after those held silent."""
        group = suites.BY_ID[key.suite].group
        eligible = self._eligible.get((key.participants, group))
        if eligible is None:
            eligible = self._eligible[key.participants, group] = self._find(key.participants, group)
        weights: dict[int, int] = {
            number: 0 if number in avoid else weight
            for number, weight, supply in eligible
            if supply is not None and supply.first is not None
        }
        if len(weights) < key.min_signers:
            without_nonces = len(eligible) - len(weights)
            return Later(
                f"{len(weights)} signers are ready, {key.min_signers} are needed"
                + (f"; {without_nonces} have no nonces announced" if without_nonces else "")
            )
        chosen, credits = choose(weights, self._credits, key.min_signers, avoid)
        self._credits.update(credits)
        slots = tuple([self._supplies[ModuleNumber(number), group].take(number) for number in sorted(chosen)])
        return Assignment(slots, chosen[0])

    def change(self) -> Change | None:
        """Consumes what was handed out. Applied before the changes of the batch's entries."""
        taken = {place: supply.taken for place, supply in self._supplies.items() if supply.taken}
        credits = self._credits
        if not taken:
            return None

        def apply(state: State) -> None:
            for place, count in taken.items():
                nonces = state.pools[place].nonces
                for _ in range(count):
                    nonces.popleft()
            state.credits.update(credits)

        return apply

    def _find(
        self, participants: tuple[ModuleNumber, ...], group: int
    ) -> list[tuple[ModuleNumber, int, _Supply | None]]:
        found = []
        for number in participants:
            standing = self._state.standings.get(number, Standing())
            if self._state.roster.member(number) is not None and standing.eligible:
                found.append((number, standing.weight, self._supply(number, group)))
        return found

    def _supply(self, number: ModuleNumber, group: int) -> _Supply | None:
        place = (number, group)
        pool = self._state.pools.get(place)
        if pool is not None and place not in self._supplies:
            self._supplies[place] = _Supply(pool, self._time_ms)
        return self._supplies.get(place)
