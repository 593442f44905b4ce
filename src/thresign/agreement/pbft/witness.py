"""Witnessing equivocation: the same module's word twice, in one place, with different content.

A vote names its header by digest alone. When it is for another header than the one held here, its sender is asked on
whose proposal it voted: either the primary proposed twice, or the sender voted for what nobody proposed. What is found
is unverified here; the node checks both signatures before it keeps anything.
"""

from __future__ import annotations

from thresign.agreement.pbft.events import Equivocated, Send
from thresign.agreement.pbft.messages import FetchProposal
from thresign.agreement.pbft.state import Core
from thresign.ids import Digest
from thresign.orders.equivocation import Equivocation, content_of, place_of
from thresign.orders.header import Phase
from thresign.orders.votes import Checkpoint, PrePrepare, SignedVote, Vote

SAID_MAX = 1024
UNKNOWN_MAX = 64


def see(core: Core, message: SignedVote | Checkpoint) -> None:
    """Holds a message against what its signer said in the same place before; the first word is kept, bounded."""
    place = place_of(message)
    held = core.said.get(place)
    if held is None:
        core.said[place] = message
        if len(core.said) > SAID_MAX:
            del core.said[next(iter(core.said))]
    elif content_of(held) != content_of(message):
        core.out.append(Equivocated(Equivocation(held, message)))


def see_proposal(core: Core, message: PrePrepare) -> None:
    """A proposal from its primary itself; votes for it that came before can be told apart now."""
    proposed = SignedVote(
        Phase.PRE_PREPARE, message.view, message.header, core.roster.primary(message.view), message.signature
    )
    see(core, proposed)
    _known(core, proposed)


def see_vote(core: Core, vote: Vote) -> None:
    """A vote from its sender. For a header that is not known here, the sender is asked for the proposal."""
    slot = core.slots.get(vote.sequence)
    if slot is not None and slot.pre_prepare is not None and slot.digest == vote.header:
        see(core, SignedVote(vote.phase, vote.view, slot.pre_prepare.header, vote.number, vote.signature))
        return
    asked = any((held.number, held.header) == (vote.number, vote.header) for held in core.unknown)
    core.unknown.append(vote)
    del core.unknown[:-UNKNOWN_MAX]
    if slot is not None and slot.pre_prepare is not None and not asked and vote.number != core.number:
        core.out.append(Send(vote.number, FetchProposal(vote.view, vote.sequence)))


def _known(core: Core, proposed: SignedVote) -> None:
    digest = Digest(proposed.header.digest())
    rest = []
    for vote in core.unknown:
        if (vote.header, vote.view) == (digest, proposed.view):
            see(core, SignedVote(vote.phase, vote.view, proposed.header, vote.number, vote.signature))
        else:
            rest.append(vote)
    core.unknown = rest


def on_fetch_proposal(core: Core, sender: int, message: FetchProposal) -> None:
    """Shows on which proposal this module votes, with its primary's signature."""
    held = core.said.get((core.roster.primary(message.view), Phase.PRE_PREPARE, message.view, message.sequence))
    if isinstance(held, SignedVote):
        core.out.append(Send(sender, held))


def on_signed_vote(core: Core, message: SignedVote) -> None:
    """A proposal as another module was given it: compared, never kept as the first, for nobody vouches for it."""
    if message.phase != Phase.PRE_PREPARE or message.number != core.roster.primary(message.view):
        return
    if place_of(message) in core.said:
        see(core, message)
        _known(core, message)
