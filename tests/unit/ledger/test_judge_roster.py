"""Changes of the members in the ledger [LEDGER-C1 to LEDGER-C6]: what is admitted, what waits, what is refused; and
what a new epoch leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from tests.house.stub_domain import JSON, LedgerRun, StubDomain
from tests.house.stub_members import asked, following, new_member, wanted
from thresign.errors import Conflict, MalformedRequest, NotPermitted, ReshareNeeded, ThresignError
from thresign.ids import ModuleNumber
from thresign.ledger import ledger, snapshot
from thresign.ledger.verdicts import Known, Later, Permit, Refuse
from thresign.limits import ROSTER_EPOCHS_MAX
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import NoticeOrder
from thresign.orders.roster import Member, Roster, make_roster
from thresign.policy.actions import Reconfigure


def run_with(min_signers: int = 2, n: int = 4) -> LedgerRun:
    """A ledger with an active key "k" of all n modules."""
    run = LedgerRun(StubDomain(n))
    run.announce()
    run.active_key("k", min_signers=min_signers)
    return run


def ask(run: LedgerRun, roster: Roster) -> Reconfigure:
    return wanted(run.domain, run.state.roster, roster)


def judged(run: LedgerRun, action: Reconfigure, caller: str = "alice") -> object:
    return run.judge(asked(run.domain, action, run.time_ms, caller))


def change(run: LedgerRun, roster: Roster) -> None:
    """Decides the change, and has the roster follow."""
    run.apply(asked(run.domain, ask(run, roster), run.time_ms))
    ledger.enter_roster(run.state)


@pytest.mark.parametrize(("join", "leave"), [((5,), ()), ((5,), (2,)), ((9,), (4,))])
def test_it_is_pending_once_it_is_decided(join: tuple[int, ...], leave: tuple[int, ...]) -> None:
    run = run_with()
    roster = following(run.state.roster, join, leave)
    planned = run.apply(asked(run.domain, ask(run, roster), run.time_ms))
    assert isinstance(run.order(planned), NoticeOrder)
    assert (run.state.pending, run.state.roster.epoch) == (roster, 0)


def test_nothing_is_ordered_while_another_roster_is_to_follow() -> None:
    run = run_with()
    run.apply(asked(run.domain, ask(run, following(run.state.roster, (5,))), run.time_ms))
    entries = (
        run.domain.sign_request(now_ms=run.time_ms),
        run.domain.announcement(1, 1, 9),
        asked(run.domain, ask(run, following(run.state.roster, (6,))), run.time_ms),
    )
    assert all(isinstance(run.judge(entry), Later) for entry in entries)
    assert isinstance(run.plan(entries[0]), str)


def bent(of: int, /, **changes: object) -> Callable[[Reconfigure], Reconfigure]:
    def make(action: Reconfigure) -> Reconfigure:
        members = tuple(replace(m, **changes) if m.number == of else m for m in action.members)
        return replace(action, members=members)

    return make


REFUSED: dict[str, tuple[Callable[[Reconfigure], Reconfigure], type[ThresignError], str]] = {
    "an epoch is skipped": (lambda a: replace(a, epoch=2), Conflict, "epoch 2 was asked for: the next one is 1"),
    "nobody joins or leaves": (lambda a: replace(a, members=a.members[:4]), MalformedRequest, "nothing changes"),
    "two join": (
        lambda a: replace(a, members=(*a.members, replace(a.members[4], number=6))),
        MalformedRequest,
        "share",
    ),
    "three are left": (lambda a: replace(a, members=a.members[:3]), MalformedRequest, "at least 4"),
    "a member twice": (lambda a: replace(a, members=(*a.members, a.members[0])), MalformedRequest, "do not rise"),
    "another vote key of who stays": (bent(2, vote_key=bytes(32)), MalformedRequest, "its name and keys have to"),
    "another sealing key of who stays": (bent(2, sealing_key=bytes(32)), MalformedRequest, "its name and keys have to"),
    "another name of who stays": (bent(2, name="other"), MalformedRequest, "its name and keys have to"),
    "no proof": (bent(5, joining=b""), MalformedRequest, "the proof that it has them, are not valid"),
    "a proof that does not verify": (bent(5, joining=bytes(64)), MalformedRequest, "does not prove"),
    "the proof of another number": (bent(5, number=6), MalformedRequest, "does not prove"),
    "the proof of another name": (bent(5, name="other"), MalformedRequest, "does not prove"),
    "the proof with another sealing key": (bent(5, sealing_key=bytes(32)), MalformedRequest, "does not prove"),
    "a key that is none": (bent(5, vote_key=b"short"), MalformedRequest, "wrong length"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    make, kind, said = REFUSED[what]
    run = run_with()
    verdict = judged(run, make(ask(run, following(run.state.roster, (5,)))))
    assert isinstance(verdict, Refuse)
    assert type(verdict.error) is kind
    assert said in verdict.error.detail
    assert run.state.pending is None


def test_only_an_administrator_may() -> None:
    run = run_with()
    verdict = judged(run, ask(run, following(run.state.roster, (5,))), "sam")
    assert isinstance(verdict, Refuse)
    assert isinstance(verdict.error, NotPermitted)


def test_keys_that_no_token_would_take_are_refused() -> None:
    run = run_with()
    run.checks.member_keys = lambda vote_key, sealing_key: False  # type: ignore[method-assign]
    verdict = judged(run, ask(run, following(run.state.roster, (5,))))
    assert isinstance(verdict, Refuse)
    assert "its keys" in verdict.error.detail


def test_one_change_in_a_batch_and_no_new_key_beside_it() -> None:
    run = run_with()
    first = asked(run.domain, ask(run, following(run.state.roster, (5,))), run.time_ms)
    second = replace_key(run, following(run.state.roster, (6,)))
    created = run.domain.create_key("new", now_ms=run.time_ms)
    assert [type(v) for v in run.verdicts(first, second, created)] == [Permit, Later, Later]
    assert [type(v) for v in run.verdicts(created, first)] == [Permit, Later]


def replace_key(run: LedgerRun, roster: Roster) -> object:
    """The same kind of request under another idempotency key."""
    return run.domain.request(
        "/v1/roster", msgspec.json.encode(ask(run, roster)), JSON, now_ms=run.time_ms, idempotency_key="z"
    )


@pytest.mark.parametrize("confirming", [False, True])
def test_a_key_that_is_being_made_is_waited_for(confirming: bool) -> None:
    run = run_with()
    (run.confirming_key if confirming else run.create_key)("new")
    assert isinstance(judged(run, ask(run, following(run.state.roster, (5,)))), Later)


@pytest.mark.parametrize(
    ("n", "min_signers", "leave", "admitted"),
    [(5, 2, (1,), True), (5, 3, (1,), True), (5, 4, (1,), False), (7, 3, (1, 2), True), (7, 4, (1, 2), False)],
)
def test_a_key_keeps_min_signers_and_f(n: int, min_signers: int, leave: tuple[int, ...], admitted: bool) -> None:
    run = run_with(min_signers, n)
    verdict = judged(run, ask(run, following(run.state.roster, (), leave)))
    if admitted:
        assert isinstance(verdict, Permit)
        return
    assert isinstance(verdict, Refuse)
    assert isinstance(verdict.error, ReshareNeeded)
    assert "of k: reshare first" in verdict.error.detail


def test_who_holds_no_share_may_leave_whatever_the_keys_need() -> None:
    run = run_with(3)
    change(run, following(run.state.roster, (5,)))
    assert isinstance(judged(run, ask(run, following(run.state.roster, (), (5,)))), Permit)


def test_the_new_epoch() -> None:
    """Who left is forgotten, who joined begins, the slots go on; and the snapshot is whole."""
    run = run_with()
    request = run.domain.sign_request(now_ms=run.time_ms)
    order = run.order(run.apply(request))
    old, head, sequence = run.state.roster, run.state.head, run.state.sequence
    roster = following(old, (5,), (2,))
    change(run, roster)
    state = run.state
    assert (state.roster, state.pending, state.began, state.last_number) == (roster, None, sequence + 1, 5)
    assert state.began_head == state.head != head
    two, five = ModuleNumber(2), ModuleNumber(5)
    assert not any(number == two for number, _ in state.pools)
    assert not {two} & (set(state.incarnations) | set(state.standings) | set(state.credits))
    assert state.standings[five].eligible
    assert leaf_hash(order.encode()) in state.found
    restored = snapshot.restore(snapshot.Snapshot.decode(snapshot.take(state).encode()), state.domain)
    assert snapshot.digest(restored) == snapshot.digest(state)
    header = ledger.next_header(state, ready_plan(run))
    assert (header.roster_epoch, header.roster) == (1, roster.digest())


def ready_plan(run: LedgerRun) -> ledger.Plan:
    planned = run.plan(run.domain.announcement(1, 1, 50))
    assert isinstance(planned, ledger.Plan), planned
    return planned


def test_open_orders_are_not_replaced_any_more() -> None:
    run = run_with()
    order = run.order(run.apply(run.domain.sign_request(now_ms=run.time_ms)))
    reports = run.domain.missing(order, (1,))
    assert isinstance(run.judge(reports), Permit)
    change(run, following(run.state.roster, (5,)))
    assert isinstance(run.judge(run.domain.missing(order, (1,), (1, 2, 3, 4))), Known)


def test_a_number_is_never_given_twice() -> None:
    run = run_with()
    change(run, following(run.state.roster, (5,)))
    change(run, following(run.state.roster, (), (5,)))
    again = Member(5, "again", bytes([1] * 32), bytes([2] * 32))
    roster = make_roster(3, (*run.state.roster.members, again))
    verdict = judged(run, ask(run, roster))
    assert isinstance(verdict, Refuse)
    assert "number 5 was another module's" in verdict.error.detail
    assert isinstance(judged(run, ask(run, following(run.state.roster, (6,)))), Permit)


def test_rosters_end_where_chains_do() -> None:
    run = run_with()
    run.state.roster = replace(run.state.roster, epoch=ROSTER_EPOCHS_MAX)
    verdict = judged(run, replace(ask(run, following(run.state.roster, (5,))), epoch=ROSTER_EPOCHS_MAX))
    assert isinstance(verdict, Refuse)


def test_a_new_module_takes_part_in_new_keys_alone() -> None:
    run = run_with()
    change(run, following(run.state.roster, (5,)))
    assert run.state.key_by_name("k") is not None
    _, order = run.create_key("new", min_signers=3)
    assert order.participants == (1, 2, 3, 4, 5)
    assert new_member(5) in run.state.roster.members
