"""`thresign domain prepare`: everything that a module needs which is to join a domain, made beside those that are
there.

It is no member by this. An administrator asks for the next roster (`thresign domain change`), with what is prepared
here: the module's public keys, and its token's proof that it has them.
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from thresign.cli.initialise import (
    REST_PORTS_ABOVE,
    Place,
    give_away,
    issue_certificate,
    make_token,
    module_dir,
    peer_line,
    pin_genesis,
    run_tool,
    traversable,
    write_module_file,
)
from thresign.errors import ConfigurationError
from thresign.orders.roster import Member
from thresign.orders.succession import Joining
from thresign.policy.actions import NewMember
from thresign.setup.files import Domain, ModuleEntry, read_domain_file, read_module, write_domain_file


class Prepared(msgspec.Struct, frozen=True):
    """What was made."""

    module: str
    member_file: str
    """What `thresign domain change --join` takes."""


class _Signed(msgspec.Struct):
    """What thresign-token sign-joining prints."""

    signature: str


def prepare(root: Path, host: str, port: int | None, own_uids: bool, said: Callable[[str], None]) -> Prepared:
    """Makes the next module of the domain in `root` (as `domain init` laid it out, with `offline` at hand), and tells
    the others' files where it will listen: nodes look there when the members change. `port`: for peers; REST is 100
    higher.

    Raises ConfigurationError.
    """
    root = root.resolve()
    domain = read_domain_file(root / "domain.json")
    own_uids = own_uids and os.geteuid() == 0 and traversable(root)
    numbers = sorted(entry.number for entry in domain.modules)
    number = numbers[-1] + 1
    if not (root / "offline" / "ca.key").exists():
        raise ConfigurationError(f"{root / 'offline'} holds no CA key: put the offline directory back for this")
    if module_dir(root, number).exists():
        raise ConfigurationError(f"{module_dir(root, number)} exists")
    places = {other: _place(root, other) for other in numbers}
    places[number] = Place(host, port if port is not None else places[numbers[-1]].port + 1)
    told = {other: _told(module_dir(root, other) / "module.toml", number, places[number]) for other in numbers}
    said(f"token of module {number}")
    member = make_token(root, number)
    said(f"module {number}: genesis, certificate, configuration")
    pin_genesis(root, number, domain.genesis)
    proof = _prove(root, domain, member)
    issue_certificate(root, host, number, domain.genesis)
    write_module_file(root, number, places, own_uids)
    path = module_dir(root, number) / "member.json"
    new = NewMember(number, member.name, member.vote_key, member.sealing_key, proof)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(new), indent=2) + b"\n")
    if own_uids:
        give_away(root, number)
    for other in numbers:
        _replace(module_dir(root, other) / "module.toml", told[other].encode())
    _publish(root, domain, member, places[number])
    return Prepared(str(module_dir(root, number)), str(path))


def _place(root: Path, number: int) -> Place:
    node = read_module(module_dir(root, number)).node
    return Place(node.peer_host, node.peer_port)


def _prove(root: Path, domain: Domain, member: Member) -> bytes:
    """The token's signature over what it would be."""
    unsigned = Joining(domain.id, member, bytes(64)).signed_bytes()
    directory = module_dir(root, member.number)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "joining.bin"
        path.write_bytes(unsigned)
        pin = directory / "pins" / "user.pin"
        printed = run_tool("sign-joining", "--dir", str(directory / "token"), "--user-pin-file", str(pin), str(path))
    return bytes.fromhex(msgspec.json.decode(printed, type=_Signed).signature)


def _told(path: Path, number: int, place: Place) -> str:
    """Another's file with this module in its [peers], which stands last in what `domain init` writes."""
    text = path.read_text()
    if "\n[peers]\n" not in text or "\n[" in text[text.index("\n[peers]\n") + 1 :]:
        raise ConfigurationError(f"{path}: [peers] is not the last section: make it so")
    return text.rstrip("\n") + "\n" + peer_line(number, place) + "\n"


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    shutil.copystat(path, new)
    new.replace(path)


def _publish(root: Path, domain: Domain, member: Member, place: Place) -> None:
    """Tells callers where the module will be."""
    entry = ModuleEntry(member.number, member.name, f"https://{place.host}:{place.port + REST_PORTS_ABOVE}")
    content = write_domain_file(domain.genesis, domain.settings, domain.ca, (*domain.modules, entry))
    _replace(root / "domain.json", content)


def read_member(path: Path) -> NewMember:
    """A member file. Raises ConfigurationError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=NewMember)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


def as_member(number: int, name: str, vote_key: str, sealing_key: str) -> NewMember:
    """A member that stays, as the domain tells it."""
    return NewMember(number, name, base64.b64decode(vote_key), base64.b64decode(sealing_key))
