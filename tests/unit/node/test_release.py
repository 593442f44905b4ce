"""What leaves to a caller: only what a library that is not ours accepts, whatever our own arithmetic said."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from thresign import frost
from thresign.errors import InvariantBroken
from thresign.frost.tweaks import KeyTweak
from thresign.ledger.snapshot import KeyPart
from thresign.node import release
from thresign.node.desk import Desk
from thresign.orders import sign_body
from thresign.orders.digests import sha256
from thresign.orders.orders import Tweak
from thresign.orders.requests import Request
from thresign.policy.actions import JSON
from thresign.rest.interface import Outcome, Signed

DOMAIN = StubDomain()
MESSAGE = b"message"
TWEAK = Tweak(1, bytes(31) + b"\x07")


def made(suite: frost.Suite, tweaks: tuple[Tweak, ...] = ()) -> tuple[bytes, bytes]:
    """A new key and its signature of MESSAGE."""
    signers = {n: frost.Ceremony(suite, n, {1, 2}, 2, b"") for n in (1, 2)}
    firsts = {n: ceremony.first for n, ceremony in signers.items()}
    seconds = {n: ceremony.deal(firsts) for n, ceremony in signers.items()}
    done = {n: ceremony.finish(seconds) for n, ceremony in signers.items()}
    commitments = [done[n][0].commit() for n in (1, 2)]
    asked = [KeyTweak(tweak.kind, tweak.value) for tweak in tweaks]
    shares = {n: done[n][0].sign(commitments, MESSAGE, asked) for n in (1, 2)}
    return done[1][1].public_key, frost.aggregate(done[1][1], commitments, MESSAGE, shares, asked)


def spoilt(signature: bytes) -> bytes:
    return signature[:-1] + bytes([signature[-1] ^ 1])


def part(suite: frost.Suite, public_key: bytes) -> KeyPart:
    fields: dict[str, Any] = dict.fromkeys(KeyPart.__struct_fields__, b"")
    return KeyPart(**fields | {"suite": suite.id, "public_key": public_key, "id": bytes(16)})


def json_request(tweaks: tuple[Tweak, ...]) -> Request:
    body = sign_body.write(MESSAGE, tweaks)
    changes: dict[str, Any] = {"body": body, "body_bytes": len(body), "content_sha256": sha256(body)}
    return replace(DOMAIN.sign_request(MESSAGE), content_type=JSON, **changes)


@pytest.mark.parametrize("suite", frost.SUITES, ids=lambda suite: suite.name)
def test_what_the_other_library_accepts_leaves_and_nothing_else(suite: frost.Suite) -> None:
    key, signature = made(suite)
    release.check(suite.id, key, MESSAGE, signature)
    release.check_again(DOMAIN.sign_request(MESSAGE), part(suite, key), signature)
    for message, wrong in ((MESSAGE, spoilt(signature)), (b"another", signature)):
        with pytest.raises(InvariantBroken):
            release.check(suite.id, key, message, wrong)
        with pytest.raises(InvariantBroken):
            release.check_again(DOMAIN.sign_request(message), part(suite, key), wrong)


def test_a_tweaked_key_is_what_verifies() -> None:
    key, signature = made(frost.SECP256K1_TR, (TWEAK,))
    release.check_again(json_request((TWEAK,)), part(frost.SECP256K1_TR, key), signature)
    with pytest.raises(InvariantBroken):
        release.check_again(json_request(()), part(frost.SECP256K1_TR, key), signature)


def test_a_caller_who_waits_for_a_wrong_signature_is_told_of_the_bug() -> None:
    """Our own arithmetic has accepted it: so the other library is all that stands between it and the caller."""

    async def answer(signature: bytes) -> list[Outcome]:
        told: list[Outcome] = []
        runtime = SimpleNamespace(history=SimpleNamespace(replaced=lambda *_: False), ask_vault=None)
        domain = SimpleNamespace(id=DOMAIN.id, genesis=SimpleNamespace(roster=DOMAIN.roster))
        desk = Desk(1, domain, runtime, frozenset)  # type: ignore[arg-type]
        desk._outcomes.keys[bytes(16)] = part(frost.ED25519, key)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        desk._waiting[b"request"].append(future)
        order = SimpleNamespace(key=bytes(16), request=b"request")
        certified = SimpleNamespace(
            order=order, leaf=bytes(32), key=SimpleNamespace(suite=1, public_key=key), message=MESSAGE
        )
        combined = SimpleNamespace(certified=certified, signature=signature)
        desk.answered(SimpleNamespace(held=SimpleNamespace(combined=combined)))  # type: ignore[arg-type]
        told.append(await future)
        return told

    key, signature = made(frost.ED25519)
    assert asyncio.run(answer(signature)) == [Signed(b"request", part(frost.ED25519, key), signature)]
    with pytest.raises(InvariantBroken):
        asyncio.run(answer(spoilt(signature)))
