"""The cryptographic checks behind a vault's judgement: libsodium, the token, and the bodies that it holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from thresign.custody.interface import Token
from thresign.frost import verify
from thresign.groups import ed25519
from thresign.orders.digests import sha256
from thresign.orders.statements import Announcement

REMEMBERED_MAX = 8192


class VaultChecks:
    """Implements ledger.verdicts.Checks. A signature that verified is remembered, so that a request costs one check."""

    def __init__(self, token: Token, bodies: Mapping[bytes, bytes]) -> None:
        self._token = token
        self._bodies = bodies
        self._good: OrderedDict[bytes, None] = OrderedDict()

    def signature(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        if len(public_key) != ed25519.PUBLIC_KEY_BYTES or len(signature) != ed25519.SIGNATURE_BYTES:
            return False
        name = sha256(public_key + signature + message)
        if name in self._good:
            return True
        if not ed25519.is_valid(public_key, message, signature):
            return False
        self._remember(name)
        return True

    def member_keys(self, vote_key: bytes, sealing_key: bytes) -> bool:
        return ed25519.are_member_keys(vote_key, sealing_key)

    def announcement(self, announcement: Announcement) -> bool:
        encoded = announcement.encode()
        name = sha256(encoded)
        if name in self._good:
            return True
        if not self._token.learn(encoded):
            return False
        self._remember(name)
        return True

    def schnorr(self, suite: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return verify.is_valid(suite, public_key, message, signature)

    def body_held(self, content_sha256: bytes, body_bytes: int) -> bool:
        body = self._bodies.get(content_sha256)
        return body is not None and len(body) == body_bytes

    def _remember(self, name: bytes) -> None:
        self._good[name] = None
        if len(self._good) > REMEMBERED_MAX:
            self._good.popitem(last=False)
