"""docs/spec against the code: records field by field, the token's numbers, the examples."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import thresign
from tests.house.layouts import layout
from thresign.callers import profile as rules
from thresign.client import Profile
from thresign.custody.results import RESULTS
from thresign.ids import Digest
from thresign.limits import faults, quorum
from thresign.orders.digests import sha256
from thresign.orders.genesis import Genesis, Settings
from thresign.orders.header import HEADER_BYTES, Certificate, Header, MemberSignature
from thresign.orders.roster import Member, make_roster
from thresign.policy.actions import OCTETS
from thresign.rest import problems
from thresign.setup.files import Domain
from thresign.vault import lanes
from thresign.wire.canonical import Record

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "docs" / "spec"
BLOCK = re.compile(r"^```record\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Test vector 1 of RFC 8032 section 7.1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")


def _records() -> dict[str, type[Record]]:
    """Every record class with a tag, by tag; and those without, by name."""
    for module in pkgutil.walk_packages(thresign.__path__, "thresign."):
        if not module.name.startswith(("thresign._", "thresign.cli")):
            importlib.import_module(module.name)
    found: dict[str, type[Record]] = {}
    todo = list(Record.__subclasses__())
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        if kind.__module__.startswith("thresign."):
            found[kind.TAG.decode() or kind.__name__] = kind
    return found


RECORDS = _records()


def _documented() -> list[tuple[str, str, str]]:
    """(page, name or tag, text) of every record in a specification."""
    found = []
    for page in [*sorted(SPEC.glob("*.md")), ROOT / "docs" / "operating" / "files.md"]:
        for block in BLOCK.finditer(page.read_text()):
            for text in block[1].strip().split("\n\n"):
                head = text.splitlines()[0]
                tag = re.search(r'"(.{8})"', head)
                found.append((page.name, tag[1] if tag else head, text))
    return found


@pytest.mark.parametrize(("page", "name", "text"), _documented(), ids=lambda value: value if len(value) < 20 else "")
def test_records_are_as_written(page: str, name: str, text: str) -> None:
    assert name in RECORDS, f"{page}: no record {name}"
    assert text == layout(RECORDS[name])


def test_every_record_that_leaves_a_process_is_specified() -> None:
    """Inner parts of a ledger's snapshot aside, which only its digest leaves."""
    documented = {name for _, name, _ in _documented()}
    inner = {"ts.snap1", "ts.stat1"}
    tagged = {name for name, kind in RECORDS.items() if kind.TAG} - inner
    assert not tagged - documented


def test_the_table_of_quorums() -> None:
    rows = {}
    for line in (SPEC / "certificate.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in ("n", "f", "q") and len(cells) > 5:
            rows[cells[0]] = [int(cell) for cell in cells[1:]]
    assert rows["f"] == [faults(n) for n in rows["n"]]
    assert rows["q"] == [quorum(n) for n in rows["n"]]


def test_the_length_of_a_certificate() -> None:
    header = Header(bytes(32), 0, bytes(32), 1, 1, bytes(32), bytes(32))
    votes = tuple(MemberSignature(number, bytes(64)) for number in (1, 2, 3))
    assert len(Certificate(header, 0, votes).encode()) == 378 == 8 + HEADER_BYTES + 8 + 4 + 66 * 3
    assert "378 for n = 4" in (SPEC / "certificate.md").read_text()


# --- callers ----------------------------------------------------------------------------------------------------------


def example() -> tuple[str, str]:
    """The signature base and the headers of docs/spec/callers.md."""
    member = [Member(n, f"module-{n}", sha256(b"v%d" % n), sha256(b"s%d" % n)) for n in range(1, 5)]
    settings = Settings(1, 1, 1, 1, 1, 1, ())
    genesis = Genesis("example", 0, bytes(32), settings.digest(), make_roster(0, tuple(member)))
    domain = Domain(genesis, settings, Digest(sha256(b"an example")), "", ())
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    headers = Profile(domain, "admin", key).post_headers(
        "/v1/keys/release/sign", b"hello, world\n", OCTETS, "release-1.2.3", 1_795_000_000, 60
    )
    base = rules.signature_base(
        {
            "@method": "POST",
            "@path": "/v1/keys/release/sign",
            "content-digest": headers["content-digest"],
            "content-type": OCTETS,
            "idempotency-key": "release-1.2.3",
            "thresign-domain": domain.id.hex(),
        },
        rules.Parameters(1_795_000_000, 1_795_000_060, "admin"),
    )
    return base.decode(), "\n".join(f"{name}: {value}" for name, value in headers.items())


def test_the_example_of_a_signed_request() -> None:
    page = (SPEC / "callers.md").read_text()
    base, headers = example()
    assert f"```text\n{base}\n```" in page
    assert f"```text\n{headers}\n```" in page


def test_problems_of_callers_have_their_status() -> None:
    page = (SPEC / "callers.md").read_text()
    status = {kind.code: row.status for kind, row in problems.TABLE.items()}
    rows = re.findall(r"^\| ([45][0-9]{2}) \| ([^|]+) \|", page, re.MULTILINE)
    assert len(rows) > 8
    for number, codes in rows:
        for code in re.findall(r"`([a-z_]+)`", codes):
            assert status[code] == int(number), code


# --- vault and token --------------------------------------------------------------------------------------------------


def test_calls_stand_in_their_lane() -> None:
    page = (SPEC / "vault.md").read_text()
    votes, bulk = page.split("## Bulk lane")
    for lane, text in ((lanes.VOTE_LANE, votes), (lanes.BULK_LANE, bulk)):
        for kind in lane.values():
            assert re.search(rf"^{kind.__name__}\b", text, re.MULTILINE), kind.__name__


def test_numbers_of_the_token() -> None:
    page = (SPEC / "token.md").read_text()
    header = (ROOT / "native/include/thresign/vendor.h").read_text()
    for name, number in re.findall(r"#define (CK[MA]_TS_\w+) (0x[0-9a-f]+)UL", header):
        assert re.search(rf"\| `{name}` \| {number} \|", page), name
    rows = re.findall(r"^\| (0x[0-9a-f]{2}) \| `(\w+)` \|", page, re.MULTILINE)
    assert {int(number, 16): name for number, name in rows} == {code: name for code, (name, _) in RESULTS.items()}
