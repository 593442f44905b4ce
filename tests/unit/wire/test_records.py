"""Every record of the system: one encoding for a value, no value for anything else."""

from __future__ import annotations

import random

import pytest

from tests.house.records import KINDS, Draw
from thresign.errors import MalformedRecord
from thresign.wire.canonical import TAG_BYTES, Record

SEEDS = range(8)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_round_trip(kind: type[Record]) -> None:
    for seed in SEEDS:
        value = Draw(random.Random(seed)).record(kind)
        assert kind.decode(value.encode()) == value, f"seed {seed}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_prefix_and_no_extension_of_an_encoding_is_one(kind: type[Record]) -> None:
    for seed in SEEDS[:3]:
        encoded = Draw(random.Random(seed)).record(kind).encode()
        for cut in range(len(encoded)):
            with pytest.raises(MalformedRecord):
                kind.decode(encoded[:cut])
        for extra in (b"\0", b"\x01", encoded):
            if extra:
                with pytest.raises(MalformedRecord):
                    kind.decode(encoded + extra)


def test_tags_tell_records_apart() -> None:
    tags: dict[bytes, type[Record]] = {}
    for kind in KINDS:
        if kind.TAG:
            assert len(kind.TAG) == TAG_BYTES, kind
            assert kind.TAG not in tags, f"{kind} and {tags[kind.TAG]} have the same tag"
            tags[kind.TAG] = kind
    assert len(tags) > 80, "the records were not found"
