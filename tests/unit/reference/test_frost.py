"""The oracle itself, every suite, against published figures (RFC 9591, BIP-340) and independent libraries."""

from __future__ import annotations

import csv
import random

import pytest

from tests.house.vectors import VECTORS, read_vectors
from tests.reference import frost
from tests.reference.curves import decode_scalar, encode_scalar
from thresign.frost import suites, verify

SIGNERS = (1, 3)


@pytest.mark.parametrize("name", ["ed25519", "ristretto255", "ed448", "p256", "secp256k1"])
def test_figures_of_rfc_9591(name: str) -> None:
    suite = frost.SUITES[name]
    read = read_vectors(f"frost-{name}.txt")
    values = {key: bytes.fromhex(value) for key, value in read.items() if key != "suite"}

    def scalar(*key: object) -> int:
        return decode_scalar(suite.group, values[key if len(key) > 1 else key[0]])  # type: ignore[index]

    coefficients = [scalar("group_secret_key"), scalar("share_polynomial_coefficient", 1)]
    public_key, shares = frost.deal(suite, coefficients, range(1, 4))
    assert public_key == values["group_public_key"]
    for number in range(1, 4):
        assert shares[number].secret == scalar("participant_share", number)
    nonces, commitments = {}, []
    for number in SIGNERS:
        made = []
        for which in ("hiding", "binding"):
            drawn = frost.nonce(suite, values[f"{which}_nonce_randomness", number], shares[number].secret)
            assert drawn == scalar(f"{which}_nonce", number)
            made.append(drawn)
        nonces[number] = (made[0], made[1])
        commitment = frost.commit(suite, number, *nonces[number])
        assert commitment.hiding == values["hiding_nonce_commitment", number]
        assert commitment.binding == values["binding_nonce_commitment", number]
        commitments.append(commitment)
    session = frost.begin(suite, public_key, commitments, values["message"])
    parts = {}
    for number in SIGNERS:
        assert session.factors[number] == scalar("binding_factor", number)
        parts[number] = frost.sign(session, shares[number], nonces[number])
        assert parts[number] == values["sig_share", number]
    signature = frost.aggregate(session, parts)
    assert signature == values["sig"]
    assert frost.verify(suite, public_key, values["message"], signature)


@pytest.mark.parametrize("name", list(frost.SUITES))
def test_signatures_of_the_oracle_verify(name: str) -> None:
    """By libraries that are neither ours nor the oracle; for x-only suites with every sign of key and nonce."""
    suite, draw = frost.SUITES[name], random.Random(name)
    group, signs = suite.group, set()
    for trial in range(12 if suite.x_only else 2):
        public_key, shares = frost.deal(suite, [draw.randrange(1, group.order) for _ in range(2)], (2, 5, 7))
        nonces = {number: (draw.randrange(1, group.order), draw.randrange(1, group.order)) for number in (2, 7)}
        commitments = [frost.commit(suite, number, *nonces[number]) for number in (2, 7)]
        message = b"message %d" % trial
        session = frost.begin(suite, public_key, commitments, message)
        signs.add((session.key_sign, session.nonce_sign))
        signature = frost.aggregate(session, {n: frost.sign(session, shares[n], nonces[n]) for n in (2, 7)})
        assert frost.verify(suite, public_key, message, signature)
        assert verify.is_valid(suites.BY_NAME[name].id, public_key, message, signature)
        assert not frost.verify(suite, public_key, message + b".", signature)
    assert len(signs) == (4 if suite.x_only else 1)


def test_figures_of_bip_340() -> None:
    """Verification alone: every row, good and bad, of any message length."""
    with (VECTORS / "bip340.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 19
    for row in rows:
        key, message, signature = (bytes.fromhex(row[field]) for field in ("public key", "message", "signature"))
        expected = row["verification result"] == "TRUE"
        assert frost.verify(frost.SECP256K1_TR, b"\x02" + key, message, signature) is expected, row["comment"]
        assert verify.is_valid(suites.SECP256K1_TR.id, b"\x02" + key, message, signature) is expected, row["comment"]


def test_scalars_are_strict() -> None:
    for suite in frost.SUITES.values():
        order = suite.group.order
        assert decode_scalar(suite.group, encode_scalar(suite.group, order - 1)) == order - 1
        too_large = order.to_bytes(suite.group.scalar_bytes, suite.group.byte_order)
        with pytest.raises(ValueError, match="no scalar"):
            decode_scalar(suite.group, too_large)
