"""The oracle itself, against the figures that RFC 9591 publishes and against libsodium."""

from __future__ import annotations

from tests.house.vectors import read_vectors
from tests.reference import frost_ed25519 as frost
from thresign.groups import ed25519

SIGNERS = (1, 3)


def test_figures_of_rfc_9591() -> None:
    read = read_vectors("frost-ed25519.txt")
    values = {name: bytes.fromhex(value) for name, value in read.items() if name != "suite"}

    def scalar(*name: object) -> int:
        return int.from_bytes(values[name if len(name) > 1 else name[0]], "little")  # type: ignore[index]

    public_key, shares = frost.deal(
        [scalar("group_secret_key"), scalar("share_polynomial_coefficient", 1)], range(1, 4)
    )
    assert public_key == values["group_public_key"]
    nonces, commitments = {}, []
    for number in range(1, 4):
        assert frost.encode_scalar(shares[number].secret) == values["participant_share", number]
    for number in SIGNERS:
        nonces[number] = (scalar("hiding_nonce", number), scalar("binding_nonce", number))
        commitment = frost.commit(number, *nonces[number])
        assert commitment.hiding == values["hiding_nonce_commitment", number]
        assert commitment.binding == values["binding_nonce_commitment", number]
        commitments.append(commitment)
    message = values["message"]
    factors = frost.binding_factors(public_key, commitments, message)
    made = {}
    for number in SIGNERS:
        assert frost.encode_scalar(factors[number]) == values["binding_factor", number]
        made[number] = frost.sign(shares[number], nonces[number], public_key, commitments, message)
        assert made[number] == values["sig_share", number]
    signature = frost.aggregate(public_key, commitments, message, made)
    assert signature == values["sig"]
    assert ed25519.is_valid(public_key, message, signature)
