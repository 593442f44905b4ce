"""Our groups beside the oracle and beside libsodium, libsecp256k1, OpenSSL and `ecdsa`, over thresign._native.

Random and adversarial scalars and points; the seed is the test's own parameter, so that a failure repeats itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import coincurve
import ecdsa
import libnacl
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from ecdsa.ellipticcurve import PointJacobi
from ecdsa.errors import MalformedPointError

from tests.reference import curves, frost
from tests.reference.curves import Edwards, Group, Point, Weierstrass, encode_scalar
from thresign.frost import suites, verify
from thresign.frost.suites import GroupId
from thresign.groups import native, schnorr

GROUPS: dict[GroupId, Group] = {
    GroupId.EDWARDS25519: curves.EDWARDS25519,
    GroupId.RISTRETTO255: curves.RISTRETTO255,
    GroupId.P256: curves.P256,
    GroupId.SECP256K1: curves.SECP256K1,
    GroupId.EDWARDS448: curves.EDWARDS448,
}
EVERY = pytest.mark.parametrize("group_id", GROUPS, ids=lambda group: group.name)
SUITE_OF = {suite.group: suite for suite in suites.SUITES if not suite.x_only}
nacl = libnacl.nacl


def edge_scalars(group: Group) -> list[int]:
    q = group.order
    halves = [1 << k for k in (31, 32, 63, 64, 127, 128, 129, 192, q.bit_length() - 2, q.bit_length() - 1)]
    runs = [(1 << k) - 1 for k in (32, 64, 128, 251, q.bit_length() - 1)]
    return [n % q for n in (0, 1, 2, 3, q - 1, q - 2, (q - 1) // 2, (q + 1) // 2, *halves, *runs)]


def some_scalars(group: Group, draw: random.Random, count: int) -> list[int]:
    return edge_scalars(group) + [draw.randrange(group.order) for _ in range(count)]


def encoded(group: Group, point: Point) -> bytes:
    """As native writes it: b"" for the identity."""
    return b"" if is_identity(group, point) else group.encode(point)


def is_identity(group: Group, point: Point) -> bool:
    if isinstance(group, curves.Ristretto255):
        return group.encode(point) == bytes(32)
    return point == group.identity


# --- scalars ---------------------------------------------------------------------------------------------------------


@EVERY
def test_which_scalars_are_canonical(group_id: GroupId) -> None:
    group = GROUPS[group_id]
    q, length, suite = group.order, group.scalar_bytes, SUITE_OF[group_id].id
    for value in (0, 1, q - 1, q, q + 1, 2 * q, 2 * q - 1, (1 << 8 * length) - 1, 1 << 8 * length - 1):
        if value < 1 << 8 * length:
            assert native.is_scalar(suite, value.to_bytes(length, group.byte_order)) is (value < q), value
    for wrong in (length - 1, length + 1, 0):
        assert not native.is_scalar(suite, bytes(wrong))


@EVERY
def test_reduction(group_id: GroupId) -> None:
    group, draw = GROUPS[group_id], random.Random(1)
    q, most = group.order, (1 << 8 * native.WIDE_BYTES_MAX) - 1
    values = [0, 1, q - 1, q, q + 1, q * q, q * q - 1, most, most // 2, most - most % q, most - most % q - 1]
    values += [draw.getrandbits(draw.randrange(1, 8 * native.WIDE_BYTES_MAX)) for _ in range(300)]
    for value in values:
        for length in {max(1, (value.bit_length() + 7) // 8), native.WIDE_BYTES_MAX}:
            assert native.reduce(group_id, value.to_bytes(length, group.byte_order)) == encode_scalar(group, value)
    with pytest.raises(ValueError, match="too long"):
        native.reduce(group_id, bytes(native.WIDE_BYTES_MAX + 1))
    if group_id is GroupId.EDWARDS25519:
        for _ in range(100):
            wide, out = draw.randbytes(64), libnacl.ctypes.create_string_buffer(32)
            nacl.crypto_core_ed25519_scalar_reduce(out, wide)
            assert native.reduce(group_id, wide) == out.raw


# --- multiplication --------------------------------------------------------------------------------------------------


@EVERY
def test_multiplication_as_the_oracle_does(group_id: GroupId) -> None:
    group, draw = GROUPS[group_id], random.Random(2)
    for k in some_scalars(group, draw, 6):
        scalar = encode_scalar(group, k)
        assert native.multiply(group_id, scalar) == encoded(group, group.multiply(k, group.base)), k
        point = group.multiply(draw.randrange(1, group.order), group.base)
        assert native.multiply(group_id, scalar, group.encode(point)) == encoded(group, group.multiply(k, point)), k
    with pytest.raises(ValueError, match="below the order"):
        native.multiply(group_id, group.order.to_bytes(group.scalar_bytes, group.byte_order))


@EVERY
def test_sums_of_products_as_the_oracle_does(group_id: GroupId) -> None:
    """Against what a sum must be by linearity, for sizes at which the algorithm changes; terms cancel and repeat."""
    group, draw = GROUPS[group_id], random.Random(3)
    logarithms = [draw.randrange(1, group.order) for _ in range(12)]
    points = [native.multiply(group_id, encode_scalar(group, k)) for k in logarithms]
    for count in (*range(1, 34), 63, 64, 65, 127, 128, 129, 200, 300, 500):
        scalars = [draw.choice([draw.randrange(group.order), draw.choice(edge_scalars(group))]) for _ in range(count)]
        places = [draw.randrange(len(points)) for _ in range(count)]
        total = sum(k * logarithms[at] for k, at in zip(scalars, places, strict=True)) % group.order
        expected = native.multiply(group_id, encode_scalar(group, total))
        made = native.multiply_sum(group_id, [encode_scalar(group, k) for k in scalars], [points[at] for at in places])
        assert made == expected, count
    both = [encode_scalar(group, 5), encode_scalar(group, -5)]
    assert native.multiply_sum(group_id, both, [points[0]] * 2) == b""
    sum_of_two = group.add(group.multiply(7, group.base), group.negate(group.multiply(3, group.decode(points[1]))))
    made = native.multiply_sum(
        group_id, [encode_scalar(group, 7), encode_scalar(group, -3)], [group.encode(group.base), points[1]]
    )
    assert made == group.encode(sum_of_two)


def by_libsodium(base: str, any_point: str) -> Callable[[bytes, bytes], bytes]:
    def multiply(scalar: bytes, element: bytes) -> bytes:
        out = libnacl.ctypes.create_string_buffer(32)
        done = getattr(nacl, any_point)(out, scalar, element) if element else getattr(nacl, base)(out, scalar)
        return out.raw if done == 0 else b""

    return multiply


def by_libsecp256k1(scalar: bytes, element: bytes) -> bytes:
    if not any(scalar):
        return b""
    if not element:
        return coincurve.PublicKey.from_valid_secret(scalar).format()
    return coincurve.PublicKey(element).multiply(scalar).format()


def by_openssl(scalar: bytes, element: bytes) -> bytes:
    """OpenSSL multiplies the generator alone, `ecdsa` any point."""
    k = int.from_bytes(scalar, "big")
    if k == 0:
        return b""
    if not element:
        public = ec.derive_private_key(k, ec.SECP256R1()).public_key().public_numbers()
        return bytes([2 + (public.y & 1)]) + public.x.to_bytes(32, "big")
    point = PointJacobi.from_bytes(ecdsa.NIST256p.curve, element, order=ecdsa.NIST256p.order)
    return bytes((point * k).to_bytes("compressed"))


OTHERS: dict[GroupId, Callable[[bytes, bytes], bytes]] = {
    GroupId.EDWARDS25519: by_libsodium("crypto_scalarmult_ed25519_base_noclamp", "crypto_scalarmult_ed25519_noclamp"),
    GroupId.RISTRETTO255: by_libsodium("crypto_scalarmult_ristretto255_base", "crypto_scalarmult_ristretto255"),
    GroupId.SECP256K1: by_libsecp256k1,
    GroupId.P256: by_openssl,
}


@pytest.mark.parametrize("group_id", OTHERS, ids=lambda group: group.name)
def test_multiplication_as_other_libraries_do(group_id: GroupId) -> None:
    group, other, draw = GROUPS[group_id], OTHERS[group_id], random.Random(4)
    for k in some_scalars(group, draw, 200):
        scalar = encode_scalar(group, k)
        assert native.multiply(group_id, scalar) == other(scalar, b""), k
        element = native.multiply(group_id, encode_scalar(group, draw.randrange(1, group.order)))
        assert native.multiply(group_id, scalar, element) == other(scalar, element), k


# --- decoding --------------------------------------------------------------------------------------------------------


def small_order_points(curve: Edwards) -> list[Point]:
    """The points of order 1, 2, 4 (and 8, where the cofactor is 8), by clearing the large part of other points."""
    found = {curve.identity, (0, curve.p - 1)}
    y = 2
    cofactor = 8 if curve is curves.EDWARDS25519 else 4
    while len(found) < cofactor:
        y += 1
        try:
            point = curve.decode_any(y.to_bytes(curve.element_bytes, "little"))
        except ValueError:
            continue
        found.add(curve.multiply(curve.order, point))
    return sorted(found)


def edwards_encodings(curve: Edwards, draw: random.Random) -> list[bytes]:
    length, top = curve.element_bytes, 1 << 8 * curve.element_bytes - 1
    torsion = small_order_points(curve)
    good = [curve.multiply(draw.randrange(1, curve.order), curve.base) for _ in range(4)]
    points = [*torsion, *good, *(curve.add(g, t) for g in good[:2] for t in torsion)]
    values = [int.from_bytes(curve.encode(point), "little") for point in points]
    values += [value ^ top for value in values]  # both signs; for x = 0 the other is not canonical
    values += [y + curve.p for y in range(25) if y + curve.p < top] + [curve.p, curve.p - 1, top, top | 1, 2 * top - 1]
    values += [draw.getrandbits(8 * length) for _ in range(60)]
    if length == 57:
        values += [value | draw.randrange(1, 128) << 448 for value in values[:8]]  # bits that must be zero
    return [value.to_bytes(length, "little") for value in values]


def ristretto_encodings(draw: random.Random) -> list[bytes]:
    """Among them every kind of RFC 9496 appendix A.2: not below p, negative, non-square, negative xy, s = -1."""
    group, p = curves.RISTRETTO255, curves.EDWARDS25519.p
    values = [0, 1, 2, p - 1, p, p + 1, p + 2, 2**255 - 1, 2**256 - 1, 2**255]
    for _ in range(12):
        s = int.from_bytes(group.encode(group.multiply(draw.randrange(1, group.order), group.base)), "little")
        values += [s, p - s, s + p, s | 1 << 255, s + 2]
    values += [draw.getrandbits(255) & ~1 for _ in range(60)]
    return [value.to_bytes(32, "little") for value in values if value < 1 << 256]


def weierstrass_encodings(curve: Weierstrass, draw: random.Random) -> list[bytes]:
    xs = [0, 1, 2, 3, 5, 7, curve.p - 1, curve.p, curve.p + 1, curve.order, 2**256 - 1, curve.base[0]]
    xs += [x + curve.p for x in range(2, 30) if x + curve.p < 1 << 256]
    xs += [draw.getrandbits(256) for _ in range(40)]
    prefixes = (0, 1, 2, 3, 4, 5, 6, 7, 0x82, 0xFF)
    return [bytes([prefix]) + x.to_bytes(32, "big") for x in xs for prefix in prefixes]


def sodium_accepts(name: str) -> Callable[[bytes], bool]:
    """Zeros are ristretto's identity; libsodium 1.0.18 also overlooks the top bit of a ristretto encoding."""
    overlooked = 7 if "ristretto" in name else 8
    return lambda data: bool(getattr(nacl, name)(data)) and any(data) and not data[-1] >> overlooked


