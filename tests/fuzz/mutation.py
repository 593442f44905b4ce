"""Inputs that are almost right: a good one with some bytes changed, moved, doubled or left out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

LENGTHS = (0, 1, 2, 31, 32, 33, 63, 64, 65, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)
WORDS = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\n", b'"', b"=", b":", b";", b"{", b"[", b"\xc3\xa9", b"\xff\xfe")

Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def _flip(rng: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _length(rng: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    """Where a length or a count may stand."""
    if len(data) >= 4:
        at = rng.randrange(len(data) - 3)
        old = int.from_bytes(data[at : at + 4], "big")
        new = rng.choice([*LENGTHS, (old + 1) % 2**32, (old - 1) % 2**32])
        data[at : at + 4] = new.to_bytes(4, "big")


def _insert(rng: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice([*WORDS, rng.randbytes(rng.randint(1, 8))])


def _delete(rng: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    del data[at : at + rng.randint(1, 64)]


def _cut(rng: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    del data[rng.randint(0, len(data)) :]


def _double(rng: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    part = data[start : start + rng.randint(1, 128)]
    at = rng.randint(0, len(data))
    data[at:at] = part


def _splice(rng: random.Random, data: bytearray, others: Sequence[bytes]) -> None:
    """The head of one good input, the tail of another."""
    other = rng.choice(others)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (_flip, _overwrite, _length, _insert, _delete, _cut, _double, _splice)


def mutated(rng: random.Random, good: Sequence[bytes]) -> bytes:
    """One of the good inputs, changed one to four times; now and then as it is, or nothing but noise."""
    kind = rng.random()
    if kind < 0.02:
        return rng.randbytes(rng.randrange(200))
    data = bytearray(rng.choice(good))
    if kind > 0.05:
        for _ in range(rng.randint(1, 4)):
            rng.choice(MUTATIONS)(rng, data, good)
    return bytes(data)
