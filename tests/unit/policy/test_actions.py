"""What a request asks for: strict forms, and the role that each needs."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.house.stub_domain import JSON, OCTETS, StubDomain
from thresign.errors import MalformedRequest
from thresign.orders.digests import sha256
from thresign.policy.actions import CreateKey, EnrolCaller, Sign, check_name, parse
from thresign.policy.rules import Deny, Permit, decide

DOMAIN = StubDomain()
SIGN = "/v1/keys/k/sign"
KEY64 = base64.b64encode(bytes(range(32)))
CALLER = b'{"id": "x", "public_key": "%s", "roles": ["signer"]}' % KEY64


def ask(path: str, body: bytes, content_type: str = JSON) -> Any:
    return parse(DOMAIN.request(path, body, content_type))


# --- well-formed ----------------------------------------------------------------------------------------------------


def test_creating_a_key() -> None:
    assert ask("/v1/keys", b'{"name": "k"}') == CreateKey("k", "ed25519", None)
    assert ask("/v1/keys", b' {"min_signers": 3, "name": "a-1", "suite": "x"} ') == CreateKey("a-1", "x", 3)


def test_enrolling_a_caller() -> None:
    assert ask("/v1/callers", CALLER) == EnrolCaller("x", bytes(range(32)), ("signer",))


def test_signing_octets_whole_and_as_they_are() -> None:
    for body in (b"", b"{}", b"\0\xff", b"x" * 65536):
        action = ask(SIGN, body, OCTETS)
        assert (action.key, action.message, action.message_sha256, action.message_bytes) == (
            "k",
            body,
            sha256(body),
            len(body),
        )


def test_signing_a_message_in_json() -> None:
    action = ask(SIGN, b'{"message": "aGk="}')
    assert (action.message, action.message_sha256, action.message_bytes) == (b"hi", sha256(b"hi"), 2)


def test_a_large_message_travels_apart() -> None:
    body = b"x" * 65537
    action = ask(SIGN, body, OCTETS)
    assert (action.message, action.message_sha256, action.message_bytes) == (None, sha256(body), 65537)


# --- not well-formed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1",
        "/v1/keys/",
        "/v1/keys/k",
        "/v1/keys/k/sign/",
        "/v1/keys/k/sign?x",
        "/v1/keys//sign",
        "/v1/keys/a/b/sign",
        "/V1/keys",
        "/v2/keys",
        "//v1/keys",
        "/v1/keys/../keys",
        "v1/keys",
        "/v1/callers/x",
        "/v1/keys/k/sign\x01".replace("\x01", " "),
    ],
)
def test_paths_where_nothing_can_be_asked_for(path: str) -> None:
    with pytest.raises(MalformedRequest, match="nothing can be asked for at"):
        ask(path, b'{"name": "k"}')


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a" * 64, "0-0", "key1"])
def test_names_that_a_key_may_have(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-",
        "-a",
        "a-",
        "A",
        "a_b",
        "a.b",
        "a b",
        "a" * 65,
        "a\n",
        "\N{LATIN SMALL LETTER A WITH DIAERESIS}",
        "a/b",
        "%61",
    ],
)
def test_names_that_it_may_not(name: str) -> None:
    with pytest.raises(MalformedRequest, match="a key name is 1 to 64"):
        check_name(name)


@pytest.mark.parametrize(
    "content_type", ["", "application/json; charset=utf-8", "Application/JSON", "text/plain", OCTETS]
)
def test_json_is_named_so(content_type: str) -> None:
    with pytest.raises(MalformedRequest, match="Content-Type is"):
        ask("/v1/keys", b'{"name": "k"}', content_type)
    with pytest.raises(MalformedRequest, match="Content-Type is"):
        ask("/v1/callers", CALLER, content_type)


BODIES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'"k"',
    b'{"name": "k"',
    b'{"name": "k"}x',
    b'{"name": "k"} {}',
    b'{"name": 1}',
    b'{"name": null}',
    b'{"name": "k", "extra": 1}',
    b'{"Name": "k"}',
    b'{"name": "k", "min_signers": 1}',
    b'{"name": "k", "min_signers": 0}',
    b'{"name": "k", "min_signers": -1}',
    b'{"name": "k", "min_signers": 65536}',
    b'{"name": "k", "min_signers": 2.5}',
    b'{"name": "k", "min_signers": "3"}',
    b'{"name": "k", "min_signers": true}',
    b'{"name": "k", "min_signers": 1e400}',
    b'{"name": "k", "min_signers": NaN}',
    b'{"name": "\xff"}',
    b'{"name": "\\ud800"}',
    b"{'name': 'k'}",
    b'{"name": "k",}',
    b'\xef\xbb\xbf{"name": "k"}',
    b'{"name": "Bad"}',
    b"[" * 50_000,
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
def test_bodies_that_create_no_key(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        ask("/v1/keys", body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"message": 1}',
        b'{"message": "!"}',
        b'{"message": "aGk"}',
        b'{"message": "aGk=", "extra": 1}',
        b'{"message": null}',
        b'{"massage": "aGk="}',
    ],
)
def test_bodies_that_sign_nothing(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        ask(SIGN, body)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        CALLER.replace(b'"id": "x", ', b""),
        CALLER.replace(b'["signer"]', b'"signer"'),
        CALLER.replace(b'["signer"]', b"[1]"),
        CALLER.replace(KEY64, b"not base64!"),
        CALLER.replace(b"}", b', "admin": true}'),
    ],
)
def test_bodies_that_enrol_nobody(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        ask("/v1/callers", body)


def test_json_does_not_travel_apart() -> None:
    body = b'{"name": "k", "suite": "' + b"x" * 65536 + b'"}'
    with pytest.raises(MalformedRequest, match="is too long: send the message as application/octet-stream"):
        ask("/v1/keys", body)


# --- the rules ------------------------------------------------------------------------------------------------------

NEEDS = [
    (CreateKey("k"), "admin"),
    (EnrolCaller("x", bytes(32), ()), "admin"),
    (Sign("k", b"", bytes(32), 0), "signer"),
]


@pytest.mark.parametrize(("action", "role"), NEEDS)
def test_each_action_needs_its_role(action: Any, role: str) -> None:
    everything = ("admin", "auditor", "signer")
    others = tuple(other for other in everything if other != role)
    assert decide((role,), action) == decide(everything, action) == Permit(f"role {role}")
    for roles in ((), others, (role.upper(),)):
        assert decide(roles, action) == Deny(f"role {role} is needed")
