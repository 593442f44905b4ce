"""The files that a module starts from: the domain's public file, and the module's own.

Secrets stand in neither: the token's PIN comes from a file or credential that the token reads itself.
"""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from thresign.errors import ConfigurationError, MalformedRecord
from thresign.ids import Digest
from thresign.orders.genesis import Genesis, Settings

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class ModuleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One module in the domain's public file: where callers reach it."""

    number: int
    name: str
    url: str


class DomainFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """domain.json: public, the same everywhere. `genesis` and `settings` are base64 of their canonical encodings."""

    thresign: int
    name: str
    domain: str
    """The domain's id in hex, which has to be the genesis' digest: for eyes and scripts."""
    genesis: str
    settings: str
    ca: str
    """The domain's CA certificate, PEM."""
    modules: tuple[ModuleEntry, ...]


class Domain(msgspec.Struct, frozen=True):
    """A domain file, read and checked."""

    genesis: Genesis
    settings: Settings
    id: Digest
    ca: str
    modules: tuple[ModuleEntry, ...]


class NodeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the node listens, and as whom it runs (uid 0: as whoever started it)."""

    peer_host: str
    peer_port: Port
    rest_host: str
    rest_port: Port
    uid: int = 0
    retain_days: Annotated[int, msgspec.Meta(ge=0, le=36500)] = 0
    """Batches, results and evidence older than this may be thrown away; 0 keeps all (docs/operating/files.md)."""


class VaultSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As whom the vault runs (uid 0: as whoever started it); `harden` is "require" or "report"."""

    uid: int = 0
    harden: str = "report"
    user_pin: str = "pins/user.pin"
    """The file with the token's user PIN, relative to the module's directory, or credential:NAME."""


class PeerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where another module's node listens for its peers."""

    host: str
    port: Port


class ModuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """module.toml."""

    number: int
    domain: str
    """Path of domain.json, relative to the module's directory."""
    node: NodeSection
    vault: VaultSection
    peers: dict[str, PeerEntry]


class ModuleConfig(msgspec.Struct, frozen=True):
    """A module's directory, read: all paths absolute."""

    directory: Path
    number: int
    domain: Domain
    node: NodeSection
    vault: VaultSection
    peers: dict[int, PeerEntry]

    @property
    def socket(self) -> Path:
        return self.directory / "run" / "vault.sock"

    @property
    def token_dir(self) -> Path:
        return self.directory / "token"

    @property
    def vault_dir(self) -> Path:
        return self.directory / "vault"

    @property
    def node_dir(self) -> Path:
        return self.directory / "node"

    @property
    def tls_dir(self) -> Path:
        return self.directory / "tls"


def write_domain_file(genesis: Genesis, settings: Settings, ca: str, modules: tuple[ModuleEntry, ...]) -> bytes:
    """domain.json."""
    file = DomainFile(
        1,
        genesis.name,
        genesis.domain().hex(),
        base64.b64encode(genesis.encode()).decode(),
        base64.b64encode(settings.encode()).decode(),
        ca,
        modules,
    )
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"


def read_domain_file(path: Path) -> Domain:
    """Reads and checks domain.json. Raises ConfigurationError naming what is wrong."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=DomainFile)
        genesis = Genesis.decode(base64.b64decode(file.genesis, validate=True))
        settings = Settings.decode(base64.b64decode(file.settings, validate=True))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, ValueError, MalformedRecord) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if file.thresign != 1:
        raise ConfigurationError(f"{path}: format {file.thresign}, this software knows 1")
    if genesis.domain().hex() != file.domain or settings.digest() != genesis.settings or file.name != genesis.name:
        raise ConfigurationError(f"{path}: name, domain and settings do not belong to the genesis")
    return Domain(genesis, settings, genesis.domain(), file.ca, file.modules)


def read_module(directory: Path) -> ModuleConfig:
    """Reads a module's directory. Raises ConfigurationError naming what is wrong."""
    directory = directory.resolve()
    path = directory / "module.toml"
    try:
        file = msgspec.convert(tomllib.loads(path.read_text()), ModuleFile)
        peers = {int(number): entry for number, entry in file.peers.items()}
        public = (directory / file.domain).resolve()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    domain = read_domain_file(public)
    if file.number not in {module.number for module in domain.modules}:
        raise ConfigurationError(f"{path}: module {file.number} is not in {public}")
    if not peers.keys() - {file.number}:
        raise ConfigurationError(f"{path}: [peers] must hold the other modules")
    if file.vault.harden not in ("require", "report"):
        raise ConfigurationError(f'{path}: vault.harden is "require" or "report"')
    return ModuleConfig(directory, file.number, domain, file.node, file.vault, peers)
