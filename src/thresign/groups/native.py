"""The C core on public values, typed. Nothing else imports thresign._native."""

from __future__ import annotations

from collections.abc import Sequence

from thresign import _native


def _joined(commitments: Sequence[tuple[int, bytes, bytes]]) -> bytes:
    return b"".join(number.to_bytes(2, "big") + hiding + binding for number, hiding, binding in commitments)


def suite(number: int) -> tuple[str, int, int, int, int, bool]:
    """A suite of the core: title, group, element, scalar and signature bytes, x-only. Raises ValueError if unknown."""
    return _native.suite(number)


def tweak(
    suite: int, key: bytes, tweaks: Sequence[tuple[int, bytes]], verification_shares: Sequence[bytes]
) -> tuple[bytes, list[bytes]]:
    """Key and verification shares with tweaks (kind, scalar) applied in turn. Raises ValueError."""
    joined = b"".join(kind.to_bytes(1, "big") + value for kind, value in tweaks)
    made = _native.tweak(suite, key, joined, b"".join(verification_shares))
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
    return _native.aggregate(suite, key, _joined(commitments), message, b"".join(shares))


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
    return _native.culprits(suite, key, _joined(commitments), message, b"".join(shares), joined)


def verify(suite: int, key: bytes, message: bytes, signature: bytes) -> bool:
    """True iff the Schnorr equation holds, by our own arithmetic."""
    return _native.verify(suite, key, message, signature)


def decodes(group: int, elements: bytes) -> bool:
    """True iff `elements` is a row of canonical encodings of prime-order elements, none the identity."""
    return _native.decodes(group, elements)


def is_scalar(suite: int, data: bytes) -> bool:
    """True iff `data` is the canonical encoding of a scalar of the suite's group."""
    return _native.is_scalar(suite, data)
