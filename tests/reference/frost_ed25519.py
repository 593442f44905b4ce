"""FROST(Ed25519, SHA-512) as RFC 9591 writes it, in plain Python: slow, not constant-time, for tests alone.

An oracle: it shares no code with native/. Integers are scalars modulo L; points are (x, y) in affine coordinates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
CONTEXT = b"FROST-ED25519-SHA512-v1"

Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def _recover_x(y: int, sign: int) -> int:
    """RFC 8032 section 5.1.3."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        raise ValueError("no point has this y")
    return P - x if x & 1 != sign else x


BASE: Point = (_recover_x(4 * pow(5, -1, P) % P, 0), 4 * pow(5, -1, P) % P)


def add(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P
    return x, y


def multiply(scalar: int, point: Point = BASE) -> Point:
    """In extended coordinates (RFC 8032 section 5.1.4): one inversion instead of many."""
    x, y = point
    result = (0, 1, 1, 0)
    doubled = (x, y, 1, x * y % P)
    scalar %= 8 * L
    while scalar:
        if scalar & 1:
            result = _add_extended(result, doubled)
        doubled = _add_extended(doubled, doubled)
        scalar >>= 1
    inverse = pow(result[2], -1, P)
    return result[0] * inverse % P, result[1] * inverse % P


def _add_extended(p: tuple[int, int, int, int], q: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point:
    value = int.from_bytes(data, "little")
    y = value & (1 << 255) - 1
    return _recover_x(y, value >> 255), y


def encode_scalar(scalar: int) -> bytes:
    return (scalar % L).to_bytes(32, "little")


def _hash_to_scalar(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


class Commitment(NamedTuple):
    """A signer's nonce commitments, encoded."""

    number: int
    hiding: bytes
    binding: bytes


class Share(NamedTuple):
    """A participant's secret share and its public side."""

    number: int
    secret: int

    @property
    def public(self) -> bytes:
        return encode(multiply(self.secret))


def deal(coefficients: Sequence[int], numbers: Sequence[int]) -> tuple[bytes, dict[int, Share]]:
    """Shares of coefficients[0] by a trusted dealer (RFC 9591 appendix C): the group's public key, and the shares."""
    shares = {}
    for number in numbers:
        value = sum(c * pow(number, power, L) for power, c in enumerate(coefficients)) % L
        shares[number] = Share(number, value)
    return encode(multiply(coefficients[0])), shares


def commit(number: int, hiding: int, binding: int) -> Commitment:
    return Commitment(number, encode(multiply(hiding)), encode(multiply(binding)))


def binding_factors(public_key: bytes, commitments: Sequence[Commitment], message: bytes) -> dict[int, int]:
    """RFC 9591 section 4.4."""
    listed = b"".join(encode_scalar(c.number) + c.hiding + c.binding for c in commitments)
    prefix = (
        public_key
        + hashlib.sha512(CONTEXT + b"msg" + message).digest()
        + hashlib.sha512(CONTEXT + b"com" + listed).digest()
    )
    return {c.number: _hash_to_scalar(CONTEXT, b"rho", prefix, encode_scalar(c.number)) for c in commitments}


def group_commitment(commitments: Sequence[Commitment], factors: Mapping[int, int]) -> bytes:
    """RFC 9591 section 4.5."""
    total = IDENTITY
    for c in commitments:
        total = add(total, add(decode(c.hiding), multiply(factors[c.number], decode(c.binding))))
    return encode(total)


def lagrange(number: int, numbers: Sequence[int]) -> int:
    """RFC 9591 section 4.2."""
    top = bottom = 1
    for other in numbers:
        if other != number:
            top = top * other % L
            bottom = bottom * (other - number) % L
    return top * pow(bottom, -1, L) % L


def sign(
    share: Share, nonces: tuple[int, int], public_key: bytes, commitments: Sequence[Commitment], message: bytes
) -> bytes:
    """One signer's signature share: RFC 9591 section 5.2. `nonces` are (hiding, binding)."""
    factors = binding_factors(public_key, commitments, message)
    challenge = _hash_to_scalar(group_commitment(commitments, factors), public_key, message)
    weight = lagrange(share.number, [c.number for c in commitments])
    return encode_scalar(nonces[0] + nonces[1] * factors[share.number] + weight * share.secret * challenge)


def aggregate(
    public_key: bytes, commitments: Sequence[Commitment], message: bytes, shares: Mapping[int, bytes]
) -> bytes:
    """RFC 9591 section 5.3."""
    factors = binding_factors(public_key, commitments, message)
    total = sum(int.from_bytes(shares[c.number], "little") for c in commitments)
    return group_commitment(commitments, factors) + encode_scalar(total)
