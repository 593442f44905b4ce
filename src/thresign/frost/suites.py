"""The suites: a suite is a value in a table; nothing is repeated per suite.

Numbers, titles and lengths are the C core's (native/frost/suite.c); here stand only the names by which callers know
them. RFC 9591 defines the first five; `secp256k1-tr` makes BIP-340 signatures and is the suite of that name of the
ZcashFoundation crates.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from thresign.errors import UnknownSuite
from thresign.groups import native


class GroupId(IntEnum):
    """enum ts_group_id of native/include/thresign/group.h."""

    EDWARDS25519 = 1
    RISTRETTO255 = 2
    P256 = 3
    SECP256K1 = 4
    EDWARDS448 = 5


class Suite(msgspec.Struct, frozen=True):
    """One suite. Lengths in bytes: Ne and Ns of RFC 9591, and the signature's."""

    id: int
    name: str
    """As callers write it."""
    title: str
    """As RFC 9591 writes it."""
    group: GroupId
    element_bytes: int
    scalar_bytes: int
    signature_bytes: int
    x_only: bool
    """BIP-340: x-coordinates in challenge and signature, keys with even Y; the suite whose keys can be tweaked."""


def _suite(name: str, number: int) -> Suite:
    title, group, element_bytes, scalar_bytes, signature_bytes, x_only = native.suite(number)
    return Suite(number, name, title, GroupId(group), element_bytes, scalar_bytes, signature_bytes, x_only)


ED25519 = _suite("ed25519", 1)
RISTRETTO255 = _suite("ristretto255", 2)
ED448 = _suite("ed448", 3)
P256 = _suite("p256", 4)
SECP256K1 = _suite("secp256k1", 5)
SECP256K1_TR = _suite("secp256k1-tr", 6)

SUITES: tuple[Suite, ...] = (ED25519, RISTRETTO255, ED448, P256, SECP256K1, SECP256K1_TR)
BY_ID = {suite.id: suite for suite in SUITES}
BY_NAME = {suite.name: suite for suite in SUITES}
ELEMENT_BYTES = {suite.group: suite.element_bytes for suite in SUITES}
"""By group number: pools of nonces belong to groups, not to suites."""


def by_id(number: int) -> Suite:
    """The suite with this number. Raises UnknownSuite."""
    suite = BY_ID.get(number)
    if suite is None:
        raise UnknownSuite(f"suite {number} is not known here")
    return suite
