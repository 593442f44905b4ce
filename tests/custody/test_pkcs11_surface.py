"""PKCS#11 callers we did not write: what they do with the token, and OpenSSL's word on the signatures."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.types import PROTECTED_AUTH

from .conftest import LABEL, Place

ED25519 = bytes.fromhex("06032b6570")
X25519 = bytes.fromhex("06032b656e")


def vendor_mechanism(number: int, name: str) -> Mechanism:
    """A member that python-pkcs11 does not know: it takes nothing that is not its enum."""
    member = int.__new__(Mechanism, number)
    member._name_, member._value_ = name, number
    return member


IDENTITY = vendor_mechanism(0x80545300, "TS_IDENTITY")


def generate(session: Any, **options: Any) -> tuple[Any, Any]:
    parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: ED25519}, local=True)
    pair: tuple[Any, Any] = parameters.generate_keypair(**options)
    return pair


def raw_point(public: Any) -> bytes:
    point = bytes(public[Attribute.EC_POINT])
    assert point[:2] == b"\x04\x20"
    return point[2:]


# ---- python-pkcs11 --------------------------------------------------------------------------------------------


def test_signature_that_openssl_verifies(token: Any) -> None:
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as session:
        public, private = generate(session, label="key", id=b"\x01", store=True)
        for message in (b"", b"message", b"m" * 100_000):
            signature = private.sign(message, mechanism=Mechanism.EDDSA)
            Ed25519PublicKey.from_public_bytes(raw_point(public)).verify(signature, message)
            assert public.verify(message, signature, mechanism=Mechanism.EDDSA)
            assert not public.verify(message + b"x", signature, mechanism=Mechanism.EDDSA)
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(raw_point(public)).verify(signature, b"another")
        explicit = private.sign(b"message", mechanism=Mechanism.EDDSA, mechanism_param=(False, None))
        assert explicit == private.sign(b"message", mechanism=Mechanism.EDDSA)
        with pytest.raises(pkcs11.MechanismParamInvalid):
            private.sign(b"message", mechanism=Mechanism.EDDSA, mechanism_param=(True, None))


def test_keys_survive_a_restart_and_their_secrets_stay(token: Any, library: Any) -> None:
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as session:
        public, private = generate(session, label="kept", store=True)
        before, point = private.sign(b"message", mechanism=Mechanism.EDDSA), raw_point(public)
    with restart(library).open(user_pin=PROTECTED_AUTH) as session:
        private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="kept")
        assert private.sign(b"message", mechanism=Mechanism.EDDSA) == before
        assert raw_point(session.get_key(object_class=ObjectClass.PUBLIC_KEY, label="kept")) == point
        for attribute in (
            Attribute.SENSITIVE,
            Attribute.ALWAYS_SENSITIVE,
            Attribute.NEVER_EXTRACTABLE,
            Attribute.LOCAL,
        ):
            assert private[attribute] is True
        for attribute in (Attribute.EXTRACTABLE, Attribute.MODIFIABLE, Attribute.COPYABLE):
            assert private[attribute] is False
        with pytest.raises(pkcs11.AttributeSensitive):
            _ = private[Attribute.VALUE]


def restart(library: Any) -> Any:
    """Also closes sessions that python-pkcs11 loses: it opens one, fails to log in, and forgets the handle."""
    library.finalize()
    library.initialize()
    return library.get_token(token_label=LABEL)


def test_pins_and_users(place: Place, token: Any, library: Any) -> None:
    with pytest.raises(pkcs11.PinIncorrect):
        token.open(user_pin="not the pin")
    with token.open(user_pin=place.user_pin), pytest.raises(pkcs11.UserAlreadyLoggedIn):
        token.open(user_pin=place.user_pin)
    token = restart(library)
    with token.open(rw=True, so_pin=place.so_pin) as session:
        session.init_pin("another pin")
        assert not list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    with pytest.raises(pkcs11.PinIncorrect):
        token.open(user_pin=place.user_pin)
    with token.open(rw=True, user_pin="another pin") as session:
        session.set_pin("another pin", place.user_pin)
    token.open(user_pin=place.user_pin).close()


def test_a_refused_operation_leaves_the_session_usable(token: Any) -> None:
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as session:
        _, private = generate(session)
        with pytest.raises(pkcs11.FunctionNotSupported):
            private.sign([b"in ", b"parts"], mechanism=Mechanism.EDDSA)
        assert len(private.sign(b"whole", mechanism=Mechanism.EDDSA)) == 64


def test_every_object_can_be_listed(place: Place, token: Any) -> None:
    """python-pkcs11 asks each object for attributes of versions to come, and fails on numbers it does not know."""
    done = place.pin_genesis(place.genesis())
    assert done.returncode == 0, done.stderr
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as session:
        generate(session, store=True)
        session.create_object({Attribute.CLASS: ObjectClass.DATA, Attribute.VALUE: b"data", Attribute.LABEL: "note"})
        objects = list(session.get_objects())
        assert len(objects) == 4 + 1 + 2 + 1
        kinds = [item.key_type for item in objects if isinstance(item, pkcs11.PublicKey | pkcs11.PrivateKey)]
        assert kinds == [KeyType.EC_EDWARDS] * 6


def test_digests_and_random(token: Any) -> None:
    with token.open() as session:
        assert session.digest(b"abc", mechanism=Mechanism.SHA256) == hashlib.sha256(b"abc").digest()
        assert session.digest((b"a", b"bc"), mechanism=Mechanism.SHA512) == hashlib.sha512(b"abc").digest()
        assert session.generate_random(256) != session.generate_random(256)


def test_threads(token: Any) -> None:
    """The interpreter's lock is off during calls, and C_Initialize gets no arguments: the token locks by itself."""
    failures: list[Exception] = []
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as login:
        public, _ = generate(login, label="shared", store=True)
        verifier = Ed25519PublicKey.from_public_bytes(raw_point(public))

        def work(number: int) -> None:
            try:
                with token.open(rw=True) as session:
                    key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="shared")
                    for i in range(100):
                        message = b"%d %d" % (number, i)
                        verifier.verify(key.sign(message, mechanism=Mechanism.EDDSA), message)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_nothing(token: Any) -> None:
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as session:
        _, private = generate(session)
        child = os.fork()
        if child == 0:
            try:
                private.sign(b"message", mechanism=Mechanism.EDDSA)
            except pkcs11.PKCS11Error as error:
                os._exit(0 if "not initialized" in str(error) else 2)
            except BaseException:
                os._exit(3)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(private.sign(b"message", mechanism=Mechanism.EDDSA)) == 64


