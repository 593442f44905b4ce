"""The own vault's verdicts on arriving requests: asked for together, no more of them than the vault keeps up with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from thresign.agreement.pbft.pending import parcels
from thresign.errors import ThresignError, Undecided
from thresign.orders.batch import Batch
from thresign.orders.requests import Request
from thresign.vault import calls
from thresign.wire.canonical import Record

JUDGED_AT_ONCE = 128
CALLS_MAX = 2
"""Calls that wait for an answer; what comes meanwhile stays here, and shares the next."""

_Waiting = tuple[Request, "asyncio.Future[calls.Verdict]"]


class Judging:
    """Requests of one loop turn, and those that came while the vault was judging, share a call."""

    def __init__(self, ask_vault: Callable[[Record, Callable[[Record | ThresignError], None]], None]) -> None:
        """`ask_vault` calls back with an error, maybe at once, if the vault does not answer."""
        self._ask_vault = ask_vault
        self._waiting: list[_Waiting] = []
        self._asked: list[list[_Waiting]] = []
        """What each call is about that has not been answered."""

    async def verdict(self, request: Request) -> calls.Verdict:
        """Raises Undecided if the vault goes away meanwhile."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[calls.Verdict] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._ask)
        self._waiting.append((request, future))
        return await future

    def _ask(self) -> None:
        while self._waiting and len(self._asked) < CALLS_MAX:
            entries = next(parcels((request for request, _ in self._waiting), JUDGED_AT_ONCE))
            asked, self._waiting = self._waiting[: len(entries)], self._waiting[len(entries) :]
            self._asked.append(asked)
            self._ask_vault(calls.JudgeCall(Batch(entries)), partial(self._judged, asked))

    def _judged(self, asked: list[_Waiting], reply: Record | ThresignError) -> None:
        self._asked = [other for other in self._asked if other is not asked]
        for i, (_, future) in enumerate(asked):
            if future.done():
                continue
            if isinstance(reply, calls.Judged):
                future.set_result(reply.verdicts[i])
            else:
                future.set_exception(Undecided(f"this module's vault does not judge: {reply}"))
        self._ask()

    def close(self, why: Exception) -> None:
        """Nobody waits any more for a vault that may not answer: all are told why."""
        for _, future in [*self._waiting, *(one for asked in self._asked for one in asked)]:
            if not future.done():
                future.set_exception(why)
