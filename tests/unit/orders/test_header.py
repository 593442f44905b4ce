"""Headers, votes and certificates as bytes."""

from __future__ import annotations

import hashlib

import pytest

from thresign.errors import MalformedRecord
from thresign.orders.header import HEADER_BYTES, Certificate, Header, MemberSignature, Phase, vote_bytes

HEADER = Header(bytes([1]) * 32, 2, bytes([3]) * 32, 4, 5, bytes([6]) * 32, bytes([7]) * 32)


def test_a_header_is_160_bytes() -> None:
    encoded = HEADER.encode()
    u64 = [value.to_bytes(8, "big") for value in (2, 4, 5)]
    parts = (b"ts.head1", b"\1" * 32, u64[0], b"\3" * 32, u64[1], u64[2], b"\6" * 32, b"\7" * 32)
    assert encoded == b"".join(parts)
    assert len(encoded) == HEADER_BYTES == 160
    assert HEADER.digest() == hashlib.sha256(encoded).digest()


@pytest.mark.parametrize("phase", list(Phase))
def test_a_vote_covers_tag_phase_view_and_header(phase: Phase) -> None:
    encoded = HEADER.encode()
    covered = vote_bytes(phase, 0x0102030405060708, encoded)
    assert covered == b"ts.vote1" + bytes([phase]) + bytes(range(1, 9)) + encoded
    assert len(covered) == 177


def test_votes_of_another_phase_view_or_header_are_other_bytes() -> None:
    encoded = HEADER.encode()
    seen = {vote_bytes(phase, view, encoded) for phase in Phase for view in (0, 1, 2**64 - 1)}
    assert len(seen) == 9


@pytest.mark.parametrize(
    "numbers",
    [(1, 1), (2, 1), (1, 2, 2), (1, 3, 2)],
)
def test_voters_of_a_certificate_rise(numbers: tuple[int, ...]) -> None:
    votes = tuple(MemberSignature(number, bytes(64)) for number in numbers)
    certificate = Certificate(HEADER, 0, votes)
    with pytest.raises(MalformedRecord, match="do not rise"):
        certificate.encode()
    rising = Certificate(HEADER, 0, tuple(MemberSignature(n, bytes(64)) for n in range(1, len(numbers) + 1)))
    numbered = rising.encode()
    for place, number in enumerate(numbers):
        at = len(numbered) - 66 * (len(numbers) - place)
        numbered = numbered[:at] + number.to_bytes(2, "big") + numbered[at + 2 :]
    with pytest.raises(MalformedRecord, match="do not rise"):
        Certificate.decode(numbered)
