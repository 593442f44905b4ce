"""thresign.frost keeps shares in locked memory alone: a process that generated keys and signed is searched whole.

Needs root and Linux, as the search of a whole domain does (test_memory).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libnacl
import pytest

from tests.house.native import build_hooks
from thresign.frost import suites

pytestmark = pytest.mark.xdist_group("memory")

KEY = bytes(range(32))
VICTIM = """
import sys
from thresign import frost
from thresign.frost import suites
suite = suites.BY_NAME[sys.argv[1]]
ceremonies = {n: frost.Ceremony(suite, n, {1, 2, 3}, 2, b"memory") for n in (1, 2, 3)}
firsts = {n: ceremony.first for n, ceremony in ceremonies.items()}
seconds = {n: ceremony.deal(firsts) for n, ceremony in ceremonies.items()}
done = {n: ceremony.finish(seconds) for n, ceremony in ceremonies.items()}
signers, keys = {n: signer for n, (signer, _) in done.items()}, done[1][1]
del ceremonies
for _ in range(5):
    commitments = [signers[n].commit() for n in (1, 2, 3)]
    frost.aggregate(keys, commitments, b"m", {n: signers[n].sign(commitments, b"m") for n in (1, 2, 3)})
print(*(signer.wrap(bytes(range(32))).hex() for signer in signers.values()), flush=True)
sys.stdin.read()
"""


@contextmanager
def victim(suite: str) -> Iterator[tuple[int, list[bytes]]]:
    """A process that holds three shares, and these shares, encoded."""
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, suite], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        wrapped = [bytes.fromhex(word) for word in process.stdout.readline().decode().split()]
        assert len(wrapped) == 3
        yield process.pid, [unwrapped(suites.BY_NAME[suite], each) for each in wrapped]
        process.communicate()


def unwrapped(suite: suites.Suite, wrapped: bytes) -> bytes:
    """The share, opened by libsodium according to native/python/signer.c."""
    head = 13 + suite.element_bytes
    nonce, sealed = wrapped[head : head + 24], wrapped[head + 24 :]
    return bytes(libnacl.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, wrapped[:head], nonce, KEY))


def locked(pid: int) -> list[range]:
    """The mappings that the kernel keeps out of swap."""
    found, place = [], range(0)
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if match is not None:
            place = range(int(match[1], 16), int(match[2], 16))
        elif line.startswith("VmFlags:") and "lo" in line.split():
            assert "dd" in line.split()  # not in core dumps either
            found.append(place)
    return found


@pytest.mark.parametrize("suite", ["ed25519", "ed448", "secp256k1-tr"])
def test_shares_are_nowhere_else(suite: str) -> None:
    scan = build_hooks().scan
    with victim(suite) as (pid, shares):
        orders = [order for share in shares for order in (share, share[::-1])]
        pieces = [order[at : at + 16] for order in orders for at in range(0, len(order) - 16, 8)]
        pieces = [piece for piece in pieces if any(piece[:8])]
        done = subprocess.run([str(scan), str(pid)], input=b"".join(pieces), capture_output=True, check=True)
        places = locked(pid)
    found = [line.split(" ", 3) for line in done.stdout.decode().splitlines()]
    hits = [(int(words[1]), int(words[2], 16)) for words in found if words[0] == "hit"]
    assert len(places) >= 3
    outside = [hex(address) for _, address in hits if not any(address in place for place in places)]
    assert not outside, outside
    per_share = len(pieces) // 3
    assert {piece // per_share for piece, _ in hits} == {0, 1, 2}  # the search finds each where it belongs
