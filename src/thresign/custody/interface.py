"""What a vault asks of its token. Public values go in and out; secrets stay inside.

Implemented by `custody.token` over PKCS#11; the simulator has a stub that only counts nonces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from thresign.orders.header import Phase


class SignCall(msgspec.Struct, frozen=True):
    """One order to sign: under which certified header (digest), where in its batch, and the message (whole)."""

    header: bytes
    index: int
    count: int
    path: tuple[bytes, ...]
    order: bytes
    message: bytes


class Refused(msgspec.Struct, frozen=True):
    """The token's own reason: `code` of native/include/thresign/result.h, its name and text."""

    code: int
    name: str
    text: str


class CeremonyStep(msgspec.Struct, frozen=True):
    """What a ceremony step yields: the package to send, or why not and who is to blame (0: nobody is proven)."""

    package: bytes = b""
    refused: Refused | None = None
    culprit: int = 0


class VoteKey(Protocol):
    """The vote key: signs typed bytes only."""

    def sign_vote(self, phase: Phase, view: int, header: bytes) -> bytes:
        """64 bytes over vote_bytes(phase, view, header). Raises CustodyError."""

    def sign_statement(self, unsigned: bytes) -> bytes:
        """64 bytes over a statement of a kind in the token's list, in this module's name. Raises CustodyError."""


class Token(VoteKey, Protocol):
    """A token holding shares and nonces. All methods raise CustodyError when the token refuses the call as a whole."""

    def roster_epoch(self) -> int:
        """Of the roster that the token has pinned: it believes certificates of this one only."""

    def reconfigure(self, succession: bytes) -> int:
        """Pins the roster that follows the pinned one, by its certificate (orders.succession); its epoch. Kept across
        restarts before this returns."""

    def check_certificate(self, certificate: bytes) -> None:
        """Checks q commit votes in C and remembers the header; required before its orders are signed."""

    def learn(self, announcement: bytes) -> bool:
        """Checks a peer's announcement, signature and elements, and keeps the elements decoded."""

    def begin_incarnation(self, above: int) -> int:
        """Starts a life of this token with a number above the given one and all it had before. No nonces exist yet."""

    def announce(self, group: int, count: int) -> bytes:
        """Makes `count` nonces and returns the signed Announcement of their commitments."""

    def sign(self, calls: Sequence[SignCall]) -> tuple[list[bytes | Refused], bytes]:
        """For each call its share, or why not; a repeat of an order returns the same share.

        And the token's signature over the shares (statements.Partials, 64 bytes; zeros if there are none).
        """

    def keygen_begin(self, call: SignCall) -> CeremonyStep:
        """Round 1 of the ceremony that a certified KeygenOrder opens: this participant's first package."""

    def keygen_deal(self, order: bytes, packages: Sequence[bytes]) -> CeremonyStep:
        """Round 2: checks everybody's first package, in order of number; the sealed sub-shares for all."""

    def keygen_finish(self, order: bytes, packages: Sequence[bytes]) -> CeremonyStep:
        """Checks everybody's second package; stores the share; the signed KeygenSuccess and the verification shares."""

    def keygen_forget(self, order: bytes) -> None:
        """Ends a ceremony and erases what it made: polynomial, and the share if there is one."""
