"""Combining, held against FROST in slow Python: a signature is made only if it verifies, and who spoilt it is named."""

from __future__ import annotations

import itertools

import pytest

from tests.reference import frost_ed25519 as reference
from thresign.errors import MalformedRecord
from thresign.frost import verify
from thresign.groups import ed25519
from thresign.limits import BODY_BYTES_IN_BATCH_MAX
from thresign.orders.digests import sha256
from thresign.orders.orders import SignerSlot, SignOrder
from thresign.signing.combining import SigningKey, combine

L = reference.L
MESSAGE = b"a message"
COEFFICIENTS = [int.from_bytes(sha256(b"coefficient %d" % i) * 2, "little") % L for i in range(3)]
NUMBERS = (2, 3, 5, 7, 11)
PUBLIC_KEY, SHARES = reference.deal(COEFFICIENTS, NUMBERS)
KEY = SigningKey(1, PUBLIC_KEY, {n: reference.encode(reference.multiply(share.secret)) for n, share in SHARES.items()})


def signing(signers: tuple[int, ...], message: bytes = MESSAGE) -> tuple[SignOrder, dict[int, bytes]]:
    """An order for these signers and the shares that they make for it."""
    nonces = {
        number: tuple(int.from_bytes(sha256(b"%d %d" % (which, number)) * 2, "little") % L for which in (0, 1))
        for number in signers
    }
    commitments = [reference.commit(number, *nonces[number]) for number in signers]
    slots = tuple(SignerSlot(c.number, 1, 0, c.hiding, c.binding) for c in commitments)
    order = SignOrder(
        bytes(32),
        bytes(32),
        0,
        1,
        bytes(16),
        1,
        1,
        1,
        sha256(message),
        len(message),
        1,
        signers[0],
        (),
        slots,
    )
    shares = {
        number: reference.sign(SHARES[number], (nonces[number][0], nonces[number][1]), PUBLIC_KEY, commitments, message)
        for number in signers
    }
    return order, shares


@pytest.mark.parametrize("signers", list(itertools.combinations(NUMBERS, 3)))
def test_any_three_of_five_make_a_signature(signers: tuple[int, ...]) -> None:
    order, shares = signing(signers)
    signature = combine(KEY, order, MESSAGE, shares)
    assert isinstance(signature, bytes)
    assert ed25519.is_valid(PUBLIC_KEY, MESSAGE, signature)
    commitments = [reference.Commitment(slot.number, slot.hiding, slot.binding) for slot in order.signers]
    assert signature == reference.aggregate(PUBLIC_KEY, commitments, MESSAGE, shares)


def test_more_than_needed_do_too() -> None:
    order, shares = signing(NUMBERS)
    assert isinstance(combine(KEY, order, MESSAGE, shares), bytes)


def test_fewer_than_needed_make_none_and_nobody_is_to_blame() -> None:
    """Each share is right for what it was asked; the set is too small, which the token refuses."""
    order, shares = signing((2, 3))
    assert combine(KEY, order, MESSAGE, shares) == ()


@pytest.mark.parametrize("wrong", [w for k in (1, 2, 3) for w in itertools.combinations((2, 5, 11), k)])
def test_the_culprits_are_named(wrong: tuple[int, ...]) -> None:
    order, shares = signing((2, 5, 11))
    for number in wrong:
        value = (int.from_bytes(shares[number], "little") + number) % L
        shares[number] = value.to_bytes(32, "little")
    assert combine(KEY, order, MESSAGE, shares) == wrong


def test_errors_that_cancel_out_give_a_signature_all_the_same() -> None:
    """Two that add and subtract the same spoil nothing: the signature is right, and it is the only one."""
    order, shares = signing((2, 5, 11))
    good = combine(KEY, order, MESSAGE, shares)
    for number, change in ((2, 9), (5, -9)):
        shares[number] = ((int.from_bytes(shares[number], "little") + change) % L).to_bytes(32, "little")
    assert combine(KEY, order, MESSAGE, shares) == good


@pytest.mark.parametrize(
    "share",
    [b"", bytes(31), bytes(33), L.to_bytes(32, "little"), b"\xff" * 32, (2**252 + 2**255).to_bytes(32, "little")],
)
def test_shares_that_are_no_scalar_name_their_signer(share: bytes) -> None:
    order, shares = signing((2, 5, 11))
    shares[5] = share
    assert combine(KEY, order, MESSAGE, shares) == (5,)


def test_shares_for_another_message_are_wrong() -> None:
    order, _ = signing((2, 5, 11))
    _, shares = signing((2, 5, 11), b"another message")
    assert combine(KEY, order, MESSAGE, shares) == (2, 5, 11)


def test_an_order_of_signers_out_of_order_is_none() -> None:
    order, _ = signing((2, 5, 11))
    with pytest.raises(MalformedRecord, match="signers do not rise"):
        SignOrder.decode(
            SignOrder(*(getattr(order, f) for f in order.__struct_fields__[:-1]), order.signers[::-1]).encode()
        )


def test_a_message_that_no_journal_holds_is_verified_by_the_other_library_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []

    def is_valid(_suite: int, _key: bytes, message: bytes, _signature: bytes) -> bool:
        asked.append(message)
        return False

    monkeypatch.setattr(verify, "is_valid", is_valid)
    within, apart = bytes(BODY_BYTES_IN_BATCH_MAX), bytes(BODY_BYTES_IN_BATCH_MAX + 1)
    assert isinstance(combine(KEY, *signed_alone(within)), bytes)
    assert asked == []
    assert combine(KEY, *signed_alone(apart)) == ()
    assert asked == [apart]


def signed_alone(message: bytes) -> tuple[SignOrder, bytes, dict[int, bytes]]:
    order, shares = signing((2, 5, 11), message)
    return order, message, shares
