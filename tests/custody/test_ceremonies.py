"""What opens a key generation at a token: a certified order that it can carry out. And whose packages it takes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.custody.trust import Signers, refused, signers_domain
from thresign.custody.interface import CeremonyStep
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import KeygenOrder, NoticeOrder

pytestmark = pytest.mark.xdist_group("ceremonies")


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signers]:
    with signers_domain(tmp_path_factory.mktemp("signers")) as domain:
        yield domain


def keygen_order(signers: Signers) -> KeygenOrder:
    expires = signers.domain.time_ms + 60_000
    return KeygenOrder(os.urandom(32), os.urandom(32), os.urandom(16), 1, 1, 1, 2, expires, (1, 2, 3))


def why(step: CeremonyStep) -> tuple[str, int]:
    """Why the step was refused, and who is to blame."""
    assert step.refused is not None, "the token took the step"
    assert step.package == b""
    return step.refused.name, step.culprit


def test_no_ceremony_without_agreement(signers: Signers) -> None:
    order = keygen_order(signers)
    silent = signers.domain.certify([order], tell=False)
    token = signers.tokens[0]
    assert why(token.keygen_begin(silent.call())) == ("TS_UNKNOWN_HEADER", 0)
    other = signers.domain.certify([NoticeOrder(os.urandom(32)), order])
    assert why(token.keygen_begin(replace(other.call(1), index=0))) == ("TS_NOT_IN_BATCH", 0)
    assert why(token.keygen_begin(replace(other.call(1), path=()))) == ("TS_PROOF_MALFORMED", 0)
    assert why(token.keygen_begin(other.call(0))) == ("TS_ORDER_KIND", 0)
    signing = signers.domain.certify([signers.order()])
    assert why(token.keygen_begin(signing.call())) == ("TS_ORDER_KIND", 0)


ORDERS = [
    ({"suite": 200}, "TS_OTHER_SUITE"),
    ({"usage": 2}, "TS_USAGE"),
    ({"expires_ms": 0}, "TS_EXPIRED"),
    ({"min_signers": 3}, "TS_SIGNER_SET"),
    ({"participants": (1, 2)}, "TS_SIGNER_SET"),
    ({"participants": (1, 2, 9)}, "TS_SIGNER_SET"),
    ({"participants": (2, 3, 4)}, "TS_NOT_A_SIGNER"),
]


@pytest.mark.parametrize(("changes", "name"), ORDERS)
def test_orders_that_this_token_cannot_carry_out(signers: Signers, changes: dict[str, object], name: str) -> None:
    """min_signers lies between f + 1 and the participants less f, or f liars could sign alone or stop everybody."""
    order = replace(keygen_order(signers), **changes)
    assert why(signers.tokens[0].keygen_begin(signers.domain.certify([order]).call())) == (name, 0)


def test_a_key_is_not_made_twice(signers: Signers) -> None:
    order = replace(keygen_order(signers), key=signers.key.id)
    assert why(signers.tokens[0].keygen_begin(signers.domain.certify([order]).call())) == ("TS_KEY_EXISTS", 0)


def test_packages_of_others(signers: Signers) -> None:
    """A package that is altered, another's, of another ceremony or left out: its sender is named, no key is made."""
    order, twin = keygen_order(signers), keygen_order(signers)
    certified = signers.domain.certify([order, twin])
    leaf = leaf_hash(order.encode())
    token = signers.tokens[0]
    first = [each.keygen_begin(certified.call(0)).package for each in signers.tokens]
    foreign = [each.keygen_begin(certified.call(1)).package for each in signers.tokens]
    assert first == [each.keygen_begin(certified.call(0)).package for each in signers.tokens], "a repeat is the same"
    flipped = first[2][:-70] + bytes([first[2][-70] ^ 1]) + first[2][-69:]
    assert why(token.keygen_deal(leaf, [first[0], first[1]])) == ("TS_PACKAGES", 0)
    assert why(token.keygen_deal(leaf, [*first, first[2]])) == ("TS_PACKAGES", 0)
    assert why(token.keygen_deal(leaf, [foreign[0], first[1], first[2]])) == ("TS_PACKAGES", 0)
    assert why(token.keygen_deal(leaf, [first[0], first[2], first[1]])) == ("TS_CULPRIT_SIGNATURE", 2)
    assert why(token.keygen_deal(leaf, [first[0], first[1], flipped])) == ("TS_CULPRIT_SIGNATURE", 3)
    assert why(token.keygen_deal(leaf, [first[0], foreign[1], first[2]])) == ("TS_CULPRIT_SIGNATURE", 2)
    assert why(token.keygen_deal(os.urandom(32), first)) == ("TS_CEREMONY_UNKNOWN", 0)
    assert why(token.keygen_finish(leaf, first)) == ("TS_CEREMONY_STEP", 0)
    second = [each.keygen_deal(leaf, first).package for each in signers.tokens]
    assert all(second)
    assert why(token.keygen_finish(leaf, [second[0], second[2], second[1]])) == ("TS_CULPRIT_SIGNATURE", 2)
    assert why(token.keygen_finish(leaf, [second[0], first[1], second[2]])) == ("TS_CULPRIT_SIGNATURE", 2)
    done = token.keygen_finish(leaf, second)
    assert done.refused is None and done.package
    for each in signers.tokens:
        each.keygen_forget(leaf)
        each.keygen_forget(leaf_hash(twin.encode()))


def test_two_first_packages_of_one_participant(signers: Signers) -> None:
    """Participant 1 makes two, and shows each to another: 2 and 3 disagree, and neither may name the other for it."""
    order = keygen_order(signers)
    certified, leaf = signers.domain.certify([order]), leaf_hash(order.encode())
    one, two, three = signers.tokens
    shown = one.keygen_begin(certified.call()).package
    one.keygen_forget(leaf)
    kept = one.keygen_begin(certified.call()).package
    others = [token.keygen_begin(certified.call()).package for token in (two, three)]
    assert shown != kept
    second = [one.keygen_deal(leaf, [kept, *others]).package, two.keygen_deal(leaf, [kept, *others]).package]
    second.append(three.keygen_deal(leaf, [shown, *others]).package)
    assert all(second)
    assert why(two.keygen_finish(leaf, second)) == ("TS_CULPRIT_TRANSCRIPT", 0)
    assert why(three.keygen_finish(leaf, second)) == ("TS_CULPRIT_TRANSCRIPT", 0)
    for token in signers.tokens:
        token.keygen_forget(leaf)


def test_a_forgotten_ceremony_is_gone(signers: Signers) -> None:
    order = keygen_order(signers)
    certified = signers.domain.certify([order])
    token = signers.tokens[0]
    assert token.keygen_begin(certified.call()).package
    token.keygen_forget(leaf_hash(order.encode()))
    assert why(token.keygen_deal(leaf_hash(order.encode()), [])) == ("TS_CEREMONY_UNKNOWN", 0)
    assert refused(lambda: token.keygen_forget(b"short")) == "TS_MALFORMED"
