"""The files that a module starts from: read whole and strictly, or refused with what is wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.house.stub_domain import StubDomain
from thresign.errors import ConfigurationError
from thresign.orders.digests import sha256
from thresign.setup.files import ModuleEntry, read_domain_file, read_module, write_domain_file

STUB = StubDomain()
MODULES = tuple(ModuleEntry(number, f"m{number}", f"https://127.0.0.1:{9000 + number}") for number in STUB.numbers)
MODULE = """
number = 2
domain = "../domain.json"

[node]
peer_host = "127.0.0.1"
peer_port = 7002
rest_host = "127.0.0.1"
rest_port = 8002

[vault]
harden = "require"

[peers.1]
host = "127.0.0.1"
port = 7001

[peers.3]
host = "127.0.0.1"
port = 7003

[peers.4]
host = "127.0.0.1"
port = 7004
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A module's directory beside its domain's file."""
    (tmp_path / "domain.json").write_bytes(write_domain_file(STUB.genesis, STUB.settings, "PEM", MODULES))
    made = tmp_path / "m2"
    made.mkdir()
    (made / "module.toml").write_text(MODULE)
    return made


def test_what_was_written_is_read(directory: Path) -> None:
    domain = read_domain_file(directory.parent / "domain.json")
    assert (domain.genesis, domain.settings, domain.id) == (STUB.genesis, STUB.settings, STUB.id)
    assert (domain.ca, domain.modules) == ("PEM", MODULES)


def test_a_modules_directory(directory: Path) -> None:
    config = read_module(directory)
    assert (config.number, config.domain.id, config.vault.harden) == (2, STUB.id, "require")
    assert (config.node.peer_port, config.node.rest_port, config.node.uid) == (7002, 8002, 0)
    assert {number: peer.port for number, peer in config.peers.items()} == {1: 7001, 3: 7003, 4: 7004}
    paths = (config.socket, config.token_dir, config.vault_dir, config.node_dir, config.tls_dir)
    assert all(path.is_absolute() and directory in path.parents for path in paths)
    assert len(set(paths)) == len(paths)


def test_no_secret_stands_in_either(directory: Path) -> None:
    text = (directory.parent / "domain.json").read_text()
    assert "pin" not in text.lower()
    assert read_module(directory).vault.user_pin == "pins/user.pin"


# --- domain.json ----------------------------------------------------------------------------------------------------


def _set(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda file: file.update({name: value})


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


OTHER = StubDomain(name="other")
BAD_DOMAINS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another format": (_set("thresign", 2), "format 2, this software knows 1"),
    "another name": (_set("name", "other"), "do not belong to the genesis"),
    "another domain": (_set("domain", sha256(b"x").hex()), "do not belong to the genesis"),
    "another genesis": (_set("genesis", b64(OTHER.genesis.encode())), "do not belong to the genesis"),
    "other settings": (
        _set("settings", b64(StubDomain(silence_ms=1).settings.encode())),
        "do not belong to the genesis",
    ),
    "a genesis that is none": (_set("genesis", b64(b"x")), "cut short|tag"),
    "a genesis with a byte over": (_set("genesis", b64(STUB.genesis.encode() + b"\0")), "."),
    "no base64": (_set("genesis", "!!!!"), "."),
    "base64 with rubbish": (_set("genesis", b64(STUB.genesis.encode()) + "\n"), "."),
    "a field that is missing": (lambda file: file.pop("ca"), "ca"),
    "a field that there is not": (_set("extra", 1), "extra"),
    "a field of another kind": (_set("modules", {}), "modules|array"),
}


@pytest.mark.parametrize("what", BAD_DOMAINS)
def test_domain_files_that_are_refused(directory: Path, what: str) -> None:
    change, said = BAD_DOMAINS[what]
    path = directory.parent / "domain.json"
    file = json.loads(path.read_text())
    change(file)
    path.write_text(json.dumps(file))
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_domain_file(path)
    assert str(path) in caught.value.detail
    with pytest.raises(ConfigurationError, match=r"domain\.json"):
        read_module(directory)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_files_that_are_no_json(directory: Path, content: bytes) -> None:
    path = directory.parent / "domain.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"domain\.json"):
        read_domain_file(path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        read_domain_file(tmp_path / "domain.json")
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        read_module(tmp_path)


# --- module.toml ----------------------------------------------------------------------------------------------------

BAD_MODULES: dict[str, tuple[Callable[[str], str], str]] = {
    "a stranger": (lambda t: t.replace("number = 2", "number = 9"), "module 9 is not in "),
    "no peers": (lambda t: t[: t.index("[peers.1]")] + "[peers]\n", "must hold the other modules"),
    "a peer without a number": (lambda t: t.replace("peers.4", "peers.four"), "four"),
    "a port that is none": (lambda t: t.replace("7004", "70040"), "65535"),
    "port 0": (lambda t: t.replace("7002", "0"), "1"),
    "half hardened": (lambda t: t.replace("require", "maybe"), 'vault.harden is "require" or "report"'),
    "a field that there is not": (lambda t: "colour = 1\n" + t, "colour"),
    "a section that there is not": (lambda t: t + "\n[extra]\n", "extra"),
    "a field that is missing": (lambda t: t.replace("rest_port = 8002", ""), "rest_port"),
    "no TOML": (lambda t: t + "[[", "module.toml"),
    "days below 0": (lambda t: t.replace("rest_port = 8002", "rest_port = 8002\nretain_days = -1"), "0"),
}


@pytest.mark.parametrize("what", BAD_MODULES)
def test_module_files_that_are_refused(directory: Path, what: str) -> None:
    change, said = BAD_MODULES[what]
    path = directory / "module.toml"
    changed = change(MODULE)
    assert changed != MODULE
    path.write_text(changed)
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_module(directory)
    assert "module.toml" in caught.value.detail


def test_a_module_that_names_itself_among_its_peers(directory: Path) -> None:
    """Harmless, and what a generated file may do: the others are all there."""
    path = directory / "module.toml"
    path.write_text(MODULE + '\n[peers.2]\nhost = "127.0.0.1"\nport = 7002\n')
    assert set(read_module(directory).peers) == {1, 2, 3, 4}
