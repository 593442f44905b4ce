"""The software token over PKCS#11: native/token through python-pkcs11. Docs: docs/spec/token.md.

The token shares this process's memory, but no secret ever becomes a Python object: PINs are read in C (protected
authentication path), shares and nonces stay in the token's locked pages, and only public bytes come back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pkcs11
from pkcs11.types import PROTECTED_AUTH

from thresign.custody.interface import CeremonyStep, Refused, SignCall
from thresign.custody.results import RESULTS
from thresign.errors import CustodyError, CustodyUnavailable
from thresign.orders.header import Phase, vote_bytes
from thresign.orders.orders import ELEMENT_BYTES_MAX

_BASE = 0x80545300
_UNMAPPED = re.compile(r"0x(80[0-9a-f]{6})")


def _mechanism(number: int, name: str) -> pkcs11.Mechanism:
    """A vendor mechanism: python-pkcs11 takes members of its enum alone, so a member is made (facts: section 3)."""
    member: Any = int.__new__(pkcs11.Mechanism, _BASE + number)
    member._name_, member._value_ = name, _BASE + number
    return pkcs11.Mechanism._value2member_map_.setdefault(_BASE + number, member)  # type: ignore[return-value]


VOTE = _mechanism(0x10, "TS_VOTE")
STATEMENT = _mechanism(0x11, "TS_STATEMENT")
CERTIFICATE = _mechanism(0x12, "TS_CERTIFICATE")
INCARNATION = _mechanism(0x13, "TS_INCARNATION")
ANNOUNCE = _mechanism(0x14, "TS_ANNOUNCE")
LEARN = _mechanism(0x15, "TS_LEARN")
SIGN = _mechanism(0x16, "TS_SIGN")
KEYGEN_BEGIN = _mechanism(0x17, "TS_KEYGEN_BEGIN")
KEYGEN_DEAL = _mechanism(0x18, "TS_KEYGEN_DEAL")
KEYGEN_FINISH = _mechanism(0x19, "TS_KEYGEN_FINISH")
KEYGEN_FORGET = _mechanism(0x1A, "TS_KEYGEN_FORGET")
RECONFIGURE = _mechanism(0x1B, "TS_RECONFIGURE")
ALL = (
    VOTE,
    STATEMENT,
    CERTIFICATE,
    INCARNATION,
    ANNOUNCE,
    LEARN,
    SIGN,
    KEYGEN_BEGIN,
    KEYGEN_DEAL,
    KEYGEN_FINISH,
    KEYGEN_FORGET,
    RECONFIGURE,
)

_PINNED_BYTES = 8 + 32
_ANNOUNCEMENT_BYTES_MAX = 16 * 1024
_SHARE_ENTRY_BYTES = 4 + 4 + ELEMENT_BYTES_MAX
_KEYGEN_BYTES_MAX = 64 * 1024


class TokenRefused(CustodyError):
    """The token refused a call as a whole: `reason` is its own."""

    code = "token_refused"

    def __init__(self, reason: Refused) -> None:
        super().__init__(f"{reason.name}: {reason.text}")
        self.reason = reason


def refusal(code: int) -> Refused:
    """The reason behind a code of native/include/thresign/result.h or errors.h."""
    name, text = RESULTS.get(code, (f"0x{code:02x}", "no such reason"))
    return Refused(code, name, text)


class SoftwareToken:
    """Implements custody.interface.Token. One login session, for the life of the process."""

    def __init__(self, library: str, slot: int = 0, user_pin: object = PROTECTED_AUTH) -> None:
        """Loads the provider and logs in; by default the PIN is read by the token itself (THRESIGN_TOKEN_USER_PIN).

        Raises CustodyUnavailable naming what is wrong.
        """
        try:
            provider = pkcs11.lib(library)
            slots = list(provider.get_slots(token_present=True))
            if slot >= len(slots):
                raise CustodyUnavailable("no token is present: set THRESIGN_TOKEN_DIR, run thresign-token init")
            self._session = slots[slot].get_token().open(rw=True, user_pin=user_pin)
            keys = [
                key
                for key in list(self._session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}))
                if key[pkcs11.Attribute.LABEL] == "vote"
            ]
        except pkcs11.PKCS11Error as error:
            raise CustodyUnavailable(f"token: {_explain(error)}") from None
        if len(keys) != 1:
            raise CustodyUnavailable("the token has no identity: run thresign-token init")
        self._key: Any = keys[0]

    # --- votes and statements -------------------------------------------------------------------------------------

    def sign_vote(self, phase: Phase, view: int, header: bytes) -> bytes:
        return self._call(VOTE, vote_bytes(phase, view, header), 64)

    def sign_statement(self, unsigned: bytes) -> bytes:
        return self._call(STATEMENT, unsigned, 64)

    def roster_epoch(self) -> int:
        return int.from_bytes(self._call(RECONFIGURE, b"\x00", _PINNED_BYTES)[:8], "big")

    def reconfigure(self, succession: bytes) -> int:
        return int.from_bytes(self._call(RECONFIGURE, succession, _PINNED_BYTES)[:8], "big")

    def check_certificate(self, certificate: bytes) -> None:
        self._call(CERTIFICATE, certificate, 32)

    # --- nonces and partials --------------------------------------------------------------------------------------

    def learn(self, announcement: bytes) -> bool:
        try:
            self._call(LEARN, announcement, 1)
        except TokenRefused:
            return False
        return True

    def begin_incarnation(self, above: int) -> int:
        return int.from_bytes(self._call(INCARNATION, b"\x00", 8, above.to_bytes(8, "big")), "big")

    def announce(self, group: int, count: int) -> bytes:
        return self._call(ANNOUNCE, b"\x00", _ANNOUNCEMENT_BYTES_MAX, bytes([group]) + count.to_bytes(2, "big"))

    def sign(self, calls: Sequence[SignCall]) -> tuple[list[bytes | Refused], bytes]:
        data = len(calls).to_bytes(4, "big") + b"".join(_encode(call) + _var(call.message) for call in calls)
        answer = self._call(SIGN, data, 4 + len(calls) * _SHARE_ENTRY_BYTES + 64)
        shares: list[bytes | Refused] = []
        at = 4
        for _ in calls:
            code = int.from_bytes(answer[at : at + 4], "big")
            length = int.from_bytes(answer[at + 4 : at + 8], "big")
            shares.append(refusal(code) if code else answer[at + 8 : at + 8 + length])
            at += 8 + length
        return shares, answer[at:]

    # --- key generation -------------------------------------------------------------------------------------------

    def keygen_begin(self, call: SignCall) -> CeremonyStep:
        return self._step(KEYGEN_BEGIN, _encode(call))

    def keygen_deal(self, order: bytes, packages: Sequence[bytes]) -> CeremonyStep:
        return self._step(KEYGEN_DEAL, order + len(packages).to_bytes(4, "big") + b"".join(map(_var, packages)))

    def keygen_finish(self, order: bytes, packages: Sequence[bytes]) -> CeremonyStep:
        return self._step(KEYGEN_FINISH, order + len(packages).to_bytes(4, "big") + b"".join(map(_var, packages)))

    def keygen_forget(self, order: bytes) -> None:
        self._call(KEYGEN_FORGET, order, 1)

    def _step(self, mechanism: pkcs11.Mechanism, data: bytes) -> CeremonyStep:
        answer = self._call(mechanism, data, _KEYGEN_BYTES_MAX)
        code, culprit = int.from_bytes(answer[:4], "big"), int.from_bytes(answer[4:6], "big")
        if code:
            return CeremonyStep(refused=refusal(code), culprit=culprit)
        return CeremonyStep(package=answer[10:])

    def _call(self, mechanism: pkcs11.Mechanism, data: bytes, room: int, parameter: bytes | None = None) -> bytes:
        try:
            answer: bytes = self._key._sign(
                data, mechanism=mechanism, mechanism_param=parameter, buffer_size=max(room, 64)
            )
        except pkcs11.PKCS11Error as error:
            found = _UNMAPPED.search(str(error))
            if found is not None and int(found[1], 16) & 0xFFFFFF00 == _BASE:
                raise TokenRefused(refusal(int(found[1], 16) & 0xFF)) from None
            raise CustodyError(f"{mechanism.name}: {_explain(error)}") from None
        return answer


def _encode(call: SignCall) -> bytes:
    path = b"".join(call.path)
    place = call.index.to_bytes(4, "big") + call.count.to_bytes(4, "big") + len(call.path).to_bytes(4, "big")
    return call.header + place + path + _var(call.order)


def _var(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _explain(error: Exception) -> str:
    found = _UNMAPPED.search(str(error))
    if found is not None and int(found[1], 16) & 0xFFFFFF00 == _BASE:
        reason = refusal(int(found[1], 16) & 0xFF)
        return f"{reason.name}: {reason.text}"
    return f"{type(error).__name__} {error}".strip()
