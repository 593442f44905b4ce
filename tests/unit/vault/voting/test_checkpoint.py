"""CHECKPOINT [VOTE-K1 to VOTE-K3]: a vault signs what its own ledger is, and the low watermark moves only on q equal
statements that say the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from tests.house.stub_vault import StubVault
from thresign.errors import InvalidVote, InvariantBroken, MalformedRecord
from thresign.ledger import snapshot
from thresign.limits import faults
from thresign.orders.digests import sha256
from thresign.orders.votes import Checkpoint, CheckpointCertificate
from thresign.vault.voting import checkpoint
from thresign.vault.voting.records import Checkpointed, Stable

INTERVAL = 4


def vault_at(sequence: int, domain: StubDomain | None = None) -> StubVault:
    """A vault that has applied so many batches, and signed each checkpoint that was due."""
    vault = StubVault(domain=domain)
    for _ in range(sequence):
        vault.decide()
        if checkpoint.is_due(vault.book):
            vault.take(checkpoint.checkpoint(vault.book))
    return vault


def stable(vault: StubVault, sequence: int = INTERVAL, numbers: tuple[int, ...] = ()) -> CheckpointCertificate:
    """What q modules with the same ledger as this vault say."""
    own = vault.book.checkpoints[sequence]
    return vault.domain.stable(sequence, own.header, own.state, numbers)


# --- signing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", range(3 * INTERVAL + 1))
def test_due_at_every_interval_and_only_there(sequence: int) -> None:
    vault = StubVault()
    for _ in range(sequence):
        vault.decide()
    due = sequence > 0 and sequence % INTERVAL == 0
    assert checkpoint.is_due(vault.book) == due
    if due:
        vault.take(checkpoint.checkpoint(vault.book))
    else:
        with vault.refuses(f"VOTE-K1: no checkpoint is due at sequence {sequence}"):
            vault.take(checkpoint.checkpoint(vault.book))


def test_it_says_what_the_vaults_own_ledger_is() -> None:
    vault = StubVault()
    for _ in range(INTERVAL):
        vault.decide()
    ballot = checkpoint.checkpoint(vault.book)
    said = ballot.reply
    assert isinstance(said, Checkpoint)
    state = vault.book.state
    assert said == vault.domain.checkpoint(4, INTERVAL, state.head, snapshot.digest(state))
    assert ballot.records == (Checkpointed(said),)
    assert ballot.sync


def test_a_repeat_gets_the_stored_bytes() -> None:
    vault = vault_at(INTERVAL)
    first = vault.book.checkpoints[INTERVAL]
    again = checkpoint.checkpoint(vault.book)
    assert again.reply.encode() == first.encode()
    assert again.records == ()
    assert len(vault.key.statements) == 1


def test_vaults_with_the_same_history_say_the_same() -> None:
    domain = StubDomain()
    one, two = StubVault(2, domain), StubVault(3, domain)
    for _ in range(INTERVAL):
        made = one.decide()
        two.decide(made)
    a, b = checkpoint.checkpoint(one.book).reply, checkpoint.checkpoint(two.book).reply
    assert isinstance(a, Checkpoint)
    assert isinstance(b, Checkpoint)
    assert (a.sequence, a.header, a.state) == (b.sequence, b.header, b.state)


def test_no_checkpoint_of_the_past() -> None:
    """Once the ledger went on, its earlier state is not there to be signed."""
    vault = StubVault()
    for _ in range(INTERVAL + 1):
        vault.decide()
    with vault.refuses("VOTE-K1"):
        vault.take(checkpoint.checkpoint(vault.book))


# --- the low watermark ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 10])
def test_it_moves_on_a_quorum_and_no_fewer(n: int) -> None:
    domain = StubDomain(n)
    vault = vault_at(INTERVAL, domain)
    own = vault.book.checkpoints[INTERVAL]
    for count in range(1, n + 1):
        certificate = domain.stable(INTERVAL, own.header, own.state, domain.numbers[:count])
        if count != domain.q:
            with vault.refuses(f"a checkpoint certificate with {count} signatures", InvalidVote):
                vault.take(checkpoint.stabilise(vault.book, certificate))
    assert vault.book.low == 0
    vault.take(checkpoint.stabilise(vault.book, stable(vault)))
    assert vault.book.low == INTERVAL


@pytest.mark.parametrize("n", [5, 6, 8, 9])
def test_two_f_plus_one_are_too_few_where_q_is_larger(n: int) -> None:
    domain = StubDomain(n)
    vault = vault_at(INTERVAL, domain)
    few = domain.numbers[: 2 * faults(n) + 1]
    with vault.refuses("signatures", InvalidVote):
        vault.take(checkpoint.stabilise(vault.book, stable(vault, numbers=few)))


def test_it_is_on_disk_before_anybody_hears_of_it() -> None:
    vault = vault_at(INTERVAL)
    certificate = stable(vault)
    ballot = checkpoint.stabilise(vault.book, certificate)
    assert ballot.sync
    assert ballot.records == (Stable(certificate),)


def test_what_lies_below_is_forgotten() -> None:
    vault = vault_at(2 * INTERVAL)
    vault.take(checkpoint.stabilise(vault.book, stable(vault, 2 * INTERVAL)))
    assert list(vault.book.checkpoints) == [2 * INTERVAL]


def test_it_never_goes_back() -> None:
    vault = vault_at(2 * INTERVAL)
    old = stable(vault, INTERVAL)
    newest = stable(vault, 2 * INTERVAL)
    vault.take(checkpoint.stabilise(vault.book, newest))
    for certificate in (old, newest):
        ballot = checkpoint.stabilise(vault.book, certificate)
        assert (ballot.records, ballot.sync) == ((), False)
        assert vault.book.low == 2 * INTERVAL


@pytest.mark.parametrize("sequence", [INTERVAL + 1, 2 * INTERVAL, 64, 2**32, 2**64 - 1])
def test_it_does_not_run_ahead_of_the_ledger(sequence: int) -> None:
    """Even a quorum's word does not move the watermark over slots that this vault has not applied."""
    vault = vault_at(INTERVAL)
    certificate = vault.domain.stable(sequence, sha256(b"head"), sha256(b"state"))
    with vault.refuses(f"VOTE-K3: this vault has no checkpoint at sequence {sequence}"):
        vault.take(checkpoint.stabilise(vault.book, certificate))


