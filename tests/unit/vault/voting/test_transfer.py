"""Taking over a ledger [VOTE-T1 to VOTE-T3]: ahead of ours, with a digest that q modules signed, never on one word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from tests.house.stub_vault import StubVault
from thresign.errors import InvalidVote
from thresign.ledger import snapshot
from thresign.orders.digests import sha256
from thresign.orders.header import Certificate
from thresign.orders.votes import CheckpointCertificate
from thresign.vault.voting import transfer

DOMAIN = StubDomain()


def giver(sequence: int = 4) -> StubVault:
    vault = StubVault(3, DOMAIN)
    for _ in range(sequence):
        vault.decide()
    return vault


GIVER = giver()
STATE = GIVER.book.state
ENCODED = snapshot.take(STATE).encode()
CHECKPOINT = DOMAIN.stable(4, STATE.head, snapshot.digest(STATE))
assert GIVER.book.decided is not None
DECIDED: Certificate = GIVER.book.decided


def take(vault: StubVault, checkpoint: CheckpointCertificate, decided: Certificate, encoded: bytes) -> None:
    links = transfer.check_offer(vault.book, (), checkpoint, decided)
    transfer.take_over(vault.book, links, checkpoint, decided, transfer.restore(vault.book, checkpoint, encoded))


def test_a_ledger_that_a_quorum_signed_is_taken_over() -> None:
    vault = StubVault(4, DOMAIN)
    vault.prepared()
    take(vault, CHECKPOINT, DECIDED, ENCODED)
    assert snapshot.digest(vault.book.state) == snapshot.digest(STATE)
    assert (vault.book.low, vault.book.decided) == (4, DECIDED)
    assert (vault.book.votes, vault.book.accepted, vault.book.bodies) == ({}, {}, {})
    made = vault.decide()
    assert made.header.sequence == 5
    assert vault.change_view(1).decided == (vault.book.decided,)


@pytest.mark.parametrize("sequence", [4, 5])
def test_not_one_that_is_not_ahead(sequence: int) -> None:
    vault = giver(sequence)
    with vault.refuses(f"VOTE-T1: a ledger at sequence 4 is not ahead of {sequence}"):
        take(vault, CHECKPOINT, DECIDED, ENCODED)


Change = Callable[[], tuple[CheckpointCertificate, Certificate, bytes]]
OTHER = snapshot.take(giver(3).book.state).encode()


def _stable(**changes: bytes) -> CheckpointCertificate:
    said = {"header": STATE.head, "state": snapshot.digest(STATE), **changes}
    return DOMAIN.stable(4, said["header"], said["state"])


BAD: dict[str, tuple[Change, str]] = {
    "a checkpoint of too few": (
        lambda: (DOMAIN.stable(4, STATE.head, snapshot.digest(STATE), (1, 2)), DECIDED, ENCODED),
        "a checkpoint certificate with 2 signatures",
    ),
    "a checkpoint that was altered": (
        lambda: (replace(CHECKPOINT, state=sha256(b"x")), DECIDED, ENCODED),
        "a checkpoint of module 1 that does not verify",
    ),
    "a checkpoint of another roster": (
        lambda: (replace(CHECKPOINT, roster_epoch=1), DECIDED, ENCODED),
        "of another domain or roster",
    ),
    "a certificate of another slot": (
        lambda: (CHECKPOINT, DOMAIN.certificate(DOMAIN.header(4)), ENCODED),
        "an offer whose certificate is not for its checkpoint",
    ),
    "a certificate of too few": (
        lambda: (CHECKPOINT, DOMAIN.certificate(DECIDED.header, voters=(1, 2)), ENCODED),
        "a certificate with 2 votes",
    ),
    "another ledger": (lambda: (CHECKPOINT, DECIDED, OTHER), "a snapshot of another place"),
    "no ledger": (lambda: (CHECKPOINT, DECIDED, b"nonsense"), "a snapshot that is none"),
    "half a ledger": (lambda: (CHECKPOINT, DECIDED, ENCODED[:-1]), "a snapshot that is none"),
    "a ledger with one more nonce": (
        lambda: (_stable(state=sha256(b"another state")), DECIDED, ENCODED),
        "a snapshot that is not the state which a quorum signed",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_a_quorum_did_not_sign_is_not_taken_over(what: str) -> None:
    make, said = BAD[what]
    vault = StubVault(4, DOMAIN)
    with vault.refuses(said, InvalidVote):
        take(vault, *make())


def test_one_byte_anywhere() -> None:
    vault = StubVault(4, DOMAIN)
    for at in range(0, len(ENCODED), 97):
        changed = ENCODED[:at] + bytes([ENCODED[at] ^ 4]) + ENCODED[at + 1 :]
        with pytest.raises(InvalidVote):
            transfer.restore(vault.book, CHECKPOINT, changed)
