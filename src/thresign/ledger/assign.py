"""The assignment of an order: which signers, which of their announced nonces, who coordinates first.

A pure function of the ledger after the previous batch, the header's agreed time and what earlier orders of the same
batch took. Nobody proposes it; every vault computes it.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from thresign.frost import suites
from thresign.ids import ModuleNumber
from thresign.ledger.state import Key, Nonce, State
from thresign.ledger.verdicts import Change, Later
from thresign.orders.orders import SignerSlot
from thresign.trust.assignment import choose
from thresign.trust.standing import Standing


class Assignment(msgspec.Struct, frozen=True):
    """Signers rise by number."""

    signers: tuple[SignerSlot, ...]
    coordinator: int


class Assigner:
    """Hands out nonces and credit within one batch."""

    def __init__(self, state: State, time_ms: int) -> None:
        self._state = state
        self._time_ms = time_ms
        self._taken: dict[tuple[ModuleNumber, int], int] = {}
        self._credits = dict(state.credits)

    def assign(self, key: Key, avoid: Collection[int] = ()) -> Assignment | Later:
        """Chooses key.min_signers of the key's participants; those in `avoid` come last."""
        group = suites.BY_ID[key.suite].group
        weights: dict[int, int] = {}
        without_nonces = 0
        for number in key.participants:
            standing = self._state.standings.get(number, Standing())
            if self._state.roster.member(number) is None or not standing.eligible:
                continue
            if self._next(number, group) is None:
                without_nonces += 1
                continue
            weights[number] = 0 if number in avoid else standing.weight
        if len(weights) < key.min_signers:
            return Later(
                f"{len(weights)} signers are ready, {key.min_signers} are needed"
                + (f"; {without_nonces} have no nonces announced" if without_nonces else "")
            )
        chosen, credits = choose(weights, self._credits, key.min_signers)
        self._credits.update(credits)
        slots = tuple(self._take(ModuleNumber(number), group) for number in sorted(chosen))
        return Assignment(slots, chosen[0])

    def change(self) -> Change | None:
        """Consumes what was handed out. Applied before the changes of the batch's entries."""
        taken, credits = self._taken, self._credits
        if not taken:
            return None

        def apply(state: State) -> None:
            for place, count in taken.items():
                nonces = state.pools[place].nonces
                for _ in range(count):
                    nonces.popleft()
            state.credits.update(credits)

        return apply

    def _next(self, number: ModuleNumber, group: int) -> Nonce | None:
        pool = self._state.pools.get((number, group))
        if pool is None:
            return None
        at = self._taken.get((number, group), 0)
        # Expired nonces stand at the front; applying the batch drops them before it consumes any.
        for nonce in pool.nonces:
            if nonce.expires_ms > self._time_ms:
                break
            at += 1
        return pool.nonces[at] if at < len(pool.nonces) else None

    def _take(self, number: ModuleNumber, group: int) -> SignerSlot:
        nonce = self._next(number, group)
        if nonce is None:
            raise LookupError("the nonce was there when the signer was weighed")
        place = (number, group)
        self._taken[place] = self._taken.get(place, 0) + 1
        incarnation = self._state.pools[place].incarnation
        return SignerSlot(number, incarnation, nonce.counter, nonce.hiding, nonce.binding)
