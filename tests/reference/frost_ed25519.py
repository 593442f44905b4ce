"""The oracle for Ed25519 alone, with points of any order too: for tests that make signatures which no library makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.reference import curves, frost
from tests.reference.curves import Point
from tests.reference.frost import Commitment, Share

P = curves.EDWARDS25519.p
L = curves.EDWARDS25519.order
IDENTITY = curves.EDWARDS25519.identity
BASE = curves.EDWARDS25519.base

add = curves.EDWARDS25519.add
encode = curves.EDWARDS25519.encode
decode = curves.EDWARDS25519.decode_any


def multiply(scalar: int, point: Point = BASE) -> Point:
    return curves.EDWARDS25519.multiply(scalar % (8 * L), point)


def encode_scalar(scalar: int) -> bytes:
    return curves.encode_scalar(curves.EDWARDS25519, scalar)


def deal(coefficients: Sequence[int], numbers: Sequence[int]) -> tuple[bytes, dict[int, Share]]:
    """As frost.deal."""
    return frost.deal(frost.ED25519, coefficients, numbers)


def commit(number: int, hiding: int, binding: int) -> Commitment:
    return frost.commit(frost.ED25519, number, hiding, binding)


def sign(
    share: Share, nonces: tuple[int, int], public_key: bytes, commitments: Sequence[Commitment], message: bytes
) -> bytes:
    """One signer's signature share: RFC 9591 section 5.2. `nonces` are (hiding, binding)."""
    return frost.sign(frost.begin(frost.ED25519, public_key, commitments, message), share, nonces)


def aggregate(
    public_key: bytes, commitments: Sequence[Commitment], message: bytes, shares: Mapping[int, bytes]
) -> bytes:
    """RFC 9591 section 5.3."""
    return frost.aggregate(frost.begin(frost.ED25519, public_key, commitments, message), shares)
