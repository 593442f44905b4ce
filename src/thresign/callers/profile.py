"""The strict profile of RFC 9421 (HTTP Message Signatures) that callers sign with.

One label (`thresign`), Ed25519, fixed components in a fixed order, fixed parameters in a fixed order: nothing to
negotiate and one byte string per request, so that every vault rebuilds it from the request record. Content-Digest is
RFC 9530 with SHA-256. docs/spec/callers.md has an example.

A POST covers method, path, content digest, content type, idempotency key and domain; a GET method, path and domain.
"""

from __future__ import annotations

import base64
import re

import msgspec

from thresign.errors import MalformedRequest
from thresign.orders.requests import Request

LABEL = "thresign"
TAG = "thresign"
ALGORITHM = "ed25519"
DOMAIN_HEADER = "thresign-domain"

POST_COMPONENTS = ("@method", "@path", "content-digest", "content-type", "idempotency-key", DOMAIN_HEADER)
GET_COMPONENTS = ("@method", "@path", DOMAIN_HEADER)
_POST_LISTED = " ".join(f'"{name}"' for name in POST_COMPONENTS)


class Parameters(msgspec.Struct, frozen=True):
    """The parameters of a Signature-Input. Times are Unix seconds."""

    created: int
    expires: int
    keyid: str


_INPUT = re.compile(
    LABEL + r'=\(((?:"[@a-z-]+"(?: "[@a-z-]+")*))\);created=(0|[1-9][0-9]{0,14});expires=(0|[1-9][0-9]{0,14})'
    r';keyid="([!#-\[\]-~]{1,64})";alg="' + ALGORITHM + '";tag="' + TAG + '"'
)
_SIGNATURE = re.compile(LABEL + r"=:([A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


def content_digest(sha256: bytes) -> str:
    """The Content-Digest header of a body with this SHA-256."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def signature_input(components: tuple[str, ...], parameters: Parameters) -> str:
    """The value of Signature-Input behind its label: what `@signature-params` says."""
    listed = " ".join(f'"{name}"' for name in components)
    return (
        f"({listed});created={parameters.created};expires={parameters.expires}"
        f';keyid="{parameters.keyid}";alg="{ALGORITHM}";tag="{TAG}"'
    )


def signature_base(values: dict[str, str], parameters: Parameters) -> bytes:
    """RFC 9421 section 2.5 for these components, in the order of `values`."""
    lines = [f'"{name}": {value}' for name, value in values.items()]
    lines.append(f'"@signature-params": {signature_input(tuple(values), parameters)}')
    return "\n".join(lines).encode("ascii")


def post_base(request: Request) -> bytes:
    """The bytes that the caller of this request signed: `signature_base`, written out, since every vault needs it of
    every request."""
    return (
        f'"@method": POST\n"@path": {request.path}\n'
        f'"content-digest": {content_digest(request.content_sha256)}\n"content-type": {request.content_type}\n'
        f'"idempotency-key": {request.idempotency_key}\n"{DOMAIN_HEADER}": {request.domain.hex()}\n'
        f'"@signature-params": ({_POST_LISTED});created={request.created_s};expires={request.expires_s}'
        f';keyid="{request.caller}";alg="{ALGORITHM}";tag="{TAG}"'
    ).encode("ascii")


def get_base(path: str, domain: bytes, parameters: Parameters) -> bytes:
    """The bytes that the caller of a GET signed."""
    return signature_base({"@method": "GET", "@path": path, DOMAIN_HEADER: domain.hex()}, parameters)


def parse_signature_input(value: str, components: tuple[str, ...]) -> Parameters:
    """Reads a Signature-Input header, which must cover just these components. Raises MalformedRequest."""
    match = _INPUT.fullmatch(value)
    if match is None or match[1] != " ".join(f'"{name}"' for name in components):
        wanted = signature_input(components, Parameters(0, 0, "caller"))
        raise MalformedRequest(f"Signature-Input is not of the form {LABEL}={wanted}")
    return Parameters(int(match[2]), int(match[3]), match[4])


def parse_signature(value: str) -> bytes:
    """The 64 bytes of a Signature header. Raises MalformedRequest."""
    signature = _one_base64(_SIGNATURE.fullmatch(value))
    if signature is None:
        raise MalformedRequest(f"Signature is not of the form {LABEL}=:<64 bytes in base64>:")
    return signature


def parse_content_digest(value: str) -> bytes:
    """The 32 bytes of a Content-Digest header, which must be sha-256 alone. Raises MalformedRequest."""
    digest = _one_base64(_DIGEST.fullmatch(value))
    if digest is None:
        raise MalformedRequest("Content-Digest is not of the form sha-256=:<32 bytes in base64>:")
    return digest


def _one_base64(match: re.Match[str] | None) -> bytes | None:
    """The bytes of the first group, if it is their one encoding: the last character has bits that decoding ignores."""
    if match is None:
        return None
    data = base64.b64decode(match[1])
    return data if base64.b64encode(data).decode() == match[1] else None
