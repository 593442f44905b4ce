"""The coordinator's side of a signature: shares become a signature, or it is said whose share is wrong.

Everything here is public; anybody may coordinate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from thresign.errors import InvalidPartial
from thresign.frost import verify
from thresign.frost.keys import Commitment, PublicKeys
from thresign.frost.tweaks import KeyTweak
from thresign.groups import native


def aggregate(
    keys: PublicKeys,
    commitments: Sequence[Commitment],
    message: bytes,
    shares: Mapping[int, bytes],
    tweaks: Sequence[KeyTweak] = (),
) -> bytes:
    """The signature, signature_bytes (RFC 9591 section 5.3), verified by a library that is not ours.

    `commitments` rise by number and are those that were signed; `shares` holds one of each signer. Shares are checked
    one by one only if the signature does not verify. Raises InvalidPartial naming the signers whose share is wrong or
    missing, ValueError if the commitments are not those of at least min_signers participants.
    """
    child = keys.tweaked(tweaks)
    in_order = _well_formed(child, commitments, shares)
    signature = native.aggregate(child.suite.id, child.public_key, commitments, message, in_order)
    if verify.is_valid(child.suite.id, child.public_key, message, signature):
        return signature
    raise InvalidPartial("shares are wrong", blame(keys, commitments, message, shares, tweaks))


def blame(
    keys: PublicKeys,
    commitments: Sequence[Commitment],
    message: bytes,
    shares: Mapping[int, bytes],
    tweaks: Sequence[KeyTweak] = (),
) -> tuple[int, ...]:
    """The numbers of the signers whose share is wrong (RFC 9591 section 5.4). Raises as `aggregate`."""
    child = keys.tweaked(tweaks)
    in_order = _well_formed(child, commitments, shares)
    public = [child.verification_shares[commitment.number] for commitment in commitments]
    return native.culprits(child.suite.id, child.public_key, commitments, message, in_order, public)


def _well_formed(keys: PublicKeys, commitments: Sequence[Commitment], shares: Mapping[int, bytes]) -> list[bytes]:
    numbers = [commitment.number for commitment in commitments]
    strangers = [number for number in numbers if number not in keys.verification_shares]
    if strangers or len(numbers) < keys.min_signers:
        raise ValueError(f"{len(numbers)} signers, {strangers} of them strangers; {keys.min_signers} are needed")
    wrong = tuple(
        number for number in numbers if number not in shares or not native.is_scalar(keys.suite.id, shares[number])
    )
    if wrong:
        raise InvalidPartial("shares are missing or no scalars", wrong)
    return [shares[number] for number in numbers]
