"""FROST (RFC 9591) as a library: threshold Schnorr signatures for six suites, with or without the service.

suites       ED25519, RISTRETTO255, ED448, P256, SECP256K1 (RFC 9591) and SECP256K1_TR (BIP-340)
dkg          key generation: every participant gets a Signer, nobody the key
signer       Signer: commit, sign; share and nonces in locked memory of the C core
session      aggregate and blame, for whoever coordinates
verify       is_valid, by libraries that are not ours
tweaks       Taproot and BIP-32 children of a SECP256K1_TR key
public_keys  PEM and bare keys

A 2-of-3 key, and a Taproot signature with it; each participant would run on a machine of its own:

>>> from thresign import frost
>>> ceremonies = {n: frost.Ceremony(frost.SECP256K1_TR, n, {1, 2, 3}, 2, b"treasury, 2026") for n in (1, 2, 3)}
>>> firsts = {n: ceremony.first for n, ceremony in ceremonies.items()}              # broadcast
>>> seconds = {n: ceremony.deal(firsts) for n, ceremony in ceremonies.items()}      # broadcast
>>> done = {n: ceremony.finish(seconds) for n, ceremony in ceremonies.items()}
>>> signers, keys = {n: signer for n, (signer, _) in done.items()}, done[1][1]
>>> signers[1].public_key == signers[2].public_key == keys.public_key
True

Two of them sign. Commitments may be made long before the message is known; each signs once:

>>> output_key = [frost.taproot(keys.public_key)]
>>> commitments = [signers[1].commit(), signers[3].commit()]
>>> sighash = bytes(32)
>>> shares = {n: signers[n].sign(commitments, sighash, output_key) for n in (1, 3)}
>>> signature = frost.aggregate(keys, commitments, sighash, shares, output_key)
>>> frost.is_valid(frost.SECP256K1_TR.id, keys.tweaked(output_key).public_key, sighash, signature)
True
>>> signers[1].sign(commitments, b"something else", output_key)
Traceback (most recent call last):
    ...
ValueError: these commitments are not of a nonce that this signer holds: never made here, or used

A share that is wrong is found out, and a share is stored under a key of the wallet's:

>>> commitments = [signers[1].commit(), signers[2].commit()]
>>> shares = {n: signers[n].sign(commitments, sighash) for n in (1, 2)}
>>> frost.aggregate(keys, commitments, sighash, {1: shares[1], 2: shares[1]})
Traceback (most recent call last):
    ...
thresign.errors.InvalidPartial: shares are wrong
>>> frost.blame(keys, commitments, sighash, {1: shares[1], 2: shares[1]})
(2,)
>>> import secrets
>>> wallet_key = secrets.token_bytes(32)
>>> frost.unwrap(signers[1].wrap(wallet_key), wallet_key)
Signer(secp256k1-tr, number 1, 2 sign together)
"""

from thresign.frost.dkg import Ceremony
from thresign.frost.keys import Commitment, PublicKeys
from thresign.frost.session import aggregate, blame
from thresign.frost.signer import Signer, trusted_dealer_for_tests, unwrap
from thresign.frost.suites import (
    ED448,
    ED25519,
    P256,
    RISTRETTO255,
    SECP256K1,
    SECP256K1_TR,
    SUITES,
    Suite,
)
from thresign.frost.tweaks import KeyTweak, TweakKind, taproot
from thresign.frost.verify import is_valid

__all__ = [
    "ED448",
    "ED25519",
    "P256",
    "RISTRETTO255",
    "SECP256K1",
    "SECP256K1_TR",
    "SUITES",
    "Ceremony",
    "Commitment",
    "KeyTweak",
    "PublicKeys",
    "Signer",
    "Suite",
    "TweakKind",
    "aggregate",
    "blame",
    "is_valid",
    "taproot",
    "trusted_dealer_for_tests",
    "unwrap",
]
