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


_point = libnacl.nacl.crypto_core_ed25519_is_valid_point
_multiply = libnacl.nacl.crypto_scalarmult
_EIGHT = (8).to_bytes(32, "little")


def are_member_keys(vote_key: bytes, sealing_key: bytes) -> bool:
    """True iff a roster may have them: an Ed25519 point of the prime-order subgroup, and an X25519 point that is not of
    small order (native/certificate/roster.c asks the same functions)."""
    if len(vote_key) != PUBLIC_KEY_BYTES or len(sealing_key) != PUBLIC_KEY_BYTES:
        return False
    shared = libnacl.ctypes.create_string_buffer(32)
    return bool(_point(vote_key) == 1 and _multiply(shared, _EIGHT, sealing_key) == 0)