def libsecp256k1_accepts(data: bytes) -> bool:
    try:
        coincurve.PublicKey(data)
    except ValueError:
        return False
    return True


def openssl_and_ecdsa_accept(data: bytes) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        openssl = False
    else:
        openssl = True
    try:
        PointJacobi.from_bytes(ecdsa.NIST256p.curve, data, valid_encodings=("compressed",))
    except MalformedPointError:
        assert not openssl
        return False
    assert openssl or int.from_bytes(data[1:], "big") >= curves.P256.p  # `ecdsa` 0.19.1 does not look
    return openssl


ENCODINGS: dict[GroupId, tuple[Callable[[random.Random], list[bytes]], Callable[[bytes], bool] | None]] = {
    GroupId.EDWARDS25519: (
        lambda draw: edwards_encodings(curves.EDWARDS25519, draw),
        sodium_accepts("crypto_core_ed25519_is_valid_point"),
    ),
    GroupId.RISTRETTO255: (ristretto_encodings, sodium_accepts("crypto_core_ristretto255_is_valid_point")),
    GroupId.P256: (lambda draw: weierstrass_encodings(curves.P256, draw), openssl_and_ecdsa_accept),
    GroupId.SECP256K1: (lambda draw: weierstrass_encodings(curves.SECP256K1, draw), libsecp256k1_accepts),
    GroupId.EDWARDS448: (lambda draw: edwards_encodings(curves.EDWARDS448, draw), None),
}


