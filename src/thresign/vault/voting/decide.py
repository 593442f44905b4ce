"""A certificate arrived: the batch is decided. The token checks it in C; here the ledger applies it."""

from __future__ import annotations

from thresign.errors import VoteRefused, ensure
from thresign.ledger import ledger
from thresign.ledger.verdicts import Checks
from thresign.orders import certificates
from thresign.orders.digests import sha256
from thresign.orders.header import Certificate
from thresign.orders.roster import Roster
from thresign.orders.statements import Announcement
from thresign.vault.voting.book import Book, Proposal, refuse
from thresign.vault.voting.propose import judge_body
from thresign.vault.voting.records import Decided


class _Decided:
    """Checks for a batch that a quorum decided: whether large bodies are held here matters to a vote alone."""

    def __init__(self, checks: Checks) -> None:
        self.signature = checks.signature
        self.member_keys = checks.member_keys
        self.announcement = checks.announcement
        self.schnorr = checks.schnorr

    def body_held(self, content_sha256: bytes, body_bytes: int) -> bool:
        return True


class _Past(_Decided):
    """Checks for a batch of a roster that the token has left. It does not know who has left since, and learns no
    announcement of theirs; nor does anybody sign with those any more. That the elements are valid is what the quorum
    found; that it is the member's own is checked here."""

    def __init__(self, checks: Checks, roster: Roster) -> None:
        super().__init__(checks)
        self.roster = roster
        self.announcement = self._is_signed

    def _is_signed(self, announcement: Announcement) -> bool:
        member = self.roster.member(announcement.number)
        said = announcement.signed_bytes()
        return member is not None and self.signature(member.vote_key, said, announcement.signature)


def decide(book: Book, certificate: Certificate, body: bytes, past: bool = False) -> tuple[Proposal, Decided]:
    """Applies a decided batch; the caller has had the certificate checked (by the token, or check_certificate). `past`:
    the token has left the roster that decided it.

    - it is for the slot after the ledger's; [VOTE-D1]
    - its body is held already (then `body` may be empty) or given; [VOTE-D2]
    - of a past roster, announcements are signed by its members: the token does not know who has left. [VOTE-D3]

    A certificate whose body this ledger does not admit means that ledgers differ: InvariantBroken, the vault stops.
    """
    header = certificate.header
    if header.sequence != book.next:
        refuse("VOTE-D1", f"sequence {header.sequence} is not the next slot {book.next}")
    digest = header.digest()
    held = book.bodies.get(digest)
    if held is None and not body:
        refuse("VOTE-D2", "the body is not held")
    checks = _Past(book.checks, book.state.roster) if past else _Decided(book.checks)
    try:
        proposal = judge_body(book, header, held if held is not None else body, checks)
    except VoteRefused as error:
        # A body from a node that is not the header's is the node's fault; one that is, is ours.
        ensure(held is None, f"a decided batch is not admitted: {error.detail}")
        raise
    record = Decided(certificate, b"" if held is not None else body)
    ledger.apply(book.state, header, proposal.plan)
    book.decided = certificate
    book.forget_below()
    return proposal, record


def check_certificate(book: Book, certificate: Certificate) -> None:
    """Raises InvalidVote unless this is a certificate of this domain and roster: the rule of the token, in Python, for
    certificates inside view-changes. [CERT-1]

    What was verified is remembered by its exact bytes: another certificate of the same header stands on its own votes.
    """
    exact = sha256(certificate.encode())
    if exact not in book.verified:
        certificates.check(certificate, book.state.domain, book.state.roster, book.checks.signature)
        book.remember_verified(exact)
