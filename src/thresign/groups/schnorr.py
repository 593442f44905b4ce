"""Verification by libraries that are not ours: libsodium, OpenSSL, libsecp256k1 and `ecdsa`.

The four groups without a signature standard of their own get the Schnorr equation z G = R + c Y over the library's
group operations; the challenge c is the caller's. Elements and scalars are the encodings of RFC 9591; whatever is not
one is not valid. z = 0 is refused: with an honest signer it does not happen.
"""

from __future__ import annotations

import coincurve
import ecdsa
import libnacl
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from ecdsa.ellipticcurve import INFINITY, PointJacobi

_P256 = ecdsa.NIST256p
_nacl = libnacl.nacl
_RISTRETTO_BYTES = 32


def ed448(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True iff OpenSSL accepts the Ed448 signature (114 bytes, RFC 8032) under the key (57 bytes)."""
    try:
        Ed448PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (ValueError, InvalidSignature):
        return False
    return True


def bip340(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True iff libsecp256k1 accepts the BIP-340 signature (64 bytes) under the x-only key (32 bytes)."""
    try:
        return coincurve.PublicKeyXOnly(public_key).verify(signature, message)
    except ValueError:
        return False


def secp256k1(commitment: bytes, public_key: bytes, z: int, c: int) -> bool:
    """z G = R + c Y by libsecp256k1; R and Y compressed (33 bytes), z and c below the order."""
    try:
        left = coincurve.PublicKey.from_valid_secret(z.to_bytes(32, "big"))
        product = coincurve.PublicKey(public_key).multiply(c.to_bytes(32, "big"))
        right = coincurve.PublicKey.combine_keys([coincurve.PublicKey(commitment), product])
    except ValueError:
        return False
    return left.format() == right.format()


def p256(commitment: bytes, public_key: bytes, z: int, c: int) -> bool:
    """z G - c Y = R by the `ecdsa` library; R and Y compressed (33 bytes), z and c below the order.

    OpenSSL reads the elements: it refuses x-coordinates that are not reduced, which `ecdsa` 0.19.1 takes.
    """
    try:
        key, right = _p256_point(public_key), _p256_point(commitment)
    except ValueError:
        return False
    left = _P256.generator.mul_add(z, key, _P256.order - c)
    return bool(z != 0 and left != INFINITY and left == right)


def _p256_point(data: bytes) -> PointJacobi:
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data).public_numbers()
    return PointJacobi(_P256.curve, point.x, point.y, 1, _P256.order)


def ristretto255(commitment: bytes, public_key: bytes, z: bytes, c: bytes) -> bool:
    """z G = R + c Y by libsodium; 32 bytes each, z and c below the order, little-endian.

    libsodium 1.0.18 reads encodings whose top bit is set: they are refused here (RFC 9496 section 4.3.1).
    """
    left, product, right = (libnacl.ctypes.create_string_buffer(_RISTRETTO_BYTES) for _ in range(3))
    if any(len(element) != _RISTRETTO_BYTES or element[-1] >> 7 for element in (commitment, public_key)):
        return False
    if (
        _nacl.crypto_scalarmult_ristretto255_base(left, z)
        or _nacl.crypto_scalarmult_ristretto255(product, c, public_key)
        or _nacl.crypto_core_ristretto255_add(right, commitment, product)
    ):
        return False
    return bytes(left.raw) == bytes(right.raw)
