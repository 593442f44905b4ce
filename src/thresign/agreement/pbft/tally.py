"""Counting votes: distinct senders, not messages, and the first word of each sender."""

from __future__ import annotations

from thresign.agreement.pbft import witness
from thresign.agreement.pbft.events import Suspect
from thresign.agreement.pbft.state import Core
from thresign.ids import Digest
from thresign.orders.votes import Vote

SLOTS_AHEAD_MAX = 2


def countable(core: Core, vote: Vote) -> bool:
    """True if a vote may be counted now; notes that a sender is ahead."""
    if vote.sequence > core.next:
        core.ahead[vote.number] = max(core.ahead.get(vote.number, 0), vote.sequence - 1)
    return vote.view == core.view and core.sequence < vote.sequence <= core.sequence + SLOTS_AHEAD_MAX


def count(core: Core, vote: Vote, votes: dict[Digest, dict[int, bytes]]) -> bool:
    """Adds a vote; False if its sender has voted in this slot and phase before."""
    witness.see_vote(core, vote)
    digest = Digest(vote.header)
    for other, held in votes.items():
        if vote.number in held:
            if other != digest:
                core.out.append(Suspect(vote.number, f"two votes for view {vote.view}, sequence {vote.sequence}"))
            return False
    votes.setdefault(digest, {})[vote.number] = vote.signature
    return True
