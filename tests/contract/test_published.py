"""The public contract under api/: what is written there is what the code does."""

from __future__ import annotations

import base64
import importlib
import pkgutil
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import thresign
from tests.contract.examples import EXAMPLES, Example
from tests.contract.published import API, MADE
from tests.house.stub_rest import StubDomain
from thresign.callers import profile
from thresign.errors import ThresignError
from thresign.orders.bundle import verify_evidence
from thresign.orders.digests import request_id
from thresign.rest import openapi, routes
from thresign.rest.app import make_app
from thresign.rest.interface import NodeStatus
from thresign.rest.problems import PROBLEM_JSON, TABLE, Problem, problem
from thresign.rest.requests import check_get, read_post
from thresign.rest.schemas import KeyList, KeyView, RequestView, RosterView
from thresign.setup.files import Domain, read_domain_file

DOCUMENT: dict[str, Any] = openapi.document()


def classes(base: type[ThresignError] = ThresignError) -> set[type[ThresignError]]:
    """Every error class there is, wherever it is defined."""
    for found in pkgutil.walk_packages(thresign.__path__, "thresign."):
        if not found.name.endswith(".main"):
            importlib.import_module(found.name)
    below: set[type[ThresignError]] = {base}
    for child in base.__subclasses__():
        if child.__module__.startswith("thresign."):
            below |= {child, *classes_below(child)}
    return below


def classes_below(base: type[ThresignError]) -> set[type[ThresignError]]:
    return {child for direct in base.__subclasses__() for child in {direct, *classes_below(direct)}}


# ---- openapi.json and problems.md --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_from_the_code_is_as_made(name: str) -> None:
    assert (API / name).read_bytes() == MADE[name](), "run make api, and look at what changed for callers"


def test_the_app_serves_the_document() -> None:
    assert make_app(StubDomain()).openapi() == DOCUMENT


def test_every_route_is_documented_and_nothing_else() -> None:
    served = {(path, "post") for path in routes.POSTS} | {(path, "get") for path, _, _ in routes.GETS}
    documented = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert served == documented


def test_every_reference_leads_somewhere() -> None:
    kept = set(DOCUMENT["components"]["schemas"])

    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if "$ref" in node else set()
            return own.union(*(references(value) for value in node.values()))
        return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()

    named = {reference.removeprefix("#/components/schemas/") for reference in references(DOCUMENT)}
    assert named <= kept
    assert {"Problem", "RequestView", "KeyList"} <= named


def test_every_error_is_told_as_a_listed_problem() -> None:
    listed = (API / "problems.md").read_text()
    for kind in classes():
        error = kind.__new__(kind)
        ThresignError.__init__(error, "why", (2,))
        told = problem(error, "ab")
        code = told.type.removeprefix("urn:thresign:problem:")
        assert f"| `{code}` | {told.status} | {told.title} |" in listed, kind
        assert (told.detail, told.request_id, told.culprits) == ("why", "ab", (2,))


def test_types_and_titles_are_each_their_own() -> None:
    codes = [kind.code for kind in TABLE]
    assert len(set(codes)) == len(codes)
    titles = [row.title for row in TABLE.values()]
    assert len(set(titles)) == len(titles)
    every = [kind.code for kind in classes()]
    assert len(set(every)) == len(every), "the client makes the error again from its code"


# ---- Examples ------------------------------------------------------------------------------------------------------

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.json") if path.stem != "domain")


@pytest.fixture(scope="module")
def domain() -> Domain:
    """The public file of the domain that the examples were recorded from."""
    return read_domain_file(EXAMPLES / "domain.json")


def read(name: str) -> Example:
    return msgspec.json.decode((EXAMPLES / f"{name}.json").read_bytes(), type=Example)


def operation(example: Example) -> dict[str, Any]:
    """What the document says of the example's path and method."""
    parts = example.request.path.split("/")
    for path, methods in sorted(DOCUMENT["paths"].items(), key=lambda item: item[0].count("{")):
        known = path.split("/")
        if len(known) == len(parts) and all(a == b or a[:1] == "{" for a, b in zip(known, parts, strict=True)):
            found: dict[str, Any] = methods[example.request.method.lower()]
            return found
    raise AssertionError(f"{example.request.path} is not documented")


def as_json(value: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(value))


def test_there_is_an_example_of_every_operation() -> None:
    shown = {operation(read(name))["summary"] for name in NAMES}
    assert shown == {op["summary"] for methods in DOCUMENT["paths"].values() for op in methods.values()}


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_documented(name: str) -> None:
    example = read(name)
    told, found = example.response, operation(example)
    documented = found["responses"][str(told.status)]["content"]
    media = told.headers["content-type"].partition(";")[0]
    assert media in documented
    if told.headers["content-type"] == PROBLEM_JSON:
        is_problem = msgspec.convert(told.body, Problem)
        assert is_problem.status == told.status
        assert is_problem.type.removeprefix("urn:thresign:problem:") in {kind.code for kind in TABLE}
        return
    schema = documented[media]["schema"].get("$ref", "").rsplit("/", 1)[-1]
    kinds = {kind.__name__: kind for kind in (KeyList, KeyView, RequestView, RosterView, NodeStatus)}
    if schema:
        assert as_json(msgspec.convert(told.body, kinds[schema])) == told.body, "no field too many"


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_signed_as_documented(name: str, domain: Domain) -> None:
    sent = read(name).request
    raw = [(key.encode(), value.encode()) for key, value in sent.headers.items()]
    callers = {caller.id: caller for caller in domain.settings.callers}
    if sent.method == "POST":
        request = read_post(sent.path, raw, base64.b64decode(sent.body), domain.id)
        key = Ed25519PublicKey.from_public_bytes(callers[request.caller].public_key)
        key.verify(request.signature, profile.post_base(request))
    elif sent.headers:
        created = profile.parse_signature_input(sent.headers["signature-input"], profile.GET_COMPONENTS).created
        assert check_get(sent.path, raw, domain.id, callers, created).id == "admin"


def test_the_signatures_are_the_keys() -> None:
    key = load_pem_public_key(base64.b64decode(read("public-key").response.content))
    assert isinstance(key, Ed25519PublicKey)
    shown = read("key").response.body
    assert base64.b64decode(shown["public_key"]) == key.public_bytes_raw()
    for name, message in (("sign", b"a message to sign"), ("sign-json", b"an enclosed message")):
        key.verify(base64.b64decode(read(name).response.body["signature"]), message)
    assert read("sign-again").response.body == read("sign").response.body


def test_request_ids_are_computed_as_documented(domain: Domain) -> None:
    answer = read("sign").response
    wanted = request_id(domain.id, "admin", read("sign").request.headers["idempotency-key"]).hex()
    assert answer.body["request_id"] == wanted
    assert answer.headers["location"] == f"/v1/requests/{wanted}"


def test_the_evidence_verifies(domain: Domain) -> None:
    bundle = base64.b64decode(read("evidence").response.content)
    report = verify_evidence(bundle, domain.genesis, b"a message to sign")
    assert base64.b64decode(read("sign").response.body["signature"]).hex() == report.signature


def test_no_secret_is_published() -> None:
    for path in API.rglob("*"):
        if path.is_file():
            assert b"PRIVATE KEY" not in path.read_bytes(), path
