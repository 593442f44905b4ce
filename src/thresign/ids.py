"""The names of things that cross the wire, as plain types. Lengths are in bytes."""

from __future__ import annotations

from typing import NewType

ModuleNumber = NewType("ModuleNumber", int)
"""A member's number, 1 to 65535: its FROST identifier (RFC 9591 section 4.1). Never given to another module."""

RequestId = NewType("RequestId", bytes)
"""32 bytes: SHA-256 over domain, caller and idempotency key, so that a retry has the id of the first try."""

KeyId = NewType("KeyId", bytes)
"""16 bytes, derived from the request that made the key."""

Digest = NewType("Digest", bytes)
"""32 bytes of SHA-256."""
