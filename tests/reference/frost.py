"""FROST as RFC 9591 writes it, for every suite, in plain Python: slow, not constant-time, for tests alone.

An oracle: it shares no code with native/. The group operations are tests/reference/curves.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.reference import curves
from tests.reference.curves import Group, Point, decode_scalar, encode_scalar

Hash = Callable[[bytes], bytes]


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _shake256(data: bytes) -> bytes:
    return hashlib.shake_256(data).digest(114)


def _expand(message: bytes, separator: bytes) -> bytes:
    """48 bytes of expand_message_xmd with SHA-256 (RFC 9380 section 5.3.1)."""
    prime = separator + bytes([len(separator)])
    b0 = _sha256(bytes(64) + message + bytes([0, 48, 0]) + prime)
    b1 = _sha256(b0 + b"\x01" + prime)
    b2 = _sha256(bytes(a ^ b for a, b in zip(b0, b1, strict=True)) + b"\x02" + prime)
    return (b1 + b2)[:48]


@dataclass(frozen=True)
class Suite:
    """One suite of section 6, or the Taproot variant."""

    name: str
    group: Group
    context: bytes
    hash: Hash
    expands: bool = False
    """H1 to H3 by hash_to_field."""
    challenge_prefix: bytes | None = None
    """Of H2, where it is not the context and "chal"."""
    x_only: bool = False

    def scalar_hash(self, label: bytes, data: bytes) -> int:
        """H1 ("rho"), H2 ("chal"), H3 ("nonce")."""
        if label == b"chal" and self.x_only:
            tag = _sha256(b"BIP0340/challenge")
            return int.from_bytes(_sha256(tag + tag + data), "big") % self.group.order
        if self.expands:
            return int.from_bytes(_expand(data, self.context + label), "big") % self.group.order
        prefix = self.context + label
        if label == b"chal" and self.challenge_prefix is not None:
            prefix = self.challenge_prefix
        return int.from_bytes(self.hash(prefix + data), "little") % self.group.order

    def digest(self, label: bytes, data: bytes) -> bytes:
        """H4 ("msg"), H5 ("com")."""
        return self.hash(self.context + label + data)


ED25519 = Suite("ed25519", curves.EDWARDS25519, b"FROST-ED25519-SHA512-v1", _sha512, challenge_prefix=b"")
RISTRETTO255 = Suite("ristretto255", curves.RISTRETTO255, b"FROST-RISTRETTO255-SHA512-v1", _sha512)
ED448 = Suite("ed448", curves.EDWARDS448, b"FROST-ED448-SHAKE256-v1", _shake256, challenge_prefix=b"SigEd448\x00\x00")
P256 = Suite("p256", curves.P256, b"FROST-P256-SHA256-v1", _sha256, expands=True)
SECP256K1 = Suite("secp256k1", curves.SECP256K1, b"FROST-secp256k1-SHA256-v1", _sha256, expands=True)
SECP256K1_TR = Suite(
    "secp256k1-tr", curves.SECP256K1, b"FROST-secp256k1-SHA256-TR-v1", _sha256, expands=True, x_only=True
)
SUITES = {suite.name: suite for suite in (ED25519, RISTRETTO255, ED448, P256, SECP256K1, SECP256K1_TR)}


class Commitment(NamedTuple):
    """A signer's nonce commitments, encoded."""

    number: int
    hiding: bytes
    binding: bytes


class Share(NamedTuple):
    """A participant's secret share."""

    number: int
    secret: int


def deal(suite: Suite, coefficients: Sequence[int], numbers: Sequence[int]) -> tuple[bytes, dict[int, Share]]:
    """Shares of coefficients[0] by a trusted dealer (appendix C): the group's public key, and the shares."""
    group = suite.group
    shares = {}
    for number in numbers:
        value = sum(c * pow(number, power, group.order) for power, c in enumerate(coefficients)) % group.order
        shares[number] = Share(number, value)
    return group.encode(group.multiply(coefficients[0], group.base)), shares


