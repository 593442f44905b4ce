"""Key generation at a node: rounds are asked of the vault, packages go to all, an end that fails is submitted."""

from __future__ import annotations

from collections.abc import Callable

from tests.house.stub_domain import LedgerRun, StubDomain
from thresign.errors import CustodyError, ThresignError
from thresign.node import events as ev
from thresign.node.generation import Generation
from thresign.orders.batch import Entry
from thresign.orders.merkle import leaf_hash
from thresign.signing.messages import KeygenPackage
from thresign.vault import calls
from thresign.wire.canonical import Record

RUN = LedgerRun(StubDomain())
RUN.announce()
_, ORDER = RUN.create_key()
LEAF = leaf_hash(ORDER.encode())


class Bench:
    """Module 1's, with the ceremony begun as the second order of batch 7."""

    def __init__(self) -> None:
        self.asked: list[tuple[Record, Callable[[Record | ThresignError], None]]] = []
        self.submitted: list[Entry] = []
        self.sent: list[ev.Send | ev.Broadcast] = []
        ask = lambda call, then: self.asked.append((call, then))  # noqa: E731
        self.generation = Generation(1, ask, self.submitted.append, self.sent.append)
        self.generation.open(calls.Applied(7, 0, b"", (b"no order", ORDER.encode()), (), (), 0, 0, ()))

    def answer(self, reply: Record | ThresignError) -> None:
        self.asked[-1][1](reply)


def test_round_after_round_is_asked_and_its_package_said() -> None:
    bench = Bench()
    assert [call for call, _ in bench.asked] == [calls.KeygenBeginCall(7, 1)]
    bench.answer(calls.KeygenStep(b"one"))
    assert [type(said) for said in bench.sent] == [ev.Broadcast]
    assert bench.sent[0].message == KeygenPackage(LEAF, 1, b"one")
    for number in ORDER.participants[1:]:
        assert len(bench.asked) == 1
        bench.generation.received(number, KeygenPackage(LEAF, 1, b"of %d" % number))
    call = bench.asked[1][0]
    assert isinstance(call, calls.KeygenDealCall)
    assert (call.order, len(call.packages)) == (LEAF, len(ORDER.participants))


def test_a_step_that_fails_is_an_abort_which_the_vault_signs() -> None:
    bench = Bench()
    bench.answer(CustodyError("a package is\nwrong"))
    call = bench.asked[-1][0]
    assert isinstance(call, calls.AbortCall)
    assert call.order == LEAF
    assert "\n" not in call.reason
    bench.answer(CustodyError("the vault does not sign"))
    assert bench.submitted == []
    abort = RUN.domain.abort(1, LEAF)
    bench.answer(abort)
    assert bench.submitted == [abort]


def test_what_is_over_goes_on_no_more() -> None:
    bench = Bench()
    bench.generation.over(LEAF)
    bench.answer(calls.KeygenStep(b"one"))
    bench.generation.tick()
    assert bench.sent == []
