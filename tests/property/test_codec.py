"""One encoding a value: whatever is done to the bytes of a record, they are either refused or the one encoding of what
they decode to. Derandomised: the same cases every time, and a failing one is printed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.house.records import KINDS, Draw
from thresign.errors import MalformedRecord
from thresign.wire.canonical import Record

FEW = settings(derandomize=True, max_examples=6, deadline=None, database=None)
SEEDS = st.integers(0, 2**32 - 1)


def draw(kind: type[Record], seed: int) -> Record:
    made = Draw(random.Random(seed)).record(kind)
    assert isinstance(made, Record)
    return made


def holds(kind: type[Record], data: bytes) -> bool:
    """True if these bytes are a record; then they are its encoding."""
    try:
        value = kind.decode(data)
    except MalformedRecord:
        return False
    assert value.encode() == data
    return True


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(seed=SEEDS)
@FEW
def test_round_trip(kind: type[Record], seed: int) -> None:
    value = draw(kind, seed)
    data = value.encode()
    assert kind.decode(data) == value
    assert holds(kind, data)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(seed=SEEDS, where=st.lists(st.tuples(SEEDS, st.integers(0, 255), st.integers(0, 3)), min_size=1, max_size=3))
@FEW
def test_changed_bytes_are_refused_or_are_the_one_encoding(
    kind: type[Record], seed: int, where: list[tuple[int, int, int]]
) -> None:
    data = bytearray(draw(kind, seed).encode())
    for place, value, how in where:
        at = place % (len(data) + 1)
        if how == 0 and at < len(data):
            data[at] = value
        elif how == 1:
            data.insert(at, value)
        elif how == 2:
            del data[at : at + 1 + value % 4]
        else:
            data[at:at] = data[at : at + value]
    holds(kind, bytes(data))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.binary(max_size=200))
@FEW
def test_any_bytes_are_refused_or_are_the_one_encoding(kind: type[Record], data: bytes) -> None:
    tag = getattr(kind, "TAG", b"")
    for candidate in (data, tag + data):
        holds(kind, candidate)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(one=SEEDS, two=SEEDS)
@FEW
def test_different_values_have_different_encodings(kind: type[Record], one: int, two: int) -> None:
    a, b = draw(kind, one), draw(kind, two)
    assert (a == b) == (a.encode() == b.encode())


@given(seed=SEEDS)
@FEW
def test_no_kind_reads_another(seed: int) -> None:
    """Tags keep kinds apart: bytes signed as one statement are never another."""
    tagged = [kind for kind in KINDS if getattr(kind, "TAG", b"")]
    kind = tagged[seed % len(tagged)]
    data = draw(kind, seed).encode()
    for other in tagged:
        if other is not kind:
            assert not holds(other, data)