@EVERY
def test_which_elements_are_valid(group_id: GroupId) -> None:
    group, (encodings, other) = GROUPS[group_id], ENCODINGS[group_id]
    verdicts = []
    good = group.encode(group.base)
    for data in encodings(random.Random(5)):
        try:
            expected = group.encode(group.decode(data)) == data
        except ValueError:
            expected = False
        verdicts.append(expected)
        assert native.decodes(group_id, data) is expected, data.hex()
        assert native.decodes(group_id, good * 9 + data + good * 9) is expected, data.hex()
        if other is not None:
            assert other(data) is expected, data.hex()
    assert 8 <= sum(verdicts) <= len(verdicts) - 20
    for wrong in (b"", good[:-1], good + b"\x00"):
        assert not native.decodes(group_id, wrong)


# --- signatures ------------------------------------------------------------------------------------------------------


def signed(suite: frost.Suite, draw: random.Random, message: bytes) -> tuple[bytes, bytes]:
    key, shares = frost.deal(suite, [draw.randrange(1, suite.group.order) for _ in range(2)], (1, 2))
    nonces = {n: (draw.randrange(1, suite.group.order), draw.randrange(1, suite.group.order)) for n in (1, 2)}
    session = frost.begin(suite, key, [frost.commit(suite, n, *nonces[n]) for n in (1, 2)], message)
    return key, frost.aggregate(session, {n: frost.sign(session, shares[n], nonces[n]) for n in (1, 2)})


