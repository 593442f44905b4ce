"""The proof of an equivocation: what convinces, and what must not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.simulation.stubs import sign, signed
from thresign.errors import InvalidEvidence, MalformedRecord
from thresign.orders.digests import sha256
from thresign.orders.equivocation import Equivocation, verify
from thresign.orders.header import Header, Phase
from thresign.orders.roster import Member, make_roster
from thresign.orders.votes import Checkpoint, SignedVote

ROSTER = make_roster(0, tuple(Member(n, f"m{n}", sha256(b"v%d" % n), sha256(b"s%d" % n)) for n in range(1, 5)))
DOMAIN = sha256(b"domain")
HEADER = Header(DOMAIN, 0, ROSTER.digest(), 7, 1000, bytes(32), sha256(b"root"))
OTHER = replace(HEADER, batch_root=sha256(b"another root"))


def vote(header: Header, phase: Phase = Phase.PREPARE, view: int = 2, number: int = 3) -> SignedVote:
    unsigned = SignedVote(phase, view, header, number, bytes(64))
    return replace(unsigned, signature=sign(sha256(b"v%d" % number), unsigned.signed_bytes()))


def checkpoint(state: bytes, sequence: int = 64, number: int = 3, domain: bytes = DOMAIN) -> Checkpoint:
    unsigned = Checkpoint(domain, 0, ROSTER.digest(), sequence, bytes(32), state, bytes(32), number, bytes(64))
    return replace(unsigned, signature=sign(sha256(b"v%d" % number), unsigned.signed_bytes()))


def check(evidence: Equivocation) -> None:
    verify(Equivocation.decode(evidence.encode()), ROSTER, DOMAIN, signed)


@pytest.mark.parametrize("phase", list(Phase))
def test_two_votes_convince(phase: Phase) -> None:
    evidence = Equivocation(vote(HEADER, phase), vote(OTHER, phase))
    check(evidence)
    assert evidence.number == 3


def test_two_checkpoints_convince() -> None:
    check(Equivocation(checkpoint(bytes(32)), checkpoint(sha256(b"x"))))


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(vote(HEADER), id="the same"),
        pytest.param(vote(OTHER, Phase.COMMIT), id="another phase"),
        pytest.param(vote(OTHER, view=3), id="another view"),
        pytest.param(vote(replace(OTHER, sequence=8)), id="another slot"),
        pytest.param(vote(OTHER, number=2), id="another module"),
        pytest.param(checkpoint(bytes(32), sequence=7), id="another kind"),
    ],
)
def test_no_contradiction(second: SignedVote | Checkpoint) -> None:
    with pytest.raises(MalformedRecord, match="contradict"):
        Equivocation(vote(HEADER), second).encode()


def test_same_checkpoint_with_two_signatures_is_none() -> None:
    first = checkpoint(bytes(32))
    with pytest.raises(MalformedRecord, match="contradict"):
        Equivocation(first, replace(first, signature=bytes(64))).encode()


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(Equivocation(replace(vote(HEADER), signature=bytes(64)), vote(OTHER)), id="first unsigned"),
        pytest.param(Equivocation(vote(HEADER), replace(vote(OTHER), signature=bytes(64))), id="second unsigned"),
        pytest.param(Equivocation(vote(HEADER), vote(replace(OTHER, domain=bytes(32)))), id="another domain"),
        pytest.param(Equivocation(vote(HEADER), vote(replace(OTHER, roster=bytes(32)))), id="another roster"),
        pytest.param(Equivocation(vote(HEADER), vote(replace(OTHER, roster_epoch=1))), id="another roster epoch"),
        pytest.param(Equivocation(vote(HEADER, number=9), vote(OTHER, number=9)), id="no member"),
        pytest.param(
            Equivocation(checkpoint(bytes(32)), checkpoint(sha256(b"x"), domain=bytes(32))), id="checkpoint elsewhere"
        ),
    ],
)
def test_what_does_not_convince(evidence: Equivocation) -> None:
    with pytest.raises(InvalidEvidence):
        check(evidence)
