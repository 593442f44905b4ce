"""Combining: RFC 9591 section 5.3, with a signature that verifies by our own arithmetic.

Shares are not checked on the happy path: one verification of the signature covers them all. Only when it fails is each
share held against its signer's verification share. A library that is not ours verifies a signature where it leaves to a
caller (node.release, docs/adr/0015), and here already if the message will not be at hand there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from thresign.frost import verify
from thresign.groups import native
from thresign.limits import BODY_BYTES_IN_BATCH_MAX
from thresign.orders.orders import SignOrder


class SigningKey(msgspec.Struct, frozen=True):
    """The public side of a key."""

    suite: int
    public_key: bytes
    verification_shares: Mapping[int, bytes]
    """By participant."""


class Combiner(Protocol):
    """How shares become a signature; the simulator has its own."""

    def combine(
        self, key: SigningKey, order: SignOrder, message: bytes, shares: Mapping[int, bytes]
    ) -> bytes | tuple[int, ...]:
        """The verified signature; or the numbers of the signers whose share is wrong."""

    def signed(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """True iff a token signed these bytes."""


def combine(key: SigningKey, order: SignOrder, message: bytes, shares: Mapping[int, bytes]) -> bytes | tuple[int, ...]:
    """See Combiner.combine. `shares` holds one share of each of the order's signers."""
    commitments = [(slot.number, slot.hiding, slot.binding) for slot in order.signers]
    in_order = [shares[slot.number] for slot in order.signers]
    malformed = tuple(slot.number for slot in order.signers if not _well_formed(key, shares[slot.number]))
    if malformed:
        return malformed
    signature = native.aggregate_verified(key.suite, key.public_key, commitments, message, in_order)
    # A message that travels apart from its batch is in no journal: this is the time to verify.
    apart = len(message) > BODY_BYTES_IN_BATCH_MAX
    if signature is not None and (not apart or verify.is_valid(key.suite, key.public_key, message, signature)):
        return signature
    public = [key.verification_shares[slot.number] for slot in order.signers]
    return native.culprits(key.suite, key.public_key, commitments, message, in_order, public)


def _well_formed(key: SigningKey, share: bytes) -> bool:
    return native.is_scalar(key.suite, share)
