"""Evidence bundles of a running domain: verified offline with the domain's public file alone, and refused, as
InvalidEvidence and nothing else, when any byte of any part is changed."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.house.asking import Asker
from tests.house.domain import RunningDomain
from thresign.errors import ConfigurationError, InvalidEvidence
from thresign.limits import BODY_BYTES_IN_BATCH_MAX
from thresign.orders.bundle import Evidence, Inclusion, Report, verify_evidence
from thresign.orders.genesis import Genesis
from thresign.orders.header import MemberSignature
from thresign.policy.actions import JSON
from thresign.setup.files import read_domain_file
from thresign.wire.canonical import Record

pytestmark = pytest.mark.xdist_group("evidence")

MESSAGE = b"a message with evidence"
JSON_MESSAGE = b"an enclosed message"
LARGE = random.Random(7).randbytes(BODY_BYTES_IN_BATCH_MAX + 1)


class Bundles:
    """Bundles of three requests, and the genesis of the domain's public file."""

    def __init__(self, genesis: Genesis, plain: bytes, as_json: bytes, large: bytes) -> None:
        self.genesis = genesis
        self.plain = plain
        self.as_json = as_json
        self.large = large
        self.evidence = Evidence.decode(plain)

    def verify(self, encoded: bytes, message: bytes | None = None) -> Report:
        return verify_evidence(encoded, self.genesis, message)

    def why_not(self, encoded: bytes, message: bytes | None = None) -> str:
        """Why the bundle does not verify; fails if it does, or if anything but the documented error comes out."""
        with pytest.raises(InvalidEvidence) as caught:
            self.verify(encoded, message)
        assert type(caught.value) is InvalidEvidence
        assert caught.value.detail
        return caught.value.detail


@pytest.fixture(scope="module")
def bundles(domain: RunningDomain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundles]:
    """Fetched from a running domain that ends before the first check: what is verified is verified without it."""
    with Asker(domain) as asker:
        signed = [
            asker.sign(MESSAGE, node=2).json,
            asker.sign(b'{"message":"%s"}' % base64.b64encode(JSON_MESSAGE), content_type=JSON).json,
            asker.sign(LARGE, node=3).json,
        ]
        plain, as_json, large = (asker.get(one["evidence"]).body for one in signed)
    public = tmp_path_factory.mktemp("offline") / "domain.json"
    public.write_bytes((domain.root / "domain.json").read_bytes())
    domain.stop_all()
    yield Bundles(read_domain_file(public).genesis, plain, as_json, large)


def test_a_bundle_verifies_offline(bundles: Bundles) -> None:
    report = bundles.verify(bundles.plain)
    assert bundles.verify(bundles.plain, MESSAGE) == report
    assert report.domain == bundles.genesis.domain().hex()
    assert (report.caller, report.path, report.message_bytes) == ("admin", "/v1/keys/k/sign", len(MESSAGE))
    assert len(report.voters) == 3 and len(report.signers) == 3
    assert report.signature == bundles.evidence.signature.hex()
    assert bundles.verify(bundles.as_json, JSON_MESSAGE).message_bytes == len(JSON_MESSAGE)


def test_a_message_that_travels_apart_is_given_along(bundles: Bundles) -> None:
    assert bundles.verify(bundles.large, LARGE).message_bytes == len(LARGE)
    assert "give it along" in bundles.why_not(bundles.large)
    for other in (LARGE[:-1], LARGE + b"\x00", b"\x00" + LARGE[1:], b""):
        assert bundles.why_not(bundles.large, other) == "the order is for another message"


def test_another_message_than_the_requests(bundles: Bundles) -> None:
    for bundle in (bundles.plain, bundles.as_json):
        for other in (b"", b"another", MESSAGE + b" ", b'{"message":""}'):
            assert bundles.why_not(bundle, other) == "the message given is not the request's"


