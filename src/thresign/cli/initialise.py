"""`thresign domain init`: everything a new trust domain needs, made on one machine.

Tokens and their PINs are made by the thresign-token program, in C: no PIN and no token secret passes through here. What
belongs offline afterwards (the SO PINs, the CA's key) is put in a directory of its own.
"""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from thresign.errors import ConfigurationError
from thresign.limits import CHECKPOINT_INTERVAL, MODULES_MAX, MODULES_MIN
from thresign.orders.genesis import Caller, Genesis, Settings
from thresign.orders.roster import Member, make_roster
from thresign.peers.identity import issue, make_ca, module_uri
from thresign.setup.files import ModuleEntry, write_domain_file

UID_BASE = 61200
"""Each module has two uids of its own from here on (systemd's range for dynamic users): vault, node."""
TLS_DAYS = 3650
REST_PORTS_ABOVE = 100
"""A node's REST port lies so far above that for its peers."""


class Plan(msgspec.Struct, frozen=True):
    """What is wanted. Ports: peers from `base_port`, REST from `base_port` + 100. In `host`, "{number}" stands for the
    module's number, for domains whose modules are on hosts of their own."""

    directory: Path
    name: str = "demo"
    modules: int = 4
    host: str = "127.0.0.1"
    base_port: int = 7100
    own_uids: bool = True

    def host_of(self, number: int) -> str:
        """Where this module's node listens."""
        return self.host.replace("{number}", str(number))


class Place(msgspec.Struct, frozen=True):
    """Where a module's node listens for its peers."""

    host: str
    port: int


class Made(msgspec.Struct, frozen=True):
    """What was made."""

    domain: str
    domain_file: str
    modules: tuple[str, ...]
    admin_profile: str
    offline: str
    boundary: str


class _Card(msgspec.Struct):
    """What thresign-token init prints."""

    vote: str
    sealing: str


def initialise(plan: Plan, said: Callable[[str], None]) -> Made:
    """Makes the domain. Raises ConfigurationError; a directory that is not empty is never touched."""
    root = plan.directory.resolve()
    if not MODULES_MIN <= plan.modules <= MODULES_MAX:
        raise ConfigurationError(f"a domain has {MODULES_MIN} to {MODULES_MAX} modules")
    if root.exists() and any(root.iterdir()):
        raise ConfigurationError(f"{root} is not empty")
    (root / "offline").mkdir(parents=True, mode=0o700)
    os.chmod(root, 0o755)
    own_uids = plan.own_uids and os.geteuid() == 0 and traversable(root)
    members = []
    for number in range(1, plan.modules + 1):
        said(f"token of module {number}")
        members.append(make_token(root, number))
    callers, settings = _settings(root)
    genesis = Genesis(
        plan.name,
        time.time_ns() // 1_000_000,
        secrets.token_bytes(32),
        settings.digest(),
        make_roster(0, tuple(members)),
    )
    _write_public(root, plan, genesis, settings)
    for number in range(1, plan.modules + 1):
        said(f"module {number}: genesis, certificate, configuration")
        pin_genesis(root, number, genesis)
        issue_certificate(root, plan.host_of(number), number, genesis)
        places = {other: Place(plan.host_of(other), plan.base_port + other) for other in range(1, plan.modules + 1)}
        write_module_file(root, number, places, own_uids)
        if own_uids:
            give_away(root, number)
    boundary = "own uids" if own_uids else "same-uid"
    return Made(
        genesis.domain().hex(),
        str(root / "domain.json"),
        tuple(str(module_dir(root, number)) for number in range(1, plan.modules + 1)),
        str(callers),
        str(root / "offline"),
        boundary,
    )


def module_dir(root: Path, number: int) -> Path:
    """Where a module's files are."""
    return root / f"module-{number}"


def traversable(path: Path) -> bool:
    """True if every directory above may be entered by other uids."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents))


def run_tool(*arguments: str) -> str:
    """What thresign-token prints. Raises ConfigurationError with its own words."""
    base = files("thresign") / "_token"
    command = [
        str(base / "thresign-token"),
        arguments[0],
        "--module",
        str(base / "libthresign-token.so"),
        *arguments[1:],
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConfigurationError(f"thresign-token {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def make_token(root: Path, number: int) -> Member:
    """A new module's directory, with its token and PINs; what the roster says of it."""
    directory = module_dir(root, number)
    for name, mode in (
        ("", 0o755),
        ("token", 0o700),
        ("pins", 0o700),
        ("vault", 0o700),
        ("run", 0o755),
        ("node", 0o700),
    ):
        (directory / name).mkdir(mode=mode)
    (directory / "tls").mkdir(mode=0o700)
    name = f"module-{number}"
    printed = run_tool(
        "init",
        *("--dir", str(directory / "token"), "--label", name),
        *("--user-pin-file", str(directory / "pins" / "user.pin")),
        *("--so-pin-file", str(root / "offline" / f"{name}.so-pin")),
    )
    card = msgspec.json.decode(printed, type=_Card)
    return Member(number, name, bytes.fromhex(card.vote), bytes.fromhex(card.sealing))


