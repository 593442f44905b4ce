"""The provider that is installed cannot be told a share or a nonce: what the test build has, it has not."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.types import PROTECTED_AUTH

from thresign.custody import token as custody

from .test_pkcs11_surface import ED25519, IDENTITY

HOOKS = ("ts_hook_put_share", "ts_hook_put_nonce", "ts_hook_secret_at", "ts_hook_secret_range")
STANDARD = {
    Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
    Mechanism.EDDSA,
    Mechanism.SHA256,
    Mechanism.SHA512,
}
CKK_VENDOR_DEFINED = 0x80000000


def test_it_exports_one_function(module: Path) -> None:
    listed = subprocess.run(["nm", "-D", "--defined-only", module], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["C_GetFunctionList"]
    loaded = ctypes.CDLL(str(module))
    assert loaded.C_GetFunctionList
    for name in HOOKS:
        with pytest.raises(AttributeError):
            getattr(loaded, name)


def test_it_does_not_contain_the_hooks(module: Path) -> None:
    """Not even as a name in a debug section or a string."""
    assert b"ts_hook" not in module.read_bytes()
    assert b"C_GetFunctionList" in module.read_bytes(), "the search would find what is there"


def test_its_mechanisms_are_the_documented_ones(library: Any) -> None:
    (slot,) = library.get_slots()
    assert set(slot.get_mechanisms()) == STANDARD | {IDENTITY} | set(custody.ALL)


def test_every_other_vendor_number_is_refused(token: Any) -> None:
    known = {int(mechanism) for mechanism in custody.ALL}
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as session:
        (vote,) = [
            key
            for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
            if key[Attribute.LABEL] == "vote"
        ]
        for number in range(0x80545300, 0x80545400):
            if number in known:
                continue
            mechanism = custody._mechanism(number - 0x80545300, f"probe {number:#x}")
            with pytest.raises(pkcs11.PKCS11Error):
                vote._sign(b"data", mechanism=mechanism, mechanism_param=None, buffer_size=64)


def test_no_secret_is_brought_in_or_taken_out(token: Any) -> None:
    secret = {Attribute.VALUE: bytes(range(32)), Attribute.TOKEN: True}
    ed25519 = {Attribute.KEY_TYPE: KeyType.EC_EDWARDS, Attribute.EC_PARAMS: ED25519}
    templates: list[dict[Attribute, object]] = [
        {Attribute.CLASS: ObjectClass.PRIVATE_KEY, **ed25519, **secret},
        {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.GENERIC_SECRET, **secret},
    ]
    with token.open(rw=True, user_pin=PROTECTED_AUTH) as session:
        keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
        for template in templates:
            with pytest.raises(pkcs11.PKCS11Error):
                session.create_object(template)
        for key in keys:
            with pytest.raises((pkcs11.AttributeSensitive, pkcs11.AttributeTypeInvalid)):
                _ = key[Attribute.VALUE]
            for attribute, value in ((Attribute.EXTRACTABLE, True), (Attribute.SENSITIVE, False)):
                with pytest.raises(pkcs11.PKCS11Error):
                    key[attribute] = value
            with pytest.raises(pkcs11.PKCS11Error):
                key.copy({Attribute.EXTRACTABLE: True})
        assert len(list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))) == len(keys)