# ---- Any byte ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["plain", "as_json"])
def test_every_byte_counts(bundles: Bundles, which: str) -> None:
    """Every byte of the bundle is changed once, to a value drawn from the seed."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    bundle = getattr(bundles, which)
    for place in range(len(bundle)):
        altered = bytearray(bundle)
        altered[place] ^= rng.randrange(1, 256)
        bundles.why_not(bytes(altered))


def test_every_bit_of_the_votes_and_partials_counts(bundles: Bundles) -> None:
    """Where a signature could be encoded in two ways it would be here."""
    parts = [vote.signature for vote in bundles.evidence.decided.certificate.votes]
    parts += [part for proof in bundles.evidence.partials for part in (proof.signature, proof.share)]
    for part in [*parts, bundles.evidence.signature]:
        start = bundles.plain.index(part)
        for bit in range(8 * len(part)):
            altered = bytearray(bundles.plain)
            altered[start + bit // 8] ^= 1 << bit % 8
            bundles.why_not(bytes(altered))


def test_every_length_but_the_whole(bundles: Bundles) -> None:
    for length in range(0, len(bundles.plain), 7):
        bundles.why_not(bundles.plain[:length])
    for surplus in (b"\x00", bundles.plain, bundles.plain[-64:]):
        assert "left over" in bundles.why_not(bundles.plain + surplus)
    for place in range(0, len(bundles.plain), 13):
        bundles.why_not(bundles.plain[:place] + bundles.plain[place + 1 :])
        bundles.why_not(bundles.plain[:place] + b"\x00" + bundles.plain[place:])


# ---- Any part ----------------------------------------------------------------------------------------------------


def parts(bundles: Bundles) -> dict[str, Record]:
    """The good bundle with one part of the other bundle of the same domain, caller and key."""
    mine, other = bundles.evidence, Evidence.decode(bundles.as_json)
    swapped = {
        name: replace(mine, **{name: getattr(other, name)}) for name in ("request", "decided", "partials", "signature")
    }
    inclusion = mine.decided
    for name in ("certificate", "order"):
        swapped[f"decided.{name}"] = replace(mine, decided=replace(inclusion, **{name: getattr(other.decided, name)}))
    for name in ("header", "votes"):
        part = replace(inclusion.certificate, **{name: getattr(other.decided.certificate, name)})
        swapped[f"certificate.{name}"] = replace(mine, decided=replace(inclusion, certificate=part))
    swapped["confirmed"] = replace(mine, confirmed=other.decided)
    swapped["decided by the key's"] = replace(mine, decided=mine.confirmed)
    return swapped


def test_parts_of_another_bundle(bundles: Bundles) -> None:
    for name, evidence in parts(bundles).items():
        assert bundles.why_not(evidence.encode()), name


Change = Callable[[Evidence], Evidence]


def with_inclusion(evidence: Evidence, **changes: object) -> Evidence:
    return replace(evidence, decided=replace(evidence.decided, **changes))


def with_votes(evidence: Evidence, votes: tuple[MemberSignature, ...]) -> Evidence:
    return with_inclusion(evidence, certificate=replace(evidence.decided.certificate, votes=votes))


CHANGES: dict[str, tuple[Change, str]] = {
    "one vote less": (lambda e: with_votes(e, e.decided.certificate.votes[:-1]), "votes"),
    "no votes": (lambda e: with_votes(e, ()), "votes"),
    "another view": (
        lambda e: with_inclusion(e, certificate=replace(e.decided.certificate, view=e.decided.certificate.view + 1)),
        "verify",
    ),
    "another index": (lambda e: with_inclusion(e, index=e.decided.index + 1), "not in the certified batch"),
    "another count": (lambda e: with_inclusion(e, count=e.decided.count + 1), "not in the certified batch"),
    "a longer path": (lambda e: with_inclusion(e, path=(*e.decided.path, bytes(32))), "not in the certified batch"),
    "one partial less": (lambda e: replace(e, partials=e.partials[:-1]), "not those of the order's signers"),
    "partials in another order": (lambda e: replace(e, partials=e.partials[::-1]), "not those of the order's signers"),
    "partials in another name": (
        lambda e: replace(e, partials=(replace(e.partials[0], share=e.partials[1].share), *e.partials[1:])),
        "is not signed by its token",
    ),
    "no signature": (lambda e: replace(e, signature=b""), "not what the partials give"),
    "another key's generation": (
        lambda e: replace(e, generated=replace(e.generated, transcript=bytes(32))),
        "the key's generation is of another key",
    ),
    "another public key": (
        lambda e: replace(e, generated=replace(e.generated, public_key=e.generated.verification_shares[0])),
        "the key's generation is of another key",
    ),
    "another genesis": (lambda e: replace(e, genesis=replace(e.genesis, created_ms=0)), "of another trust domain"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_well_formed_changes_of_a_part(bundles: Bundles, name: str) -> None:
    change, said = CHANGES[name]
    assert said in bundles.why_not(change(bundles.evidence).encode())


def test_another_domain_does_not_believe_it(bundles: Bundles) -> None:
    other = replace(bundles.genesis, salt=bytes(32))
    with pytest.raises(InvalidEvidence, match="another trust domain"):
        verify_evidence(bundles.plain, other)


def test_a_bundle_is_one_encoding(bundles: Bundles) -> None:
    assert bundles.evidence.encode() == bundles.plain
    assert isinstance(bundles.evidence.decided, Inclusion)


def test_the_public_file_must_be_the_domains(bundles: Bundles, domain: RunningDomain, tmp_path: Path) -> None:
    """A public file of which one character is changed is refused as a whole, or is not read as another domain's."""
    text = (domain.root / "domain.json").read_text()
    genesis = bundles.genesis.domain().hex()
    altered = tmp_path / "domain.json"
    altered.write_text(text.replace(genesis, genesis[::-1]))
    with pytest.raises(ConfigurationError, match="do not belong to the genesis"):
        read_domain_file(altered)
