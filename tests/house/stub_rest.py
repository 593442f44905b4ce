"""A domain behind the REST app that does nothing but answer, and the app called without a network: for whatever HTTP
may carry, and what a strict client library would not send."""

from __future__ import annotations

import asyncio
import base64
import urllib.parse
from collections.abc import Callable, Sequence
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.house.asking import Said
from thresign.callers import profile
from thresign.errors import UnknownKey, UnknownRequest
from thresign.ledger.snapshot import KeyPart
from thresign.ledger.state import KeyState
from thresign.orders.digests import sha256
from thresign.orders.genesis import Caller
from thresign.orders.requests import Request
from thresign.rest.app import make_app
from thresign.rest.interface import ModuleState, NodeStatus, Outcome, Waiting

Header = tuple[bytes, bytes]
Step = Callable[[Request], Outcome]

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ACTIVE = KeyPart(
    sha256(b"key")[:16],
    "k",
    sha256(b"request"),
    KeyState.ACTIVE,
    1,
    1,
    1,
    1,
    3,
    0,
    bytes(32),
    KEY.public_key().public_bytes_raw(),
    bytes(32),
    bytes(32),
    "",
    0,
    (1, 2, 3, 4),
    (bytes(32),) * 4,
)


class StubDomain:
    """Implements rest.interface.Domain. `step` says how a request ends; `taken` is what got through the door."""

    def __init__(self) -> None:
        self.domain_id = sha256(b"domain")
        self.step: Step = lambda request: Waiting(request.id(), "submitted")
        self.taken: list[Request] = []

    def callers(self) -> dict[str, Caller]:
        key = KEY.public_key().public_bytes_raw()
        return {name: Caller(name, key, roles) for name, roles in (("admin", ("admin",)), ("idle", ()))}

    def keys(self) -> list[KeyPart]:
        return [ACTIVE]

    def key(self, name: str) -> KeyPart:
        if name != "k":
            raise UnknownKey(f"no key {name!r}")
        return ACTIVE

    async def submit(self, request: Request, body: bytes, wait_ms: int) -> Outcome:
        assert 0 <= wait_ms <= 60_000
        self.taken.append(request)
        return self.step(request)

    def outcome(self, request: bytes, caller: str | None) -> Outcome:
        if request[0] % 2:
            raise UnknownRequest("no such request")
        return Waiting(request, "ordered")

    def evidence(self, request: bytes, caller: str | None) -> bytes:
        raise UnknownRequest("no such request")

    def status(self) -> NodeStatus:
        modules = (ModuleState(1, "m1", True),)
        return NodeStatus("d", "m1", 1, "up", 0, 1, 0, 0, 3, 1, "t", True, "b", {}, modules, False, "no quorum")


class Direct:
    """The app, asked as uvicorn would ask it."""

    def __init__(self, domain: StubDomain) -> None:
        self.domain = domain
        self.app = make_app(domain)
        self.loop = asyncio.new_event_loop()

    def close(self) -> None:
        self.loop.close()

    def ask(
        self,
        method: str,
        path: str,
        headers: Sequence[Header] = (),
        body: bytes = b"",
        query: bytes = b"",
        chunk: int = 0,
    ) -> Said:
        """One request; `path` is the undecoded one. What the app raises is raised here: uvicorn would make it a 500."""
        raw = path.encode("ascii")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": urllib.parse.unquote(path),
            "raw_path": raw,
            "query_string": query,
            "root_path": "",
            "headers": list(headers),
            "server": ("127.0.0.1", 1),
            "client": ("127.0.0.1", 2),
        }
        size = chunk or max(1, len(body))
        parts = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
        messages = [
            {"type": "http.request", "body": part, "more_body": i + 1 < len(parts)} for i, part in enumerate(parts)
        ]
        messages.append({"type": "http.disconnect"})
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        self.loop.run_until_complete(self.app(scope, receive, send))
        start = sent[0]
        told = b"".join(message.get("body", b"") for message in sent[1:])
        return Said(start["status"], httpx.Headers(start["headers"]), told)


def signed_headers(
    domain: bytes, path: str, body: bytes, content_type: str, idempotency_key: str, created: int, caller: str = "admin"
) -> dict[str, str]:
    """The headers of a signed POST."""
    parameters = profile.Parameters(created, created + 60, caller)
    values = {
        "@method": "POST",
        "@path": path,
        "content-digest": profile.content_digest(sha256(body)),
        "content-type": content_type,
        "idempotency-key": idempotency_key,
        profile.DOMAIN_HEADER: domain.hex(),
    }
    signature = base64.b64encode(KEY.sign(profile.signature_base(values, parameters))).decode()
    return {
        **{name: value for name, value in values.items() if name[0] != "@"},
        "signature-input": f"{profile.LABEL}={profile.signature_input(tuple(values), parameters)}",
        "signature": f"{profile.LABEL}=:{signature}:",
    }
