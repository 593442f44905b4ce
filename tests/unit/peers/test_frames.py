"""Frames on a stream, however it is cut; what is too long ends the connection before any of it is kept."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thresign.errors import MalformedRecord
from thresign.limits import FRAME_BYTES_MAX
from thresign.peers.frames import FrameReader, frame

PAYLOADS = [b"", b"one", bytes(300), b"\xff" * 5]
STREAM = b"".join(map(frame, PAYLOADS))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 100, len(STREAM)])
def test_cut_into_pieces_of_any_size(size: int) -> None:
    reader = FrameReader()
    found = [f for at in range(0, len(STREAM), size) for f in reader.feed(STREAM[at : at + size])]
    assert found == PAYLOADS


@given(st.lists(st.binary(max_size=50), max_size=6), st.lists(st.integers(0, 400), max_size=6))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_cut_anywhere(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, payloads))
    places = sorted({0, len(stream), *(cut for cut in cuts if cut <= len(stream))})
    reader = FrameReader()
    found = [f for a, b in itertools.pairwise(places) for f in reader.feed(stream[a:b])]
    assert found == payloads


def test_half_a_frame_is_none() -> None:
    reader = FrameReader()
    assert list(reader.feed(frame(b"payload")[:-1])) == []
    assert list(reader.feed(b"d" + frame(b"x")[:3])) == [b"payload"]
    assert list(reader.feed(frame(b"x")[3:])) == [b"x"]


def test_who_stops_reading_gets_the_rest_later() -> None:
    reader = FrameReader()
    for payload in reader.feed(STREAM):
        assert payload == PAYLOADS[0]
        break
    assert list(reader.feed(b"")) == PAYLOADS[1:]


def test_the_longest_frame() -> None:
    longest = bytes(FRAME_BYTES_MAX)
    assert list(FrameReader().feed(frame(longest))) == [longest]
    with pytest.raises(MalformedRecord, match="at most"):
        frame(longest + b"\0")


@pytest.mark.parametrize("length", [FRAME_BYTES_MAX + 1, 2**31, 2**32 - 1])
def test_a_frame_that_is_too_long_is_refused_by_its_head(length: int) -> None:
    reader = FrameReader()
    with pytest.raises(MalformedRecord, match=f"a frame of {length} bytes"):
        list(reader.feed(length.to_bytes(4, "big")))


def test_what_came_before_it_is_still_given() -> None:
    reader = FrameReader()
    found = []
    with pytest.raises(MalformedRecord):
        for payload in reader.feed(frame(b"good") + b"\xff" * 4):
            found.append(payload)
    assert found == [b"good"]
