"""Values of every record that has a canonical encoding, drawn from a random source: for round trips and for fuzzing.

`KINDS` finds the records by themselves, so a new one is tested from its first day; a record whose fields must fit one
another needs a row in `_FITTED`, or its test fails.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import string
import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from msgspec.structs import replace

import thresign
from thresign.limits import CHECKPOINT_INTERVAL, NONCE_LIFETIME_MS_MAX
from thresign.orders.digests import sha256
from thresign.orders.equivocation import Equivocation
from thresign.orders.genesis import ROLES, Caller, Genesis, Settings
from thresign.orders.header import Certificate, MemberSignature, Phase
from thresign.orders.orders import KeygenOrder, SignerSlot, SignOrder
from thresign.orders.requests import Request
from thresign.orders.roster import Member, Roster, make_roster
from thresign.orders.statements import FoundReports, KeyGenerated, MissingReport, MissingReports, Statement
from thresign.orders.votes import Checkpoint, NewView, Prepared, SignedVote, ViewChange, Vote
from thresign.wire.canonical import Chars, Count, Fixed, Record, Uint, Var

ROOMS = ("wire", "orders", "ledger", "vault", "agreement", "signing", "node")
_PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]


def _import_rooms() -> None:
    for room in ROOMS:
        package = importlib.import_module(f"thresign.{room}")
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not found.name.endswith(".main"):
                importlib.import_module(found.name)


def _below(kind: type[Record]) -> Iterator[type[Record]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


_import_rooms()
KINDS: tuple[type[Record], ...] = tuple(
    sorted(
        {
            kind
            for kind in _below(Record)
            if kind.__module__.startswith(thresign.__name__ + ".") and kind is not Statement
        },
        key=lambda kind: (kind.__module__, kind.__name__),
    )
)


class Draw:
    """Draws values; `length_max` bounds what has no bound of its own worth filling."""

    def __init__(self, rng: random.Random, items_max: int = 3, length_max: int = 24) -> None:
        self.rng = rng
        self.items_max = items_max
        self.length_max = length_max

    def record(self, kind: type[Any]) -> Any:
        """A value of this kind that passes its own check."""
        hints = get_type_hints(kind, include_extras=True)
        fields = {name: self.value(hints[name]) for name in kind.__struct_fields__}
        fitted = _FITTED.get(kind)
        return kind(**{**fields, **(fitted(self, fields) if fitted is not None else {})})

    def value(self, hint: Any) -> Any:
        if get_origin(hint) is not Annotated:
            options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
            return self.record(self.rng.choice(options))
        base, shape = get_args(hint)[:2]
        match shape:
            case Uint():
                return self.uint(8 * shape.bytes)
            case Fixed():
                return self.rng.randbytes(shape.bytes)
            case Var():
                return self.rng.randbytes(self.rng.randint(0, min(shape.bytes_max, self.length_max)))
            case Chars():
                return self.text(self.rng.randint(0, min(shape.bytes_max, self.length_max)))
            case Count():
                return self.items(get_args(base)[0], self.rng.randint(0, min(shape.items_max, self.items_max)))
            case _:
                raise TypeError(f"no values for {hint}")

    def uint(self, bits: int) -> int:
        """Of any length: small numbers and the largest are as likely as those between."""
        return self.rng.choice([0, 1, (1 << bits) - 1, self.rng.getrandbits(self.rng.randint(1, bits))])

    def text(self, length: int, alphabet: str = "") -> str:
        return "".join(self.rng.choices(alphabet or _PRINTABLE, k=length))

    def items(self, item: Any, count: int) -> tuple[Any, ...]:
        if item is MemberSignature:
            return tuple(MemberSignature(number, self.rng.randbytes(64)) for number in self.rising(count))
        return tuple(self.value(item) for _ in range(count))

    def rising(self, count: int, last: int = 0xFFFF) -> list[int]:
        return sorted(self.rng.sample(range(1, last + 1), count))


def _caller(draw: Draw, _: dict[str, Any]) -> dict[str, Any]:
    roles = draw.rng.sample(sorted(ROLES), draw.rng.randint(0, len(ROLES)))
    name = draw.text(draw.rng.randint(1, 64), string.ascii_letters + string.digits + "!#[]~.-_@")
    return {"id": name, "roles": tuple(sorted(roles))}


def _settings(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    callers = {caller.id: caller for caller in fields["callers"]}
    return {
        "callers": tuple(callers[name] for name in sorted(callers)),
        "checkpoint_interval": draw.rng.randint(1, CHECKPOINT_INTERVAL),
        "nonce_lifetime_ms": draw.rng.randint(1, NONCE_LIFETIME_MS_MAX),
    }


def _roster(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    numbers = draw.rising(draw.rng.randint(4, 4 + draw.items_max))
    members = tuple(Member(n, f"m{n}", draw.rng.randbytes(32), draw.rng.randbytes(32)) for n in numbers)
    made = make_roster(fields["epoch"], members)
    return {"members": members, "f": made.f, "q": made.q}


def _genesis(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    return {"roster": make_roster(0, fields["roster"].members)}


def _request(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    created = draw.rng.getrandbits(40)
    if draw.rng.random() < 0.2:
        body, length = b"", draw.rng.randint(64 * 1024 + 1, 8 * 1024 * 1024)
    else:
        body, length = fields["body"], len(fields["body"])
    return {
        "idempotency_key": draw.text(draw.rng.randint(1, 20)),
        "created_s": created,
        "expires_s": created + draw.rng.randint(1, 1000),
        "body": body,
        "body_bytes": length,
        "content_sha256": fields["content_sha256"] if length > len(body) else sha256(body),
    }


def _sign_order(draw: Draw, _: dict[str, Any]) -> dict[str, Any]:
    numbers = draw.rising(draw.rng.randint(1, draw.items_max))
    signers = tuple(
        SignerSlot(n, draw.uint(64), draw.uint(64), draw.rng.randbytes(32), draw.rng.randbytes(32)) for n in numbers
    )
    return {"signers": signers, "coordinator": draw.rng.choice(numbers)}


def _keygen_order(draw: Draw, _: dict[str, Any]) -> dict[str, Any]:
    numbers = tuple(draw.rising(draw.rng.randint(2, 2 + draw.items_max)))
    return {"participants": numbers, "min_signers": draw.rng.randint(2, len(numbers))}


def _key_generated(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    shares = tuple(draw.rng.randbytes(32) for _ in fields["signatures"])
    return {"verification_shares": shares}


def _missing_report(draw: Draw, _: dict[str, Any]) -> dict[str, Any]:
    return {"missing": tuple(draw.rising(draw.rng.randint(1, draw.items_max)))}


def _rising_reports(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    reports = {report.number: report for report in fields["reports"]}
    return {"reports": tuple(reports[number] for number in sorted(reports))}


def _vote(draw: Draw, _: dict[str, Any]) -> dict[str, Any]:
    return {"phase": draw.rng.choice((Phase.PREPARE, Phase.COMMIT))}


def _signed_vote(draw: Draw, _: dict[str, Any]) -> dict[str, Any]:
    return {"phase": draw.rng.choice(list(Phase))}


def _view_change(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    sequences = draw.rising(draw.rng.randint(0, draw.items_max) + 1)
    view = draw.rng.randint(1, 1 << 40)
    decided = ()
    if draw.rng.random() < 0.5:
        certificate = draw.record(Certificate)
        header = replace(certificate.header, sequence=sequences[0])
        decided = (replace(certificate, header=header),)
    prepared = []
    for sequence in sequences[1:]:
        proof = draw.record(Prepared)
        prepared.append(replace(proof, header=replace(proof.header, sequence=sequence), view=draw.rng.randrange(view)))
    return {"view": view, "decided": decided, "prepared": tuple(prepared)}


def _new_view(draw: Draw, fields: dict[str, Any]) -> dict[str, Any]:
    view = 1 << 41
    changes = {change.number: replace(change, view=view) for change in fields["changes"]}
    return {"view": view, "changes": tuple(changes[number] for number in sorted(changes))}


def _equivocation(draw: Draw, _: dict[str, Any]) -> dict[str, Any]:
    first = draw.record(draw.rng.choice([SignedVote, Checkpoint]))
    if isinstance(first, Checkpoint):
        return {"first": first, "second": replace(first, state=draw.rng.randbytes(32))}
    return {"first": first, "second": replace(first, header=replace(first.header, batch_root=draw.rng.randbytes(32)))}


_FITTED: dict[type[Record], Callable[[Draw, dict[str, Any]], dict[str, Any]]] = {
    Caller: _caller,
    Settings: _settings,
    Roster: _roster,
    Genesis: _genesis,
    Request: _request,
    SignOrder: _sign_order,
    KeygenOrder: _keygen_order,
    KeyGenerated: _key_generated,
    MissingReport: _missing_report,
    MissingReports: _rising_reports,
    FoundReports: _rising_reports,
    Vote: _vote,
    SignedVote: _signed_vote,
    Equivocation: _equivocation,
    ViewChange: _view_change,
    NewView: _new_view,
}