# ---- Identity and genesis -------------------------------------------------------------------------------------


def test_identity(place: Place, library: Any) -> None:
    info = place.run_tool("info", "--user-pin-file", place.user_pin_file)
    assert info.returncode == 0, info.stderr
    slot = library.get_slots()[0]
    assert "software token" in slot.slot_description and "secrets in" in slot.slot_description
    with slot.get_token().open(rw=True, user_pin=PROTECTED_AUTH) as session:
        made_here = {Attribute.KEY_GEN_MECHANISM: IDENTITY}
        keys = {(item.object_class, item.label): item for item in session.get_objects(made_here)}
        assert len(keys) == 4
        vote = keys[ObjectClass.PRIVATE_KEY, "vote"]
        assert raw_point(keys[ObjectClass.PUBLIC_KEY, "vote"]).hex() in info.stdout
        assert raw_point(keys[ObjectClass.PUBLIC_KEY, "sealing"]).hex() in info.stdout
        assert keys[ObjectClass.PUBLIC_KEY, "sealing"][Attribute.EC_PARAMS] == X25519
        with pytest.raises(pkcs11.PKCS11Error, match="0x68"):  # CKR_KEY_FUNCTION_NOT_PERMITTED
            vote.sign(b"a vote", mechanism=Mechanism.EDDSA)
        with pytest.raises(pkcs11.PKCS11Error, match="0x8054530e"):  # CKR_TS_IDENTITY_EXISTS
            session.generate_keypair(KeyType.EC_EDWARDS, mechanism=IDENTITY, store=True)
        with pytest.raises(pkcs11.PKCS11Error):
            vote.destroy()


def test_genesis(place: Place, library: Any) -> None:
    library.finalize()
    genesis = place.genesis()
    done = place.pin_genesis(genesis)
    assert done.returncode == 0, done.stderr
    again = place.pin_genesis(place.genesis())
    assert again.returncode == 1 and "CKR_TS_GENESIS_PINNED" in again.stderr
    library.initialize()
    with library.get_token(token_label=LABEL).open(rw=True, user_pin=PROTECTED_AUTH) as session:
        (pinned,) = session.get_objects({Attribute.APPLICATION: "thresign genesis"})
        assert pinned[Attribute.VALUE] == genesis
        with pytest.raises(pkcs11.PKCS11Error):
            pinned.destroy()
        with pytest.raises(pkcs11.PKCS11Error, match="0x80545310"):  # CKR_TS_GENESIS_NEEDS_SO
            template = {Attribute.CLASS: ObjectClass.DATA, Attribute.VALUE: b"x"}
            session.create_object({**template, Attribute.APPLICATION: "thresign genesis"})


# ---- thresign-token ---------------------------------------------------------------------------------------------