def _settings(root: Path) -> tuple[Path, Settings]:
    """The first caller, an administrator, and the settings that enrol it."""
    callers = root / "callers"
    callers.mkdir(mode=0o700)
    key = Ed25519PrivateKey.generate()
    _secret(callers / "admin.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (callers / "admin.toml").write_text('domain = "../domain.json"\ncaller = "admin"\nkey = "admin.key"\n')
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    admin = Caller("admin", public, ("admin", "auditor", "signer"))
    settings = Settings(
        request_lifetime_ms_max=300_000,
        clock_skew_ms_max=5_000,
        nonce_lifetime_ms=3_600_000,
        ceremony_lifetime_ms=60_000,
        silence_ms=1_000,
        checkpoint_interval=CHECKPOINT_INTERVAL,
        callers=(admin,),
    )
    return callers / "admin.toml", settings


def _secret(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _write_public(root: Path, plan: Plan, genesis: Genesis, settings: Settings) -> None:
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 - a certificate's validity is local time's business
    ca_key, ca_certificate = make_ca(plan.name, now, TLS_DAYS)
    _secret(root / "offline" / "ca.key", ca_key)
    entries = tuple(
        ModuleEntry(
            member.number,
            member.name,
            f"https://{plan.host_of(member.number)}:{plan.base_port + REST_PORTS_ABOVE + member.number}",
        )
        for member in genesis.roster.members
    )
    (root / "domain.json").write_bytes(write_domain_file(genesis, settings, ca_certificate.decode(), entries))
    (root / "ca.pem").write_bytes(ca_certificate)


def pin_genesis(root: Path, number: int, genesis: Genesis) -> None:
    """The module's token belongs to this domain from now on."""
    directory = module_dir(root, number)
    path = directory / "genesis.bin"
    path.write_bytes(genesis.encode())
    so_pin = root / "offline" / f"module-{number}.so-pin"
    run_tool("pin-genesis", "--dir", str(directory / "token"), "--so-pin-file", str(so_pin), str(path))
    path.unlink()


def issue_certificate(root: Path, host: str, number: int, genesis: Genesis) -> None:
    """The module's TLS key and certificate, by the domain's CA."""
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251
    ca_key, ca_certificate = (root / "offline" / "ca.key").read_bytes(), (root / "ca.pem").read_bytes()
    hosts = tuple(dict.fromkeys((host, "localhost")))
    key, certificate = issue(ca_key, ca_certificate, module_uri(genesis.domain(), number), hosts, now, TLS_DAYS)
    tls = module_dir(root, number) / "tls"
    (tls / "ca.pem").write_bytes(ca_certificate)
    (tls / "node.pem").write_bytes(certificate)
    _secret(tls / "node.key", key)


def write_module_file(root: Path, number: int, places: dict[int, Place], own_uids: bool) -> None:
    """module.toml of the module with this number; `places` has it and all others."""
    vault_uid, node_uid = (UID_BASE + 2 * number, UID_BASE + 2 * number + 1) if own_uids else (0, 0)
    own = places[number]
    lines = [
        f"number = {number}",
        'domain = "../domain.json"',
        "",
        "[node]",
        f'peer_host = "{own.host}"',
        f"peer_port = {own.port}",
        f'rest_host = "{own.host}"',
        f"rest_port = {own.port + REST_PORTS_ABOVE}",
        f"uid = {node_uid}",
        "",
        "[vault]",
        f"uid = {vault_uid}",
        'harden = "report"',
        "",
        "[peers]",
        *(peer_line(other, place) for other, place in sorted(places.items()) if other != number),
    ]
    (module_dir(root, number) / "module.toml").write_text("\n".join(lines) + "\n")


def peer_line(number: int, place: Place) -> str:
    """A module in another's [peers]."""
    return f'{number} = {{ host = "{place.host}", port = {place.port} }}'


def give_away(root: Path, number: int) -> None:
    """Each process gets what is its own: the vault its token and journal, the node its journal and TLS key."""
    directory = module_dir(root, number)
    vault_uid, node_uid = UID_BASE + 2 * number, UID_BASE + 2 * number + 1
    for name, uid in (
        ("token", vault_uid),
        ("vault", vault_uid),
        ("run", vault_uid),
        ("node", node_uid),
        ("tls", node_uid),
    ):
        for path in (directory / name, *(directory / name).rglob("*")):
            shutil.chown(path, uid, uid)
    shutil.chown(directory / "run", vault_uid, node_uid)
    os.chmod(directory / "run", 0o750)
