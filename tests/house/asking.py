"""Callers that speak HTTP themselves: every header can be altered, doubled or left out, and answers are seen whole."""

from __future__ import annotations

import base64
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.house.domain import RunningDomain
from thresign.client import Client, Profile
from thresign.policy.actions import JSON, KEYS_PATH, OCTETS
from thresign.rest.problems import PROBLEM_JSON, Problem

Altered = Mapping[str, str | tuple[str, ...] | None]
"""Headers to replace, by lower-case name: None leaves one out, a tuple says it several times."""


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == JSON, self.headers
        return msgspec.json.decode(self.body)

    @property
    def problem(self) -> Problem:
        """The problem document, which must be one of ours and say the status that it came with."""
        assert self.headers["content-type"] == PROBLEM_JSON, (self.status, self.headers, self.body[:300])
        problem = msgspec.json.decode(self.body, type=Problem)
        assert problem.status == self.status
        assert problem.type.startswith("urn:thresign:problem:")
        assert problem.title
        assert problem.detail
        return problem

    @property
    def code(self) -> str:
        return self.problem.type.rsplit(":", 1)[-1]

    @property
    def signature(self) -> bytes:
        assert self.status == 200, self.body
        assert self.json["status"] == "done"
        return base64.b64decode(self.json["signature"], validate=True)


class Asker:
    """One caller at any node of a domain. The admin's profile unless another is given."""

    def __init__(self, domain: RunningDomain, profile: Profile | None = None, timeout_s: float = 60.0) -> None:
        self.running = domain
        self.profile = profile or domain.profile()
        context = ssl.create_default_context(cadata=self.profile.domain.ca)
        self.http = httpx.Client(verify=context, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    def post(
        self,
        path: str,
        body: bytes,
        idempotency_key: str | None = None,
        content_type: str = OCTETS,
        *,
        node: int = 1,
        created_s: int | None = None,
        lifetime_s: int = 60,
        altered: Altered | None = None,
        sent: bytes | None = None,
        url_path: str | None = None,
    ) -> Said:
        """A signed POST. `sent` goes out in place of the body that was signed, `url_path` in place of the path."""
        created = int(time.time()) if created_s is None else created_s
        key = idempotency_key or secrets.token_hex(8)
        headers = self.profile.post_headers(path, body, content_type, key, created, lifetime_s)
        return self.send("POST", node, url_path or path, headers, altered, body if sent is None else sent)

    def sign(self, message: bytes, idempotency_key: str | None = None, key: str = "k", **more: Any) -> Said:
        """A signed POST to a key's /sign."""
        return self.post(f"{KEYS_PATH}/{key}/sign", message, idempotency_key, **more)

    def get(
        self,
        path: str,
        *,
        node: int = 1,
        created_s: int | None = None,
        lifetime_s: int = 60,
        altered: Altered | None = None,
        url_path: str | None = None,
    ) -> Said:
        """A signed GET."""
        created = int(time.time()) if created_s is None else created_s
        headers = self.profile.get_headers(path, created, lifetime_s)
        return self.send("GET", node, url_path or path, headers, altered, None)

    def send(
        self,
        method: str,
        node: int,
        path: str,
        headers: Mapping[str, str],
        altered: Altered | None = None,
        body: bytes | None = None,
    ) -> Said:
        """Anything at all."""
        wanted: dict[str, str | tuple[str, ...] | None] = {**headers, **(altered or {})}
        pairs: list[tuple[str, str]] = []
        for name, value in wanted.items():
            values = value if isinstance(value, tuple) else (value,)
            pairs += [(name, one) for one in values if one is not None]
        answer = self.http.request(method, self.running.url(node) + path, content=body, headers=pairs)
        return Said(answer.status_code, answer.headers, answer.content)


def new_caller(domain: RunningDomain, name: str, *roles: str) -> Profile:
    """Enrols a caller with these roles, at every node."""
    key = Ed25519PrivateKey.generate()
    with domain.client() as client:
        client.enrol_caller(name, key.public_key().public_bytes_raw(), roles)
    return Profile(domain.domain, name, key)


def at_node(domain: RunningDomain, number: int, timeout_s: float = 30.0) -> Client:
    """The admin's client, which asks this node and no other."""
    profile = domain.profile()
    return Client(Profile(profile.domain, profile.caller, profile._key, (domain.url(number),)), timeout_s=timeout_s)
