"""Records the examples under api/examples from a running domain: `python -m tests.contract.examples`.

Each is a request as it went out and the answer as it came back, so that an integrator can check an own implementation
against them, byte for byte, without a domain. The caller's secret key is not kept: the examples prove that somebody
had it.
"""

from __future__ import annotations

import base64
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from tests.contract.published import API
from tests.house.asking import Asker, Said
from tests.house.domain import running_domain
from thresign.cli.joining import as_member, prepare, read_member
from thresign.policy.actions import CALLERS_PATH, JSON, KEYS_PATH, OCTETS, ROSTER_PATH, Reconfigure

EXAMPLES = API / "examples"
KEPT_HEADERS = ("content-type", "location")


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request. `body` is base64."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer: JSON in `body`, anything else as base64 in `content`."""

    status: int
    headers: dict[str, str]
    body: Any = None
    content: str = ""


class Example(msgspec.Struct, frozen=True):
    """One exchange."""

    what: str
    request: Sent
    response: Answered


def _answered(said: Said) -> Answered:
    headers = {name: said.headers[name] for name in KEPT_HEADERS if name in said.headers}
    if "json" in said.headers["content-type"]:
        return Answered(said.status, headers, msgspec.json.decode(said.body))
    return Answered(said.status, headers, None, base64.b64encode(said.body).decode())


def _write(name: str, what: str, sent: Sent, said: Said) -> None:
    encoded = msgspec.json.encode(Example(what, sent, _answered(said)))
    (EXAMPLES / f"{name}.json").write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")


def _post(asker: Asker, name: str, what: str, path: str, body: bytes, content_type: str, key: str) -> Said:
    headers = asker.profile.post_headers(path, body, content_type, key, int(time.time()), 60)
    said = asker.send("POST", 1, path, headers, body=body)
    _write(name, what, Sent("POST", path, headers, base64.b64encode(body).decode()), said)
    return said


def _get(asker: Asker, name: str, what: str, path: str, signed: bool = True) -> Said:
    headers = asker.profile.get_headers(path, int(time.time()), 60) if signed else {}
    said = asker.send("GET", 1, path, headers)
    _write(name, what, Sent("GET", path, headers), said)
    return said


def record() -> None:
    """Writes all examples anew."""
    with tempfile.TemporaryDirectory() as root, running_domain(Path(root) / "domain", own_uids=False) as domain:
        (EXAMPLES / "domain.json").write_bytes((domain.root / "domain.json").read_bytes())
        with Asker(domain) as asker:
            _post(asker, "create-key", "Generate a key", KEYS_PATH, b'{"name":"release"}', JSON, "create-release")
            domain.create_key("other")
            sign = f"{KEYS_PATH}/release/sign"
            done = _post(asker, "sign", "Sign a message", sign, b"a message to sign", OCTETS, "sign-1")
            _post(asker, "sign-again", "Again: the same signature", sign, b"a message to sign", OCTETS, "sign-1")
            enclosed = b'{"message":"%s"}' % base64.b64encode(b"an enclosed message")
            _post(asker, "sign-json", "Sign a message enclosed in JSON", sign, enclosed, JSON, "sign-2")
            enrol = msgspec.json.encode({"id": "ci", "public_key": bytes(range(32)), "roles": ["signer"]})
            _post(asker, "enrol-caller", "Enrol a caller that may sign", CALLERS_PATH, enrol, JSON, "enrol-ci")
            _get(asker, "keys", "All keys", KEYS_PATH, signed=False)
            _get(asker, "key", "One key", f"{KEYS_PATH}/release", signed=False)
            _get(asker, "public-key", "Its public key as PEM", f"{KEYS_PATH}/release/public.pem", signed=False)
            _get(asker, "public-key-hex", "The same, bare", f"{KEYS_PATH}/release/public.hex", signed=False)
            _get(asker, "request", "Where a request stands", f"/v1/requests/{done.json['request_id']}")
            _get(asker, "evidence", "The evidence bundle of the signature", done.json["evidence"])
            _get(asker, "status", "The node, its vault, and whom it reaches", "/v1/status")
            _get(asker, "health", "The process answers", "/v1/health", signed=False)
            _get(asker, "ready", "Requests can be decided", "/v1/ready", signed=False)
            _post(asker, "unknown-key", "A problem: no such key", f"{KEYS_PATH}/nokey/sign", b"m", OCTETS, "sign-3")
            _get(asker, "roster", "The members", ROSTER_PATH, signed=False)
            new = read_member(Path(prepare(domain.root, "127.0.0.1", None, False, lambda _what: None).member_file))
            with domain.client() as client:
                members = client.roster().members
            stay = (as_member(m.number, m.name, m.vote_key, m.sealing_key) for m in members)
            change = msgspec.json.encode(Reconfigure(1, (*stay, new)))
            _post(asker, "change-members", "A fifth module joins", ROSTER_PATH, change, JSON, "change-1")
            _post(asker, "conflict", "A problem: the idempotency key was used", sign, b"another", OCTETS, "sign-1")


if __name__ == "__main__":
    record()
    print(EXAMPLES)
