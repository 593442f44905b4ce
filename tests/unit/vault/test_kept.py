"""What a vault keeps for its token, bounded, the newest of it; and what it need not verify again."""

from __future__ import annotations

import libnacl

from tests.house.stub_domain import StubDomain, ready_ledger
from thresign.custody.interface import SignCall
from thresign.ids import Digest
from thresign.ledger import ledger
from thresign.limits import BODIES_BYTES_MAX
from thresign.orders.batch import Batch
from thresign.orders.digests import sha256
from thresign.orders.merkle import leaf_hash, root_from_proof
from thresign.orders.orders import SignOrder
from thresign.vault import kept as limits
from thresign.vault.checks import REMEMBERED_MAX, VaultChecks
from thresign.vault.kept import Kept, KeptBatch

RUN = ready_ledger()


def batch(*messages: bytes) -> tuple[KeptBatch, list[SignOrder], bytes]:
    """A decided batch of requests to sign these, and its root."""
    entries = tuple(RUN.domain.sign_request(message, now_ms=RUN.time_ms) for message in messages)
    planned = RUN.plan(*entries)
    assert not isinstance(planned, (str, Exception))
    header = ledger.next_header(RUN.state, planned)
    certificate = RUN.domain.certificate(header)
    leaves = (tuple(planned.orders), tuple(planned.leaves), tuple(planned.leaf_hashes))
    orders = [order for order in planned.orders if isinstance(order, SignOrder)]
    return KeptBatch(certificate, Batch(entries).encode(), header.digest(), *leaves), orders, header.batch_root


def test_what_the_token_is_asked_for_its_orders() -> None:
    kept = Kept()
    made, orders, root = batch(b"one", b"two", b"three")
    kept.keep(9, made)
    for order, message in zip(orders, (b"one", b"two", b"three"), strict=True):
        kept.add_message(order.request, message)
    for number in RUN.domain.numbers:
        mine = [order for order in orders if any(slot.number == number for slot in order.signers)]
        asked = list(kept.sign_calls(9, number, 0, {}))
        assert len(asked) == len(mine)
        assert list(kept.sign_calls(9, number, 1, {})) == [one for one in asked if one[0] >= 1]
        for index, leaf, call in asked:
            assert leaf_hash(orders[index].encode()) == leaf
            assert isinstance(call, SignCall)
            assert call.header == made.header
            assert root_from_proof(leaf, call.index, call.count, call.path) == root
            assert SignOrder.decode(call.order).message_sha256 == sha256(call.message)
    assert list(kept.sign_calls(9, 77, 0, {})) == []
    assert list(kept.sign_calls(10, 1, 0, {})) == []


def test_an_order_whose_message_is_gone_is_told() -> None:
    kept = Kept()
    made, orders, _ = batch(b"one")
    kept.keep(9, made)
    number = orders[0].signers[0].number
    assert [call for _, _, call in kept.sign_calls(9, number, 0, {})] == [None]
    kept.add_message(orders[0].request, b"one")
    kept.drop_message(orders[0].request)
    kept.drop_message(orders[0].request)
    assert [call for _, _, call in kept.sign_calls(9, number, 0, {})] == [None]


def test_a_message_may_be_among_the_bodies_by_its_digest_and_an_empty_one_needs_none() -> None:
    kept = Kept()
    made, orders, _ = batch(b"one", b"")
    kept.keep(9, made)
    for order, message in zip(orders, (b"one", b""), strict=True):
        bodies = {sha256(b"one"): b"one", sha256(b"two"): b"two"}
        asked = {leaf: call for _, leaf, call in kept.sign_calls(9, order.signers[0].number, 0, bodies)}
        call = asked[leaf_hash(order.encode())]
        assert call is not None
        assert call.message == message


