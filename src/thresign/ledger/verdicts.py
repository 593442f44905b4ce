"""How an entry is judged, and what applying a permitted one changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from thresign.errors import ThresignError
from thresign.ledger.state import State
from thresign.orders.orders import Order
from thresign.orders.statements import Announcement

Change = Callable[[State], None]
"""One step of applying a batch. Total: what could fail was settled when it was judged."""


class Permit(msgspec.Struct, frozen=True):
    """The entry may stand in a batch at this place; `order` is its leaf, `encoded` the same if it was needed before."""

    order: Order
    changes: tuple[Change, ...]
    encoded: bytes = b""


class Refuse(msgspec.Struct, frozen=True):
    """The entry will not be admitted; `error` says why, and is what the caller gets."""

    error: ThresignError


class Later(msgspec.Struct, frozen=True):
    """Not now: something that comes by itself is missing (nonces, a signer, time)."""

    reason: str


class Known(msgspec.Struct, frozen=True):
    """The entry's effect is in the ledger already: a retry, or a statement somebody else submitted."""

    reason: str


Verdict = Permit | Refuse | Later | Known


class Checks(Protocol):
    """The cryptographic checks that judging needs: by libsodium and token in a vault, by stubs in the simulator."""

    def signature(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """An Ed25519 signature of a caller or a token."""

    def member_keys(self, vote_key: bytes, sealing_key: bytes) -> bool:
        """Keys that a token takes for a member's: the vote key a point of prime order, the sealing key not of small."""

    def announcement(self, announcement: Announcement) -> bool:
        """The token's signature, and every commitment a valid group element; remembered by the token for later use."""

    def schnorr(self, suite: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """A signature of a threshold key."""

    def body_held(self, content_sha256: bytes, body_bytes: int) -> bool:
        """A body that travels apart is here, whole, and has this digest and this length."""
