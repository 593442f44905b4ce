"""PREPARE, up to this replica's commit: the slot is prepared when a quorum stands behind one proposal."""

from __future__ import annotations

from thresign.agreement.pbft.decide import check_committed
from thresign.agreement.pbft.events import Ask, Broadcast, Suspect, Tag
from thresign.agreement.pbft.state import Core
from thresign.agreement.pbft.tally import count, countable
from thresign.errors import InvalidVote, ThresignError
from thresign.orders.header import MemberSignature, Phase
from thresign.orders.votes import Vote
from thresign.vault import calls
from thresign.wire.canonical import Record


def on_prepare(core: Core, vote: Vote) -> None:
    """Counts a prepare.

    - of the installed view, for a slot not decided and at most two ahead; not by the primary; [PBFT-P1]
    - the first of its sender for the slot: another digest is equivocation. [PBFT-P2]
    """
    if not countable(core, vote) or vote.number == core.primary:
        return
    if count(core, vote, core.slot(vote.sequence).prepares):
        check_prepared(core, vote.sequence)


def check_prepared(core: Core, sequence: int) -> None:
    """Asks the vault to commit once the primary's proposal and q - 1 prepares agree."""
    slot = core.slots.get(sequence)
    if slot is None or not slot.accepted or slot.digest is None or Phase.COMMIT in slot.own or not core.active:
        return
    prepares = slot.prepares.get(slot.digest, {})
    if sequence != core.next or len(prepares) < core.roster.q - 1:
        return
    chosen = tuple(MemberSignature(number, prepares[number]) for number in sorted(prepares)[: core.roster.q - 1])
    core.ask(Ask.COMMIT, core.view, sequence, calls.CommitCall(core.view, sequence, slot.digest, chosen))


def committed(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault committed: tell all. A prepare that does not verify is dropped, and the rest tried again."""
    slot = core.slots.get(tag.sequence)
    if tag.view != core.view or slot is None or slot.digest is None:
        return
    if isinstance(reply, Vote):
        slot.own[Phase.COMMIT] = reply
        slot.commits.setdefault(slot.digest, {})[core.number] = reply.signature
        core.out.append(Broadcast(reply))
        check_committed(core, tag.sequence)
    elif isinstance(reply, InvalidVote):
        for culprit in reply.culprits:
            core.out.append(Suspect(culprit, reply.detail))
            slot.prepares.get(slot.digest, {}).pop(culprit, None)
        if reply.culprits:
            check_prepared(core, tag.sequence)
