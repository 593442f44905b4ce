"""The groups of RFC 9591 in plain Python: slow, not constant-time, for tests alone.

Oracles: they share no code with native/, and are written from the RFCs' text with integers and `pow`. Every group has
the same face (`Group`); elements are tuples of coordinates, compared by their encodings.
"""

from __future__ import annotations

from typing import Literal, Protocol

Point = tuple[int, int]


class Group(Protocol):
    """What a suite needs of a group."""

    name: str
    order: int
    scalar_bytes: int
    element_bytes: int
    byte_order: Literal["little", "big"]

    @property
    def base(self) -> Point: ...

    @property
    def identity(self) -> Point: ...

    def add(self, a: Point, b: Point) -> Point: ...

    def negate(self, a: Point) -> Point: ...

    def multiply(self, scalar: int, point: Point) -> Point: ...

    def encode(self, point: Point) -> bytes: ...

    def decode(self, data: bytes) -> Point:
        """DeserializeElement: raises ValueError for what is not the canonical encoding of a member but the identity."""


def encode_scalar(group: Group, scalar: int) -> bytes:
    """SerializeScalar, of the scalar modulo the order."""
    return (scalar % group.order).to_bytes(group.scalar_bytes, group.byte_order)


def decode_scalar(group: Group, data: bytes) -> int:
    """DeserializeScalar. Raises ValueError unless it is below the order."""
    value = int.from_bytes(data, group.byte_order)
    if len(data) != group.scalar_bytes or value >= group.order:
        raise ValueError("no scalar")
    return value


