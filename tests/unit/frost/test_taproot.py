"""BIP-341's published wallet figures: output keys, and key-path spending with the internal key held in shares."""

from __future__ import annotations

import json
from typing import Any

import coincurve
import pytest

from tests.house.vectors import VECTORS
from thresign import frost
from thresign.frost import suites
from thresign.groups import native

FIGURES: dict[str, Any] = json.loads((VECTORS / "bip341-wallet.json").read_text())
SPENDING: list[dict[str, Any]] = FIGURES["keyPathSpending"][0]["inputSpending"]
TR = suites.SECP256K1_TR


def root_of(text: str | None) -> bytes:
    return bytes.fromhex(text or "")


@pytest.mark.parametrize("figure", FIGURES["scriptPubKey"], ids=lambda figure: figure["intermediary"]["tweak"][:8])
@pytest.mark.parametrize("sign", [b"\x02", b"\x03"])
def test_output_keys(figure: dict[str, Any], sign: bytes) -> None:
    """Whatever the sign of the internal key's Y."""
    tweak = frost.taproot(
        sign + bytes.fromhex(figure["given"]["internalPubkey"]), root_of(figure["intermediary"].get("merkleRoot"))
    )
    keys = frost.PublicKeys(TR, 2, sign + bytes.fromhex(figure["given"]["internalPubkey"]), {})
    assert tweak.value.hex() == figure["intermediary"]["tweak"]
    assert keys.tweaked([tweak]).bare.hex() == figure["intermediary"]["tweakedPubkey"]
    assert "5120" + keys.tweaked([tweak]).bare.hex() == figure["expected"]["scriptPubKey"]


@pytest.mark.parametrize("figure", SPENDING, ids=lambda figure: figure["intermediary"]["tweak"][:8])
def test_key_path_spending(figure: dict[str, Any]) -> None:
    """The published internal private key, dealt 2 of 3: what they sign spends the published output."""
    given, between = figure["given"], figure["intermediary"]
    polynomial = bytes.fromhex(given["internalPrivkey"]) + bytes(31) + b"\x09"
    signers = [frost.Signer(native.deal_for_tests(TR.id, polynomial, number)) for number in (1, 2, 3)]
    shares = {signer.number: signer.verification_share for signer in signers}
    keys = frost.PublicKeys(TR, 2, signers[0].public_key, shares)
    assert keys.bare.hex() == between["internalPubkey"]
    tweaks = [frost.taproot(keys.public_key, root_of(given["merkleRoot"]))]
    assert tweaks[0].value.hex() == between["tweak"]
    output = coincurve.PrivateKey(bytes.fromhex(between["tweakedPrivkey"])).public_key_xonly
    assert keys.tweaked(tweaks).bare == output.format()
    sighash = bytes.fromhex(between["sigHash"])
    commitments = [signer.commit() for signer in signers[:2]]
    made = {signer.number: signer.sign(commitments, sighash, tweaks) for signer in signers[:2]}
    assert output.verify(frost.aggregate(keys, commitments, sighash, made, tweaks), sighash)
    published = bytes.fromhex(figure["expected"]["witness"][0])[:64]
    assert native.verify(TR.id, keys.tweaked(tweaks).public_key, sighash, published)
    assert frost.is_valid(TR.id, keys.tweaked(tweaks).public_key, sighash, published)
