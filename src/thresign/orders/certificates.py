"""The rules by which certificates are believed, in Python: the twin of native/certificate. [CERT-1] [CERT-2]

docs/spec/certificate.md states them, tests/vectors/certificates.txt and successions.txt have cases for both.
"""

from __future__ import annotations

from collections.abc import Callable

from thresign.errors import InvalidVote
from thresign.orders.header import Certificate, Phase, vote_bytes
from thresign.orders.roster import Roster
from thresign.orders.votes import CheckpointCertificate

Verifier = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) -> True iff libsodium accepts."""


def check(certificate: Certificate, domain: bytes, roster: Roster, verifies: Verifier) -> None:
    """Raises InvalidVote unless the certificate is of this domain and roster, with exactly q commit votes of distinct
    members in rising order, all for its view, all verifying. A voter whose signature does not verify is the culprit."""
    header = certificate.header
    if header.domain != domain:
        raise InvalidVote("a certificate of another trust domain")
    if header.roster_epoch != roster.epoch or header.roster != roster.digest():
        raise InvalidVote("a certificate of another roster")
    if len(certificate.votes) != roster.q:
        raise InvalidVote(f"a certificate with {len(certificate.votes)} votes, {roster.q} are needed")
    certificate.check()
    message = vote_bytes(Phase.COMMIT, certificate.view, header.encode())
    for vote in certificate.votes:
        member = roster.member(vote.number)
        if member is None:
            raise InvalidVote(f"a vote of module {vote.number}, which is no member")
        if not verifies(member.vote_key, message, vote.signature):
            raise InvalidVote(f"the commit of module {vote.number} does not verify", (vote.number,))


def check_checkpoints(certificate: CheckpointCertificate, domain: bytes, roster: Roster, verifies: Verifier) -> None:
    """Raises InvalidVote (MalformedRecord if a member stands there twice) unless exactly q members of this roster
    signed the same checkpoint. [VOTE-K2]"""
    place = (certificate.domain, certificate.roster_epoch, certificate.roster)
    if place != (domain, roster.epoch, roster.digest()):
        raise InvalidVote("a checkpoint certificate of another domain or roster")
    if len(certificate.signatures) != roster.q:
        raise InvalidVote(f"a checkpoint certificate with {len(certificate.signatures)} signatures")
    certificate.check()
    for signature in certificate.signatures:
        member = roster.member(signature.number)
        said = certificate.checkpoint(signature.number, signature.signature)
        if member is None or not verifies(member.vote_key, said.signed_bytes(), said.signature):
            raise InvalidVote(f"a checkpoint of module {signature.number} that does not verify", (signature.number,))
