"""Who a node is on the wire: the domain's CA, and a certificate for each module.

The CA belongs to one trust domain and signs nothing else; its key is made at `domain init` and kept offline. A module's
certificate names it in a URI: thresign://<domain>/module/<number>. TLS only carries: what a node is believed rests on
votes and statements that tokens signed.
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from thresign.errors import ConfigurationError

ALPN = "thresign/1"


def module_uri(domain: bytes, number: int) -> str:
    """The name of a module in its certificate."""
    return f"thresign://{domain.hex()}/module/{number}"


def make_ca(name: str, now: datetime.datetime, days: int) -> tuple[bytes, bytes]:
    """A CA for one trust domain: its private key and certificate, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"thresign domain {name}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _private_pem(key), certificate.public_bytes(serialization.Encoding.PEM)


def issue(
    ca_key: bytes, ca_certificate: bytes, uri: str, hosts: tuple[str, ...], now: datetime.datetime, days: int
) -> tuple[bytes, bytes]:
    """A module's TLS key and certificate, PEM, for its URI and the host names and addresses where callers reach it."""
    issuer = x509.load_pem_x509_certificate(ca_certificate)
    signer = serialization.load_pem_private_key(ca_key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ConfigurationError("the domain's CA key is no elliptic-curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uri.rsplit("/", 2)[-2] + uri[-2:])]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    return _private_pem(key), certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def contexts(ca: Path, certificate: Path, key: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS contexts for accepting and for connecting: TLS 1.3 alone, the peer's certificate required and of this CA."""
    try:
        pair = []
        for purpose in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT):
            context = ssl.SSLContext(purpose)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.check_hostname = False  # the peer is known by the URI in its certificate, not by its address
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(ca)
            context.load_cert_chain(certificate, key)
            context.set_alpn_protocols([ALPN])
            pair.append(context)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"TLS files of the node: {error}") from error
    return pair[0], pair[1]


def number_of(certificate: dict[str, Any] | None, domain: bytes) -> int | None:
    """The module number in a verified certificate (ssl.SSLSocket.getpeercert); None if it names none of the domain."""
    prefix = module_uri(domain, 0)[:-1]
    for kind, value in (certificate or {}).get("subjectAltName", ()):
        if kind == "URI" and value.startswith(prefix) and value[len(prefix) :].isdigit():
            return int(value[len(prefix) :])
    return None
