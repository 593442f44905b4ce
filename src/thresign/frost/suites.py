"""The suites: a suite is a value in a table; nothing is repeated per suite. Numbers as in native/include/thresign."""

from __future__ import annotations

from enum import IntEnum

import msgspec


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


ED25519 = Suite(1, "ed25519", "FROST(Ed25519, SHA-512)", GroupId.EDWARDS25519, 32, 32, 64)

SUITES: tuple[Suite, ...] = (ED25519,)
BY_ID = {suite.id: suite for suite in SUITES}
BY_NAME = {suite.name: suite for suite in SUITES}
ELEMENT_BYTES = {suite.group: suite.element_bytes for suite in SUITES}
"""By group number: pools of nonces belong to groups, not to suites."""
