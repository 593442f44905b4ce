"""What reads outside input, each as a target: good inputs, and a check that takes any bytes.

A check returns if the input was taken or refused as documented, and raises whatever else happens. What is taken must
have been the one encoding: it encodes again to the same bytes.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
from msgspec.structs import replace

from tests.contract.published import API
from tests.house.records import KINDS, Draw
from tests.house.stub_domain import LedgerRun, StubDomain
from tests.house.stub_members import following, wanted
from tests.house.stub_rest import signed_headers
from tests.house.vectors import read_vectors
from thresign.callers import profile
from thresign.cli.joining import read_member
from thresign.client.client import _error
from thresign.client.profile import load_profile
from thresign.errors import (
    CallerError,
    ConfigurationError,
    InvalidEvidence,
    InvalidVote,
    JournalCorrupt,
    MalformedRecord,
    MalformedRequest,
    StorageError,
    ThresignError,
)
from thresign.groups import ed25519
from thresign.journal import frames as journal
from thresign.journal.file import JournalFile
from thresign.ledger.draft import Draft
from thresign.ledger.judge_roster import judge_roster
from thresign.ledger.verdicts import Later, Refuse
from thresign.node.records import RECORDS as NODE_RECORDS
from thresign.node.runtime import ALL_MESSAGES
from thresign.orders.batch import ENTRIES
from thresign.orders.bundle import verify_evidence
from thresign.orders.digests import sha256
from thresign.orders.requests import Request
from thresign.orders.roster import Roster
from thresign.orders.succession import Succession, check_change, check_succession
from thresign.peers import frames
from thresign.policy.actions import CALLERS_PATH, JSON, KEYS_PATH, OCTETS, ROSTER_PATH, Reconfigure, parse
from thresign.rest.requests import read_post
from thresign.setup.files import read_domain_file, read_module
from thresign.vault import lanes
from thresign.vault.server import Connection
from thresign.vault.voting.records import RECORDS as VAULT_RECORDS
from thresign.wire.canonical import Record, decode_one_of

VALUES = read_vectors("successions.txt")
SIGN = f"{KEYS_PATH}/k/sign"
PUBLIC = (API / "examples" / "domain.json").read_bytes()
MODULE = b"""number = 1
domain = "domain.json"
[node]
peer_host = "127.0.0.1"
peer_port = 7101
rest_host = "127.0.0.1"
rest_port = 7201
uid = 0
[vault]
uid = 0
harden = "report"
[peers]
2 = { host = "127.0.0.1", port = 7102 }
3 = { host = "127.0.0.1", port = 7103 }
4 = { host = "127.0.0.1", port = 7104 }
"""
PROFILE = b'domain = "domain.json"\ncaller = "admin"\nkey = "none.key"\nurls = ["https://127.0.0.1:7201"]\n'


class Target(NamedTuple):
    """`good` are inputs that are taken; `check` takes any. `weight` says how many inputs of it are tried."""

    good: Sequence[bytes]
    check: Callable[[bytes], None]
    weight: float = 1.0


def _record(kind: type[Record]) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        try:
            value = kind.decode(data)
        except MalformedRecord:
            return
        assert value.encode() == data

    return check


def _one_of(table: dict[bytes, type[Record]]) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        try:
            value = decode_one_of(table, data)
        except MalformedRecord:
            return
        assert type(value) in table.values() and value.encode() == data

    return check


def _frames(data: bytes) -> None:
    """However the stream is cut, the same frames come out, up to the one that ends the connection."""

    def read(sizes: Sequence[int]) -> tuple[list[bytes], bool]:
        reader, got, at = frames.FrameReader(), [], 0
        try:
            for size in sizes:
                got += list(reader.feed(data[at : at + size]))
                at += size
        except MalformedRecord:
            return got, False
        return got, True

    whole = read([len(data)])
    assert read([1] * len(data)) == whole or not whole[1]
    assert b"".join(frames.frame(payload) for payload in whole[0]) == data[: sum(4 + len(p) for p in whole[0])]


def _journal(data: bytes) -> None:
    at = 0
    with contextlib.suppress(JournalCorrupt):
        for payload, end in journal.scan(data):
            assert data[at:end] == journal.frame(payload)
            at = end


def _journal_file(directory: Path) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        path = directory / "journal"
        path.write_bytes(data)
        try:
            opened = JournalFile(path)
        except StorageError:
            return
        try:
            kept = list(opened.records())
            (place,) = opened.append([b"one more"])
            assert opened.read(place) == b"one more"
            assert list(opened.records()) == [*kept, b"one more"], "what is appended after a torn tail is found again"
        finally:
            opened.close()

    return check


def _signature_headers(data: bytes) -> None:
    text = data.decode("latin-1")
    for components in (profile.POST_COMPONENTS, profile.GET_COMPONENTS):
        with contextlib.suppress(MalformedRequest):
            read = profile.parse_signature_input(text, components)
            assert text == f"{profile.LABEL}={profile.signature_input(components, read)}"
    with contextlib.suppress(MalformedRequest):
        assert len(profile.parse_signature(text)) == 64
    with contextlib.suppress(MalformedRequest):
        assert text == profile.content_digest(profile.parse_content_digest(text))


DOMAIN = sha256(b"domain")


def _http(data: bytes) -> None:
    """Header lines, an empty line, a body."""
    head, _, body = data.partition(b"\n\n")
    pairs = [(name, value) for name, _, value in (line.partition(b": ") for line in head.split(b"\n"))]
    try:
        request = read_post(SIGN, pairs, body, DOMAIN)
    except CallerError:
        return
    assert Request.decode(request.encode()) == request
    assert request.body == body or request.detached


def _action(path: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        asked = replace(_request(path, data), content_type=JSON)
        with contextlib.suppress(MalformedRequest):
            parse(asked)

    return check


def _request(path: str, body: bytes) -> Request:
    return Request(DOMAIN, "c", path, OCTETS, "k", 1, 2, sha256(body), len(body), body, bytes(64))


def _next_roster(data: bytes) -> None:
    """What an administrator asks for, in a ledger: whatever it is, no vault breaks over it, and what is admitted may
    follow."""
    run = LedgerRun(StubDomain())
    try:
        asked = msgspec.json.decode(data, type=Reconfigure)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    verdict = judge_roster(Draft(run.state, run.checks, run.time_ms), asked)
    if isinstance(verdict, Roster):
        check_change(run.state.roster, Roster.decode(verdict.encode()))
    else:
        assert isinstance(verdict, Refuse | Later)


def _succession(good: Sequence[bytes]) -> Callable[[bytes], None]:
    """The vectors' rosters of four: nobody here has their keys, so nothing else may follow."""
    old = Roster.decode(bytes.fromhex(VALUES["roster", 4]))

    def check(data: bytes) -> None:
        try:
            check_succession(Succession.decode(data), bytes.fromhex(VALUES["domain"]), old, ed25519.is_valid)
        except (InvalidVote, MalformedRecord):
            return
        assert data in good

    return check


