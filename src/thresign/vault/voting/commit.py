"""COMMIT: a quorum has prepared the same header in the same view."""

from __future__ import annotations

from thresign.errors import InvalidVote
from thresign.ids import Digest
from thresign.orders.header import Phase, Signatures, vote_bytes
from thresign.orders.votes import Prepared, Vote
from thresign.vault.voting.book import Ballot, Book, refuse
from thresign.vault.voting.records import Committed


def commit(book: Book, view: int, sequence: int, digest: Digest, prepares: Signatures) -> Ballot:
    """Signs a commit.

    - installed view, next slot; [VOTE-2] [VOTE-3]
    - this vault itself accepted this pre-prepare in this view (so it judged the body); [VOTE-C1]
    - prepares of q - 1 distinct backups, every signature verifies; with the primary that is a quorum; [VOTE-C2]
    - nothing else was committed for this slot of this view; a repeat gets the stored bytes. [VOTE-1]

    The prepared certificate is stored in the same sync as the vote, so a later view-change cannot forget it.
    """
    book.require_active(view, sequence)
    held = book.voted(Phase.COMMIT, view, sequence, digest)
    if held is not None:
        return Ballot(held)
    accepted = book.accepted.get((view, sequence))
    proposal = book.proposal
    if accepted is None or accepted[0] != digest or proposal is None or proposal.digest != digest:
        refuse("VOTE-C1", "this vault has not accepted that pre-prepare")
    proof = Prepared(view, proposal.header, accepted[1], prepares)
    check_prepares(book, proof, proposal.encoded)
    signature = book.key.sign_vote(Phase.COMMIT, view, proposal.encoded)
    vote = Vote(Phase.COMMIT, view, sequence, digest, book.number, signature)
    book.prepared[sequence] = proof
    book.votes[Phase.COMMIT, view, sequence] = (digest, vote)
    return Ballot(vote, (Committed(proof, signature),), sync=True)


def check_prepares(book: Book, proof: Prepared, encoded: bytes) -> None:
    """Raises InvalidVote unless q - 1 distinct backups of the proof's view prepared the header. [VOTE-C2]"""
    roster = book.state.roster
    if len(proof.prepares) != roster.q - 1:
        raise InvalidVote(f"{len(proof.prepares)} prepares, {roster.q - 1} are needed beside the primary's vote")
    proof.check()
    primary = roster.primary(proof.view)
    message = vote_bytes(Phase.PREPARE, proof.view, encoded)
    for vote in proof.prepares:
        member = roster.member(vote.number)
        if member is None or vote.number == primary:
            raise InvalidVote(f"module {vote.number} is no backup of view {proof.view}")
        if not book.checks.signature(member.vote_key, message, vote.signature):
            raise InvalidVote(f"the prepare of module {vote.number} does not verify", (vote.number,))
