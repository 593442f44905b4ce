"""Request records: body and digest belong together, ids name domain, caller and idempotency key."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from thresign.errors import MalformedRecord
from thresign.limits import BODY_BYTES_IN_BATCH_MAX, BODY_BYTES_MAX
from thresign.orders.digests import key_id, request_id, sha256
from thresign.orders.requests import Request

DOMAIN = StubDomain()
REQUEST = DOMAIN.sign_request(b"body")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"idempotency_key": ""}, "empty idempotency key"),
        ({"idempotency_key": "x" * 256}, "256 bytes"),
        ({"body_bytes": BODY_BYTES_MAX + 1, "body": b""}, "at most"),
        ({"expires_s": REQUEST.created_s}, "expires before"),
        ({"expires_s": REQUEST.created_s - 1}, "expires before"),
        ({"body_bytes": BODY_BYTES_IN_BATCH_MAX + 1}, "travels apart"),
        ({"body": b"bodY"}, "differ"),
        ({"body": b"bodyy"}, "differ"),
        ({"body": b""}, "differ"),
        ({"body_bytes": 5}, "differ"),
        ({"content_sha256": sha256(b"other")}, "differ"),
        ({"path": "/" * 257}, "257 bytes"),
        ({"path": "/ä"}, "ASCII"),
        ({"content_type": "x" * 65}, "65 bytes"),
        ({"caller": "x" * 65}, "65 bytes"),
    ],
)
def test_fields_that_do_not_fit(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedRecord, match=said):
        replace(REQUEST, **changes).encode()


@pytest.mark.parametrize("length", [0, 1, BODY_BYTES_IN_BATCH_MAX - 1, BODY_BYTES_IN_BATCH_MAX])
def test_bodies_that_travel_in_the_batch(length: int) -> None:
    request = DOMAIN.sign_request(bytes(length))
    assert not request.detached
    assert Request.decode(request.encode()) == request


@pytest.mark.parametrize("length", [BODY_BYTES_IN_BATCH_MAX + 1, BODY_BYTES_MAX])
def test_bodies_that_travel_apart(length: int) -> None:
    request = DOMAIN.sign_request(bytes(length))
    assert request.detached
    assert request.body == b""
    assert Request.decode(request.encode()) == request


def test_an_id_is_the_same_for_a_retry_and_for_nothing_else() -> None:
    retry = replace(REQUEST, created_s=1, expires_s=2, signature=bytes(64), path="/v1/keys")
    assert retry.id() == REQUEST.id() == request_id(DOMAIN.id, "alice", REQUEST.idempotency_key)
    others = {
        replace(REQUEST, domain=bytes(32)).id(),
        replace(REQUEST, caller="alic").id(),
        replace(REQUEST, idempotency_key="e" + REQUEST.idempotency_key).id(),
        request_id(DOMAIN.id, "alic", "e" + REQUEST.idempotency_key),
    }
    assert len(others | {REQUEST.id()}) == 5


def test_a_key_id_follows_from_domain_and_request() -> None:
    made = key_id(DOMAIN.id, REQUEST.id())
    assert len(made) == 16
    assert made != key_id(sha256(b"x"), REQUEST.id())  # type: ignore[arg-type]
    assert made != key_id(DOMAIN.id, StubDomain().sign_request(idempotency_key="z").id())


def test_a_retry_asks_for_the_same() -> None:
    retry = replace(REQUEST, created_s=1, expires_s=2, signature=bytes(64))
    assert retry.what() == REQUEST.what()
    others = {
        replace(REQUEST, path="/v1/keys").what(),
        replace(REQUEST, content_type="application/json").what(),
        replace(REQUEST, content_sha256=sha256(b"other"), body=b"other", body_bytes=5).what(),
    }
    assert len(others | {REQUEST.what()}) == 4