def _file(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(ConfigurationError):
            read(path)

    return check


def _evidence(data: bytes) -> None:
    genesis = GENESIS
    try:
        verify_evidence(data, genesis)
    except InvalidEvidence:
        return
    assert data == EVIDENCE, "there is one bundle that verifies"


def _answer(data: bytes) -> None:
    assert isinstance(_error(httpx.Response(400, content=data)), ThresignError)


def _vault_socket(data: bytes) -> None:
    """What a compromised node may send: the connection ends, or calls wait to be served."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = Connection(ours)
    with theirs:
        theirs.sendall(data[:60_000])
        connection.receive()
        for waiting in (*connection.votes, *connection.bulk):
            assert type(waiting.call) in lanes.CALLS.values()
        connection.close()


GENESIS = read_domain_file(API / "examples" / "domain.json").genesis
EVIDENCE = msgspec.json.decode(
    msgspec.json.encode(msgspec.json.decode((API / "examples" / "evidence.json").read_bytes())["response"]["content"]),
    type=bytes,
)


def _head(path: str, body: bytes, content_type: str) -> bytes:
    made = signed_headers(DOMAIN, path, body, content_type, "key", 1_800_000_000)
    return "\n".join(f"{name}: {value}" for name, value in made.items()).encode() + b"\n\n" + body


def _stream(records: Sequence[bytes]) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + (7).to_bytes(4, "big") + one for one in records)


def _changes() -> list[bytes]:
    """Bodies of requests for the next roster that are granted."""
    domain = StubDomain()
    follow = (
        following(domain.roster, (5,)),
        following(domain.roster, (5,), (2,)),
        following(domain.roster, (9,), (4,)),
    )
    return [msgspec.json.encode(wanted(domain, domain.roster, roster)) for roster in follow]


def targets(rng: random.Random, directory: Path) -> dict[str, Target]:
    """All of them. `directory` is empty; some write files there."""
    draw = Draw(rng)
    made = {kind: [draw.record(kind).encode() for _ in range(3)] for kind in KINDS}
    found = {f"record {kind.__module__}.{kind.__name__}": Target(made[kind], _record(kind)) for kind in KINDS}
    tables = {
        "messages of peers": ALL_MESSAGES,
        "calls to a vault": lanes.CALLS,
        "answers of a vault": lanes.ANSWERS,
        "entries of a batch": ENTRIES,
        "a vault's journal": VAULT_RECORDS,
        "a node's journal": NODE_RECORDS,
    }
    for name, table in tables.items():
        found[name] = Target([one for kind in table.values() for one in made[kind]], _one_of(table), 8)
    some = [one for kind in lanes.CALLS.values() for one in made[kind]]
    found["frames"] = Target([b"".join(map(frames.frame, some[i : i + 3])) for i in range(0, 9, 3)], _frames, 4)
    journals = [b"".join(map(journal.frame, some[i : i + 4])) for i in range(0, 12, 4)]
    found["journal"] = Target(journals, _journal, 4)
    found["journal file"] = Target(journals, _journal_file(directory), 2)
    found["vault's socket"] = Target([_stream(some[i : i + 3]) for i in range(0, 12, 3)], _vault_socket, 4)
    head = _head(SIGN, b"message", OCTETS)
    lines = [line.partition(b": ")[2] for line in head.split(b"\n\n")[0].split(b"\n")]
    found["signature headers"] = Target(lines, _signature_headers, 8)
    found["HTTP"] = Target([head, _head(SIGN, b'{"message":"aGk="}', JSON)], _http, 8)
    key = b'{"name":"k","suite":"ed25519","min_signers":3}'
    enrol = msgspec.json.encode({"id": "c", "public_key": bytes(32), "roles": ["signer"]})
    tweaked = msgspec.json.encode({"message": b"m", "tweaks": [{"kind": "plain", "value": bytes(32)}]})
    changes = _changes()
    for path, bodies in ((KEYS_PATH, [key]), (CALLERS_PATH, [enrol]), (SIGN, [tweaked]), (ROSTER_PATH, changes)):
        found[f"body of {path}"] = Target(bodies, _action(path), 4)
    found["the next roster"] = Target(changes, _next_roster, 4)
    successions = [bytes.fromhex(VALUES["succession", number]) for number in (1, 2, 3)]
    found["succession"] = Target(successions, _succession(successions), 4)
    member = msgspec.json.encode(msgspec.json.decode(changes[0])["members"][-1])
    found["member.json"] = Target([member], _file(directory / "member.json", read_member), 2)
    found["domain.json"] = Target([PUBLIC], _file(directory / "fuzzed.json", read_domain_file), 2)
    (directory / "domain.json").write_bytes(PUBLIC)
    module = _file(directory / "module.toml", lambda path: read_module(path.parent))
    found["module.toml"] = Target([MODULE], module, 2)
    found["profile"] = Target([PROFILE], _file(directory / "profile.toml", load_profile), 2)
    found["evidence"] = Target([EVIDENCE], _evidence, 1)
    problem = (API / "examples" / "unknown-key.json").read_bytes()
    told = msgspec.json.encode(msgspec.json.decode(problem)["response"]["body"])
    found["an answer to the client"] = Target([told], _answer, 4)
    return found
