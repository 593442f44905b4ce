"""The routes. POSTs are plain ASGI: read, hand to the domain, answer; everything between is the record's business."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from thresign.errors import BodyTooLarge, MalformedRequest, NotPermitted, ThresignError, Undecided
from thresign.limits import BODY_BYTES_MAX
from thresign.orders.digests import request_id
from thresign.policy.actions import CALLERS_PATH, KEYS_PATH, ROSTER_PATH
from thresign.rest import public_keys, schemas
from thresign.rest.interface import Domain, Waiting
from thresign.rest.problems import PROBLEM_JSON, problem
from thresign.rest.requests import check_get, read_post

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

JSON = b"application/json"
WAIT_MS = 10_000
WAIT_MS_MAX = 60_000
_PREFER_WAIT = re.compile(r"wait=([0-9]{1,3})")
_REQUEST_ID = re.compile(r"[0-9a-f]{64}")


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def send(answer: Answer, sender: Send) -> None:
    """Writes the answer."""
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    await sender({"type": "http.response.start", "status": answer.status, "headers": headers})
    await sender({"type": "http.response.body", "body": answer.body})


def failed(error: ThresignError, request: str = "") -> Answer:
    """The answer that tells an error."""
    document = problem(error, request)
    headers = ((b"retry-after", b"1"),) if document.status in (429, 503) else ()
    return Answer(document.status, msgspec.json.encode(document), PROBLEM_JSON.encode(), headers)


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as it is longer than a domain accepts."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedRequest("the body ended early")
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise BodyTooLarge(f"the body is longer than {BODY_BYTES_MAX} bytes")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def wait_ms(raw_headers: list[tuple[bytes, bytes]]) -> int:
    """How long the caller wants to wait (RFC 7240 Prefer: wait=N, respond-async)."""
    for name, value in raw_headers:
        if name.lower() == b"prefer":
            text = value.decode("latin-1")
            if "respond-async" in text:
                return 0
            match = _PREFER_WAIT.search(text)
            if match is not None:
                return min(int(match[1]) * 1000, WAIT_MS_MAX)
    return WAIT_MS


class Post:
    """POST to a path that asks for something: the ASGI application behind /v1/keys, .../sign, /v1/callers and
    /v1/roster."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def __call__(self, scope: Scope, receive: Receive, sender: Send) -> None:
        await send(await self.answer(scope, receive), sender)

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Reads the request, has it ordered, and tells how it ended."""
        request_hex = ""
        try:
            body = await read_body(receive)
            if scope.get("query_string"):
                raise MalformedRequest("this path takes no query")
            path = scope["raw_path"].decode("ascii", "strict") if scope.get("raw_path") else scope["path"]
            request = read_post(path, scope["headers"], body, self._domain.domain_id)
            request_hex = request_id(request.domain, request.caller, request.idempotency_key).hex()  # type: ignore[arg-type]
            patience = wait_ms(scope["headers"])
            outcome = await self._domain.submit(request, body, patience)
        except UnicodeDecodeError:
            return failed(MalformedRequest("the path is not ASCII"))
        except ThresignError as error:
            return failed(error, request_hex)
        view = schemas.request_view(outcome)
        location = (b"location", f"/v1/requests/{request_hex}".encode())
        if isinstance(outcome, Waiting):
            return Answer(202, msgspec.json.encode(view), headers=(location,))
        return Answer(200, msgspec.json.encode(view), headers=(location,))


class Get:
    """A GET. `needs_caller`: signed by an enrolled caller; an auditor or admin sees everybody's requests."""

    def __init__(self, domain: Domain, handler: Callable[[Domain, Scope, str | None], Answer], needs_caller: bool):
        self._domain = domain
        self._handler = handler
        self._needs_caller = needs_caller

    async def __call__(self, scope: Scope, receive: Receive, sender: Send) -> None:
        try:
            await send(self._handler(self._domain, scope, self._who(scope)), sender)
        except ThresignError as error:
            await send(failed(error), sender)

    def _who(self, scope: Scope) -> str | None:
        if not self._needs_caller:
            return None
        callers = self._domain.callers()
        caller = check_get(scope["path"], scope["headers"], self._domain.domain_id, callers, int(time.time()))
        if not caller.roles:
            raise NotPermitted(f"caller {caller.id} has no role")
        return None if {"admin", "auditor"} & set(caller.roles) else caller.id


