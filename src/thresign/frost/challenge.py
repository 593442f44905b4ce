"""The challenges of RFC 9591 (section 6, H2) in plain Python, over public values, for verification by other libraries.

Independent of native/ on purpose: hashlib and integers alone.
"""

from __future__ import annotations

import hashlib

SHA256_BLOCK_BYTES = 64
HASH_TO_FIELD_BYTES = 48

ORDER_RISTRETTO255 = 2**252 + 27742317777372353535851937790883648493
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ORDER_SECP256K1 = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def expand_message_xmd(message: bytes, separator: bytes, length: int) -> bytes:
    """RFC 9380 section 5.3.1 with SHA-256: `length` (at most 8160) uniform bytes. `separator` is at most 255 bytes."""
    prime = separator + len(separator).to_bytes(1, "big")
    first = hashlib.sha256(bytes(SHA256_BLOCK_BYTES) + message + length.to_bytes(2, "big") + b"\x00" + prime).digest()
    blocks, last = b"", bytes(len(first))
    for i in range(1, -(-length // len(first)) + 1):
        mixed = bytes(a ^ b for a, b in zip(first, last, strict=True))
        last = hashlib.sha256(mixed + i.to_bytes(1, "big") + prime).digest()
        blocks += last
    return blocks[:length]


def ristretto255(commitment: bytes, public_key: bytes, message: bytes) -> int:
    """H2 of FROST(ristretto255, SHA-512), RFC 9591 section 6.2, below the group order."""
    context = b"FROST-RISTRETTO255-SHA512-v1chal"
    digest = hashlib.sha512(context + commitment + public_key + message).digest()
    return int.from_bytes(digest, "little") % ORDER_RISTRETTO255


def p256(commitment: bytes, public_key: bytes, message: bytes) -> int:
    """H2 of FROST(P-256, SHA-256), RFC 9591 section 6.4, below the group order."""
    return _to_field(b"FROST-P256-SHA256-v1chal", commitment + public_key + message, ORDER_P256)


def secp256k1(commitment: bytes, public_key: bytes, message: bytes) -> int:
    """H2 of FROST(secp256k1, SHA-256), RFC 9591 section 6.5, below the group order."""
    return _to_field(b"FROST-secp256k1-SHA256-v1chal", commitment + public_key + message, ORDER_SECP256K1)


def _to_field(separator: bytes, message: bytes, order: int) -> int:
    return int.from_bytes(expand_message_xmd(message, separator, HASH_TO_FIELD_BYTES), "big") % order
