"""Every suite through the whole service: one domain with a key of each; made, used, verified and proven."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from typer.testing import CliRunner

from tests.house.asking import Asker
from tests.house.domain import RunningDomain, running_domain
from thresign.cli.main import app
from thresign.cli.processes import PARTS
from thresign.errors import InvalidEvidence, MalformedRequest
from thresign.frost import suites, verify
from thresign.frost.tweaks import KeyTweak, TweakKind, taproot, tweaked
from thresign.groups import native
from thresign.orders.bundle import verify_evidence
from thresign.orders.orders import Tweak

pytestmark = pytest.mark.xdist_group("suites")

NAMES = [suite.name for suite in suites.SUITES]
MESSAGE = b"one message for every suite"


@pytest.fixture(scope="module")
def domain(open_tmp: Path) -> Iterator[RunningDomain]:
    with running_domain(open_tmp / "suites") as running:
        for name in NAMES:
            running.create_key(name, suite=name)
        yield running


@pytest.fixture(scope="module")
def signed(domain: RunningDomain) -> dict[str, tuple[bytes, bytes, bytes]]:
    """By suite: public key, signature and evidence of MESSAGE."""
    found = {}
    with domain.client() as client:
        for name in NAMES:
            answer = client.sign(name, MESSAGE)
            key = base64.b64decode(client.key(name).public_key)
            found[name] = (key, base64.b64decode(answer.signature), client.evidence(answer.request_id))
    return found


def test_there_are_six() -> None:
    assert NAMES == ["ed25519", "ristretto255", "ed448", "p256", "secp256k1", "secp256k1-tr"]


@pytest.mark.parametrize("name", NAMES)
def test_signature_verifies(signed: dict[str, tuple[bytes, bytes, bytes]], name: str) -> None:
    """By a library that is not ours, and by our own arithmetic; no other message, key or signature does."""
    suite = suites.BY_NAME[name]
    key, signature, _ = signed[name]
    assert len(signature) == suite.signature_bytes
    for is_valid in (verify.is_valid, native.verify):
        assert is_valid(suite.id, key, MESSAGE, signature)
        assert not is_valid(suite.id, key, MESSAGE + b"!", signature)
        for at in (0, len(signature) // 2, len(signature) - 1):
            altered = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
            assert not is_valid(suite.id, key, MESSAGE, altered)


@pytest.mark.parametrize("name", NAMES)
def test_evidence_holds(domain: RunningDomain, signed: dict[str, tuple[bytes, bytes, bytes]], name: str) -> None:
    key, signature, bundle = signed[name]
    report = verify_evidence(bundle, domain.domain.genesis)
    assert report.suite == suites.BY_NAME[name].title
    assert (report.public_key, report.signature) == (key.hex(), signature.hex())
    assert len(report.signers) == 3
    for at in range(0, len(bundle), len(bundle) // 23):
        with pytest.raises(InvalidEvidence):
            verify_evidence(bundle[:at] + bytes([bundle[at] ^ 4]) + bundle[at + 1 :], domain.domain.genesis)


def test_public_keys_as_others_read_them(domain: RunningDomain, signed: dict[str, tuple[bytes, bytes, bytes]]) -> None:
    kinds = {
        "ed25519": ed25519.Ed25519PublicKey,
        "ed448": ed448.Ed448PublicKey,
        "p256": ec.EllipticCurvePublicKey,
        "secp256k1": ec.EllipticCurvePublicKey,
    }
    with domain.client() as client:
        for name, kind in kinds.items():
            assert isinstance(load_pem_public_key(client.public_key_pem(name)), kind)
            assert client.public_key_hex(name) == signed[name][0].hex()
        for name in ("ristretto255", "secp256k1-tr"):
            with pytest.raises(MalformedRequest, match=r"public\.hex"):
                client.public_key_pem(name)
        assert client.public_key_hex("ristretto255") == signed["ristretto255"][0].hex()
        x_only = bytes.fromhex(client.public_key_hex("secp256k1-tr"))
    assert coincurve.PublicKeyXOnly(x_only).verify(signed["secp256k1-tr"][1], MESSAGE)


@pytest.mark.parametrize("name", NAMES)
def test_command_line_verifies(
    domain: RunningDomain, signed: dict[str, tuple[bytes, bytes, bytes]], tmp_path: Path, name: str
) -> None:
    file, good, bad = tmp_path / "file", tmp_path / "good", tmp_path / "bad"
    file.write_bytes(MESSAGE)
    good.write_bytes(signed[name][1])
    bad.write_bytes(signed[name][1][:-1] + bytes([signed[name][1][-1] ^ 1]))
    for signature, status, said in ((good, 0, "valid"), (bad, 1, "NOT VALID")):
        command = ["verify", str(file), str(signature), "--key", name, "--profile", str(domain.profile_path)]
        done = CliRunner().invoke(app, command)
        assert (done.exit_code, done.stdout.strip()) == (status, said), done.output


def test_unknown_suite_is_refused(domain: RunningDomain) -> None:
    with Asker(domain) as asker:
        said = asker.post("/v1/keys", b'{"name": "k", "suite": "rsa"}', content_type="application/json")
    assert (said.status, said.code) == (400, "malformed_request")
    assert "no suite 'rsa'" in said.problem.detail


def test_taproot_output_is_spent_by_key_path(domain: RunningDomain) -> None:
    """BIP-341: the request names the tweak, libsecp256k1 accepts the output key's signature, evidence says so."""
    name, sighash, root = "secp256k1-tr", bytes(range(32)), bytes(range(32, 64))
    with domain.client() as client:
        internal = base64.b64decode(client.key(name).public_key)
        derive = KeyTweak(TweakKind.PLAIN, bytes(31) + b"\x07")
        child, _ = tweaked(suites.SECP256K1_TR.id, internal, [derive])
        for spend in (b"", root):
            tweaks = [derive, taproot(child, spend)]
            output, _ = tweaked(suites.SECP256K1_TR.id, internal, tweaks)
            answer = client.sign(name, sighash, tweaks=tuple(Tweak(*tweak) for tweak in tweaks))
            signature = base64.b64decode(answer.signature)
            expected = coincurve.PublicKeyXOnly(child[1:])
            expected.tweak_add(tweaks[1].value)
            assert expected.format() == output[1:]
            assert coincurve.PublicKeyXOnly(output[1:]).verify(signature, sighash)
            assert not verify.is_valid(suites.SECP256K1_TR.id, internal, sighash, signature)
            bundle, genesis = client.evidence(answer.request_id), domain.domain.genesis
            report = verify_evidence(bundle, genesis)
            assert (report.public_key, report.signing_key) == (internal.hex(), output.hex())
        for at in range(0, len(bundle), len(bundle) // 31):
            with pytest.raises(InvalidEvidence):
                verify_evidence(bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :], genesis)
        for wrong in ("ed25519", "secp256k1"):
            with pytest.raises(MalformedRequest, match="tweaks"):
                client.sign(wrong, sighash, tweaks=(Tweak(*derive),))
        with pytest.raises(MalformedRequest, match="tweaks"):
            client.sign(name, sighash, tweaks=(Tweak(TweakKind.X_ONLY, b"\xff" * 32),))
        with pytest.raises(MalformedRequest, match="at most 8"):
            client.sign(name, sighash, tweaks=(Tweak(*derive),) * 9)


