"""The commands against a running domain: what they print, as words and as JSON, how they end, and that no secret of the
domain is printed or logged by anybody."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from tests.cli.asking import Ran, found_in, run, run_apart, secrets_of
from tests.contract.published import API
from tests.house.domain import RunningDomain
from thresign.limits import BODY_BYTES_MAX

pytestmark = pytest.mark.xdist_group("commands")

MESSAGE = b"a message in a file\n"
PRINTED: list[str] = []


def ask(*words: str | Path) -> Ran:
    """A command whose output is kept, to be searched for secrets at the end."""
    ran = run(*words)
    PRINTED.extend((ran.out, ran.err))
    return ran


@pytest.fixture
def profile(domain: RunningDomain) -> tuple[str, Path]:
    return "--profile", domain.profile_path


@pytest.fixture(scope="module")
def signed(domain: RunningDomain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file with its signature and evidence beside it."""
    file = tmp_path_factory.mktemp("signed") / "file.txt"
    file.write_bytes(MESSAGE)
    evidence = file.with_suffix(".evidence")
    ran = ask("sign", file, "--key", "k", "--profile", domain.profile_path, "--evidence", evidence)
    assert ran.status == 0, ran.err
    assert ran.out.startswith("request ") and f"signature {file}.sig" in ran.out.replace("\n", " ")
    yield file


Profile = tuple[str, Path]


# ---- Keys ----------------------------------------------------------------------------------------------------------


def test_key_create(profile: Profile) -> None:
    ran = ask("key", "create", "made-here", *profile)
    assert (ran.status, ran.out) == (0, "made-here: ed25519, 3 of 4 sign, active\n")
    assert "generating key made-here" in ran.err, "what takes long is said"
    key = ask("key", "create", "made-again", "--min-signers", "2", "--json", *profile).json
    assert (key["name"], key["min_signers"], key["state"]) == ("made-again", 2, "active")


def test_key_create_again_with_the_same_idempotency_key(profile: Profile) -> None:
    words = ("key", "create", "once", "--idempotency-key", "once", "--json", *profile)
    assert ask(*words).json == ask(*words).json
    assert ask("key", "create", "once", *profile).told.startswith("conflict: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("key", "create", "k"), "conflict: there is a key 'k'"),
        (("key", "create", "K"), "malformed_request: a key name is"),
        (("key", "create", "new", "--suite", "rot13"), "malformed_request: no suite 'rot13'"),
        (("key", "create", "new", "--min-signers", "4"), "malformed_request: min_signers lies between 2 and 3"),
        (("key", "create", "new", "--min-signers", "-1"), "malformed_request: "),
        (("key", "show", "nokey"), "unknown_key: no key 'nokey'"),
        (("key", "show", "nokey", "--pem"), "unknown_key: no key 'nokey'"),
        (("key", "show", "no/key"), "malformed_request: a key name is"),
        (("key", "show", "schl\u00fcssel"), "malformed_request: a key name is"),
        (("key", "show", "a\nb", "--pem"), "malformed_request: a key name is"),
    ],
)
def test_keys_that_cannot_be(profile: Profile, words: tuple[str, ...], told: str) -> None:
    assert ask(*words, *profile).told.startswith(told)


def test_key_list_and_show(domain: RunningDomain, profile: Profile) -> None:
    listed = ask("key", "list", "--json", *profile).json
    shown = ask("key", "show", "k", "--json", *profile).json
    assert shown in listed
    assert ask("key", "show", shown["id"], "--json", *profile).json == shown, "by its id too"
    words = ask("key", "list", *profile).out.splitlines()
    assert "k  ed25519  3 of 4  active" in words
    assert f"id: {shown['id']}" in ask("key", "show", "k", *profile).out.splitlines()
    pem = ask("key", "show", "k", "--pem", *profile).out
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, Ed25519PublicKey)
    assert base64.b64encode(key.public_bytes_raw()).decode() == shown["public_key"]


# ---- Sign and verify -----------------------------------------------------------------------------------------------


