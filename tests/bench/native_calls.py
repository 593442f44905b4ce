"""What a call of thresign._native costs beyond the C that it runs."""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from thresign import _native

LIBRARY = Path("build/native/peers/bench/libthresign_peers.so")
ROUNDS = 61
ROUND_NS = 2_000_000
SUITES = {"ed25519": 1, "ristretto255": 2, "ed448": 3, "p256": 4, "secp256k1": 5, "secp256k1-tr": 6}
MESSAGE = b"thirty-two bytes of a message..."


@dataclass(frozen=True)
class Call:
    """CPU nanoseconds from C (median), and from Python as a multiple of that (median over rounds of both in turn)."""

    operation: str
    suite: str
    signers: int
    c_ns: float
    ratio: float


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(LIBRARY.resolve()))
    for name in ("tp_time_aggregate", "tp_time_verify"):
        getattr(library, name).restype = ctypes.c_double
    return library


@dataclass(frozen=True)
class Session:
    """A session of `signers` signers in bytes, as aggregate takes it, and its signature."""

    suite: int
    signers: int
    key: bytes
    commitments: bytes
    shares: bytes
    signature: bytes


def _session(library: ctypes.CDLL, suite: int, signers: int) -> Session:
    scalar, element = library.tp_scalar_bytes(suite), library.tp_element_bytes(suite)
    shares, verification = (ctypes.create_string_buffer(signers * size) for size in (scalar, element))
    key = ctypes.create_string_buffer(element)
    library.tp_deal(suite, ctypes.c_size_t(signers), ctypes.c_size_t(signers), shares, verification, key)
    nonces, pairs = [], []
    for i in range(signers):
        nonce, pair = (ctypes.create_string_buffer(2 * size) for size in (scalar, element))
        assert library.tp_commit(suite, shares.raw[i * scalar : (i + 1) * scalar], nonce, pair)
        nonces.append(nonce.raw)
        pairs.append(pair.raw)
    numbers = (ctypes.c_uint16 * signers)(*range(1, signers + 1))
    library.tp_session_new.restype = ctypes.c_void_p
    session = ctypes.c_void_p(
        library.tp_session_new(
            suite, key, numbers, b"".join(pairs), verification, ctypes.c_size_t(signers), MESSAGE, ctypes.c_size_t(32)
        )
    )
    partials = []
    for i in range(signers):
        out = ctypes.create_string_buffer(scalar)
        assert library.tp_session_secret(session, ctypes.c_size_t(i), shares.raw[i * scalar :], nonces[i])
        assert library.tp_partial(session, out)
        partials.append(out.raw)
    library.tp_session_free(session)
    commitments = b"".join((i + 1).to_bytes(2, "big") + pair for i, pair in enumerate(pairs))
    signature = _native.aggregate(suite, key.raw, commitments, MESSAGE, b"".join(partials))
    return Session(suite, signers, key.raw, commitments, b"".join(partials), signature)


def _compare(operation: str, suite: str, signers: int, c: Callable[[int], float], python: Callable[[], object]) -> Call:
    runs = max(1, int(ROUND_NS / c(3)))
    c_ns, ratios = [], []
    for _ in range(ROUNDS):
        c_ns.append(c(runs))
        began = time.thread_time_ns()
        for _ in range(runs):
            python()
        ratios.append((time.thread_time_ns() - began) / runs / c_ns[-1])
    assert min(c_ns) > 0
    return Call(operation, suite, signers, statistics.median(c_ns), statistics.median(ratios))


def measure() -> Iterable[Call]:
    """aggregate with 3 signers, and verify, in every suite."""
    library = _library()
    size = ctypes.c_size_t
    for name, suite in SUITES.items():
        s = _session(library, suite, 3)
        assert _native.verify(suite, s.key, MESSAGE, s.signature)
        from_c: Callable[[int], float] = partial(
            library.tp_time_aggregate, suite, s.key, s.commitments, size(3), MESSAGE, size(32), s.shares
        )
        from_python: Callable[[], object] = partial(_native.aggregate, suite, s.key, s.commitments, MESSAGE, s.shares)
        yield _compare("aggregate", name, 3, from_c, from_python)
        from_c = partial(library.tp_time_verify, suite, s.key, MESSAGE, size(32), s.signature)
        from_python = partial(_native.verify, suite, s.key, MESSAGE, s.signature)
        yield _compare("verify", name, 3, from_c, from_python)