def test_a_slot_between_checkpoints() -> None:
    vault = vault_at(INTERVAL + 2)
    with vault.refuses("VOTE-K3"):
        vault.take(checkpoint.stabilise(vault.book, vault.domain.stable(INTERVAL + 1, sha256(b"h"), sha256(b"s"))))


@pytest.mark.parametrize("which", ["header", "state"])
def test_a_quorum_for_another_state_says_that_this_ledger_is_wrong(which: str) -> None:
    vault = vault_at(INTERVAL)
    own = vault.book.checkpoints[INTERVAL]
    said = {"header": own.header, "state": own.state, which: sha256(b"another")}
    with vault.refuses("a quorum has another state at sequence 4 than this vault", InvariantBroken):
        vault.take(checkpoint.stabilise(vault.book, vault.domain.stable(INTERVAL, said["header"], said["state"])))


Change = Callable[[StubVault, CheckpointCertificate], CheckpointCertificate]


def _signature(number: int, signature: Callable[[StubVault, Checkpoint], bytes]) -> Change:
    def change(vault: StubVault, certificate: CheckpointCertificate) -> CheckpointCertificate:
        return replace(
            certificate,
            signatures=tuple(
                replace(held, signature=signature(vault, vault.book.checkpoints[INTERVAL]))
                if held.number == number
                else held
                for held in certificate.signatures
            ),
        )

    return change


WRONG: dict[str, tuple[Change, str, tuple[int, ...]]] = {
    "another domain": (
        lambda _, c: replace(c, domain=sha256(b"another")),
        "a checkpoint certificate of another domain or roster",
        (),
    ),
    "another roster epoch": (
        lambda _, c: replace(c, roster_epoch=1),
        "a checkpoint certificate of another domain or roster",
        (),
    ),
    "a forged signature": (
        _signature(2, lambda *_: bytes(64)),
        "a checkpoint of module 2 that does not verify",
        (2,),
    ),
    "a signature on another state": (
        _signature(3, lambda v, own: v.domain.checkpoint(3, INTERVAL, own.header, sha256(b"x")).signature),
        "a checkpoint of module 3 that does not verify",
        (3,),
    ),
    "a signature on another sequence": (
        _signature(3, lambda v, own: v.domain.checkpoint(3, 2 * INTERVAL, own.header, own.state).signature),
        "a checkpoint of module 3 that does not verify",
        (3,),
    ),
    "another member's signature": (
        _signature(3, lambda v, own: v.domain.checkpoint(1, INTERVAL, own.header, own.state).signature),
        "a checkpoint of module 3 that does not verify",
        (3,),
    ),
    "a stranger": (
        lambda v, _: stable(v, numbers=(1, 2, 9)),
        "a checkpoint of module 9 that does not verify",
        (9,),
    ),
}


@pytest.mark.parametrize("which", WRONG)
def test_certificates_that_do_not_hold(which: str) -> None:
    change, said, culprits = WRONG[which]
    vault = vault_at(INTERVAL)
    with vault.refuses(said, InvalidVote) as caught:
        vault.take(checkpoint.stabilise(vault.book, change(vault, stable(vault))))
    assert caught.value.culprits == culprits


def test_one_member_twice_is_no_record() -> None:
    vault = vault_at(INTERVAL)
    one, two, _ = stable(vault).signatures
    with pytest.raises(MalformedRecord, match="do not rise"):
        replace(stable(vault), signatures=(one, two, two)).encode()
