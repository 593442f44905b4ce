"""The C core, typed. Nothing else imports thresign._native.

Functions work on public values. Signer and Ceremony own secrets, in locked memory of theirs, and give none out.
"""

from __future__ import annotations

from collections.abc import Sequence

from thresign import _native

Signer = _native.Signer
Ceremony = _native.Ceremony
unwrap = _native.unwrap
deal_for_tests = _native.deal_for_tests
ceremony = _native.ceremony
reduce = _native.reduce
WIDE_BYTES_MAX = 114
"""What `reduce` takes at most: TS_SCALAR_WIDE_BYTES_MAX."""


def joined_commitments(commitments: Sequence[tuple[int, bytes, bytes]]) -> bytes:
    """The commitment list as the core reads it: number (U16), hiding, binding, end to end."""
    return b"".join(number.to_bytes(2, "big") + hiding + binding for number, hiding, binding in commitments)


def joined_tweaks(tweaks: Sequence[tuple[int, bytes]]) -> bytes:
    """Tweaks as the core reads them: kind (U8) and scalar, end to end."""
    return b"".join(kind.to_bytes(1, "big") + value for kind, value in tweaks)


def suite(number: int) -> tuple[str, int, int, int, int, bool]:
    """A suite of the core: title, group, element, scalar and signature bytes, x-only. Raises ValueError if unknown."""
    return _native.suite(number)


def tweak(
    suite: int, key: bytes, tweaks: Sequence[tuple[int, bytes]], verification_shares: Sequence[bytes]
) -> tuple[bytes, list[bytes]]:
    """Key and verification shares with tweaks (kind, scalar) applied in turn. Raises ValueError."""
    made = _native.tweak(suite, key, joined_tweaks(tweaks), b"".join(verification_shares))
    size = len(key)
    return made[:size], [made[at : at + size] for at in range(size, len(made), size)]


def aggregate(
    suite: int,
    key: bytes,
    commitments: Sequence[tuple[int, bytes, bytes]],
    message: bytes,
    shares: Sequence[bytes],
) -> bytes:
    """RFC 9591 section 5.3: the signature, not yet verified. `commitments` rise by number; shares in the same order.

    Raises ValueError naming the input that is not valid.
    """
    return _native.aggregate(suite, key, joined_commitments(commitments), message, b"".join(shares))


def aggregate_verified(
    suite: int,
    key: bytes,
    commitments: Sequence[tuple[int, bytes, bytes]],
    message: bytes,
    shares: Sequence[bytes],
) -> bytes | None:
    """The signature, verified by our own arithmetic: it costs a fifth more than `aggregate`. None if a share is wrong.

    Raises ValueError as `aggregate`.
    """
    return _native.aggregate_verified(suite, key, joined_commitments(commitments), message, b"".join(shares))


def culprits(
    suite: int,
    key: bytes,
    commitments: Sequence[tuple[int, bytes, bytes]],
    message: bytes,
    shares: Sequence[bytes],
    verification_shares: Sequence[bytes],
) -> tuple[int, ...]:
    """The numbers of the signers whose share is wrong (RFC 9591 section 5.4). Raises ValueError as `aggregate`."""
    joined = b"".join(verification_shares)
    return _native.culprits(suite, key, joined_commitments(commitments), message, b"".join(shares), joined)


def verify(suite: int, key: bytes, message: bytes, signature: bytes) -> bool:
    """True iff the Schnorr equation holds, by our own arithmetic."""
    return _native.verify(suite, key, message, signature)


def decodes(group: int, elements: bytes) -> bool:
    """True iff `elements` is a row of canonical encodings of prime-order elements, none the identity."""
    return _native.decodes(group, elements)


def is_scalar(suite: int, data: bytes) -> bool:
    """True iff `data` is the canonical encoding of a scalar of the suite's group."""
    return _native.is_scalar(suite, data)


def multiply(group: int, scalar: bytes, element: bytes = b"") -> bytes:
    """scalar times the element, or times the generator; b"" is the identity. Raises ValueError if one is not valid."""
    return _native.multiply(group, scalar, element)


def multiply_sum(group: int, scalars: Sequence[bytes], elements: Sequence[bytes]) -> bytes:
    """The sum of scalars[i] times elements[i], in variable time; b"" is the identity. Raises as `multiply`."""
    return _native.multiply_sum(group, b"".join(scalars), b"".join(elements))
