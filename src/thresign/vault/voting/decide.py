"""A certificate arrived: the batch is decided. The token checks it in C; here the ledger applies it."""

from __future__ import annotations

from thresign.errors import VoteRefused, ensure
from thresign.ledger import ledger
from thresign.orders import certificates
from thresign.orders.digests import sha256
from thresign.orders.header import Certificate
from thresign.vault.voting.book import Book, Proposal, refuse
from thresign.vault.voting.propose import judge_body
from thresign.vault.voting.records import Decided


def decide(book: Book, certificate: Certificate, body: bytes) -> tuple[Proposal, Decided]:
    """Applies a decided batch; the caller has had the certificate checked (by the token, or check_certificate).

    - it is for the slot after the ledger's; [VOTE-D1]
    - its body is held already (then `body` may be empty) or given. [VOTE-D2]

    A certificate whose body this ledger does not admit means that ledgers differ: InvariantBroken, the vault stops.
    """
    header = certificate.header
    if header.sequence != book.next:
        refuse("VOTE-D1", f"sequence {header.sequence} is not the next slot {book.next}")
    digest = header.digest()
    held = book.bodies.get(digest)
    if held is None and not body:
        refuse("VOTE-D2", "the body is not held")
    try:
        proposal = judge_body(book, header, held if held is not None else body, decided=True)
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
