"""Genesis, settings and callers."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.house.stub_domain import StubDomain
from thresign.errors import MalformedRecord
from thresign.limits import CHECKPOINT_INTERVAL, NONCE_LIFETIME_MS_MAX
from thresign.orders.genesis import ROLES, Caller, Genesis, Settings


@pytest.mark.parametrize("name", ["a", "A.b-c_d@e", "x" * 64, "#", "[", "~", "!"])
def test_caller_ids(name: str) -> None:
    caller = Caller(name, bytes(32), ())
    assert Caller.decode(caller.encode()) == caller


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", 'a"b', "a\\b", "a\tb", "ä", "a\x7f"])
def test_what_cannot_stand_as_keyid_without_an_escape_is_no_caller_id(name: str) -> None:
    with pytest.raises(MalformedRecord):
        Caller(name, bytes(32), ()).encode()


@pytest.mark.parametrize("roles", [("signer", "admin"), ("admin", "admin"), ("root",), ("",), ("Admin",)])
def test_roles_are_sorted_and_known(roles: tuple[str, ...]) -> None:
    with pytest.raises(MalformedRecord, match="roles"):
        Caller("a", bytes(32), roles).encode()


def test_all_roles_together() -> None:
    Caller("a", bytes(32), tuple(sorted(ROLES))).encode()


@pytest.mark.parametrize("interval", [0, CHECKPOINT_INTERVAL + 1])
def test_a_checkpoint_interval_out_of_range(interval: int) -> None:
    with pytest.raises(MalformedRecord, match="checkpoint_interval"):
        replace(StubDomain().settings, checkpoint_interval=interval).encode()


@pytest.mark.parametrize("lifetime_ms", [0, NONCE_LIFETIME_MS_MAX + 1])
def test_nonces_live_in_the_ledger_for_less_than_in_the_token(lifetime_ms: int) -> None:
    with pytest.raises(MalformedRecord, match="nonce_lifetime_ms"):
        replace(StubDomain().settings, nonce_lifetime_ms=lifetime_ms).encode()


def test_callers_of_the_settings_are_sorted_and_stand_once() -> None:
    settings = StubDomain().settings
    alice, olga, sam = settings.callers
    for wrong in ((olga, alice, sam), (alice, alice), (alice, replace(alice, public_key=bytes(32)))):
        with pytest.raises(MalformedRecord, match="sorted by id"):
            replace(settings, callers=wrong).encode()


def test_a_genesis_begins_at_roster_epoch_0() -> None:
    genesis = StubDomain().genesis
    with pytest.raises(MalformedRecord, match="epoch"):
        replace(genesis, roster=replace(genesis.roster, epoch=1)).encode()


def test_the_domain_names_every_part() -> None:
    genesis, settings = StubDomain().genesis, StubDomain().settings
    others = [
        replace(genesis, name="other"),
        replace(genesis, created_ms=1),
        replace(genesis, salt=bytes([1]) * 32),
        replace(genesis, settings=replace(settings, silence_ms=1).digest()),
        replace(genesis, roster=StubDomain(5).roster),
    ]
    assert len({genesis.domain(), *(other.domain() for other in others)}) == 6
    assert Genesis.decode(genesis.encode()).domain() == genesis.domain()
    assert Settings.decode(settings.encode()).digest() == settings.digest()
