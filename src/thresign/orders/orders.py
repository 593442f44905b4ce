"""Orders: the leaves of a batch. An order is a request (or a module's statement) plus the assignment that all computed.

Tokens act on a SignOrder or KeygenOrder under a certificate and on nothing else. Tags differ, so an order of one kind
can never be read as another.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord
from thresign.frost.tweaks import TWEAKS_MAX
from thresign.limits import MODULES_MAX
from thresign.orders.merkle import ORDERS_REMEMBERED
from thresign.wire.canonical import U8, U16, U32, U64, Bytes16, Bytes32, Count, Record, Var

ELEMENT_BYTES_MAX = 57
SIGNATURE_BYTES_MAX = 114
ElementBytes = Annotated[bytes, Var(ELEMENT_BYTES_MAX)]


class Usage(IntEnum):
    """A key has one, fixed in the token at creation."""

    SIGN = 1


class Tweak(Record, frozen=True):
    """A 32-byte scalar added to the key; `kind` is a frost.tweaks.TweakKind."""

    kind: U8
    value: Bytes32


class SignerSlot(Record, frozen=True):
    """One signer and the announced nonce commitments that this order consumes (RFC 9591 section 5.1)."""

    number: U16
    incarnation: U64
    counter: U64
    hiding: ElementBytes
    binding: ElementBytes


class SignOrder(Record, frozen=True):
    """Make one partial each. `signers` rise by number; `coordinator` sees to it first that everybody has the result."""

    TAG: ClassVar[bytes] = b"ts.sign1"
    request: Bytes32
    """The request's id; for a key's confirmation, `entry` again."""
    entry: Bytes32
    """SHA-256 of the whole entry (the request with its signature and body), so that evidence can show it."""
    item: U16
    """Which message of the request, from 0."""
    attempt: U16
    """From 1: an order whose partial never came is replaced by one with fresh nonces."""
    key: Bytes16
    key_version: U32
    share_epoch: U32
    suite: U8
    message_sha256: Bytes32
    message_bytes: U64
    expires_ms: U64
    coordinator: U16
    tweaks: Annotated[tuple[Tweak, ...], Count(TWEAKS_MAX)]
    signers: Annotated[tuple[SignerSlot, ...], Count(MODULES_MAX)]

    def check(self) -> None:
        numbers = [slot.number for slot in self.signers]
        if not numbers or numbers != sorted(set(numbers)):
            raise MalformedRecord("sign order: signers do not rise")
        if self.coordinator not in numbers:
            raise MalformedRecord("sign order: the coordinator is no signer")

    def names(self, number: int) -> bool:
        """True if this module is a signer."""
        return any(slot.number == number for slot in self.signers)


class KeygenOrder(Record, frozen=True):
    """Generate a key together. Every participant must end the ceremony; `expires_ms` is its deadline in agreed time."""

    TAG: ClassVar[bytes] = b"ts.kgen1"
    request: Bytes32
    entry: Bytes32
    key: Bytes16
    key_version: U32
    suite: U8
    usage: U8
    min_signers: U16
    expires_ms: U64
    participants: Annotated[tuple[U16, ...], Count(MODULES_MAX)]

    def check(self) -> None:
        if list(self.participants) != sorted(set(self.participants)):
            raise MalformedRecord("keygen order: participants do not rise")
        if not 2 <= self.min_signers <= len(self.participants):
            raise MalformedRecord("keygen order: min_signers")


class NoticeOrder(Record, frozen=True):
    """An entry that changes the ledger and asks no token for anything."""

    TAG: ClassVar[bytes] = b"ts.noti1"
    entry: Bytes32
    """SHA-256 of the entry."""


Order = SignOrder | KeygenOrder | NoticeOrder
ORDERS: dict[bytes, type[SignOrder] | type[KeygenOrder] | type[NoticeOrder]] = {
    kind.TAG: kind for kind in (SignOrder, KeygenOrder, NoticeOrder)
}


@lru_cache(maxsize=ORDERS_REMEMBERED)
def sign_order(encoded: bytes) -> SignOrder:
    """`SignOrder.decode`, remembered: several rooms look at the same order in one walk. Raises MalformedRecord."""
    return SignOrder.decode(encoded)
