"""Statements: what their signatures cover, and that partials prove one share for one order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from thresign.errors import MalformedRecord
from thresign.orders.digests import sha256
from thresign.orders.header import MemberSignature
from thresign.orders.merkle import batch_root, leaf_hash
from thresign.orders.orders import KeygenOrder
from thresign.orders.statements import (
    FoundReports,
    KeyGenerated,
    MissingReport,
    MissingReports,
    Partials,
    SharePart,
    confirmation_message,
    partials_bytes,
    shares_digest,
)

DOMAIN = StubDomain()
LEAF = leaf_hash(b"order")


@pytest.mark.parametrize(
    "statement",
    [
        DOMAIN.announcement(1),
        DOMAIN.present(2, 3),
        DOMAIN.missing_report(1, LEAF, (2, 3)),
        DOMAIN.abort(1, LEAF),
        DOMAIN.checkpoint(1, 2, LEAF, LEAF),
        DOMAIN.view_change(1, 2),
        DOMAIN.new_view(1),
    ],
    ids=lambda statement: type(statement).__name__,
)
def test_the_signature_is_last_and_covers_all_before_it(statement: object) -> None:
    encoded = statement.encode()  # type: ignore[attr-defined]
    assert statement.signed_bytes() == encoded[:-64]  # type: ignore[attr-defined]
    assert encoded[-64:] == statement.signature  # type: ignore[attr-defined]
    assert encoded[:8] == statement.TAG  # type: ignore[attr-defined]
    assert encoded[8:40] == DOMAIN.id


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_each_partial_proves_itself_under_one_signature(count: int) -> None:
    shares = tuple(SharePart(leaf_hash(b"order %d" % i), b"share %d" % i) for i in range(count))
    partials = Partials(DOMAIN.id, 3, shares, bytes(64))
    root = batch_root([leaf_hash(part.order + part.share) for part in shares])
    assert partials.signed_bytes() == partials_bytes(DOMAIN.id, 3, root)
    assert partials.signed_bytes() == b"ts.part1" + DOMAIN.id + b"\0\3" + root
    signed, proofs = partials.opened()
    assert signed == partials.signed_bytes()
    assert len(proofs) == count
    for part, proof in zip(shares, proofs, strict=True):
        assert proof.signed_bytes(DOMAIN.id, part.order) == partials.signed_bytes()
        for other in (
            proof.signed_bytes(DOMAIN.id, leaf_hash(b"another order")),
            proof.signed_bytes(bytes(32), part.order),
            replace(proof, share=b"another").signed_bytes(DOMAIN.id, part.order),
            replace(proof, number=4).signed_bytes(DOMAIN.id, part.order),
            replace(proof, count=proof.count + 1).signed_bytes(DOMAIN.id, part.order),
            replace(proof, index=proof.index + 1).signed_bytes(DOMAIN.id, part.order),
        ):
            assert other != partials.signed_bytes()
        assert replace(proof, path=(*proof.path, bytes(32))).signed_bytes(DOMAIN.id, part.order) is None


def test_share_and_order_are_told_apart() -> None:
    """A share moved over the border between order and share is another leaf: the order's length is fixed."""
    assert SharePart(LEAF, b"ab").leaf() != SharePart(LEAF, b"a").leaf()
    assert SharePart(LEAF, b"").leaf() == leaf_hash(LEAF)


@pytest.mark.parametrize("missing", [(), (2, 1), (1, 1), (1, 3, 2)])
def test_missing_signers_rise(missing: tuple[int, ...]) -> None:
    with pytest.raises(MalformedRecord):
        MissingReport(DOMAIN.id, 1, LEAF, missing, bytes(64)).encode()


def test_reports_of_missing_partials_are_of_distinct_modules_in_order() -> None:
    one, two = (DOMAIN.missing_report(number, LEAF, (3,)) for number in (1, 2))
    for reports in ((two, one), (one, one), (one, replace(two, number=1))):
        with pytest.raises(MalformedRecord):
            MissingReports(b"", reports).encode()
    MissingReports(b"", (one, two)).encode()


def test_found_reports_are_of_distinct_modules_in_order() -> None:
    one, two = (DOMAIN.found_report(number, LEAF) for number in (1, 2))
    for reports in ((two, one), (one, one), (one, replace(two, number=1))):
        with pytest.raises(MalformedRecord):
            FoundReports(b"", reports).encode()
    FoundReports(b"", (one, two)).encode()


def generated() -> KeyGenerated:
    return DOMAIN.generated(KeygenOrder(bytes(32), bytes(32), bytes(16), 1, 1, 1, 3, 7, (1, 2, 3, 4)))


def test_a_success_certificate_has_a_share_for_each_signature_in_order() -> None:
    entry = generated()
    one, two, three, four = entry.signatures
    for signatures in (
        (one, two, three),
        (one, two, three, four, MemberSignature(5, bytes(64))),
        (two, one, three, four),
        (one, one, three, four),
    ):
        with pytest.raises(MalformedRecord):
            replace(entry, signatures=signatures).encode()


def test_a_success_names_all_verification_shares() -> None:
    entry = generated()
    success = entry.success(DOMAIN.id, 2, bytes(64))
    assert (success.number, success.order, success.public_key) == (2, entry.order, entry.public_key)
    digest = shares_digest(entry.verification_shares)
    assert success.shares == digest
    assert digest not in {
        shares_digest(entry.verification_shares[:-1]),
        shares_digest(tuple(reversed(entry.verification_shares))),
        shares_digest((*entry.verification_shares, b"")),
        shares_digest((entry.verification_shares[0] + entry.verification_shares[1], *entry.verification_shares[2:])),
    }


def test_a_confirmation_binds_domain_key_and_public_values() -> None:
    entry = generated()
    message = confirmation_message(DOMAIN.id, entry, bytes(16), 1)
    others = [
        confirmation_message(sha256(b"x"), entry, bytes(16), 1),
        confirmation_message(DOMAIN.id, entry, bytes([1]) * 16, 1),
        confirmation_message(DOMAIN.id, entry, bytes(16), 2),
        confirmation_message(DOMAIN.id, replace(entry, transcript=bytes(32)), bytes(16), 1),
        confirmation_message(DOMAIN.id, replace(entry, public_key=bytes(32)), bytes(16), 1),
        confirmation_message(DOMAIN.id, replace(entry, order=bytes(32)), bytes(16), 1),
        confirmation_message(DOMAIN.id, replace(entry, verification_shares=(bytes(32),) * 4), bytes(16), 1),
    ]
    assert message.startswith(b"ts.cnfm1")
    assert len({message, *others}) == 8