def keys(domain: Domain, _scope: Scope, _caller: str | None) -> Answer:
    """All keys."""
    return Answer(200, msgspec.json.encode(schemas.KeyList(tuple(map(schemas.key_view, domain.keys())))))


def key(domain: Domain, scope: Scope, _caller: str | None) -> Answer:
    """One key."""
    return Answer(200, msgspec.json.encode(schemas.key_view(domain.key(scope["path_params"]["name"]))))


def public_pem(domain: Domain, scope: Scope, _caller: str | None) -> Answer:
    """The public key as PEM (SubjectPublicKeyInfo), where a standard has one."""
    found = domain.key(scope["path_params"]["name"])
    return Answer(200, public_keys.pem(found), b"application/x-pem-file")


def public_hex(domain: Domain, scope: Scope, _caller: str | None) -> Answer:
    """The public key as a line of hex: RFC 9591's encoding, or BIP-340's x-coordinate."""
    found = domain.key(scope["path_params"]["name"])
    return Answer(200, public_keys.hexadecimal(found), b"text/plain; charset=us-ascii")


def _request_of(scope: Scope) -> bytes:
    text = scope["path_params"]["request"]
    if _REQUEST_ID.fullmatch(text) is None:
        raise MalformedRequest("a request id is 64 lower-case hex digits")
    return bytes.fromhex(text)


def request(domain: Domain, scope: Scope, caller: str | None) -> Answer:
    """Where a request stands."""
    return Answer(200, msgspec.json.encode(schemas.request_view(domain.outcome(_request_of(scope), caller))))


def evidence(domain: Domain, scope: Scope, caller: str | None) -> Answer:
    """The evidence bundle of a request: binary, for `thresign verify-evidence`."""
    bundle = domain.evidence(_request_of(scope), caller)
    return Answer(200, bundle, b"application/vnd.thresign.evidence")


def roster(domain: Domain, _scope: Scope, _caller: str | None) -> Answer:
    """The members."""
    return Answer(200, msgspec.json.encode(schemas.roster_view(domain.roster())))


def status(domain: Domain, _scope: Scope, _caller: str | None) -> Answer:
    """The node's status, whole."""
    return Answer(200, msgspec.json.encode(domain.status()))


def health(_domain: Domain, _scope: Scope, _caller: str | None) -> Answer:
    """The node's process answers."""
    return Answer(200, b'{"status":"ok"}')


def ready(domain: Domain, _scope: Scope, _caller: str | None) -> Answer:
    """The node can have requests decided: its vault answers, and a quorum is connected."""
    state = domain.status()
    if not state.ready:
        return failed(Undecided(state.reason))
    return Answer(200, b'{"status":"ready"}')


POSTS = (KEYS_PATH, KEYS_PATH + "/{name}/sign", CALLERS_PATH, ROSTER_PATH)
GETS: tuple[tuple[str, Callable[[Domain, Scope, str | None], Answer], bool], ...] = (
    ("/v1/keys", keys, False),
    ("/v1/keys/{name}", key, False),
    ("/v1/keys/{name}/public.pem", public_pem, False),
    ("/v1/keys/{name}/public.hex", public_hex, False),
    ("/v1/requests/{request}", request, True),
    ("/v1/requests/{request}/evidence", evidence, True),
    (ROSTER_PATH, roster, False),
    ("/v1/status", status, True),
    ("/v1/health", health, False),
    ("/v1/ready", ready, False),
)
