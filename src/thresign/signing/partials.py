"""Partials, up to the result: each module combines for itself what the signers sent to all."""

from __future__ import annotations

from thresign.ids import Digest
from thresign.orders.statements import PartialProof, Partials
from thresign.signing.events import Blame, Broadcast
from thresign.signing.messages import PartialsOf
from thresign.signing.stages import Combined, combine
from thresign.signing.state import EARLY_MAX, EARLY_PARTS_MAX, Journey, Walk
from thresign.vault import calls


def own_signed(journey: Journey, signed: calls.Signed) -> None:
    """This module's partials go to all before anything is combined here."""
    if signed.partials.shares:
        journey.out.append(Broadcast(PartialsOf(signed.sequence, signed.partials)))
        _take_partials(journey, journey.number, signed.partials, signed.partials.opened()[1])
    for refusal in signed.refusals:
        journey.out.append(Blame(journey.number, Digest(refusal.order), refusal.reason))


def on_partials(journey: Journey, sender: int, message: PartialsOf) -> None:
    """Takes partials in: from their own signer, with its token's signature; before their batch they wait."""
    partials = message.partials
    member = journey.member(sender)
    if partials.number != sender or member is None or partials.domain != journey.domain:
        return
    if message.sequence > journey.sequence:
        _keep_early(journey, sender, message)
        return
    if not any(Digest(part.order) in journey.walks for part in partials.shares):
        return
    signed, proofs = partials.opened()
    if journey.combiner.signed(member.vote_key, signed, partials.signature):
        _take_partials(journey, sender, partials, proofs)


def _keep_early(journey: Journey, sender: int, message: PartialsOf) -> None:
    """Each sender has its own room, and what is for the next batches has it first: who makes sequences up takes none of
    another's."""
    place = (message.sequence, sender)
    journey.early[place] = [*journey.early.get(place, ()), message][-EARLY_PARTS_MAX:]
    places = [place for place in journey.early if place[1] == sender]
    if len(places) > EARLY_MAX:
        del journey.early[max(places)]


def _take_partials(journey: Journey, sender: int, partials: Partials, proofs: list[PartialProof]) -> None:
    for part, proof in zip(partials.shares, proofs, strict=True):
        walk = journey.walks.get(Digest(part.order))
        if walk is None or walk.combined is not None or walk.reported or sender in walk.proofs:
            continue
        if journey.age(walk) > journey.timing.partials_ms and not walk.found:
            continue
        if any(slot.number == sender for slot in walk.certified.order.signers):
            walk.proofs[sender] = proof
            _try_combine(journey, walk)


def _try_combine(journey: Journey, walk: Walk) -> None:
    if len(walk.proofs) < len(walk.certified.order.signers):
        return
    result = combine(walk.certified, walk.proofs, journey.combiner)
    if isinstance(result, Combined):
        walk.combined = result
        journey.fresh.append(result)
        return
    for number in result:
        walk.wrong.add(number)
        del walk.proofs[number]
        journey.out.append(Blame(number, walk.certified.leaf, "a wrong partial, signed by its token"))
    # Not given up at once: its signer may have sent another module the right one, and then that has the result.
    if walk.hopeless_at_ms is None:
        walk.hopeless_at_ms = journey.age(walk) + journey.timing.wrong_ms
