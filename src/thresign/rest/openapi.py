"""The contract, made from the schemas and the table of routes. api/openapi.json is this document; a test compares."""

from __future__ import annotations

from typing import Any

import msgspec

from thresign.orders.sign_body import SignBody
from thresign.policy.actions import CreateKey, EnrolCaller, Reconfigure
from thresign.rest import schemas
from thresign.rest.interface import NodeStatus
from thresign.rest.problems import PROBLEM_JSON, Problem

_SIGNED_HEADERS = ("Signature-Input", "Signature", "Thresign-Domain")
_POST_HEADERS = (*_SIGNED_HEADERS, "Content-Digest", "Idempotency-Key")


def _reference(kind: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _json(kind: type) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(kind)}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {PROBLEM_JSON: {"schema": _reference(Problem)}}
    return {str(status): {"description": "A problem (RFC 9457)", "content": content} for status in statuses}


def _post(summary: str, content: dict[str, Any], *names: str) -> dict[str, Any]:
    view = _json(schemas.RequestView)
    prefer = {"name": "Prefer", "in": "header", "required": False, "schema": {"type": "string"}}
    return {
        "summary": summary,
        "parameters": [*map(_path, names), *map(_header, _POST_HEADERS), prefer],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "Done", "content": view},
            "202": {"description": "Taken in; ask again at Location", "content": view},
            **_problems(400, 401, 403, 404, 409, 413, 421, 429, 503),
        },
    }


def _get(summary: str, content: dict[str, Any], signed: bool, *names: str) -> dict[str, Any]:
    refusals = _problems(400, 401, 403, 404, 421, 503) if signed else _problems(400, 404, 409, 503)
    return {
        "summary": summary,
        "parameters": [*map(_path, names), *(map(_header, _SIGNED_HEADERS) if signed else ())],
        "responses": {"200": {"description": "OK", "content": content}, **refusals},
    }


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    kinds = (
        schemas.KeyView,
        schemas.KeyList,
        schemas.RequestView,
        schemas.RosterView,
        Problem,
        NodeStatus,
        CreateKey,
        EnrolCaller,
        Reconfigure,
        SignBody,
    )
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    octets = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    evidence = {"application/vnd.thresign.evidence": {"schema": {"type": "string", "format": "binary"}}}
    text = {"text/plain": {"schema": {"type": "string"}}}
    pem = {"application/x-pem-file": {"schema": {"type": "string"}}}
    plain = {"application/json": {"schema": {"type": "object"}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "thresign",
            "version": "1",
            "description": "Threshold signing in which the key never exists. Requests are signed by their callers"
            " (docs/spec/callers.md); errors are RFC 9457 problems (api/problems.md).",
        },
        "paths": {
            "/v1/keys": {
                "post": _post("Generate a key", _json(CreateKey)),
                "get": _get("All keys", _json(schemas.KeyList), False),
            },
            "/v1/keys/{name}": {"get": _get("One key", _json(schemas.KeyView), False, "name")},
            "/v1/keys/{name}/public.pem": {"get": _get("The public key, SubjectPublicKeyInfo", pem, False, "name")},
            "/v1/keys/{name}/public.hex": {"get": _get("The public key, bare", text, False, "name")},
            "/v1/keys/{name}/sign": {"post": _post("Sign a message", {**octets, **_json(SignBody)}, "name")},
            "/v1/callers": {"post": _post("Enrol a caller, or change one", _json(EnrolCaller))},
            "/v1/roster": {
                "post": _post("Change the members", _json(Reconfigure)),
                "get": _get("The members", _json(schemas.RosterView), False),
            },
            "/v1/requests/{request}": {
                "get": _get("Where a request stands", _json(schemas.RequestView), True, "request")
            },
            "/v1/requests/{request}/evidence": {
                "get": _get("The evidence bundle of a signature", evidence, True, "request")
            },
            "/v1/status": {"get": _get("The node, its vault, and whom it reaches", _json(NodeStatus), True)},
            "/v1/health": {"get": _get("The process answers", plain, False)},
            "/v1/ready": {"get": _get("Requests can be decided", plain, False)},
        },
        "components": {"schemas": components},
    }
