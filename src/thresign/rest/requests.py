"""From HTTP to a request record: the strict profile of callers.profile, nothing guessed and nothing ignored."""

from __future__ import annotations

from collections.abc import Iterable

from thresign.callers import profile
from thresign.errors import (
    BodyTooLarge,
    MalformedRecord,
    MalformedRequest,
    NotAuthenticated,
    RequestExpired,
    RequestNotYetValid,
    WrongDomain,
)
from thresign.groups import ed25519
from thresign.limits import BODY_BYTES_IN_BATCH_MAX, BODY_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.orders.genesis import Caller
from thresign.orders.requests import Request

_WANTED = {
    b"signature-input": "Signature-Input",
    b"signature": "Signature",
    b"content-digest": "Content-Digest",
    b"content-type": "Content-Type",
    b"idempotency-key": "Idempotency-Key",
    b"thresign-domain": "Thresign-Domain",
}
SKEW_S = 60


class Headers:
    """The headers that the profile is about; each at most once, ASCII."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """Raises MalformedRequest if one of them stands twice or is not ASCII."""
        self._values: dict[bytes, str] = {}
        for name, value in raw:
            key = name.lower()
            if key not in _WANTED:
                continue
            if key in self._values:
                raise MalformedRequest(f"{_WANTED[key]} stands twice")
            try:
                self._values[key] = value.decode("ascii").strip()
            except UnicodeDecodeError:
                raise MalformedRequest(f"{_WANTED[key]} is not ASCII") from None

    def get(self, name: bytes) -> str:
        """The value. Raises MalformedRequest (NotAuthenticated for the signature's headers) if it is missing."""
        value = self._values.get(name)
        if value is None:
            if name in (b"signature-input", b"signature"):
                raise NotAuthenticated(f"{_WANTED[name]} is missing: requests are signed (RFC 9421)")
            raise MalformedRequest(f"{_WANTED[name]} is missing")
        return value


def read_post(path: str, raw_headers: Iterable[tuple[bytes, bytes]], body: bytes, domain: bytes) -> Request:
    """The request record of a POST. Whether the signature is the caller's is for the vaults to judge.

    Raises CallerError naming what is wrong with the form.
    """
    if len(body) > BODY_BYTES_MAX:
        raise BodyTooLarge(f"the body has {len(body)} bytes, at most {BODY_BYTES_MAX}")
    headers = Headers(raw_headers)
    parameters = profile.parse_signature_input(headers.get(b"signature-input"), profile.POST_COMPONENTS)
    signature = profile.parse_signature(headers.get(b"signature"))
    digest = profile.parse_content_digest(headers.get(b"content-digest"))
    if digest != sha256(body):
        raise MalformedRequest("Content-Digest is not the body's: it was altered on the way, or signed wrongly")
    idempotency_key = headers.get(b"idempotency-key")
    if not 1 <= len(idempotency_key) <= IDEMPOTENCY_KEY_BYTES_MAX:
        raise MalformedRequest(f"Idempotency-Key has 1 to {IDEMPOTENCY_KEY_BYTES_MAX} characters")
    _check_domain(headers, domain)
    detached = len(body) > BODY_BYTES_IN_BATCH_MAX
    request = Request(
        domain,
        parameters.keyid,
        path,
        headers.get(b"content-type"),
        idempotency_key,
        parameters.created,
        parameters.expires,
        digest,
        len(body),
        b"" if detached else body,
        signature,
    )
    try:
        request.encode()
    except MalformedRecord as error:
        raise MalformedRequest(error.detail) from None
    return request


def _check_domain(headers: Headers, domain: bytes) -> None:
    said = headers.get(b"thresign-domain")
    if said != domain.hex():
        raise WrongDomain(f"this is trust domain {domain.hex()}, the request is for {said[:64]!r}")


def check_get(
    path: str, raw_headers: Iterable[tuple[bytes, bytes]], domain: bytes, callers: dict[str, Caller], now_s: int
) -> Caller:
    """Who signed a GET. Reading changes nothing, so the node checks it by itself. Raises CallerError."""
    headers = Headers(raw_headers)
    parameters = profile.parse_signature_input(headers.get(b"signature-input"), profile.GET_COMPONENTS)
    signature = profile.parse_signature(headers.get(b"signature"))
    _check_domain(headers, domain)
    if parameters.created > now_s + SKEW_S:
        raise RequestNotYetValid(f"created {parameters.created - now_s} s after this node's clock")
    if parameters.expires <= now_s:
        raise RequestExpired(f"expired {now_s - parameters.expires} s ago")
    caller = callers.get(parameters.keyid)
    base = profile.get_base(path, domain, parameters)
    if caller is None or not ed25519.is_valid(caller.public_key, base, signature):
        raise NotAuthenticated("no enrolled caller signed this request")
    return caller
