"""Requests drawn at random, well-formed ones with something wrong among them: the app answers each with a documented
status, as a problem document if it is none of success, and never with an error of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.house.asking import Said
from tests.house.stub_rest import ACTIVE, Direct, Header, StubDomain, signed_headers
from thresign import errors
from thresign.orders.requests import Request
from thresign.policy.actions import CALLERS_PATH, JSON, KEYS_PATH, OCTETS
from thresign.rest import openapi
from thresign.rest.interface import Enrolled, KeyMade, Outcome, Signed, Waiting
from thresign.rest.problems import TABLE

SIGN = f"{KEYS_PATH}/k/sign"
FUZZED = settings(max_examples=250, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
DOCUMENT: dict[str, dict[str, Any]] = openapi.document()["paths"]
CODES = {kind.code for kind in TABLE}
RAISED: list[errors.ThresignError] = [
    kind("as it is") for kind in TABLE if TABLE[kind].status in (400, 401, 403, 404, 409, 413, 421, 429, 503)
]


@pytest.fixture(scope="module")
def direct() -> Iterator[Direct]:
    direct = Direct(StubDomain())
    yield direct
    direct.close()


def template(path: str) -> str | None:
    """The documented path that this one belongs to."""
    for known in sorted(DOCUMENT, key=lambda one: one.count("{")):
        ours, theirs = known.split("/"), path.split("/")
        if len(ours) == len(theirs) and all(a == b or (a[:1] == "{" and b) for a, b in zip(ours, theirs, strict=True)):
            return known
    return None


def documented(method: str, path: str) -> set[str]:
    """The statuses that the contract has for this request. HEAD is GET without the body (RFC 9110 section 9.3.2)."""
    found = template(path)
    if found is None:
        return {"404"}
    operation = DOCUMENT[found].get("get" if method == "HEAD" else method.lower())
    return {"405"} if operation is None else set(operation["responses"])


def check(said: Said, method: str, path: str) -> None:
    """The oracle: documented statuses, and problem documents of known types that say their status."""
    assert str(said.status) in documented(method, path), (method, path, said.status, said.body[:200])
    if said.status >= 400:
        assert said.code in CODES, said.body
        assert said.status != 500
    assert int(said.headers["content-length"]) == len(said.body)


# ---- What is drawn -------------------------------------------------------------------------------------------------

segments = st.one_of(
    st.sampled_from(["k", "nokey", "sign", "keys", "v1", "..", ".", "%2e%2e", "%00", "%ff", "", "0" * 64, "f" * 64]),
    st.text(max_size=80).map(lambda text: "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))),
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-._~", max_size=300),
)
paths = st.one_of(
    st.sampled_from([*DOCUMENT, KEYS_PATH, SIGN, CALLERS_PATH, "/", "/v1/openapi.json"]),
    segments.map(lambda one: f"{KEYS_PATH}/{one}"),
    segments.map(lambda one: f"{KEYS_PATH}/{one}/sign"),
    segments.map(lambda one: f"{KEYS_PATH}/{one}/public.pem"),
    segments.map(lambda one: f"/v1/requests/{one}"),
    segments.map(lambda one: f"/v1/requests/{one}/evidence"),
    st.lists(segments, max_size=5).map(lambda parts: "/" + "/".join(parts)),
)
methods = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
names = st.sampled_from(
    [
        b"signature-input",
        b"signature",
        b"content-digest",
        b"content-type",
        b"idempotency-key",
        b"thresign-domain",
        b"prefer",
        b"content-length",
        b"host",
        b"Signature",
        b"x",
    ]
)
values = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"", b"wait=5", b"wait=999", b"wait=99999999999", b"respond-async", b"application/json", b"\xff"]),
)
headers = st.lists(st.tuples(names, values), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "suite", "min_signers", "id", "public_key", "roles", "message"]), inner
        )
    ),
    max_leaves=8,
)
bodies = st.one_of(st.binary(max_size=200), json_values.map(lambda value: repr(value).encode()))
outcomes = st.one_of(
    st.sampled_from(RAISED),
    st.sampled_from(["signed", "made", "enrolled", "waiting"]),
)


def ending(wanted: errors.ThresignError | str) -> Any:
    def step(request: Request) -> Outcome:
        match wanted:
            case "signed":
                return Signed(request.id(), ACTIVE, bytes(64))
            case "made":
                return KeyMade(request.id(), ACTIVE)
            case "enrolled":
                return Enrolled(request.id(), "caller")
            case "waiting":
                return Waiting(request.id(), "submitted")
        assert isinstance(wanted, errors.ThresignError)
        raise wanted

    return step


@FUZZED
@given(method=methods, path=paths, pairs=headers, body=bodies, query=st.binary(max_size=20), chunk=st.integers(0, 7))
@example(method="POST", path=SIGN, pairs=[], body=b"", query=b"", chunk=0)
def test_anything(
    direct: Direct, method: str, path: str, pairs: list[Header], body: bytes, query: bytes, chunk: int
) -> None:
    said = direct.ask(method, path, pairs, body, query, chunk)
    plain = not any(mark in path.lower() for mark in ("%2f", "?", "#")) and path != "/v1/openapi.json"
    if plain:
        check(said, method, path)
    assert said.status < 500 or said.status == 503, said.body


@FUZZED
@given(
    path=st.sampled_from([KEYS_PATH, SIGN, CALLERS_PATH]),
    body=bodies,
    content_type=st.sampled_from([JSON, OCTETS]) | st.text(alphabet=st.characters(codec="ascii"), max_size=70),
    idempotency_key=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=260),
    created=st.sampled_from([0, 1, int(time.time()), 10**14]),
    caller=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=70),
    wanted=outcomes,
    drop=st.sets(st.integers(0, 5), max_size=2),
    more=headers,
)
def test_signed_requests_with_something_wrong(
    direct: Direct,
    path: str,
    body: bytes,
    content_type: str,
    idempotency_key: str,
    created: int,
    caller: str,
    wanted: errors.ThresignError | str,
    drop: set[int],
    more: list[Header],
) -> None:
    direct.domain.step = ending(wanted)
    direct.domain.taken.clear()
    made = signed_headers(direct.domain.domain_id, path, body, content_type, idempotency_key, created, caller)
    pairs = [(name.encode(), value.encode("ascii")) for i, (name, value) in enumerate(made.items()) if i not in drop]
    said = direct.ask("POST", path, pairs + more, body)
    check(said, "POST", path)
    for request in direct.domain.taken:
        assert Request.decode(request.encode()) == request, "what the door lets in has an encoding"
        assert request.path == path and request.domain == direct.domain.domain_id
    assert bool(direct.domain.taken) or said.status >= 400


@FUZZED
@given(place=st.integers(0, 5), at=st.integers(0, 400), byte=st.integers(0, 255), body=st.binary(max_size=40))
def test_one_byte_of_one_header(direct: Direct, place: int, at: int, byte: int, body: bytes) -> None:
    """A changed header is refused at the door, or the record says what was changed, so that no signature verifies."""
    direct.domain.step = ending("waiting")
    direct.domain.taken.clear()
    made = signed_headers(direct.domain.domain_id, SIGN, body, OCTETS, "key", 1_800_000_000)
    pairs = [[name.encode(), value.encode()] for name, value in made.items()]
    good = direct.ask("POST", SIGN, [(a, b) for a, b in pairs], body)
    assert good.status == 202
    (first,) = direct.domain.taken
    value = bytearray(pairs[place][1])
    value[at % len(value)] = byte
    same = bytes(value).strip() == pairs[place][1]
    pairs[place][1] = bytes(value)
    said = direct.ask("POST", SIGN, [(a, b) for a, b in pairs], body)
    check(said, "POST", SIGN)
    if said.status == 202 and not same:
        assert direct.domain.taken[1] != first