def adversarial(suite: frost.Suite, key: bytes, signature: bytes, draw: random.Random) -> list[tuple[bytes, bytes]]:
    """Keys and signatures beside good ones: other z, R and key, among them every encoding that is none."""
    group = suite.group
    length = len(signature) - group.scalar_bytes
    commitment, z = signature[:length], int.from_bytes(signature[length:], group.byte_order)
    tried = []
    for other in (0, 1, group.order - 1, group.order, group.order - z, z + group.order, z ^ 1):
        if other < 1 << 8 * group.scalar_bytes:
            tried.append((key, commitment + other.to_bytes(group.scalar_bytes, group.byte_order)))
    group_id = next(number for number, each in GROUPS.items() if each is group)
    encodings = [data for data in ENCODINGS[group_id][0](draw) if len(data) == group.element_bytes]
    for data in draw.sample(encodings, 24):
        tried.append((key, data[len(data) - length :] + signature[length:]))
        if native.decodes(group_id, data) or not isinstance(group, Edwards):
            tried.append((data, signature))  # keys of Edwards groups are members: the ledger admits no others
    tried += [(key, signature[:-1]), (key, signature + b"\x00"), (key[:-1], signature), (key + b"\x00", signature)]
    return tried


@pytest.mark.parametrize("name", list(frost.SUITES))
def test_signatures_are_judged_alike(name: str) -> None:
    suite, number, draw = frost.SUITES[name], suites.BY_NAME[name].id, random.Random(6)
    for length in (0, 1, 32, 1000):
        message = draw.randbytes(length)
        key, signature = signed(suite, draw, message)
        assert native.verify(number, key, message, signature)
        assert verify.is_valid(number, key, message, signature)
        for other_key, other in adversarial(suite, key, signature, draw):
            if (other_key, other) == (key, signature):
                continue
            verdict = native.verify(number, other_key, message, other)
            assert verify.is_valid(number, other_key, message, other) is verdict, (other_key.hex(), other.hex())
            assert not verdict or suite.x_only, (other_key.hex(), other.hex())


