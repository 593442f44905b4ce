"""A signer of the library: an in-memory token. Share and nonces live in locked memory of the C core, never in Python.

A signer cannot be copied, pickled, or used after a fork, and a nonce signs once: its second use is refused. For keys
that must outlive the process there is `wrap`. Whoever wants agreement before a share is released wants the service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import NoReturn

from thresign.frost import suites
from thresign.frost.keys import Commitment, PublicKeys
from thresign.frost.suites import Suite
from thresign.frost.tweaks import KeyTweak
from thresign.groups import native

WRAPPING_KEY_BYTES = 32
NONCES_MAX = 4096
"""Commitments of one signer that wait to be used."""


class Signer:
    """One participant's share of a key. Made by key generation (`dkg.Ceremony.finish`) or by `unwrap`."""

    __slots__ = ("_token",)

    def __init__(self, token: native.Signer) -> None:
        """For this room: `token` owns the share."""
        self._token = token

    @property
    def suite(self) -> Suite:
        """The key's suite."""
        return suites.by_id(self._token.suite)

    @property
    def number(self) -> int:
        """The participant's number (RFC 9591: identifier), from 1."""
        return self._token.number

    @property
    def min_signers(self) -> int:
        """How many must sign together."""
        return self._token.min_signers

    @property
    def public_key(self) -> bytes:
        """The group's public key, element_bytes."""
        return self._token.public_key

    @property
    def verification_share(self) -> bytes:
        """The share times the generator, element_bytes."""
        return self._token.verification_share

    def commit(self) -> Commitment:
        """Makes a nonce and returns its commitments (RFC 9591 section 5.1). At most NONCES_MAX may wait: ValueError."""
        pair, size = self._token.commit(), self.suite.element_bytes
        return Commitment(self.number, pair[:size], pair[size:])

    def discard(self, commitment: Commitment) -> bool:
        """Wipes a nonce that will not be used; False if it is not held (any more)."""
        return self._token.discard(commitment.hiding + commitment.binding)

    def sign(self, commitments: Sequence[Commitment], message: bytes, tweaks: Sequence[KeyTweak] = ()) -> bytes:
        """This signer's signature share, scalar_bytes (RFC 9591 section 5.2); uses up the nonce it committed to.

        `commitments` are those of all signers of this signature, this one's among them, rising by number, the same for
        all. Raises ValueError, the nonce untouched, if they are fewer than min_signers, do not rise, are no valid
        elements or not of a nonce that is held, or if a tweak is not admitted.
        """
        return self._token.sign(native.joined_commitments(commitments), message, native.joined_tweaks(tweaks))

    def wrap(self, key: bytes) -> bytes:
        """The share, sealed under a key of 32 bytes (XChaCha20-Poly1305), for storing. Nonces are not in it.

        Two signers opened from one wrapped share are harmless, since their nonces differ.
        """
        return self._token.wrap(key)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer owns secrets: it is neither copied nor pickled")

    def __repr__(self) -> str:
        return f"Signer({self.suite.name}, number {self.number}, {self.min_signers} sign together)"


def unwrap(wrapped: bytes, key: bytes) -> Signer:
    """The signer whose share `Signer.wrap` sealed. Raises ValueError for another key, or bytes that were altered."""
    return Signer(native.unwrap(wrapped, key))


def trusted_dealer_for_tests(
    suite: Suite, min_signers: int, numbers: Collection[int], seed: bytes
) -> tuple[list[Signer], PublicKeys]:
    """Signers of a key that follows from `seed` (RFC 9591 appendix C). For tests: whoever deals knows the key.

    The coefficients of the polynomial are SHAKE256("thresign dealer for tests" | seed | U16 power) modulo the order.
    """
    wide = [
        hashlib.shake_256(b"thresign dealer for tests" + seed + power.to_bytes(2, "big")).digest(2 * suite.scalar_bytes)
        for power in range(min_signers)
    ]
    coefficients = b"".join(native.reduce(suite.group, value[: native.WIDE_BYTES_MAX]) for value in wide)
    signers = [Signer(native.deal_for_tests(suite.id, coefficients, number)) for number in sorted(numbers)]
    shares = {signer.number: signer.verification_share for signer in signers}
    return signers, PublicKeys(suite, min_signers, signers[0].public_key, shares)