@pytest.mark.parametrize("root", ["none", "ab" * 32])
def test_command_line_spends_an_output(domain: RunningDomain, tmp_path: Path, root: str) -> None:
    sighash = tmp_path / "sighash"
    sighash.write_bytes(bytes(range(32)))
    profile = ["--key", "secp256k1-tr", "--profile", str(domain.profile_path)]
    signature = tmp_path / "sighash.sig"

    def ran(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*words, *profile])
        return done.exit_code, done.stdout.strip()

    assert ran("sign", str(sighash), "--taproot", root)[0] == 0
    assert ran("verify", str(sighash), str(signature), "--taproot", root) == (0, "valid")
    assert ran("verify", str(sighash), str(signature), "--taproot", "cd" * 32) == (1, "NOT VALID")
    assert ran("verify", str(sighash), str(signature)) == (1, "NOT VALID")
    for wrong in ("", "ab", "zz" * 32):
        assert ran("sign", str(sighash), "--taproot", wrong)[0] == 1
    done = CliRunner().invoke(app, ["sign", str(sighash), "--taproot", root, "--key", "p256", *profile[2:]])
    assert done.exit_code == 1
    assert "only secp256k1-tr has outputs" in done.output


def test_all_sign_again_after_a_restart(domain: RunningDomain) -> None:
    """All modules die at once: keys are there, and every group's nonces are announced anew by the new incarnations."""
    for number in domain.numbers:
        for part in PARTS:
            domain.kill(number, part)
    domain.start_all()
    with domain.client() as client:
        for name in NAMES:
            signature = base64.b64decode(client.sign(name, b"after the restart").signature)
            key = base64.b64decode(client.key(name).public_key)
            assert verify.is_valid(suites.BY_NAME[name].id, key, b"after the restart", signature)