def test_a_commitment_has_one_encoding() -> None:
    """Who has the key makes signatures over encodings that some libraries read and nobody may: they are refused."""
    secret, nonce, message, suite = 12345, 77, b"message", frost.RISTRETTO255
    commitment = bytearray(suite.group.encode(suite.group.multiply(nonce, suite.group.base)))
    key = suite.group.encode(suite.group.multiply(secret, suite.group.base))
    for top, expected in ((0, True), (0x80, False)):
        commitment[31] |= top
        c = suite.scalar_hash(b"chal", bytes(commitment) + key + message)
        signature = bytes(commitment) + encode_scalar(suite.group, nonce + c * secret)
        assert verify.is_valid(suites.RISTRETTO255.id, key, message, signature) is expected
        assert native.verify(suites.RISTRETTO255.id, key, message, signature) is expected


def test_an_x_coordinate_is_reduced() -> None:
    """The same for P-256, where nobody knows the logarithm of such a point: the equation alone, with c = 1."""
    curve = curves.P256
    x = next(x for x in range(5, 100) if native.decodes(GroupId.P256, b"\x02" + x.to_bytes(32, "big")))
    commitment = b"\x02" + x.to_bytes(32, "big")
    key = curve.encode(curve.add(curve.multiply(99, curve.base), curve.negate(curve.decode(commitment))))
    assert schnorr.p256(commitment, key, 99, 1)
    assert not schnorr.p256(commitment, key, 98, 1)
    assert not schnorr.p256(b"\x02" + (x + curve.p).to_bytes(32, "big"), key, 99, 1)


def test_signatures_of_other_libraries_verify() -> None:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519  # noqa: PLC0415

    draw = random.Random(7)
    for length in (0, 1, 32, 33, 500):
        message = draw.randbytes(length)
        one = ed25519.Ed25519PrivateKey.from_private_bytes(draw.randbytes(32))
        two = ed448.Ed448PrivateKey.from_private_bytes(draw.randbytes(57))
        key = coincurve.PrivateKey(draw.randbytes(32))
        assert native.verify(1, one.public_key().public_bytes_raw(), message, one.sign(message))
        assert native.verify(3, two.public_key().public_bytes_raw(), message, two.sign(message))
        if length == 32:
            for public_key in (key.public_key.format(), b"\x02" + key.public_key_xonly.format()):
                assert native.verify(6, public_key, message, key.sign_schnorr(message))


def test_unknown_numbers_are_errors() -> None:
    from thresign.errors import UnknownSuite  # noqa: PLC0415

    for number in (0, 7, 255):
        with pytest.raises(UnknownSuite):
            verify.is_valid(number, bytes(32), b"", bytes(64))
        with pytest.raises(ValueError, match="no such suite"):
            native.verify(number, bytes(32), b"", bytes(64))
        with pytest.raises(ValueError, match="no such suite"):
            native.suite(number)
        with pytest.raises(ValueError, match="no such group"):
            native.decodes(number, bytes(32))
