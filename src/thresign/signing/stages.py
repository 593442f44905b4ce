"""The stages of an order in a node. Each is a type, and the only function that makes one takes the one before:

    Certified -> Combined -> Held -> Answered

Received and Judged lie before (rest, vault), Refused beside them. Certified is made of a decided batch (journey).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from thresign.ids import Digest
from thresign.orders.orders import SignOrder
from thresign.orders.roster import Roster
from thresign.orders.statements import PartialProof
from thresign.signing.combining import Combiner, SigningKey


class Certified(msgspec.Struct, frozen=True):
    """An order of a decided batch, with what it takes to combine it."""

    domain: Digest
    leaf: Digest
    roster_epoch: int
    sequence: int
    index: int
    order: SignOrder
    encoded: bytes
    key: SigningKey
    message: bytes


class Combined(msgspec.Struct, frozen=True):
    """A verified signature and the signed partials that it came from."""

    certified: Certified
    signature: bytes
    partials: tuple[PartialProof, ...]


class Held(msgspec.Struct, frozen=True):
    """A signature that is in this node's journal."""

    combined: Combined


class Answered(msgspec.Struct, frozen=True):
    """The request's only signature: q modules hold it, or f + 1 and the ledger knows that it is found, so no order will
    ever replace this one."""

    held: Held


def combine(certified: Certified, proofs: Mapping[int, PartialProof], combiner: Combiner) -> Combined | tuple[int, ...]:
    """Combines one proof of each signer; the culprits if the signature would not verify."""
    shares = {number: proof.share for number, proof in proofs.items()}
    result = combiner.combine(certified.key, certified.order, certified.message, shares)
    if isinstance(result, tuple):
        return result
    return Combined(certified, result, tuple(proofs[slot.number] for slot in certified.order.signers))


def accept(
    certified: Certified, signature: bytes, partials: tuple[PartialProof, ...], roster: Roster, combiner: Combiner
) -> Combined | None:
    """A result from another module, if each signer's token signed its partial and these make this signature.

    It is combined anew: that a signature verifies is not enough, since the same message may have been signed under
    another order, and a request has one signature.
    """
    if tuple(proof.number for proof in partials) != tuple(slot.number for slot in certified.order.signers):
        return None
    for proof in partials:
        member = roster.member(proof.number)
        signed = proof.signed_bytes(certified.domain, certified.leaf)
        if member is None or signed is None or not combiner.signed(member.vote_key, signed, proof.signature):
            return None
    made = combine(certified, {proof.number: proof for proof in partials}, combiner)
    return made if isinstance(made, Combined) and made.signature == signature else None


def hold(combined: Combined, journalled: Collection[Digest]) -> Held | None:
    """Held if its leaf is among those that the journal has on disk."""
    return Held(combined) if combined.certified.leaf in journalled else None


def answer(held: Held, holders: Collection[int], quorum: int) -> Answered | None:
    """Answered once as many distinct modules hold the result."""
    return Answered(held) if len(set(holders)) >= quorum else None