def nonce(suite: Suite, random: bytes, secret: int) -> int:
    """nonce_generate, section 4.1, of 32 random bytes."""
    return suite.scalar_hash(b"nonce", random + encode_scalar(suite.group, secret))


def commit(suite: Suite, number: int, hiding: int, binding: int) -> Commitment:
    group = suite.group
    return Commitment(number, *(group.encode(group.multiply(k, group.base)) for k in (hiding, binding)))


def _even(suite: Suite, point: Point) -> tuple[Point, int]:
    """The point to go on with and its sign: for x-only suites the one of +-P with even y."""
    if suite.x_only and point[1] & 1:
        return suite.group.negate(point), -1
    return point, 1


@dataclass(frozen=True)
class Session:
    """Sections 4.4 to 4.6 for one message: binding factors, group commitment, challenge; signs for x-only suites."""

    suite: Suite
    numbers: tuple[int, ...]
    factors: Mapping[int, int]
    commitment: bytes
    challenge: int
    key_sign: int
    nonce_sign: int


def begin(suite: Suite, public_key: bytes, commitments: Sequence[Commitment], message: bytes) -> Session:
    group = suite.group
    key, key_sign = _even(suite, group.decode(public_key))
    encoded_key = group.encode(key)
    listed = b"".join(encode_scalar(group, c.number) + c.hiding + c.binding for c in commitments)
    prefix = encoded_key + suite.digest(b"msg", message) + suite.digest(b"com", listed)
    factors = {c.number: suite.scalar_hash(b"rho", prefix + encode_scalar(group, c.number)) for c in commitments}
    total = group.identity
    for c in commitments:
        bound = group.multiply(factors[c.number], group.decode(c.binding))
        total = group.add(total, group.add(group.decode(c.hiding), bound))
    total, nonce_sign = _even(suite, total)
    skip = 1 if suite.x_only else 0
    encoded = group.encode(total)
    challenge = suite.scalar_hash(b"chal", encoded[skip:] + encoded_key[skip:] + message)
    numbers = tuple(c.number for c in commitments)
    return Session(suite, numbers, factors, encoded[skip:], challenge, key_sign, nonce_sign)


def lagrange(group: Group, number: int, numbers: Sequence[int]) -> int:
    """Section 4.2."""
    top = bottom = 1
    for other in numbers:
        if other != number:
            top = top * other % group.order
            bottom = bottom * (other - number) % group.order
    return top * pow(bottom, -1, group.order) % group.order


def sign(session: Session, share: Share, nonces: tuple[int, int]) -> bytes:
    """One signer's signature share: section 5.2. `nonces` are (hiding, binding)."""
    weight = lagrange(session.suite.group, share.number, session.numbers)
    own = nonces[0] + nonces[1] * session.factors[share.number]
    value = session.nonce_sign * own + session.key_sign * weight * share.secret * session.challenge
    return encode_scalar(session.suite.group, value)


def aggregate(session: Session, shares: Mapping[int, bytes]) -> bytes:
    """Section 5.3."""
    group = session.suite.group
    total = sum(int.from_bytes(shares[number], group.byte_order) for number in session.numbers)
    return session.commitment + encode_scalar(group, total)


def verify(suite: Suite, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """The Schnorr equation z G = R + c Y, strict."""
    group = suite.group
    skip = 1 if suite.x_only else 0
    length = group.element_bytes - skip
    try:
        key, _ = _even(suite, group.decode(public_key))
        commitment = group.decode(b"\x02" * skip + signature[:length])
        z = decode_scalar(group, signature[length:])
    except ValueError:
        return False
    c = suite.scalar_hash(b"chal", signature[:length] + group.encode(key)[skip:] + message)
    right = group.add(commitment, group.multiply(c, key))
    left = group.multiply(z, group.base)
    if group.identity in {left, right}:
        return left == right
    return group.encode(left) == group.encode(right)
