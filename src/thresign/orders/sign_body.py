"""What a sign request's JSON body says, read in one way by the ledger and by whoever verifies evidence."""

from __future__ import annotations

from typing import Literal

import msgspec

from thresign.errors import MalformedRequest
from thresign.frost.tweaks import TWEAKS_MAX, TweakKind
from thresign.orders.orders import Tweak


class TweakAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scalar (32 bytes) to add to the key: `plain` as in BIP-32, `x-only` as in BIP-341."""

    kind: Literal["plain", "x-only"]
    value: bytes


class SignBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The JSON form of a sign request. `tweaks`, at most 8, are applied to the key one after the other."""

    message: bytes
    tweaks: tuple[TweakAsked, ...] = ()


_decoder = msgspec.json.Decoder(SignBody)
_KINDS = {"plain": TweakKind.PLAIN, "x-only": TweakKind.X_ONLY}
_NAMES: dict[int, Literal["plain", "x-only"]] = {TweakKind.PLAIN: "plain", TweakKind.X_ONLY: "x-only"}
_VALUE_BYTES = 32


def read(body: bytes) -> tuple[bytes, tuple[Tweak, ...]]:
    """Message and tweaks. Raises MalformedRequest."""
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"body: {error}") from None
    if len(found.tweaks) > TWEAKS_MAX or any(len(tweak.value) != _VALUE_BYTES for tweak in found.tweaks):
        raise MalformedRequest(f"body: at most {TWEAKS_MAX} tweaks, of {_VALUE_BYTES} bytes each")
    return found.message, tuple(Tweak(_KINDS[tweak.kind], tweak.value) for tweak in found.tweaks)


def write(message: bytes, tweaks: tuple[Tweak, ...]) -> bytes:
    """The body that asks for this. Raises KeyError for a kind of tweak that is none."""
    asked = tuple(TweakAsked(_NAMES[tweak.kind], tweak.value) for tweak in tweaks)
    return msgspec.json.encode(SignBody(message, asked))
