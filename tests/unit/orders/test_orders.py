"""Orders: their fields fit one another, and no order can be read as one of another kind."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from thresign.errors import MalformedRecord
from thresign.orders.orders import ORDERS, KeygenOrder, NoticeOrder, SignerSlot, SignOrder


def slot(number: int) -> SignerSlot:
    return SignerSlot(number, 1, 2, bytes(32), bytes(32))


SIGN = SignOrder(
    request=bytes(32),
    entry=bytes(32),
    item=0,
    attempt=1,
    key=bytes(16),
    key_version=1,
    share_epoch=1,
    suite=1,
    message_sha256=bytes(32),
    message_bytes=5,
    expires_ms=6,
    coordinator=2,
    tweaks=(),
    signers=(slot(1), slot(2), slot(5)),
)
KEYGEN = KeygenOrder(bytes(32), bytes(32), bytes(16), 1, 1, 1, 2, 7, (1, 2, 3))
NOTICE = NoticeOrder(bytes(32))


@pytest.mark.parametrize(
    "changes",
    [
        {"signers": ()},
        {"signers": (slot(2), slot(1))},
        {"signers": (slot(2), slot(2))},
        {"signers": (slot(1), slot(3), slot(2))},
        {"coordinator": 3},
        {"coordinator": 0},
        {"signers": (slot(1),)},  # without the coordinator
    ],
)
def test_sign_orders_that_name_no_signers_in_order(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedRecord):
        replace(SIGN, **changes).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"participants": ()},
        {"participants": (1,), "min_signers": 1},
        {"participants": (2, 1)},
        {"participants": (1, 1, 2)},
        {"min_signers": 1},
        {"min_signers": 0},
        {"min_signers": 4},
    ],
)
def test_keygen_orders_without_a_possible_quorum(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedRecord):
        replace(KEYGEN, **changes).encode()


@pytest.mark.parametrize("order", [SIGN, KEYGEN, NOTICE], ids=lambda order: type(order).__name__)
def test_an_order_is_of_one_kind(order: Any) -> None:
    encoded = order.encode()
    assert ORDERS[encoded[:8]] is type(order)
    for kind in ORDERS.values():
        if kind is not type(order):
            with pytest.raises(MalformedRecord):
                kind.decode(encoded)
