"""Key generation as a node sees it, sans-IO: packages of all participants, round by round, between their tokens.

The tokens check everything (native/token/keygen.c) and name a culprit where there is one; the node only carries.
Without all participants there is no key: who cannot go on says so, and the ledger ends the ceremony.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from thresign.errors import CeremonyFailed, MalformedRecord, ThresignError
from thresign.ids import Digest
from thresign.orders.header import MemberSignature
from thresign.orders.orders import KeygenOrder
from thresign.orders.statements import CeremonyAbort, KeyGenerated
from thresign.signing.events import Broadcast, Send, Submit
from thresign.signing.messages import FetchPackage, KeygenDone, KeygenPackage

ROUNDS = 3
REASON_CHARS_MAX = 64


class AskStep(NamedTuple):
    """Have the token make the package of this round. Rounds 2 and 3 take all packages of the round before."""

    order: Digest
    round: int
    sequence: int
    place: int
    packages: tuple[bytes, ...]


class AskAbort(NamedTuple):
    """Have the vault sign that this module cannot go on."""

    order: Digest
    culprit: int
    reason: str


Effect = AskStep | AskAbort | Broadcast | Send | Submit


@dataclass(slots=True)
class Ceremony:
    """One key generation; `packages[r]` are those of round r + 1, by participant."""

    leaf: Digest
    sequence: int
    index: int
    order: KeygenOrder
    packages: list[dict[int, bytes]] = field(default_factory=lambda: [{}, {}, {}])
    asked: int = 0
    """The last round that the token was asked for."""
    ended: bool = False


@dataclass(slots=True)
class Ceremonies:
    """All that run, as this module takes part in them."""

    number: int
    running: dict[Digest, Ceremony] = field(default_factory=dict)
    early: dict[tuple[Digest, int, int], bytes] = field(default_factory=dict)
    """Packages that came before the order: by order, round and sender. Bounded."""


EARLY_MAX = 128


def opened(all_: Ceremonies, leaf: Digest, sequence: int, index: int, order: KeygenOrder) -> list[Effect]:
    """A certified order opens a ceremony."""
    if all_.number not in order.participants or leaf in all_.running:
        return []
    ceremony = all_.running[leaf] = Ceremony(leaf, sequence, index, order)
    for key in [key for key in all_.early if key[0] == leaf]:
        package = all_.early.pop(key)
        if key[2] in order.participants:
            ceremony.packages[key[1] - 1][key[2]] = package
    return _advance(all_, ceremony)


def stepped(all_: Ceremonies, leaf: Digest, round_: int, result: bytes | ThresignError) -> list[Effect]:
    """The token made this module's package of a round, or says why not."""
    ceremony = all_.running.get(leaf)
    if ceremony is None or ceremony.ended:
        return []
    if isinstance(result, ThresignError):
        ceremony.ended = True
        culprit = result.culprits[0] if isinstance(result, CeremonyFailed) and result.culprits else 0
        return [AskAbort(leaf, culprit, result.detail[:REASON_CHARS_MAX])]
    ceremony.packages[round_ - 1][all_.number] = result
    return [Broadcast(KeygenPackage(leaf, round_, result)), *_advance(all_, ceremony)]


def received(all_: Ceremonies, sender: int, message: KeygenPackage | FetchPackage) -> list[Effect]:
    """A package of another participant (the first of each round counts), or a plea for one of ours."""
    leaf = Digest(message.order)
    ceremony = all_.running.get(leaf)
    if not 1 <= message.round <= ROUNDS:
        return []
    if isinstance(message, FetchPackage):
        own = ceremony.packages[message.round - 1].get(all_.number) if ceremony is not None else None
        return [Send(sender, KeygenPackage(leaf, message.round, own))] if own is not None else []
    if ceremony is None:
        if len(all_.early) < EARLY_MAX:
            all_.early.setdefault((leaf, message.round, sender), message.package)
        return []
    if sender not in ceremony.order.participants or ceremony.ended:
        return []
    ceremony.packages[message.round - 1].setdefault(sender, message.package)
    return _advance(all_, ceremony)


def _advance(all_: Ceremonies, ceremony: Ceremony) -> list[Effect]:
    participants = ceremony.order.participants
    done = ceremony.asked
    if done == ROUNDS and len(ceremony.packages[2]) == len(participants) and not ceremony.ended:
        return _finish(ceremony)
    if done == ROUNDS or (done > 0 and len(ceremony.packages[done - 1]) < len(participants)):
        return []
    ceremony.asked += 1
    before = ceremony.packages[done - 1] if done > 0 else {}
    packages = tuple(before[number] for number in participants) if done > 0 else ()
    return [AskStep(ceremony.leaf, ceremony.asked, ceremony.sequence, ceremony.index, packages)]


def _finish(ceremony: Ceremony) -> list[Effect]:
    """All say that they ended: the success certificate, or, if they do not say the same, an abort."""
    ceremony.ended = True
    done: dict[int, KeygenDone] = {}
    for number in ceremony.order.participants:
        try:
            done[number] = KeygenDone.decode(ceremony.packages[2][number])
        except MalformedRecord:
            return [AskAbort(ceremony.leaf, number, "a success that is no record")]
    first = done[ceremony.order.participants[0]]
    for number, said in done.items():
        same = (said.success.transcript, said.success.public_key, said.success.shares, said.verification_shares)
        if same != (
            first.success.transcript,
            first.success.public_key,
            first.success.shares,
            first.verification_shares,
        ):
            return [AskAbort(ceremony.leaf, 0, f"modules {first.success.number} and {number} ended differently")]
    signatures = tuple(MemberSignature(number, done[number].success.signature) for number in done)
    return [
        Submit(
            KeyGenerated(
                ceremony.leaf,
                first.success.transcript,
                first.success.public_key,
                first.verification_shares,
                signatures,
            )
        )
    ]


def aborted(statement: CeremonyAbort) -> list[Effect]:
    """The vault signed the abort: have it ordered."""
    return [Submit(statement)]


def tick(all_: Ceremonies) -> list[Effect]:
    """Asks for the packages that are missing."""
    out: list[Effect] = []
    for ceremony in all_.running.values():
        if ceremony.ended or ceremony.asked == 0:
            continue
        held = ceremony.packages[ceremony.asked - 1]
        for number in ceremony.order.participants:
            if number not in held and number != all_.number:
                out.append(Send(number, FetchPackage(ceremony.leaf, ceremony.asked)))
    return out


def over(all_: Ceremonies, leaf: Digest) -> None:
    """The ledger knows how the ceremony ended."""
    all_.running.pop(leaf, None)
