"""Asking the own vault about what arrives: many in a call, none too long, few calls at once, to each its verdict."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from tests.house.stub_domain import StubDomain
from thresign.errors import StorageError, ThresignError, Undecided
from thresign.limits import BODY_BYTES_IN_BATCH_MAX, FRAME_BYTES_MAX
from thresign.node.judging import CALLS_MAX, JUDGED_AT_ONCE, Judging
from thresign.vault import calls
from thresign.wire.canonical import Record

DOMAIN = StubDomain()


class Vault:
    """Answers a call when it is told to: each verdict names the body that it is about."""

    def __init__(self) -> None:
        self.open: deque[tuple[calls.JudgeCall, Callable[[Record | ThresignError], None]]] = deque()
        self.is_up = True
        self.asked: list[int] = []
        self.longest = self.most = 0

    def ask(self, call: Record, then: Callable[[Record | ThresignError], None]) -> None:
        assert isinstance(call, calls.JudgeCall)
        if not self.is_up:
            then(StorageError("gone"))
            return
        self.open.append((call, then))
        self.asked.append(len(call.batch.entries))
        self.longest = max(self.longest, len(call.encode()))
        self.most = max(self.most, len(self.open))

    def answer(self) -> None:
        call, then = self.open.popleft()
        bodies = [getattr(entry, "body", b"")[:8].decode() for entry in call.batch.entries]
        then(calls.Judged(tuple(calls.Verdict(calls.LATER, "", body) for body in bodies)))


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_many_large_requests() -> None:
    async def run() -> None:
        vault = Vault()
        judging = Judging(vault.ask)
        bodies = [b"%08d" % i + bytes(BODY_BYTES_IN_BATCH_MAX - 8) for i in range(150)]
        told = [asyncio.ensure_future(judging.verdict(DOMAIN.sign_request(body))) for body in bodies]
        await _turns()
        while vault.open:
            vault.answer()
            await _turns()
        assert [(await one).detail for one in told] == [f"{i:08}" for i in range(150)]
        assert vault.longest < FRAME_BYTES_MAX / 2
        assert vault.most == CALLS_MAX

    asyncio.run(run())


def test_small_ones_share_a_call_with_those_that_came_meanwhile() -> None:
    async def run() -> None:
        vault = Vault()
        judging = Judging(vault.ask)
        told = []
        for wave in range(4):
            told += [asyncio.ensure_future(judging.verdict(DOMAIN.sign_request(b"%08d" % wave))) for _ in range(50)]
            await _turns()
        assert vault.asked == [50, 50]
        while vault.open:
            vault.answer()
            await _turns()
        assert vault.asked == [50, 50, 100]
        assert [(await one).detail for one in told] == [f"{i // 50:08}" for i in range(200)]
        more = [asyncio.ensure_future(judging.verdict(DOMAIN.sign_request(b"m"))) for _ in range(JUDGED_AT_ONCE + 1)]
        await _turns()
        assert vault.asked[3:] == [JUDGED_AT_ONCE, 1]
        for one in more:
            one.cancel()

    asyncio.run(run())


def test_a_vault_that_goes_away() -> None:
    """Who was asked about hears it, who was not yet as well, and who comes later; then it goes on."""

    async def run() -> None:
        vault = Vault()
        judging = Judging(vault.ask)
        told = [asyncio.ensure_future(judging.verdict(DOMAIN.sign_request(b"%08d" % i))) for i in range(400)]
        await _turns()
        vault.is_up = False
        for _, then in list(vault.open):
            then(StorageError("gone"))
        vault.open.clear()
        told.append(asyncio.ensure_future(judging.verdict(DOMAIN.sign_request(b"later"))))
        await _turns()
        assert all(isinstance(one.exception(), Undecided) for one in told)
        vault.is_up = True
        again = asyncio.ensure_future(judging.verdict(DOMAIN.sign_request(b"again")))
        await _turns()
        vault.answer()
        assert (await again).detail == "again"

    asyncio.run(run())


def test_nobody_waits_for_a_vault_when_the_node_ends() -> None:
    async def run() -> None:
        vault = Vault()
        judging = Judging(vault.ask)
        told = [asyncio.ensure_future(judging.verdict(DOMAIN.sign_request(b"%08d" % i))) for i in range(400)]
        await _turns()
        judging.close(Undecided("this module stops"))
        await _turns()
        assert all(isinstance(one.exception(), Undecided) for one in told)
        vault.answer()  # comes too late, and harms nobody

    asyncio.run(run())