def _root(square: int, p: int) -> int:
    """A square root modulo a prime that is 3 modulo 4, or 5 modulo 8. Raises ValueError if there is none."""
    if p % 4 == 3:
        root = pow(square, (p + 1) // 4, p)
    else:
        root = pow(square, (p + 3) // 8, p)
        if root * root % p != square % p:
            root = root * pow(2, (p - 1) // 4, p) % p
    if root * root % p != square % p:
        raise ValueError("not a square")
    return root


class Edwards:
    """a x^2 + y^2 = 1 + d x^2 y^2 over p, a square and d not: one addition law for all points (RFC 8032)."""

    byte_order: Literal["little", "big"] = "little"
    identity: Point = (0, 1)

    def __init__(self, name: str, p: int, a: int, d: int, order: int, element_bytes: int, base: Point) -> None:
        self.name, self.p, self.a, self.d, self.order, self.base = name, p, a % p, d % p, order, base
        self.element_bytes = self.scalar_bytes = element_bytes

    def add(self, a: Point, b: Point) -> Point:
        return self._affine(self._add((*a, 1), (*b, 1)))

    def negate(self, a: Point) -> Point:
        return -a[0] % self.p, a[1]

    def multiply(self, scalar: int, point: Point) -> Point:
        """Not reduced modulo the order: points of small order have their multiples too."""
        result, doubled = (0, 1, 1), (*point, 1)
        while scalar:
            if scalar & 1:
                result = self._add(result, doubled)
            doubled = self._add(doubled, doubled)
            scalar >>= 1
        return self._affine(result)

    def _affine(self, point: tuple[int, int, int]) -> Point:
        inverse = pow(point[2], -1, self.p)
        return point[0] * inverse % self.p, point[1] * inverse % self.p

    def _add(self, one: tuple[int, int, int], two: tuple[int, int, int]) -> tuple[int, int, int]:
        """Bernstein and others, Twisted Edwards Curves (2008), section 6: projective, complete."""
        (x1, y1, z1), (x2, y2, z2), p = one, two, self.p
        a = z1 * z2 % p
        c, d = x1 * x2 % p, y1 * y2 % p
        e = self.d * c * d % p
        f, g = a * a - e, a * a + e
        return a * f * ((x1 + y1) * (x2 + y2) - c - d) % p, a * g * (d - self.a * c) % p, f * g % p

    def encode(self, point: Point) -> bytes:
        """RFC 8032 sections 5.1.2 and 5.2.2."""
        return (point[1] | (point[0] & 1) << 8 * self.element_bytes - 1).to_bytes(self.element_bytes, "little")

    def decode_any(self, data: bytes) -> Point:
        """RFC 8032 sections 5.1.3 and 5.2.3, of any order, the identity too; canonical alone."""
        value = int.from_bytes(data, "little")
        top = 8 * self.element_bytes - 1
        y, sign = value & (1 << top) - 1, value >> top
        if len(data) != self.element_bytes or y >= self.p:
            raise ValueError("not canonical")
        x = _root((1 - y * y) * pow(self.a - self.d * y * y, -1, self.p), self.p)
        if x == 0 and sign:
            raise ValueError("minus zero")
        return (self.p - x if x & 1 != sign else x), y

    def decode(self, data: bytes) -> Point:
        point = self.decode_any(data)
        if point == self.identity or self.multiply(self.order, point) != self.identity:
            raise ValueError("not of prime order")
        return point


class Ristretto255:
    """RFC 9496 over edwards25519: elements are even points, which the encoding takes four at a time."""

    name = "ristretto255"
    scalar_bytes = element_bytes = 32
    byte_order: Literal["little", "big"] = "little"

    def __init__(self, curve: Edwards) -> None:
        self.curve, self.order, self.base, self.identity = curve, curve.order, curve.base, curve.identity
        self.minus_one_root = pow(2, (curve.p - 1) // 4, curve.p)

    def add(self, a: Point, b: Point) -> Point:
        return self.curve.add(a, b)

    def negate(self, a: Point) -> Point:
        return self.curve.negate(a)

    def multiply(self, scalar: int, point: Point) -> Point:
        return self.curve.multiply(scalar, point)

    def _ratio(self, u: int, v: int) -> tuple[bool, int]:
        """SQRT_RATIO_M1: whether u/v is a square, and the non-negative root of u/v, or of i u/v."""
        p, i = self.curve.p, self.minus_one_root
        r = u * pow(v, 3, p) * pow(u * pow(v, 7, p), (p - 5) // 8, p) % p
        check = v * r * r % p
        if check in {-u % p, -u * i % p}:
            r = r * i % p
        return check in {u % p, -u % p}, min(r, p - r, key=lambda root: root & 1)

    def encode(self, point: Point) -> bytes:
        """Section 4.3.2, with Z = 1."""
        (x0, y0), p, i = point, self.curve.p, self.minus_one_root
        u1, u2, t0 = (1 + y0) * (1 - y0) % p, x0 * y0 % p, x0 * y0 % p
        _, inverse = self._ratio(1, u1 * u2 * u2 % p)
        d1, d2 = inverse * u1 % p, inverse * u2 % p
        z_inverse = d1 * d2 * t0 % p
        _, inv_a_d = self._ratio(1, (self.curve.a - self.curve.d) % p)
        x, y, d = x0, y0, d2
        if t0 * z_inverse % p & 1:
            x, y, d = y0 * i % p, x0 * i % p, d1 * inv_a_d % p
        if x * z_inverse % p & 1:
            y = -y % p
        s = d * (1 - y) % p
        return min(s, -s % p, key=lambda root: root & 1).to_bytes(32, "little")

    def decode(self, data: bytes) -> Point:
        """Section 4.3.1; the identity is refused too."""
        s, p = int.from_bytes(data, "little"), self.curve.p
        if len(data) != 32 or s >= p or s & 1:
            raise ValueError("not canonical")
        u1, u2 = (1 - s * s) % p, (1 + s * s) % p
        v = (-(self.curve.d * u1 * u1) - u2 * u2) % p
        square, inverse = self._ratio(1, v * u2 * u2 % p)
        x = 2 * s * inverse * u2 % p
        x = min(x, -x % p, key=lambda root: root & 1)
        y = u1 * inverse * inverse * u2 * v % p
        if not square or x * y % p & 1 or y == 0 or s == 0:
            raise ValueError("no element")
        return x, y


class Weierstrass:
    """y^2 = x^3 + a x + b over p, of prime order, compressed as SEC 1 does. (0, 0) stands for the identity."""

    byte_order: Literal["little", "big"] = "big"
    scalar_bytes, element_bytes = 32, 33
    identity: Point = (0, 0)

    def __init__(self, name: str, p: int, a: int, b: int, order: int, base: Point) -> None:
        self.name, self.p, self.a, self.b, self.order, self.base = name, p, a % p, b, order, base

    def add(self, a: Point, b: Point) -> Point:
        p = self.p
        if self.identity in {a, b}:
            return b if a == self.identity else a
        if a[0] == b[0]:
            if (a[1] + b[1]) % p == 0:
                return self.identity
            slope = (3 * a[0] * a[0] + self.a) * pow(2 * a[1], -1, p) % p
        else:
            slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p) % p
        x = (slope * slope - a[0] - b[0]) % p
        return x, (slope * (a[0] - x) - a[1]) % p

    def negate(self, a: Point) -> Point:
        return a[0], -a[1] % self.p

    def multiply(self, scalar: int, point: Point) -> Point:
        result = self.identity
        for bit in f"{scalar:b}":
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, point)
        return result

    def encode(self, point: Point) -> bytes:
        return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, "big")

    def decode(self, data: bytes) -> Point:
        x = int.from_bytes(data[1:], "big")
        if len(data) != 33 or data[0] not in {2, 3} or x >= self.p:
            raise ValueError("not canonical")
        y = _root((x**3 + self.a * x + self.b) % self.p, self.p)
        return x, (self.p - y if y & 1 != data[0] & 1 else y)


_P25519 = 2**255 - 19
_D25519 = -121665 * pow(121666, -1, _P25519) % _P25519
EDWARDS25519 = Edwards(
    "edwards25519",
    _P25519,
    -1,
    _D25519,
    2**252 + 27742317777372353535851937790883648493,
    32,
    (
        15112221349535400772501151409588531511454012693041857206046113283949847762202,
        46316835694926478169428394003475163141307993866256225615783033603165251855960,
    ),
)
RISTRETTO255 = Ristretto255(EDWARDS25519)
EDWARDS448 = Edwards(
    "edwards448",
    2**448 - 2**224 - 1,
    1,
    -39081,
    2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    57,
    (
        224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710,
        298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660,
    ),
)
P256 = Weierstrass(
    "P-256",
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    -3,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
SECP256K1 = Weierstrass(
    "secp256k1",
    2**256 - 2**32 - 977,
    0,
    7,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    (
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
    ),
)
