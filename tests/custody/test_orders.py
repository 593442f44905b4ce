"""What a token makes a partial for: an order in a certified batch, that fits share, nonce, message and time.

Driven through PKCS#11 alone. Every bad order here names the nonces of a good one and stands under a certificate of a
quorum (where it is not the proof that is bad): each refusal has its own name and burns nothing, so that the good order
signs at the end of every test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from tests.custody.trust import MESSAGE, NON_CANONICAL, SMALL_ORDER, Signers, signers_domain
from tests.house.tokens import Certified
from tests.reference import frost_ed25519 as reference
from thresign.custody.interface import SignCall
from thresign.frost.tweaks import TweakKind
from thresign.orders.merkle import batch_root, leaf_hash
from thresign.orders.orders import KeygenOrder, NoticeOrder, SignerSlot, SignOrder, Tweak

pytestmark = pytest.mark.xdist_group("orders")


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signers]:
    with signers_domain(tmp_path_factory.mktemp("signers")) as domain:
        yield domain


def finish(signers: Signers, order: SignOrder, message: bytes = MESSAGE) -> bytes:
    """The good order signs after all: both partials, combined by the slow reference, verified by OpenSSL."""
    call = signers.domain.certify([order]).call(message=message)
    shares = {slot.number: signers.partial(call, slot.number) for slot in order.signers}
    commitments = [reference.Commitment(slot.number, slot.hiding, slot.binding) for slot in order.signers]
    signature = reference.aggregate(signers.key.public_key, commitments, message, shares)
    Ed25519PublicKey.from_public_bytes(signers.key.public_key).verify(signature, message)
    return signature


def altered(order: SignOrder, place: int, **changes: object) -> SignOrder:
    """The order with one signer's slot changed."""
    slots = list(order.signers)
    slots[place] = replace(slots[place], **changes)
    return replace(order, signers=tuple(slots))


def test_a_good_order_signs(signers: Signers) -> None:
    finish(signers, signers.order())
    finish(signers, signers.order(b"", (2, 3)), b"")
    finish(signers, signers.order(b"m" * 100_000, (1, 3)), b"m" * 100_000)


# ---- Not in a certified batch --------------------------------------------------------------------------------------


def test_no_certificate(signers: Signers) -> None:
    order = signers.order()
    silent = signers.domain.certify([order], tell=False)
    assert signers.refusal(silent.call(message=MESSAGE)) == "TS_UNKNOWN_HEADER"
    guessed = replace(silent.call(message=MESSAGE), header=os.urandom(32))
    assert signers.refusal(guessed) == "TS_UNKNOWN_HEADER"
    finish(signers, order)


def test_a_certificate_for_another_order(signers: Signers) -> None:
    order, other = signers.order(), signers.order(b"another")
    certified = signers.domain.certify([other])
    assert signers.refusal(replace(certified.call(message=MESSAGE), order=order.encode())) == "TS_NOT_IN_BATCH"
    near = replace(other, expires_ms=other.expires_ms + 1)
    assert signers.refusal(replace(certified.call(message=b"another"), order=near.encode())) == "TS_NOT_IN_BATCH"
    finish(signers, order)
    finish(signers, other, b"another")


BadProof = Callable[[SignCall], SignCall]
MALFORMED: list[BadProof] = [
    lambda call: replace(call, path=call.path[:-1]),
    lambda call: replace(call, path=call.path[1:]),
    lambda call: replace(call, path=()),
    lambda call: replace(call, path=(*call.path, call.path[-1])),
    lambda call: replace(call, path=(call.path[0], *call.path)),
    lambda call: replace(call, path=(*call.path, os.urandom(32))),
    lambda call: replace(call, index=call.count),
    lambda call: replace(call, index=2**32 - 1),
    lambda call: replace(call, count=0),
    lambda call: replace(call, count=2**32 - 1),
    lambda call: replace(call, index=0, count=1),
]
ELSEWHERE: list[BadProof] = [
    lambda call: replace(call, path=tuple(reversed(call.path))),
    lambda call: replace(call, path=(call.path[0], call.path[0], *call.path[2:])),
    lambda call: replace(call, path=(bytes(32), *call.path[1:])),
    lambda call: replace(call, index=call.index ^ 1),
    lambda call: replace(call, index=call.index ^ 2),
    lambda call: replace(call, count=call.count + 1),
    lambda call: replace(call, order=call.order + b"\x00"),
]


