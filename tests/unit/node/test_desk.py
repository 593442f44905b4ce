"""The desk: who is told what this node knows of a request."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from thresign.callers.profile import post_base
from thresign.errors import Conflict, NotAuthenticated
from thresign.node.desk import Desk
from thresign.orders.genesis import Caller
from thresign.orders.requests import Request
from thresign.rest.interface import Waiting
from thresign.vault import calls

DOMAIN = StubDomain()
KEY = Ed25519PrivateKey.generate()


def signed(message: bytes = b"message") -> Request:
    request = replace(DOMAIN.sign_request(message), idempotency_key="invoice-1")
    return replace(request, signature=KEY.sign(post_base(request)))


class Runtime:
    """A node whose vault permits everything, at once."""

    def __init__(self) -> None:
        self.history = SimpleNamespace(orders=lambda _name: [])
        self.submitted: list[Any] = []

    def ask_vault(self, call: Any, then: Any) -> None:
        then(calls.Judged(tuple(calls.Verdict(calls.PERMIT, "", "") for _ in call.batch.entries)))

    def submit(self, entry: Any) -> None:
        self.submitted.append(entry)


def desk() -> tuple[Desk, Runtime]:
    runtime = Runtime()
    domain = SimpleNamespace(id=DOMAIN.id, genesis=SimpleNamespace(roster=DOMAIN.roster))
    made = Desk(1, domain, runtime, frozenset)  # type: ignore[arg-type]
    caller = Caller("alice", KEY.public_key().public_bytes_raw(), ("signer",))
    made.vault_up(SimpleNamespace(view=0, sequence=0, time_ms=0, keys=(), callers=(caller,), chain=()))  # type: ignore[arg-type]
    return made, runtime


def test_what_is_known_of_a_request_is_told_to_its_caller_alone() -> None:
    async def run() -> None:
        asked, runtime = desk()
        request = signed()
        assert isinstance(await asked.submit(request, b"", 0), Waiting)
        for forged in (replace(request, signature=bytes(64)), replace(request, signature=signed(b"else").signature)):
            with pytest.raises(NotAuthenticated):
                await asked.submit(forged, b"", 0)
        with pytest.raises(Conflict):
            await asked.submit(signed(b"else"), b"", 0)
        assert runtime.submitted == [request]

    asyncio.run(run())


def test_nobody_else_takes_the_place_of_a_request() -> None:
    """Somebody without the key sends something else under an idempotency key that it foresees, at the same time."""

    async def run() -> None:
        asked, runtime = desk()
        request = signed()
        forged = replace(signed(b"else"), signature=bytes(64))
        first = asyncio.ensure_future(asked.submit(forged, b"", 0))
        told = asyncio.ensure_future(asked.submit(request, b"", 0))
        with pytest.raises(NotAuthenticated):
            await first
        assert isinstance(await told, Waiting)
        assert runtime.submitted == [request]

    asyncio.run(run())
