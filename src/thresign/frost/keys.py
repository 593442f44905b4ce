"""What everybody may know: a key's public side, and the commitments of those who are about to sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from thresign.frost import public_keys
from thresign.frost.suites import Suite
from thresign.frost.tweaks import KeyTweak, tweaked


class Commitment(NamedTuple):
    """One signer's commitments to a nonce that it will use once (RFC 9591 section 5.1): element_bytes each."""

    number: int
    hiding: bytes
    binding: bytes


class PublicKeys(msgspec.Struct, frozen=True):
    """The public side of a key: the group's public key, and by participant its share times the generator."""

    suite: Suite
    min_signers: int
    public_key: bytes
    verification_shares: Mapping[int, bytes]

    def tweaked(self, tweaks: Sequence[KeyTweak]) -> PublicKeys:
        """The child key. Raises ValueError if the suite has no tweaks, or one is no scalar."""
        if not tweaks:
            return self
        numbers = list(self.verification_shares)
        shares = [self.verification_shares[number] for number in numbers]
        key, children = tweaked(self.suite.id, self.public_key, tweaks, shares)
        return PublicKeys(self.suite, self.min_signers, key, dict(zip(numbers, children, strict=True)))

    @property
    def pem(self) -> bytes | None:
        """The public key as SubjectPublicKeyInfo, PEM; None if no standard has one for this suite."""
        return public_keys.pem(self.suite.id, self.public_key)

    @property
    def bare(self) -> bytes:
        """The public key as others know it: RFC 9591's encoding; for BIP-340 the 32 bytes of x."""
        return public_keys.bare(self.suite.id, self.public_key)
