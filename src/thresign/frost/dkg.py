"""Distributed key generation: the key is born in shares and never exists (Pedersen, with proofs of possession).

Every participant runs one Ceremony. Two rounds of packages, each broadcast to all over channels that authenticate the
sender; sub-shares are sealed inside, so the channels need not be secret. All see the same first packages, or it ends
in CeremonyFailed; who sends something wrong is named in `culprits`. Without all participants there is no key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NoReturn

from thresign.errors import CeremonyFailed
from thresign.frost.keys import PublicKeys
from thresign.frost.signer import Signer
from thresign.frost.suites import Suite
from thresign.groups import native

PARTICIPANTS_MAX = 128


class Ceremony:
    """One participant. The polynomial lives in locked memory of the C core and is wiped with the ceremony."""

    __slots__ = ("_core", "_min_signers", "_participants", "_suite")

    def __init__(
        self, suite: Suite, number: int, participants: Collection[int], min_signers: int, context: bytes
    ) -> None:
        """`participants` are the numbers of all, 1 to 65535, `number` among them, at most 128 of them.

        `context` names this ceremony and is the same for all: a package of another ceremony is refused. Raises
        ValueError unless 2 <= min_signers <= participants, MemoryError if no memory can be locked.
        """
        self._suite = suite
        self._participants = sorted(participants)
        self._min_signers = min_signers
        if not all(0 < each < 1 << 16 for each in self._participants):
            raise ValueError("participants: numbers from 1 to 65535")
        encoded = b"".join(each.to_bytes(2, "big") for each in self._participants)
        self._core = native.ceremony(suite.id, number, encoded, min_signers, context)

    @property
    def first(self) -> bytes:
        """This participant's first package, for all."""
        return self._core.first

    def deal(self, firsts: Mapping[int, bytes]) -> bytes:
        """Checks everybody's first package (by number, this participant's too) and returns its second, for all.

        Raises CeremonyFailed naming who sent commitments or a proof that do not hold.
        """
        packages = self._in_order(firsts)
        try:
            return self._core.deal(packages)
        except ValueError as error:
            raise _failed(error) from None

    def finish(self, seconds: Mapping[int, bytes]) -> tuple[Signer, PublicKeys]:
        """Opens and checks what all dealt to this participant: its signer, and the key's public side.

        Raises CeremonyFailed naming who dealt a sub-share that does not belong to its commitments, or saw other first
        packages. Use the key only once all participants say that they have finished.
        """
        packages = self._in_order(seconds)
        try:
            token, shares = self._core.finish(packages)
        except ValueError as error:
            raise _failed(error) from None
        size = self._suite.element_bytes
        each = (shares[at : at + size] for at in range(0, len(shares), size))
        verification = dict(zip(self._participants, each, strict=True))
        return Signer(token), PublicKeys(self._suite, self._min_signers, token.public_key, verification)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ceremony owns secrets: it is neither copied nor pickled")

    def _in_order(self, packages: Mapping[int, bytes]) -> tuple[bytes, ...]:
        missing = tuple(number for number in self._participants if number not in packages)
        if missing or len(packages) != len(self._participants):
            raise CeremonyFailed("one package of each participant is needed", missing)
        return tuple(packages[number] for number in self._participants)


def _failed(error: ValueError) -> CeremonyFailed:
    text, *culprits = error.args
    return CeremonyFailed(text, tuple(number for number in culprits if number))