def test_openssl_verifies_what_sign_writes(signed: Path, profile: Profile, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text(ask("key", "show", "k", "--pem", *profile).out)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", signed]
    done = subprocess.run([*command, "-sigfile", f"{signed}.sig"], capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout


def test_sign_as_json_into_another_file(signed: Path, profile: Profile, tmp_path: Path) -> None:
    target = tmp_path / "out.sig"
    answer = ask("sign", signed, "--key", "k", "-o", target, "--json", *profile).json
    assert answer["status"] == "done" and base64.b64decode(answer["signature"]) == target.read_bytes()
    assert answer["evidence"] == f"/v1/requests/{answer['request_id']}/evidence"


def test_sign_again_with_the_same_idempotency_key(signed: Path, profile: Profile, tmp_path: Path) -> None:
    key = secrets.token_hex(8)
    words = ("--key", "k", "-o", tmp_path / "sig", "--idempotency-key", key, *profile)
    assert ask("sign", signed, "--json", *words).json == ask("sign", signed, "--json", *words).json
    other = tmp_path / "other"
    other.write_bytes(b"another")
    assert ask("sign", other, *words).told.startswith("conflict: ")


def test_sign_what_cannot_be_signed(signed: Path, profile: Profile, tmp_path: Path) -> None:
    missing, large = tmp_path / "missing", tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(BODY_BYTES_MAX + 1)
    assert ask("sign", missing, "--key", "k", *profile).told == (
        f"configuration_error: {missing}: No such file or directory"
    )
    assert ask("sign", tmp_path, "--key", "k", *profile).told.endswith("Is a directory")
    assert ask("sign", large, "--key", "k", *profile).told.startswith("body_too_large: ")
    assert ask("sign", signed, "--key", "nokey", "-o", missing, *profile).told.startswith("unknown_key: ")
    assert not missing.exists() and not large.with_name("large.sig").exists()
    nowhere = tmp_path / "no" / "directory"
    assert ask("sign", signed, "--key", "k", "-o", nowhere, *profile).told.endswith("No such file or directory")


def test_verify(signed: Path, profile: Profile, tmp_path: Path) -> None:
    signature = Path(f"{signed}.sig")
    assert ask("verify", signed, signature, "--key", "k", *profile).out == "valid\n"
    assert ask("verify", signed, signature, "--key", "k", "--json", *profile).json == {"valid": True}
    good = signature.read_bytes()
    for bad in (bytes(64), good[:-1], good + b"\x00", b"", good[::-1]):
        wrong = tmp_path / "wrong.sig"
        wrong.write_bytes(bad)
        ran = ask("verify", signed, wrong, "--key", "k", "--json", *profile)
        assert (ran.status, ran.out) == (1, '{\n  "valid": false\n}\n')
    ran = ask("verify", signature, signature, "--key", "k", *profile)
    assert (ran.status, ran.out) == (1, "NOT VALID\n")
    assert ask("verify", signed, tmp_path / "none", "--key", "k", *profile).told.endswith("No such file or directory")
    assert ask("verify", signed, signature, "--key", "nokey", *profile).told.startswith("unknown_key: ")


def test_verify_evidence(signed: Path, domain: RunningDomain, tmp_path: Path) -> None:
    bundle, public = signed.with_suffix(".evidence"), domain.root / "domain.json"
    report = ask("verify-evidence", bundle, "--domain", public, "--json").json
    assert report["signature"] == Path(f"{signed}.sig").read_bytes().hex()
    assert ask("verify-evidence", bundle, "--domain", public).out.endswith("The evidence holds.\n")
    assert ask("verify-evidence", bundle, "--domain", public, "--message", signed, "--json").json == report
    altered = tmp_path / "altered"
    encoded = bundle.read_bytes()
    altered.write_bytes(encoded[:-1] + bytes([encoded[-1] ^ 1]))
    assert ask("verify-evidence", altered, "--domain", public).told.startswith("invalid_evidence: ")
    assert ask("verify-evidence", bundle, "--domain", public, "--message", bundle).told.startswith("invalid_evidence: ")
    elsewhere = API / "examples" / "domain.json"
    assert "another trust domain" in ask("verify-evidence", bundle, "--domain", elsewhere).told
    assert ask("verify-evidence", tmp_path / "none", "--domain", public).told.endswith("No such file or directory")
    assert ask("verify-evidence", bundle, "--domain", altered).told.startswith("configuration_error: ")
    assert ask("verify-evidence", bundle, "--domain", tmp_path / "none").told.startswith("configuration_error: ")


# ---- Callers and status --------------------------------------------------------------------------------------------


def test_caller_enrol(profile: Profile, tmp_path: Path) -> None:
    pem = tmp_path / "ci.pem"
    key = Ed25519PrivateKey.generate().public_key()
    pem.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    ran = ask("caller", "enrol", "ci", "--public-key", pem, "--role", "signer", "--role", "auditor", *profile)
    assert (ran.status, ran.out) == (0, "caller ci: signer, auditor\n")
    assert ask("caller", "enrol", "ci", "--public-key", pem, *profile).out == "caller ci: no roles\n"
    assert ask("caller", "enrol", "ci", "--public-key", pem, "--json", *profile).json["caller"] == "ci"
    assert ask("caller", "enrol", "ci", "--public-key", pem, "--role", "root", *profile).told.startswith("malformed_")
    other = tmp_path / "x25519.pem"
    sealing = X25519PrivateKey.generate().public_key()
    other.write_bytes(sealing.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert ask("caller", "enrol", "x", "--public-key", other, *profile).told.endswith("not an Ed25519 public key")
    other.write_text("no PEM")
    assert ask("caller", "enrol", "x", "--public-key", other, *profile).told.endswith("no PEM public key")
    assert ask("caller", "enrol", "x", "--public-key", tmp_path / "none", *profile).told.startswith("configuration_")


def test_status(domain: RunningDomain, profile: Profile) -> None:
    states = ask("status", "--json", *profile).json
    assert [state["module"] for state in states] == [1, 2, 3, 4]
    assert {state["vault"] for state in states} == {"up"} and all(state["ready"] for state in states)
    assert {state["custody"] for state in states} == {"software-token"} and all(state["emulated"] for state in states)
    lines = ask("status", *profile).out.splitlines()
    for number in (1, 2, 3, 4):
        (line,) = [line for line in lines if line.startswith(f"module {number} ")]
        assert "ready; vault up" in line and "custody software-token (emulated)" in line
        assert f"boundary {states[number - 1]['boundary']}" in line


# ---- Profiles and usage --------------------------------------------------------------------------------------------


COMMANDS = (
    ("status",),
    ("key", "list"),
    ("key", "create", "n"),
    ("key", "show", "k"),
    ("sign", "/etc/hostname", "--key", "k"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_bad_profiles(domain: RunningDomain, words: tuple[str, ...], tmp_path: Path) -> None:
    good = domain.profile_path.read_text().replace('"../domain.json"', f'"{domain.root}/domain.json"')
    key = domain.profile_path.with_name("admin.key")
    texts = {
        "no TOML": "configuration_error: ",
        'caller = "admin"\n': "configuration_error: ",
        good + "surplus = 1\n": "configuration_error: ",
        good: f"configuration_error: {tmp_path}/admin.key: No such file or directory",
        good.replace("admin.key", f"{domain.root}/ca.pem"): "configuration_error: ",
        good.replace("domain.json", "nodomain.json").replace("admin.key", str(key)): "configuration_error: ",
    }
    profile = tmp_path / "profile.toml"
    assert ask(*words, "--profile", profile).told.startswith(f"configuration_error: {profile}: No such file")
    for text, told in texts.items():
        profile.write_text(text)
        assert ask(*words, "--profile", profile).told.startswith(told), text


@pytest.mark.parametrize("words", [(), ("nonsense",), ("key",), ("sign",), ("key", "show", "k"), ("status", "--what")])
def test_usage(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THRESIGN_PROFILE", raising=False)
    ran = ask(*words)
    assert ran.status == 2
    assert "Usage: " in ran.out + ran.err and "Traceback" not in ran.err


def test_every_command_has_help_and_those_that_answer_have_json() -> None:
    answering = ("key create", "key list", "key show", "sign", "verify", "verify-evidence", "status", "caller enrol")
    for name in (*answering, "domain init", "demo", "module run"):
        ran = ask(*name.split(), "--help")
        assert ran.status == 0, name
        if name != "module run":
            assert "--json" in ran.out, name


def test_the_console_script_ends_as_the_command_does(domain: RunningDomain, profile: Profile) -> None:
    good = run_apart("key", "list", "--json", *profile)
    assert good.json and good.err == ""
    bad = run_apart("key", "show", "nokey", *profile)
    assert bad.told.startswith("unknown_key: ")


def test_the_profile_may_come_from_the_environment(domain: RunningDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THRESIGN_PROFILE", str(domain.profile_path))
    assert ask("key", "show", "k", "--json").json["name"] == "k"


# ---- The published script ------------------------------------------------------------------------------------------


def test_openssl_and_curl_are_enough(domain: RunningDomain, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(MESSAGE)

    def script(*words: str | Path) -> tuple[str, str]:
        command = [API / "examples" / "ask.sh", domain.root, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        PRINTED.extend((done.stdout, done.stderr))
        return done.stdout, done.stderr

    answer, heads = script("POST", "/v1/keys/k/sign", body)
    assert '"status":"done"' in answer and " 200 " in heads.splitlines()[0]
    again = script("POST", "/v1/keys/k/sign", body, "application/octet-stream", "again")[0]
    assert again == script("POST", "/v1/keys/k/sign", body, "application/octet-stream", "again")[0]
    status, heads = script("GET", "/v1/status")
    assert '"module":1' in status
    refused, heads = script("POST", "/v1/keys/nokey/sign", body)
    assert "urn:thresign:problem:unknown_key" in refused and " 404 " in heads.splitlines()[0]


# ---- Secrets: last, when everything has been printed and logged ----------------------------------------------------


def test_no_secret_was_printed(domain: RunningDomain, profile: Profile) -> None:
    assert ask("status", *profile).status == 0
    printed = "\n".join(PRINTED).encode()
    assert b"module 4 " in printed
    assert found_in(domain.root, printed) == []


def test_no_secret_was_logged(domain: RunningDomain) -> None:
    """A vault and a node are killed and come again first, so that the logs hold starts and failures too."""
    domain.kill(3, "vault")
    domain.kill(4, "node")
    domain.start(3, "vault")
    domain.start(4, "node")
    domain.wait_ready()
    logs = {f"{part} {number}": domain.log(number, part) for number, part in domain.processes}
    assert all(logs[f"node {number}"] for number in domain.numbers)
    for name, text in logs.items():
        assert found_in(domain.root, text.encode()) == [], name
        assert "Traceback" not in text, name


def test_the_search_for_secrets_finds_them(domain: RunningDomain) -> None:
    known = dict(secrets_of(domain.root))
    assert len(known) >= 2 * len(domain.numbers) + 4 * (2 + len(domain.numbers))
    assert all(len(secret) >= 16 for secret in known.values())
    for name, secret in known.items():
        assert name in found_in(domain.root, os.urandom(10) + secret + os.urandom(10))