def batch_of_seven(signers: Signers) -> tuple[SignOrder, Certified]:
    order = signers.order()
    notices = [NoticeOrder(os.urandom(32)) for _ in range(6)]
    return order, signers.domain.certify([notices[0], notices[1], order, *notices[2:]])


def test_malformed_and_duplicated_proofs(signers: Signers) -> None:
    order, certified = batch_of_seven(signers)
    good = certified.call(2, MESSAGE)
    for bad in MALFORMED:
        assert signers.refusal(bad(good)) == "TS_PROOF_MALFORMED"
    for bad in ELSEWHERE:
        assert signers.refusal(bad(good)) == "TS_NOT_IN_BATCH"
    assert len(signers.partial(good)) == 32
    finish(signers, order)


def test_inner_nodes_are_no_orders(signers: Signers) -> None:
    """A node's two hashes, given for an order one level up: the prefixes of leaf and node keep them apart."""
    order, certified = batch_of_seven(signers)
    hashes = [leaf_hash(leaf) for leaf in certified.leaves]
    good = certified.call(2, MESSAGE)
    node = replace(good, index=1, count=4, path=good.path[1:], order=hashes[2] + hashes[3])
    assert signers.refusal(node) == "TS_NOT_IN_BATCH"
    finish(signers, order)


def test_a_batch_that_repeats_its_last_leaf_has_another_root() -> None:
    """CVE-2012-2459: where a lone leaf is paired with itself, two batches share a root. Here the count is bound in."""
    leaves = [os.urandom(32) for _ in range(3)]
    assert batch_root(leaves) != batch_root([*leaves, leaves[-1]])


# ---- Certified, but not for this token, share or message -------------------------------------------------------------


ORDERS = [
    ("key", {"key": bytes(16)}, "TS_UNKNOWN_KEY"),
    ("key version", {"key_version": 2}, "TS_OTHER_KEY_VERSION"),
    ("share epoch", {"share_epoch": 2}, "TS_OTHER_SHARE_EPOCH"),
    ("suite", {"suite": 2}, "TS_OTHER_SUITE"),
    ("tweak", {"tweaks": (Tweak(TweakKind.PLAIN, bytes(32)),)}, "TS_TWEAK"),
    ("message digest", {"message_sha256": bytes(32)}, "TS_MESSAGE_MISMATCH"),
    ("message length", {"message_bytes": len(MESSAGE) + 1}, "TS_MESSAGE_MISMATCH"),
    ("expired long ago", {"expires_ms": 0}, "TS_EXPIRED"),
]


