"""Real tokens for tests: made with thresign-token in directories of their own, opened in this process as slots.

A test's domain may have members that are no tokens but plain Ed25519 keys of the test, which votes as it likes.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import libnacl
import pkcs11

from thresign.custody.interface import Refused, SignCall
from thresign.custody.token import SoftwareToken
from thresign.ids import Digest
from thresign.orders.digests import sha256
from thresign.orders.genesis import Caller, Genesis, Settings
from thresign.orders.header import Certificate, Header, MemberSignature, Phase, vote_bytes
from thresign.orders.merkle import batch_root, inclusion_proofs, leaf_hash
from thresign.orders.orders import KeygenOrder, Order, SignerSlot, SignOrder
from thresign.orders.roster import Member, make_roster
from thresign.orders.statements import Announcement
from thresign.signing.messages import KeygenDone

TOOL = Path(str(files("thresign") / "_token" / "thresign-token"))
LIBRARY = str(files("thresign") / "_token" / "libthresign-token.so")
NOW_MS = 1_800_000_000_000


def run_tool(*arguments: str) -> str:
    done = subprocess.run([str(TOOL), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class TokenFiles:
    """A token on disk."""

    directory: Path
    label: str
    vote: bytes
    sealing: bytes

    @property
    def user_pin(self) -> str:
        return (self.directory.parent / f"{self.label}.user").read_text().strip()

    @property
    def so_pin_file(self) -> Path:
        return self.directory.parent / f"{self.label}.so"


def make_token(root: Path, label: str) -> TokenFiles:
    directory = root / label
    directory.mkdir(mode=0o700)
    printed = run_tool(
        "init",
        *("--module", LIBRARY, "--dir", str(directory), "--label", label),
        *("--user-pin-file", str(root / f"{label}.user"), "--so-pin-file", str(root / f"{label}.so")),
    )
    card = json.loads(printed)
    return TokenFiles(directory, label, bytes.fromhex(card["vote"]), bytes.fromhex(card["sealing"]))


class PlainMember:
    """A member whose keys the test has."""

    def __init__(self) -> None:
        self.vote, self._secret = libnacl.crypto_sign_keypair()
        self.sealing, _ = libnacl.crypto_box_keypair()

    def sign_vote(self, phase: Phase, view: int, header: bytes) -> bytes:
        return libnacl.crypto_sign_detached(vote_bytes(phase, view, header), self._secret)

    def sign(self, message: bytes) -> bytes:
        return libnacl.crypto_sign_detached(message, self._secret)


def settings(callers: tuple[Caller, ...] = ()) -> Settings:
    return Settings(300_000, 5_000, 3_600_000, 60_000, 500, 16, callers)


def genesis_of(members: list[TokenFiles | PlainMember], name: str = "test") -> Genesis:
    parts = tuple(Member(i, f"m{i}", m.vote, m.sealing) for i, m in enumerate(members, 1))
    return Genesis(name, NOW_MS, os.urandom(32), settings().digest(), make_roster(0, parts))


def pin(token: TokenFiles, genesis: Genesis) -> None:
    path = token.directory.parent / f"{token.label}.genesis"
    path.write_bytes(genesis.encode())
    run_tool(
        "pin-genesis",
        *("--module", LIBRARY, "--dir", str(token.directory), "--so-pin-file", str(token.so_pin_file), str(path)),
    )


@contextlib.contextmanager
def opened_at(places: Sequence[tuple[Path, str]], library: str = LIBRARY) -> Iterator[list[SoftwareToken]]:
    """The tokens in these directories, with their user PINs, as slots of the provider in this process, logged in;
    finalised at the end. A process has one instance of the provider: one such domain at a time.
    """
    before = os.environ.get("THRESIGN_TOKEN_DIR")
    os.environ["THRESIGN_TOKEN_DIR"] = ":".join(str(directory) for directory, _ in places)
    try:
        provider = pkcs11.lib(library)
        assert len(provider.get_slots()) == len(places), "the provider is open with other tokens"
        try:
            yield [SoftwareToken(library, slot, user_pin) for slot, (_, user_pin) in enumerate(places)]
        finally:
            provider.finalize()
    finally:
        if before is None:
            del os.environ["THRESIGN_TOKEN_DIR"]
        else:
            os.environ["THRESIGN_TOKEN_DIR"] = before


def opened(tokens: Sequence[TokenFiles], library: str = LIBRARY) -> AbstractContextManager[list[SoftwareToken]]:
    """The same for tokens that `make_token` made."""
    return opened_at([(token.directory, token.user_pin) for token in tokens], library)


@dataclass
class Certified:
    """A certified batch of orders."""

    header: Header
    certificate: Certificate
    orders: list[Order]

    @cached_property
    def leaves(self) -> list[bytes]:
        return [order.encode() for order in self.orders]

    def call(self, index: int = 0, message: bytes = b"") -> SignCall:
        hashes = [leaf_hash(leaf) for leaf in self.leaves]
        path = inclusion_proofs(hashes)[index]
        return SignCall(self.header.digest(), index, len(hashes), path, self.leaves[index], message)


@dataclass
class TokenDomain:
    """A domain whose members are opened tokens (or plain keys), with the means to certify anything."""

    genesis: Genesis
    members: dict[int, SoftwareToken | PlainMember]
    sequence: int = 0
    time_ms: int = NOW_MS
    pools: dict[int, list[tuple[int, int, bytes, bytes]]] = field(default_factory=dict)

    @property
    def domain(self) -> Digest:
        return self.genesis.domain()

    @property
    def tokens(self) -> dict[int, SoftwareToken]:
        return {n: m for n, m in self.members.items() if isinstance(m, SoftwareToken)}

    def header(self, orders: list[Order], time_ms: int | None = None) -> Header:
        self.sequence += 1
        self.time_ms += 1
        roster = self.genesis.roster
        root = batch_root([leaf_hash(order.encode()) for order in orders])
        time = self.time_ms if time_ms is None else time_ms
        return Header(self.domain, roster.epoch, roster.digest(), self.sequence, time, bytes(32), root)

    def votes(self, header: Header, view: int = 0, voters: list[int] | None = None) -> tuple[MemberSignature, ...]:
        chosen = voters if voters is not None else sorted(self.members)[: self.genesis.roster.q]
        return tuple(MemberSignature(n, self.members[n].sign_vote(Phase.COMMIT, view, header.encode())) for n in chosen)

    def certify(self, orders: list[Order], time_ms: int | None = None, tell: bool = True) -> Certified:
        header = self.header(orders, time_ms)
        certified = Certified(header, Certificate(header, 0, self.votes(header)), orders)
        if tell:
            for token in self.tokens.values():
                token.check_certificate(certified.certificate.encode())
        return certified

    def announce(self, group: int = 1, count: int = 8, element_bytes: int = 32) -> None:
        for number, token in self.tokens.items():
            encoded = token.announce(group, count)
            announcement = Announcement.decode(encoded)
            size = 2 * element_bytes
            pool = self.pools.setdefault(number, [])
            for i in range(count):
                pair = announcement.pairs[i * size : (i + 1) * size]
                entry = (announcement.incarnation, announcement.first + i, pair[:element_bytes], pair[element_bytes:])
                pool.append(entry)
            for other in self.tokens.values():
                assert other.learn(encoded)

    def slot(self, number: int) -> SignerSlot:
        incarnation, counter, hiding, binding = self.pools[number].pop(0)
        return SignerSlot(number, incarnation, counter, hiding, binding)

    def sign_order(self, key: Key, message: bytes, signers: list[int], **changes: object) -> SignOrder:
        slots = tuple(self.slot(number) for number in signers)
        fields: dict[str, object] = {
            "request": os.urandom(32),
            "entry": os.urandom(32),
            "item": 0,
            "attempt": 1,
            "key": key.id,
            "key_version": 1,
            "share_epoch": 1,
            "suite": key.suite,
            "message_sha256": sha256(message),
            "message_bytes": len(message),
            "expires_ms": self.time_ms + 60_000,
            "coordinator": signers[0],
            "tweaks": (),
            "signers": slots,
        }
        return SignOrder(**{**fields, **changes})  # type: ignore[arg-type]

    def generate(self, suite: int = 1, min_signers: int = 3) -> Key:
        """A key whose participants are the tokens: members that are plain keys hold no share."""
        participants = tuple(sorted(self.tokens))
        key_id = os.urandom(16)
        order = KeygenOrder(
            os.urandom(32), os.urandom(32), key_id, 1, suite, 1, min_signers, self.time_ms + 60_000, participants
        )
        certified = self.certify([order])
        leaf = leaf_hash(order.encode())
        tokens = self.tokens
        steps = [token.keygen_begin(certified.call()) for token in tokens.values()]
        first = [step.package for step in steps]
        assert all(first), steps
        second = [token.keygen_deal(leaf, first).package for token in tokens.values()]
        assert all(second)
        done = [KeygenDone.decode(token.keygen_finish(leaf, second).package) for token in tokens.values()]
        assert len({(d.success.public_key, d.success.transcript, d.verification_shares) for d in done}) == 1
        return Key(key_id, suite, done[0].success.public_key, done[0].verification_shares)


@dataclass
class Key:
    id: bytes
    suite: int
    public_key: bytes
    verification_shares: tuple[bytes, ...]


def refusals(answers: list[bytes | Refused]) -> list[str]:
    return [answer.name if isinstance(answer, Refused) else "" for answer in answers]
