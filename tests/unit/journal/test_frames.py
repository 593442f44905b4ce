"""Frames: a torn tail is cut back wherever it was torn; any other damage is an error, never a shorter journal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thresign.errors import InvariantBroken, JournalCorrupt
from thresign.journal.frames import HEAD_BYTES, PAYLOAD_BYTES_MAX, frame, scan

PAYLOADS = [b"one", b"", b"three" * 10, bytes(40), b"\xff" * 7]
FRAMES = [frame(payload) for payload in PAYLOADS]
DATA = b"".join(FRAMES)
ENDS = [sum(map(len, FRAMES[: i + 1])) for i in range(len(FRAMES))]


def payloads(data: bytes) -> list[bytes]:
    return [payload for payload, _ in scan(data)]


def whole_before(place: int) -> list[bytes]:
    return [payload for payload, end in zip(PAYLOADS, ENDS, strict=True) if end <= place]


def test_what_was_framed_is_found_again() -> None:
    assert list(scan(DATA)) == list(zip(PAYLOADS, ENDS, strict=True))
    assert list(scan(memoryview(DATA))) == list(zip(PAYLOADS, ENDS, strict=True))
    assert payloads(b"") == []


def test_cut_anywhere_the_whole_frames_before_are_there() -> None:
    for cut in range(len(DATA) + 1):
        assert payloads(DATA[:cut]) == whole_before(cut), cut


@pytest.mark.parametrize("zeros", [1, HEAD_BYTES, 4096])
def test_zeros_where_the_rest_was_to_be(zeros: int) -> None:
    """The file had its length on disk, and not its bytes."""
    for cut in range(len(DATA) + 1):
        found = payloads(DATA[:cut] + bytes(zeros))
        assert found[: len(whole_before(cut))] == whole_before(cut), cut
        assert len(found) <= len(whole_before(cut)) + 1  # a frame whose last bytes are zeros may be whole all the same
        assert found == PAYLOADS[: len(found)]


LAST = len(DATA) - len(FRAMES[-1])


@pytest.mark.parametrize("bit", range(8))
def test_a_byte_that_changed_before_the_last_frame_is_an_error(bit: int) -> None:
    """In length, check, digest or payload alike: a changed length must not pass for a torn tail."""
    for place in range(LAST):
        changed = DATA[:place] + bytes([DATA[place] ^ (1 << bit)]) + DATA[place + 1 :]
        with pytest.raises(JournalCorrupt, match=r"the frame at byte \d+ is damaged"):
            payloads(changed)


def test_a_byte_that_changed_in_the_last_frame() -> None:
    """It may have been torn: the frame is cut back, or its damage is an error; its payload is never taken."""
    for place in range(LAST, len(DATA)):
        changed = DATA[:place] + bytes([DATA[place] ^ 1]) + DATA[place + 1 :]
        try:
            assert payloads(changed) == PAYLOADS[:-1]
        except JournalCorrupt:
            assert place < LAST + 8


def test_several_damaged_frames_are_no_torn_tail() -> None:
    for first in range(len(PAYLOADS) - 1):
        for last in range(first, len(PAYLOADS) - 1):
            broken = bytearray(DATA)
            for index in range(first, last + 1):
                broken[ENDS[index] - len(FRAMES[index]) + 9] ^= 1
            with pytest.raises(JournalCorrupt):
                payloads(bytes(broken))


def test_a_frame_that_is_missing_in_the_middle_is_not_seen_and_one_cut_short_is() -> None:
    assert payloads(b"".join([*FRAMES[:1], *FRAMES[2:]])) == [PAYLOADS[0], *PAYLOADS[2:]]
    for short in range(1, len(FRAMES[2])):
        with pytest.raises(JournalCorrupt):
            payloads(b"".join([*FRAMES[:2], FRAMES[2][:-short], *FRAMES[3:]]))


def test_a_payload_that_looks_like_frames_is_a_payload() -> None:
    inner = frame(b"inner") * 3
    assert payloads(frame(inner)) == [inner]
    for cut in range(len(frame(inner))):
        assert payloads(frame(inner)[:cut]) == []


def test_payloads_are_bounded() -> None:
    with pytest.raises(InvariantBroken, match="a payload fits in a frame"):
        frame(bytes(PAYLOAD_BYTES_MAX + 1))


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(min_value=0))
@settings(derandomize=True, max_examples=150, deadline=None)
def test_any_payloads_cut_anywhere(written: list[bytes], where: int) -> None:
    frames = [frame(payload) for payload in written]
    data = b"".join(frames)
    cut = where % (len(data) + 1)
    found = payloads(data[:cut])
    assert found == written[: len(found)]
    assert sum(map(len, frames[: len(found)])) <= cut < sum(map(len, frames[: len(found) + 1])) or cut == len(data)