@pytest.mark.parametrize(("changes", "name"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
def test_an_order_for_something_else(signers: Signers, changes: dict[str, object], name: str) -> None:
    order = signers.order()
    assert signers.refusal_of(replace(order, **changes)) == name
    finish(signers, order)


def test_another_message(signers: Signers) -> None:
    order = signers.order()
    certified = signers.domain.certify([order])
    for message in (b"", MESSAGE[:-1], MESSAGE + b"\x00", bytes(len(MESSAGE)), b"X" + MESSAGE[1:]):
        assert signers.refusal(certified.call(message=message)) == "TS_MESSAGE_MISMATCH"
    finish(signers, order)


def test_orders_of_other_kinds(signers: Signers) -> None:
    order = signers.order()
    keygen = KeygenOrder(
        os.urandom(32), os.urandom(32), os.urandom(16), 1, 1, 1, 2, signers.domain.time_ms + 60_000, (1, 2, 3)
    )
    certified = signers.domain.certify([NoticeOrder(os.urandom(32)), keygen])
    for index in (0, 1):
        assert signers.refusal(certified.call(index, MESSAGE)) == "TS_ORDER_KIND"
    finish(signers, order)


class Raw:
    """Any bytes as an order: a quorum may certify what no honest one would."""

    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded

    def encode(self) -> bytes:
        return self.encoded


def test_orders_that_are_not_the_one_encoding(signers: Signers) -> None:
    order = signers.order()
    good = order.encode()
    first, second = (slot.encode() for slot in order.signers)
    elsewhere = replace(order, coordinator=2).encode()
    strange = {
        "trailing": good + b"\x00",
        "cut": good[:-1],
        "empty": b"",
        "no record": b"x" * len(good),
        "falling": good.replace(first + second, second + first),
        "twice": good.replace(first + second, first + first),
        "coordinator": elsewhere.replace(b"\x00\x02" + bytes(4), b"\x00\x03" + bytes(4), 1),
    }
    for name, encoded in strange.items():
        assert encoded != good
        certified = signers.domain.certify([Raw(encoded)])  # type: ignore[list-item]
        assert signers.refusal(certified.call(message=MESSAGE)) == "TS_MALFORMED", name
    finish(signers, order)


def test_other_signer_sets(signers: Signers) -> None:
    order = signers.order()
    one, two = order.signers
    third = signers.domain.slot(3)
    fourth = SignerSlot(4, 1, 0, two.hiding, two.binding)
    stranger = replace(fourth, number=5)
    sets = [
        ((two, third), 2, "TS_NOT_A_SIGNER"),
        ((one,), 1, "TS_SIGNER_SET"),
        ((one, two, third), 1, "TS_SIGNER_SET"),
        ((one, fourth), 1, "TS_SIGNER_SET"),
        ((one, stranger), 1, "TS_SIGNER_SET"),
    ]
    for slots, coordinator, name in sets:
        assert signers.refusal_of(replace(order, signers=slots, coordinator=coordinator)) == name
    finish(signers, order)


# ---- Nonces ----------------------------------------------------------------------------------------------------------


def test_nonces_of_another_life_or_never_announced(signers: Signers) -> None:
    order = signers.order()
    own = order.signers[0]
    for incarnation in (0, own.incarnation - 1, own.incarnation + 1, 2**64 - 1):
        assert signers.refusal_of(altered(order, 0, incarnation=incarnation)) == "TS_OTHER_INCARNATION"
    for counter in (1_000, 2**64 - 1):
        assert signers.refusal_of(altered(order, 0, counter=counter)) == "TS_UNKNOWN_NONCE"
    finish(signers, order)


def test_other_commitments_for_an_own_nonce(signers: Signers) -> None:
    order = signers.order()
    own, other = order.signers[0], order.signers[1]
    changes = [
        {"hiding": other.hiding},
        {"binding": other.binding},
        {"hiding": own.binding, "binding": own.hiding},
        {"counter": own.counter - 1},
        {"hiding": b""},
        {"binding": own.binding + b"\x00"},
        {"hiding": bytes(32)},
    ]
    for change in changes:
        assert signers.refusal_of(altered(order, 0, **change)) == "TS_COMMITMENT_MISMATCH", change
    finish(signers, order)


NOT_ON_CURVE = "0200000000000000000000000000000000000000000000000000000000000000"
MIXED = reference.encode(reference.add(reference.multiply(7), reference.decode(bytes.fromhex(SMALL_ORDER[4])))).hex()
"""7 B plus a point of order 8: on the curve, of large order, outside the prime-order subgroup."""


@pytest.mark.parametrize("point", [*SMALL_ORDER, *NON_CANONICAL, NOT_ON_CURVE, MIXED])
def test_invalid_commitments_of_another_signer(signers: Signers, point: str) -> None:
    order = signers.order()
    bad = bytes.fromhex(point)
    assert signers.refusal_of(altered(order, 1, hiding=bad)) == "TS_COMMITMENT_INVALID"
    assert signers.refusal_of(altered(order, 1, binding=bad)) == "TS_COMMITMENT_INVALID"
    finish(signers, order)


def test_commitments_of_another_length(signers: Signers) -> None:
    order = signers.order()
    for bad in (b"", bytes(31), order.signers[1].hiding + b"\x00", bytes(57)):
        assert signers.refusal_of(altered(order, 1, hiding=bad)) == "TS_COMMITMENT_INVALID"
    finish(signers, order)


def test_a_nonce_signs_once(signers: Signers) -> None:
    order = signers.order()
    certified = signers.domain.certify([order])
    first = signers.partial(certified.call(message=MESSAGE))
    reuse = [
        replace(order, attempt=2),
        replace(order, request=os.urandom(32)),
        replace(order, message_sha256=leaf_hash(b"another")),
        altered(order, 1, hiding=order.signers[1].binding, binding=order.signers[1].hiding),
        replace(order, signers=(order.signers[0], signers.domain.slot(3))),
    ]
    for other in reuse:
        assert signers.refusal_of(other) == "TS_NONCE_USED"
    assert signers.partial(certified.call(message=MESSAGE)) == first
    assert signers.partial(signers.domain.certify([order]).call(message=MESSAGE)) == first
    finish(signers, order)


def test_one_nonce_twice_in_one_call(signers: Signers) -> None:
    order = signers.order()
    other = replace(order, attempt=2)
    certified = signers.domain.certify([order, other])
    answers, _ = signers.tokens[0].sign([certified.call(0, MESSAGE), certified.call(1, MESSAGE)])
    assert isinstance(answers[0], bytes)
    assert getattr(answers[1], "name", None) == "TS_NONCE_USED"
    finish(signers, order)


def test_refusals_leave_the_other_orders_of_a_call_alone(signers: Signers) -> None:
    good, bad = signers.order(), signers.order(key_version=9)
    certified = signers.domain.certify([good, bad])
    answers, _ = signers.tokens[0].sign([certified.call(1, MESSAGE), certified.call(0, MESSAGE)])
    assert getattr(answers[0], "name", None) == "TS_OTHER_KEY_VERSION"
    assert answers[1] == signers.partial(certified.call(0, MESSAGE))
    finish(signers, good)


# ---- Time, and the end of a life: last, since they cannot be taken back ----------------------------------------------


def test_an_order_expires_by_the_newest_certified_header(signers: Signers) -> None:
    order = signers.order()
    certified = signers.domain.certify([order])
    signers.domain.certify([], time_ms=order.expires_ms - 1)
    later = signers.domain.certify([], time_ms=order.expires_ms)
    signers.domain.time_ms = later.header.time_ms
    assert signers.refusal(certified.call(message=MESSAGE)) == "TS_EXPIRED"
    finish(signers, replace(order, expires_ms=order.expires_ms + 60_000))


def test_a_made_partial_is_repeated_even_after_its_time(signers: Signers) -> None:
    order = signers.order()
    certified = signers.domain.certify([order])
    made = signers.partial(certified.call(message=MESSAGE))
    signers.domain.time_ms = order.expires_ms + 1
    signers.domain.certify([])
    assert signers.partial(certified.call(message=MESSAGE)) == made


def test_a_new_life_of_the_token_knows_no_old_nonces(signers: Signers) -> None:
    signed, unsigned = signers.order(), signers.order()
    calls = [signers.domain.certify([order]).call(message=MESSAGE) for order in (signed, unsigned)]
    signers.partial(calls[0])
    before = signed.signers[0].incarnation
    assert signers.tokens[0].begin_incarnation(0) > before, "an incarnation does not repeat, whatever the caller says"
    for call in calls:
        assert signers.refusal(call) == "TS_OTHER_INCARNATION"
    signers.domain.pools.clear()
    signers.domain.announce(count=4)
    finish(signers, signers.order())
