"""Who asks, and where: a caller's profile on disk, and the signing of its requests (docs/spec/callers.md)."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from thresign.callers import profile as rules
from thresign.errors import ConfigurationError
from thresign.orders.digests import sha256
from thresign.setup.files import Domain, read_domain_file


class ProfileFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A profile: TOML with these fields. Paths are relative to the profile's directory."""

    domain: str
    caller: str
    key: str
    """PEM file (PKCS#8) of the caller's Ed25519 key."""
    urls: tuple[str, ...] = ()
    """Nodes to ask, first to last; default: all of the domain file."""


class Profile:
    """A caller of a trust domain: signs requests."""

    def __init__(self, domain: Domain, caller: str, key: Ed25519PrivateKey, urls: tuple[str, ...] = ()) -> None:
        self.domain = domain
        self.caller = caller
        self.urls = urls or tuple(module.url for module in domain.modules)
        self._key = key

    def post_headers(
        self, path: str, body: bytes, content_type: str, idempotency_key: str, created_s: int, lifetime_s: int
    ) -> dict[str, str]:
        """The headers of a signed POST."""
        parameters = rules.Parameters(created_s, created_s + lifetime_s, self.caller)
        values = {
            "@method": "POST",
            "@path": path,
            "content-digest": rules.content_digest(sha256(body)),
            "content-type": content_type,
            "idempotency-key": idempotency_key,
            rules.DOMAIN_HEADER: self.domain.id.hex(),
        }
        return {**{name: value for name, value in values.items() if name[0] != "@"}, **self._signed(values, parameters)}

    def get_headers(self, path: str, created_s: int, lifetime_s: int) -> dict[str, str]:
        """The headers of a signed GET."""
        parameters = rules.Parameters(created_s, created_s + lifetime_s, self.caller)
        values = {"@method": "GET", "@path": path, rules.DOMAIN_HEADER: self.domain.id.hex()}
        return {rules.DOMAIN_HEADER: self.domain.id.hex(), **self._signed(values, parameters)}

    def _signed(self, values: dict[str, str], parameters: rules.Parameters) -> dict[str, str]:
        signature = base64.b64encode(self._key.sign(rules.signature_base(values, parameters))).decode()
        return {
            "signature-input": f"{rules.LABEL}={rules.signature_input(tuple(values), parameters)}",
            "signature": f"{rules.LABEL}=:{signature}:",
        }


def load_profile(path: str | Path) -> Profile:
    """Reads a profile, its domain file and its key. Raises ConfigurationError naming what is wrong."""
    file = Path(path)
    try:
        read = msgspec.convert(tomllib.loads(file.read_text()), ProfileFile)
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:  # not UTF-8, not TOML, or not these fields
        raise ConfigurationError(f"{file}: {error}") from None
    key = _load_key(file.parent / read.key)
    return Profile(read_domain_file(file.parent / read.domain), read.caller, key, read.urls)


def _load_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{path}: no unencrypted PEM private key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{path}: not an Ed25519 key")
    return key