def test_batches_are_bounded_by_number_and_bytes() -> None:
    kept = Kept()
    made, _, _ = batch(b"one")
    for sequence in range(1, 2 * limits.BATCHES_MAX):
        kept.keep(sequence, made)
    newest = 2 * limits.BATCHES_MAX - 1
    assert kept.batch(newest) is made
    assert kept.batch(newest - limits.BATCHES_MAX) is None
    assert kept.batch(newest - limits.BATCHES_MAX + 1) == made._replace(orders=())
    for large in (
        made._replace(body=bytes(limits.BATCH_BYTES_KEPT_MAX // 4)),
        made._replace(leaves=(bytes(limits.BATCH_BYTES_KEPT_MAX // 4),)),
    ):
        kept = Kept()
        for sequence in range(1, 9):
            kept.keep(sequence, large)
        assert [sequence for sequence in range(1, 9) if kept.batch(sequence) is not None] == [6, 7, 8]


def test_of_older_batches_bytes_are_kept_and_the_token_is_asked_the_same() -> None:
    kept = Kept()
    made, orders, _ = batch(b"one", b"two")
    for order, message in zip(orders, (b"one", b"two"), strict=True):
        kept.add_message(order.request, message)
    kept.keep(1, made)
    asked = {number: list(kept.sign_calls(1, number, 0, {})) for number in RUN.domain.numbers}
    for sequence in range(2, 2 + limits.DECODED_MAX):
        kept.keep(sequence, made)
    assert [bool(kept.batch(sequence).orders) for sequence in (1, 2)] == [False, True]  # type: ignore[union-attr]
    assert {number: list(kept.sign_calls(1, number, 0, {})) for number in RUN.domain.numbers} == asked


def test_messages_are_bounded_by_bytes_and_the_newest_stays() -> None:
    kept = Kept()
    names = [sha256(b"%d" % i) for i in range(6)]
    for name in names:
        kept.add_message(name, bytes(BODIES_BYTES_MAX // 3))
    assert [name in kept._messages for name in names] == [False, False, False, True, True, True]
    kept.add_message(names[0], bytes(BODIES_BYTES_MAX + 1))
    assert list(kept._messages) == [names[0]]
    kept.add_message(names[0], b"replaced")
    assert kept._message_bytes == len(b"replaced")


# --- checks ---------------------------------------------------------------------------------------------------------


class Token:
    """Counts what it is asked to learn."""

    def __init__(self) -> None:
        self.asked = 0
        self.good = True

    def learn(self, _: bytes) -> bool:
        self.asked += 1
        return self.good


PUBLIC, SECRET = libnacl.crypto_sign_seed_keypair(sha256(b"a caller"))


def test_signatures_are_libsodiums_and_good_ones_are_remembered() -> None:
    checks = VaultChecks(Token(), {})  # type: ignore[arg-type]
    signature = libnacl.crypto_sign_detached(b"message", SECRET)
    for _ in range(2):
        assert checks.signature(PUBLIC, b"message", signature)
        assert not checks.signature(PUBLIC, b"other", signature)
        assert not checks.signature(PUBLIC, b"message", bytes(64))
        assert not checks.signature(bytes(32), b"message", signature)
    assert len(checks._good) == 1


def test_what_is_remembered_is_not_another_cut_of_the_same_bytes() -> None:
    """Key, signature and message stand one after the other: with fixed lengths nothing shifts between them."""
    checks = VaultChecks(Token(), {})  # type: ignore[arg-type]
    signature = libnacl.crypto_sign_detached(b"message", SECRET)
    assert checks.signature(PUBLIC, b"message", signature)
    whole = PUBLIC + signature + b"message"
    for a in (0, 31, 33, 40):
        for b in (a, a + 63, a + 65):
            assert not checks.signature(whole[:a], whole[b:], whole[a:b])


def test_announcements_are_learnt_once_and_refused_ones_asked_again() -> None:
    token = Token()
    checks = VaultChecks(token, {})  # type: ignore[arg-type]
    entry = StubDomain().announcement(1)
    token.good = False
    assert not checks.announcement(entry)
    assert not checks.announcement(entry)
    token.good = True
    assert checks.announcement(entry)
    assert checks.announcement(entry)
    assert token.asked == 3


def test_what_is_remembered_is_bounded() -> None:
    checks = VaultChecks(Token(), {})  # type: ignore[arg-type]
    for number in range(REMEMBERED_MAX + 10):
        checks._remember(Digest(sha256(b"%d" % number)))
    assert len(checks._good) == REMEMBERED_MAX


def test_bodies_are_held_by_their_digest() -> None:
    bodies: dict[bytes, bytes] = {}
    checks = VaultChecks(Token(), bodies)  # type: ignore[arg-type]
    assert not checks.body_held(sha256(b"x"), 1)
    bodies[sha256(b"x")] = b"x"
    assert checks.body_held(sha256(b"x"), 1)
    assert not checks.body_held(sha256(b"x"), 2)
