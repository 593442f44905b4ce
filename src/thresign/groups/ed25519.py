"""Ed25519 verification by libsodium: the one equation behind every vote, statement and caller's signature.

crypto_sign_verify_detached: cofactorless, S below the group order, neither key nor R of small order, the key canonical
(docs/spec/certificate.md). The token calls the same function in C, so both always agree.
"""

from __future__ import annotations

import libnacl

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64

_verify = libnacl.nacl.crypto_sign_verify_detached
_length = libnacl.ctypes.c_ulonglong


def is_valid(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True iff libsodium accepts the signature (64 bytes) of the message under the key (32 bytes)."""
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    return bool(_verify(signature, message, _length(len(message)), public_key) == 0)
