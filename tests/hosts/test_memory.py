"""No secret outside the token: all memory of all processes of a domain is searched for its shares, nonces and PINs.

The vaults run on the test build of the token (native/token/hooks.c), which differs from the shipped one in that it
tells this test what the secrets are; the C test token_exports shows that the shipped one cannot. Needs root and Linux.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Measured
from tests.house.domain import RunningDomain, make_domain
from tests.house.native import Hooks, build_hooks
from tests.house.revealing import Revealed, Revealing
from tests.house.stream import check_one_signature_each, streaming
from tests.house.supervised import Supervised, supervised

pytestmark = pytest.mark.xdist_group("memory")

WINDOW = 16
"""Bytes of a secret that are searched for together."""
NONCE_BYTES = 128
"""ts_nonce_secret: two scalars of 64 bytes, of which edwards25519 uses the first 32, low byte first."""
SCALAR_BYTES = 64
ARENA = "/secretmem (deleted)"
"""How the kernel names memory of memfd_secret."""
KERNEL = {"[vvar]", "[vvar_vclock]", "[vdso]"}


@dataclass(frozen=True)
class Hit:
    needle: bytes
    address: int
    mapping: str


@dataclass(frozen=True)
class Scanned:
    """What a search of one process found."""

    hits: list[Hit]
    unreadable: list[tuple[int, int, str]]
    """Start, end and mapping of what even root cannot read."""
    searched: int


@dataclass
class Watched:
    """A domain whose modules run as `thresign module run` runs them, and whose vaults reveal their secrets to us."""

    domain: RunningDomain
    hooks: Hooks
    supervised: dict[int, Supervised]
    revealing: dict[int, Revealing]

    def pids(self, number: int) -> dict[str, int]:
        """The processes of a module, by what they are."""
        found = self.supervised[number].pids()
        assert set(found) == {"supervisor", "vault", "node"}, found
        return found

    def everything(self) -> dict[tuple[int, str], int]:
        return {(number, part): pid for number in self.domain.numbers for part, pid in self.pids(number).items()}

    def reveal(self) -> dict[int, Revealed]:
        return {number: self.revealing[number].reveal(self.pids(number)["vault"]) for number in self.domain.numbers}

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Nothing moves while memory is searched."""
        pids = self.everything().values()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def scan(self, pid: int, needles: list[bytes]) -> Scanned:
        done = subprocess.run(
            [str(self.hooks.scan), str(pid)], input=b"".join(needles), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        hits, unreadable, searched = [], [], 0
        for line in done.stdout.decode().splitlines():
            kind, *words = line.split(" ", 3)
            if kind == "hit":
                hits.append(Hit(needles[int(words[0])], int(words[1], 16), words[2]))
            elif kind == "unreadable":
                unreadable.append((int(words[0], 16), int(words[1], 16), words[2]))
            else:
                searched = int(words[0])
        return Scanned(hits, unreadable, searched)

    def scan_all(self, needles: list[bytes]) -> dict[tuple[int, str], Scanned]:
        pids = self.everything()
        with self.stopped(), ThreadPoolExecutor(2) as pool:
            return dict(zip(pids, pool.map(lambda pid: self.scan(pid, needles), pids.values()), strict=True))


@pytest.fixture(scope="module")
def watched(open_tmp: Path) -> Iterator[Watched]:
    assert os.geteuid() == 0, "only root can read the memory of other processes"
    hooks = build_hooks()
    domain = make_domain(open_tmp / "memory")
    revealing = {number: Revealing(domain.directory(number) / "revealed") for number in domain.numbers}
    with contextlib.ExitStack() as running:
        modules = {}
        for number in domain.numbers:
            environment = {"THRESIGN_TOKEN_LIBRARY": str(hooks.library), **revealing[number].environment}
            modules[number] = running.enter_context(supervised(domain, number, environment))
        domain.wait_ready()
        domain.create_key("k")
        yield Watched(domain, hooks, modules, revealing)


def is_random(window: bytes) -> bool:
    """False for padding and for numbers in a wide field: what has hardly any different bytes is no key."""
    return len(set(window)) >= 8 and any(window[:8])


def windows(secret: bytes) -> Iterable[bytes]:
    """A secret in pieces. Wherever a copy of it lies, each piece lies whole in it."""
    end = 32 if len(secret) == 64 else len(secret)  # the second half of an Ed25519 secret key is the public key
    return filter(is_random, (secret[at : at + WINDOW] for at in range(0, end - WINDOW + 1, WINDOW)))


def digits(value: int) -> bytes:
    """How CPython has an int in memory: 30 bits in each 4 bytes, low ones first."""
    out = b""
    while value:
        out += (value & (1 << 30) - 1).to_bytes(4, "little")
        value >>= 30
    return out


def disguised(secret: bytes) -> Iterable[bytes]:
    """How a scalar of 32 bytes looks to who turned it round, printed it, or made a Python int of it."""
    for order in (secret, secret[::-1]):
        yield from (order, order.hex().encode(), order.hex().upper().encode())
        yield from (base64.b64encode(order), digits(int.from_bytes(order, "little")))


def keys_of(revealed: Revealed) -> list[bytes]:
    """Secrets of 32 bytes: the share, and the token's sealing key and hedge secret."""
    return [secret for secret in revealed.live if len(secret) == 32]


def nonces_of(revealed: Revealed) -> set[bytes]:
    """The secret halves of nonces that have not been used, as one element each."""
    blocks = [secret for secret in revealed.live if len(secret) >= 64 * NONCE_BYTES]
    return {
        block[at : at + 32] for block in blocks for at in range(0, len(block), SCALAR_BYTES) if any(block[at : at + 32])
    }


def user_pin(domain: RunningDomain, number: int) -> bytes:
    return (domain.directory(number) / "pins" / "user.pin").read_bytes().strip()


def pins_of(domain: RunningDomain) -> list[bytes]:
    so_pins = [domain.root / "offline" / f"module-{number}.so-pin" for number in domain.numbers]
    pins = [user_pin(domain, number) for number in domain.numbers] + [path.read_bytes().strip() for path in so_pins]
    assert all(len(pin) >= WINDOW and is_random(pin[:WINDOW]) for pin in pins)
    return pins


def needles_of(watched: Watched, moments: Iterable[dict[int, Revealed]]) -> list[bytes]:
    found: dict[bytes, None] = {}
    secrets = set(pins_of(watched.domain))
    for revealing in watched.revealing.values():
        secrets.update(revealing.freed)
    for moment in moments:
        for revealed in moment.values():
            secrets.update(revealed.live)
            for scalar in (*keys_of(revealed), *nonces_of(revealed)):
                for form in disguised(scalar):
                    found.update(dict.fromkeys(windows(form[: len(form) // WINDOW * WINDOW] + form[-WINDOW:])))
    for secret in secrets:
        found.update(dict.fromkeys(windows(secret)))
    return list(found)


def test_no_secret_outside_the_token(watched: Watched, measured: Measured) -> None:
    """After generating a key and in the midst of signing, none of the twelve processes has a secret in reach."""
    before = watched.reveal()
    with watched.domain.client() as client:
        public_key = base64.b64decode(client.key("k").public_key)
    with streaming(watched.domain.profile(), "k", 4, "memory", timeout_s=120.0) as stream:
        stream.wait_answered(60, 0.0, 30.0)
        after = watched.reveal()
        needles = needles_of(watched, (before, after))
        scanned = watched.scan_all(needles)
    check_one_signature_each(stream, public_key)

    megabytes = sum(found.searched for found in scanned.values()) / 1e6
    measured(f"{len(needles)} pieces of secrets in {megabytes:.0f} MB of {len(scanned)} processes: none found")
    for (number, part), found in scanned.items():
        assert not found.hits, (number, part, found.hits[:5])
        assert found.searched > 10_000_000
        closed = {name for _, _, name in found.unreadable} - KERNEL
        assert closed <= ({ARENA} if part == "vault" else set()), (number, part, found.unreadable)
    for number in watched.domain.numbers:
        assert len(keys_of(after[number])) >= 3
        assert any(freed.startswith(user_pin(watched.domain, number)) for freed in watched.revealing[number].freed)
        assert after[number].rest_is_zero
        start, length = after[number].start, after[number].length
        closed = [(low, high) for low, high, name in scanned[number, "vault"].unreadable if name == ARENA]
        assert closed == [(start, start + length)]  # nobody but the token itself reads its memory, not even root
        used = nonces_of(before[number]) - nonces_of(after[number])
        assert used  # nonces that signed are overwritten where they lay


def test_planted_secret_is_found(watched: Watched) -> None:
    """A copy of one secret in the ordinary data of one vault is found there and nowhere else; and not once wiped."""
    moment = watched.reveal()
    needles = needles_of(watched, (moment,))
    vault = watched.pids(2)["vault"]
    place = watched.revealing[2].plant(vault)
    found = watched.scan_all(needles)
    assert [hit.address for hit in found.pop((2, "vault")).hits] == [place, place + WINDOW]
    assert not any(scanned.hits for scanned in found.values())
    assert watched.revealing[2].plant(vault) == place
    with watched.stopped():
        assert not watched.scan(vault, needles).hits


def test_search_reaches_the_heap(watched: Watched) -> None:
    """What every process holds as a Python value, the first caller's public key, is found in all of them."""
    public_key = watched.domain.domain.settings.callers[0].public_key
    for (number, part), found in watched.scan_all(list(windows(public_key))).items():
        heap = [hit for hit in found.hits if hit.mapping in ("[heap]", "anonymous")]
        assert heap, (number, part)


def test_no_core_dumps(watched: Watched) -> None:
    """RLIMIT_CORE is 0 for every process; vaults and nodes are not dumpable either: their memory belongs to root."""
    for (number, part), pid in watched.everything().items():
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        (core,) = (line.split() for line in limits if line.startswith("Max core file size"))
        assert core[4:6] == ["0", "0"], (number, part)
        if part != "supervisor":  # which runs as root: who owns its memory says nothing
            uid = Path(f"/proc/{pid}").stat().st_uid
            assert uid > 0
            assert Path(f"/proc/{pid}/mem").stat().st_uid == 0, (number, part)
