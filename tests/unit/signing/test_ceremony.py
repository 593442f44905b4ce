"""Key generation as a node carries it: round after round of all participants' packages, an abort if anybody cannot go
on, the success certificate only if all say the same."""

from __future__ import annotations

from typing import TypeVar

import pytest

from tests.house.stub_domain import LedgerRun, StubDomain
from thresign.errors import CeremonyFailed, CustodyError, ThresignError
from thresign.ids import Digest
from thresign.ledger.verdicts import Permit
from thresign.orders.digests import sha256
from thresign.orders.merkle import leaf_hash
from thresign.orders.statements import KeyGenerated, KeygenSuccess, shares_digest
from thresign.signing.ceremony import (
    AskAbort,
    AskStep,
    Ceremonies,
    Effect,
    aborted,
    opened,
    over,
    received,
    stepped,
    tick,
)
from thresign.signing.events import Broadcast, Send, Submit
from thresign.signing.messages import FetchPackage, KeygenDone, KeygenPackage

E = TypeVar("E")
RUN = LedgerRun(StubDomain())
RUN.announce()
_, ORDER = RUN.create_key()
LEAF = leaf_hash(ORDER.encode())
GENERATED = RUN.domain.generated(ORDER)


def of(effects: list[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


def package(number: int, round_: int) -> bytes:
    """Rounds 1 and 2: any bytes. Round 3: what a token says when it ended well."""
    if round_ < 3:
        return b"%d of %d" % (round_, number)
    return done(number)


def done(number: int, public_key: bytes = GENERATED.public_key, shares: tuple[bytes, ...] = ()) -> bytes:
    held = shares or GENERATED.verification_shares
    signature = GENERATED.signatures[number - 1].signature
    fields = (RUN.domain.id, number, LEAF, GENERATED.transcript, public_key, shares_digest(held), signature)
    return KeygenDone(KeygenSuccess(*fields), held).encode()


def running(number: int = 1) -> tuple[Ceremonies, list[Effect]]:
    all_ = Ceremonies(number)
    return all_, opened(all_, LEAF, 7, 2, ORDER)


def play(all_: Ceremonies, rounds: int) -> list[Effect]:
    """All packages of so many rounds, ours last."""
    out: list[Effect] = []
    for round_ in range(1, rounds + 1):
        for number in ORDER.participants:
            if number != all_.number:
                out += received(all_, number, KeygenPackage(LEAF, round_, package(number, round_)))
        out += stepped(all_, LEAF, round_, package(all_.number, round_))
    return out


def test_three_rounds_lead_to_a_success_certificate() -> None:
    all_, effects = running()
    assert effects == [AskStep(LEAF, 1, 7, 2, ())]
    effects = play(all_, 3)
    assert [ask.round for ask in of(effects, AskStep)] == [2, 3]
    assert [ask.packages for ask in of(effects, AskStep)] == [
        tuple(package(number, round_) for number in ORDER.participants) for round_ in (1, 2)
    ]
    assert [(b.message.round, b.message.package) for b in of(effects, Broadcast)] == [  # type: ignore[union-attr]
        (round_, package(1, round_)) for round_ in (1, 2, 3)
    ]
    (submit,) = of(effects, Submit)
    assert submit.entry == GENERATED
    assert isinstance(submit.entry, KeyGenerated)
    assert isinstance(RUN.judge(submit.entry), Permit)


def test_the_token_is_asked_only_with_the_packages_of_all() -> None:
    all_, _ = running()
    assert of(stepped(all_, LEAF, 1, package(1, 1)), AskStep) == []
    for number in (2, 3):
        assert received(all_, number, KeygenPackage(LEAF, 1, package(number, 1))) == []
    assert of(received(all_, 4, KeygenPackage(LEAF, 1, package(4, 1))), AskStep)


def test_the_first_package_of_a_participant_counts() -> None:
    """One that sends two different first packages is found by the tokens' transcripts, not here."""
    all_, _ = running()
    stepped(all_, LEAF, 1, package(1, 1))
    for number in (2, 2, 3):
        received(all_, number, KeygenPackage(LEAF, 1, package(number, 1)))
    received(all_, 2, KeygenPackage(LEAF, 1, b"another"))
    (ask,) = received(all_, 4, KeygenPackage(LEAF, 1, package(4, 1)))
    assert isinstance(ask, AskStep)
    assert ask.packages[1] == package(2, 1)


def test_packages_of_later_rounds_wait() -> None:
    all_, _ = running()
    for number in (2, 3, 4):
        assert received(all_, number, KeygenPackage(LEAF, 2, package(number, 2))) == []
    for number in (2, 3, 4):
        received(all_, number, KeygenPackage(LEAF, 1, package(number, 1)))
    assert [ask.round for ask in of(stepped(all_, LEAF, 1, package(1, 1)), AskStep)] == [2]
    assert [ask.round for ask in of(stepped(all_, LEAF, 2, package(1, 2)), AskStep)] == [3]


def test_packages_that_came_before_the_order_wait_for_it_bounded() -> None:
    all_ = Ceremonies(1)
    for number in (2, 3, 4):
        received(all_, number, KeygenPackage(LEAF, 1, package(number, 1)))
    opened(all_, LEAF, 7, 2, ORDER)
    assert of(stepped(all_, LEAF, 1, package(1, 1)), AskStep)
    for other in range(500):
        received(all_, 2, KeygenPackage(sha256(b"%d" % other), 1, b"x"))
    assert len(all_.early) <= 128


@pytest.mark.parametrize("message", [KeygenPackage(LEAF, 0, b"x"), KeygenPackage(LEAF, 4, b"x"), FetchPackage(LEAF, 9)])
def test_rounds_that_there_are_not(message: KeygenPackage | FetchPackage) -> None:
    all_, _ = running()
    assert received(all_, 2, message) == []


def test_who_takes_no_part_does_not_count() -> None:
    all_, _ = running()
    received(all_, 9, KeygenPackage(LEAF, 1, b"x"))
    assert 9 not in all_.running[LEAF].packages[0]
    outsider = Ceremonies(9)
    assert opened(outsider, LEAF, 7, 2, ORDER) == []


def test_nor_if_it_says_something_before_the_order_is_here() -> None:
    """It may have left while others created the key: no round is whole with its package instead of another's."""
    all_ = Ceremonies(1)
    for number in (2, 3, 9):
        received(all_, number, KeygenPackage(LEAF, 1, package(number, 1)))
    assert len(of(opened(all_, LEAF, 7, 2, ORDER), AskStep)) == 1
    assert of(stepped(all_, LEAF, 1, package(1, 1)), AskStep) == []
    assert of(received(all_, 4, KeygenPackage(LEAF, 1, package(4, 1))), AskStep)


def test_an_order_opens_one_ceremony() -> None:
    all_, _ = running()
    assert opened(all_, LEAF, 7, 2, ORDER) == []


@pytest.mark.parametrize(
    ("error", "culprit"),
    [
        (CeremonyFailed("TS_CULPRIT_PROOF: bad", (3,)), 3),
        (CeremonyFailed("TS_PACKAGES: bad"), 0),
        (CustodyError("locked", (3,)), 0),
    ],
)
def test_a_token_that_cannot_go_on_ends_it(error: ThresignError, culprit: int) -> None:
    all_, _ = running()
    assert stepped(all_, LEAF, 1, error) == [AskAbort(LEAF, culprit, error.detail[:64])]
    assert received(all_, 2, KeygenPackage(LEAF, 1, b"x")) == []
    assert stepped(all_, LEAF, 1, error) == []
    assert tick(all_) == []


def test_reasons_are_cut_to_what_a_record_holds() -> None:
    all_, _ = running()
    (ask,) = stepped(all_, LEAF, 1, CeremonyFailed("x" * 500))
    assert isinstance(ask, AskAbort)
    assert len(ask.reason) == 64


@pytest.mark.parametrize(
    "other",
    [
        done(4, public_key=sha256(b"another key")),
        done(4, shares=tuple(sha256(b"%d" % i) for i in range(4))),
    ],
)
def test_if_they_do_not_say_the_same_there_is_no_key(other: bytes) -> None:
    all_, _ = running()
    play(all_, 2)
    for number in (2, 3):
        received(all_, number, KeygenPackage(LEAF, 3, package(number, 3)))
    stepped(all_, LEAF, 3, package(1, 3))
    effects = received(all_, 4, KeygenPackage(LEAF, 3, other))
    assert of(effects, Submit) == []
    (abort,) = of(effects, AskAbort)
    assert "modules 1 and 4 ended differently" in abort.reason
    assert abort.culprit == 0


def test_a_success_that_is_no_record_names_its_sender() -> None:
    all_, _ = running()
    play(all_, 2)
    for number in (2, 3):
        received(all_, number, KeygenPackage(LEAF, 3, package(number, 3)))
    stepped(all_, LEAF, 3, package(1, 3))
    (abort,) = received(all_, 4, KeygenPackage(LEAF, 3, b"nonsense"))
    assert isinstance(abort, AskAbort)
    assert abort.culprit == 4


def test_what_is_missing_is_asked_for_and_given() -> None:
    all_, _ = running()
    stepped(all_, LEAF, 1, package(1, 1))
    received(all_, 2, KeygenPackage(LEAF, 1, package(2, 1)))
    asked = tick(all_)
    assert asked == [Send(3, FetchPackage(LEAF, 1)), Send(4, FetchPackage(LEAF, 1))]
    assert received(all_, 3, FetchPackage(LEAF, 1)) == [Send(3, KeygenPackage(LEAF, 1, package(1, 1)))]
    assert received(all_, 3, FetchPackage(LEAF, 2)) == []
    assert received(all_, 3, FetchPackage(Digest(sha256(b"x")), 1)) == []


def test_an_abort_is_ordered_and_the_end_is_the_ledgers() -> None:
    all_, _ = running()
    statement = RUN.domain.abort(1, LEAF)
    assert aborted(statement) == [Submit(statement)]
    over(all_, LEAF)
    assert tick(all_) == []
    assert received(all_, 3, FetchPackage(LEAF, 1)) == []
