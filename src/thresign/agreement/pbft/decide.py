"""COMMIT, up to the decided batch: q commits make a certificate, the vault (and its token) checks and applies it."""

from __future__ import annotations

from thresign.agreement.pbft import deadlines, rejoin
from thresign.agreement.pbft.events import Ask, CancelTimer, Deliver, Suspect, Tag, Timer
from thresign.agreement.pbft.state import Core
from thresign.agreement.pbft.tally import count, countable
from thresign.errors import InvalidVote, ThresignError
from thresign.orders.batch import Batch
from thresign.orders.header import Certificate, MemberSignature
from thresign.orders.votes import Vote
from thresign.vault import calls
from thresign.wire.canonical import Record


def on_commit(core: Core, vote: Vote) -> None:
    """Counts a commit: of the installed view, for a slot not decided, the first of its sender. [PBFT-C1]

    Commits are counted on the way to another view too: a certificate is a certificate.
    """
    if countable(core, vote) and count(core, vote, core.slot(vote.sequence).commits):
        check_committed(core, vote.sequence)


def check_committed(core: Core, sequence: int) -> None:
    """Makes the certificate once q commits agree with a proposal that is here; without it, the batch is fetched."""
    slot = core.slots.get(sequence)
    if slot is None or slot.digest is None or slot.pre_prepare is None or sequence in core.decided:
        return
    commits = slot.commits.get(slot.digest, {})
    if len(commits) < core.roster.q:
        return
    votes = tuple(MemberSignature(number, commits[number]) for number in sorted(commits)[: core.roster.q])
    body = b"" if slot.accepted else slot.pre_prepare.body
    core.decided[sequence] = (Certificate(slot.pre_prepare.header, core.view, votes), body)


def next_decided(core: Core) -> None:
    """Has the vault apply the next decided batch, one at a time, in sequence."""
    found = core.decided.get(core.next) if core.decided else None
    if found is not None and not core.asking(Ask.DECIDE):
        core.deciding = found
        core.ask(Ask.DECIDE, core.view, core.next, calls.DecideCall(*found))


def decided(core: Core, tag: Tag, reply: Record | ThresignError) -> None:
    """The vault applied the batch: deliver it, go on to the next. A commit that does not verify is dropped.

    What is delivered is what the vault was asked about: `core.decided` may hold something else by now, from anybody.
    """
    found, core.deciding = core.deciding, None
    core.decided.pop(tag.sequence, None)
    if not isinstance(reply, calls.Applied):
        _not_decided(core, tag, found, reply)
        return
    if found is None:
        return
    batch = Batch.decode(reply.body)
    rejoin.note_votes(core, reply.sequence)
    core.sequence = reply.sequence
    core.tried.clear()
    for entry in batch.entries:
        core.pending.remove(entry)
    core.slots.pop(reply.sequence, None)
    core.bodies = {digest: kept for digest, kept in core.bodies.items() if kept[0] > core.sequence}
    core.demanded.pop(reply.sequence, None)
    core.signing = True  # until this node has looked at the orders
    core.stalled = False
    core.failed_views = 0
    core.watching = False
    deadlines.passed(core, batch.entries)
    core.out.append(CancelTimer(Timer.PROGRESS))
    core.out.append(Deliver(found[0], batch, reply))
    if reply.checkpoint_due:
        core.ask(Ask.CHECKPOINT, core.view, core.sequence, calls.CheckpointCall())


def _not_decided(core: Core, tag: Tag, found: tuple[Certificate, bytes] | None, reply: Record | ThresignError) -> None:
    """The certificate may have come from anybody: a commit is dropped only if its signer itself sent it here so.

    Then the certificate is made anew from what is here, unless it would be the same.
    """
    slot = core.slots.get(tag.sequence)
    if slot is None or slot.digest is None:
        return
    commits = slot.commits.get(slot.digest, {})
    if isinstance(reply, InvalidVote) and found is not None:
        for vote in found[0].votes:
            if vote.number in reply.culprits and commits.get(vote.number) == vote.signature:
                core.out.append(Suspect(vote.number, reply.detail))
                del commits[vote.number]
    check_committed(core, tag.sequence)
    if found is not None and core.decided.get(tag.sequence) == found:
        del core.decided[tag.sequence]
