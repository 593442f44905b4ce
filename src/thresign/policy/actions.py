"""Actions: what a request asks for, read from its path and body. Strict: unknown fields are refused."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

import msgspec

from thresign.errors import MalformedRequest
from thresign.limits import MODULES_MAX, ROSTER_EPOCHS_MAX
from thresign.orders import sign_body
from thresign.orders.digests import sha256
from thresign.orders.orders import Tweak
from thresign.orders.requests import Request

KEYS_PATH = "/v1/keys"
CALLERS_PATH = "/v1/callers"
ROSTER_PATH = "/v1/roster"
_SIGN_PATH = re.compile(r"/v1/keys/([^/]+)/sign")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")

OCTETS = "application/octet-stream"
JSON = "application/json"


class CreateKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Generate a key: every module of the roster takes part. `min_signers` defaults to the quorum q."""

    name: str
    suite: str = "ed25519"
    min_signers: Annotated[int, msgspec.Meta(ge=2, le=65535)] | None = None


class Sign(msgspec.Struct, frozen=True):
    """Sign the message, whole (no prehash), with this key, tweaked. `message` is None where the body travels apart."""

    key: str
    message: bytes | None
    message_sha256: bytes
    message_bytes: int
    tweaks: tuple[Tweak, ...] = ()


class EnrolCaller(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Admit a caller, or replace the Ed25519 key (32 bytes) and roles of one."""

    id: str
    public_key: bytes
    roles: tuple[str, ...]


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A module of the next roster. `joining`: who is new proves that its token has the keys (orders.succession.Joining,
    64 bytes); empty for who is a member already."""

    number: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    name: str
    vote_key: bytes
    sealing_key: bytes
    joining: bytes = b""


class Reconfigure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Change the domain's members: the whole next roster, never a difference."""

    epoch: Annotated[int, msgspec.Meta(ge=1, le=ROSTER_EPOCHS_MAX)]
    members: Annotated[tuple[NewMember, ...], msgspec.Meta(min_length=1, max_length=MODULES_MAX)]


Action = CreateKey | Sign | EnrolCaller | Reconfigure


_create_key = msgspec.json.Decoder(CreateKey)
_enrol_caller = msgspec.json.Decoder(EnrolCaller)
_reconfigure = msgspec.json.Decoder(Reconfigure)

T = TypeVar("T")


def parse(request: Request) -> Action:
    """What the request asks for. Raises MalformedRequest naming what is wrong."""
    if request.path == KEYS_PATH:
        wanted = _decode(_create_key, request)
        check_name(wanted.name)
        return wanted
    if request.path == CALLERS_PATH:
        return _decode(_enrol_caller, request)
    if request.path == ROSTER_PATH:
        return _decode(_reconfigure, request)
    match = _SIGN_PATH.fullmatch(request.path)
    if match is None:
        raise MalformedRequest(f"nothing can be asked for at {request.path}")
    key = check_name(match[1])
    if request.content_type == OCTETS:
        return Sign(key, None if request.detached else request.body, request.content_sha256, request.body_bytes)
    _check_json(request)
    message, tweaks = sign_body.read(request.body)
    return Sign(key, message, sha256(message), len(message), tweaks)


def check_name(name: str) -> str:
    """The name, if a key may have it. Raises MalformedRequest."""
    if _NAME.fullmatch(name) is None:
        raise MalformedRequest("a key name is 1 to 64 of a-z, 0-9 and '-', not beginning or ending with '-'")
    return name


def _check_json(request: Request) -> None:
    if request.content_type != JSON:
        raise MalformedRequest(f"Content-Type is {request.content_type!r}, not {JSON!r}")
    if request.detached:
        raise MalformedRequest(f"a JSON body of {request.body_bytes} bytes is too long: send the message as {OCTETS}")


def _decode(decoder: msgspec.json.Decoder[T], request: Request) -> T:
    _check_json(request)
    try:
        return decoder.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"body: {error}") from None