def test_tool_makes_pins_and_never_prints_them(place: Place) -> None:
    answer = place.init()
    assert (
        answer["label"] == LABEL and len(bytes.fromhex(answer["vote"])) == len(bytes.fromhex(answer["sealing"])) == 32
    )
    for file in (place.user_pin_file, place.so_pin_file):
        assert file.stat().st_mode & 0o777 == 0o600
        assert len(file.read_text()) == 33
    assert place.user_pin != place.so_pin
    assert place.directory.stat().st_mode & 0o777 == 0o700
    before = place.user_pin
    pins = ("--user-pin-file", place.user_pin_file, "--so-pin-file", place.so_pin_file)
    again = place.run_tool("init", "--label", LABEL, *pins)
    assert again.returncode == 1 and "token already" in again.stderr and place.user_pin == before
    info = place.run_tool("info", "--user-pin-file", place.user_pin_file)
    for output in (str(answer), again.stdout, again.stderr, info.stdout, info.stderr):
        assert place.user_pin not in output and place.so_pin not in output


def test_tool_refuses(place: Place) -> None:
    place.user_pin_file.write_text("a pin that was given\n")
    place.user_pin_file.chmod(0o644)
    pins = ("--user-pin-file", place.user_pin_file, "--so-pin-file", place.so_pin_file)
    done = place.run_tool("init", "--label", LABEL, *pins)
    assert done.returncode == 1 and "CKR_TS_PIN_SOURCE_PERMISSIONS" in done.stderr and done.stdout == ""
    for words in ([], ["init"], ["info", "--module"], ["info", "--nonsense", "x"], ["nonsense"]):
        wrong = subprocess.run([place.tool, *words], capture_output=True, text=True, check=False)
        assert wrong.returncode == 2 and "usage" in wrong.stderr
    missing = place.directory.with_name("missing")
    gone = subprocess.run(
        [place.tool, "info", "--module", place.module, "--dir", missing], capture_output=True, text=True, check=False
    )
    assert gone.returncode == 1 and gone.stdout == ""


def test_a_second_process_is_told(place: Place, token: Any) -> None:
    with token.open():
        busy = place.run_tool("info", "--user-pin-file", place.user_pin_file)
        assert busy.returncode == 1 and "CKR_TS_STORE_IN_USE" in busy.stderr
        assert place.run_tool("info").returncode == 0  # looking is allowed
    assert place.run_tool("info", "--user-pin-file", place.user_pin_file).returncode == 0


# ---- pkcs11-tool --------------------------------------------------------------------------------------------------


def pkcs11_tool(place: Place, *words: str | Path) -> str:
    program = shutil.which("pkcs11-tool")
    assert program is not None, "apt: opensc"
    environment = {**place.environment, "THRESIGN_TOKEN_USER_PIN": "", "THRESIGN_TOKEN_SO_PIN": ""}
    command = [program, "--module", place.module, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_opensc_from_an_empty_directory_to_a_signature(place: Place, tmp_path: Path) -> None:
    place.directory.mkdir(mode=0o700)
    message, signature, public = tmp_path / "message", tmp_path / "signature", tmp_path / "public.pem"
    message.write_bytes(b"a message")
    user = ("--login", "--pin", "a user's pin")
    assert "uninitialized" in pkcs11_tool(place, "--list-slots")
    pkcs11_tool(place, "--init-token", "--label", "opensc", "--so-pin", "the so's pin")
    pkcs11_tool(
        place, "--login", "--login-type", "so", "--so-pin", "the so's pin", "--init-pin", "--pin", "a user's pin"
    )
    assert "opensc" in pkcs11_tool(place, "--list-slots")
    made = pkcs11_tool(place, *user, "--keypairgen", "--key-type", "EC:edwards25519", "--label", "key", "--id", "01")
    assert "never extractable, local" in made
    pkcs11_tool(place, *user, "--sign", "-m", "EDDSA", "--id", "01", "-i", message, "-o", signature)
    pkcs11_tool(place, *user, "--read-object", "--type", "pubkey", "--id", "01", "-o", public)
    verify = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        public,
        "-rawin",
        "-in",
        message,
        "-sigfile",
        signature,
    ]
    assert b"Verified Successfully" in subprocess.run(verify, capture_output=True, check=True).stdout
    checked = pkcs11_tool(
        place, *user, "--verify", "-m", "EDDSA", "--id", "01", "-i", message, "--signature-file", signature
    )
    assert "Signature is valid" in checked
    assert "No errors" in pkcs11_tool(place, *user, "--test")
    pkcs11_tool(place, *user, "--change-pin", "--new-pin", "the next pin")
    listed = pkcs11_tool(place, "--login", "--pin", "the next pin", "--list-objects")
    assert "Private Key Object; EC_EDWARDS" in listed and "Allowed mechanisms: EDDSA" in listed
    pkcs11_tool(place, "--login", "--pin", "the next pin", "--delete-object", "--type", "privkey", "--id", "01")
    assert "Private Key Object" not in pkcs11_tool(place, "--login", "--pin", "the next pin", "--list-objects")
