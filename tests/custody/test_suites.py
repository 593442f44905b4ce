"""Every suite in real tokens: keys generated, nonces announced by group, partials for certified orders, tweaks."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pkcs11
import pytest

from tests.house.tokens import LIBRARY, Key, TokenDomain, TokenFiles, genesis_of, make_token, pin, refusals
from thresign import frost
from thresign.custody.token import SoftwareToken, TokenRefused
from thresign.frost import suites
from thresign.groups import native
from thresign.orders.orders import Tweak
from thresign.orders.statements import Announcement

pytestmark = pytest.mark.xdist_group("tokens")

EVERY = pytest.mark.parametrize("suite", frost.SUITES, ids=lambda suite: suite.name)
MESSAGE = b"a message for every suite"
NONCES_OF_A_GROUP = 2048
"""TS_NONCES_MAX of native/token/threshold.h."""


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenDomain]:
    root = tmp_path_factory.mktemp("suites")
    files: list[TokenFiles] = [make_token(root, f"m{number}") for number in (1, 2, 3, 4)]
    genesis = genesis_of([*files])
    for token in files:
        pin(token, genesis)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THRESIGN_TOKEN_DIR", ":".join(str(token.directory) for token in files))
        opened = {n: SoftwareToken(LIBRARY, n - 1, token.user_pin) for n, token in enumerate(files, 1)}
        for token in opened.values():
            token.begin_incarnation(0)
        yield TokenDomain(genesis, {**opened})
        pkcs11.lib(LIBRARY).finalize()


def sign(domain: TokenDomain, key: Key, tweaks: tuple[frost.KeyTweak, ...] = ()) -> None:
    """Has modules 1, 2 and 4 sign, combines, and has a library that is not ours verify."""
    suite = suites.by_id(key.suite)
    domain.pools.clear()
    domain.announce(suite.group, 2, suite.element_bytes)
    chosen = [1, 2, 4]
    order = domain.sign_order(key, MESSAGE, chosen, tweaks=tuple(Tweak(*tweak) for tweak in tweaks))
    call = domain.certify([order]).call(message=MESSAGE)
    shares = {}
    for number in chosen:
        answers, _ = domain.tokens[number].sign([call])
        assert refusals(answers) == [""]
        shares[number] = answers[0]
        assert domain.tokens[number].sign([call])[0] == answers  # the same order again: the same share
    keys = frost.PublicKeys(suite, 3, key.public_key, dict(enumerate(key.verification_shares, 1)))
    commitments = [frost.Commitment(slot.number, slot.hiding, slot.binding) for slot in order.signers]
    assert frost.blame(keys, commitments, MESSAGE, shares, tweaks) == ()  # type: ignore[arg-type]
    signature = frost.aggregate(keys, commitments, MESSAGE, shares, tweaks)  # type: ignore[arg-type]
    assert frost.is_valid(suite.id, keys.tweaked(tweaks).public_key, MESSAGE, signature)


@EVERY
def test_keys_sign(domain: TokenDomain, suite: frost.Suite) -> None:
    key = domain.generate(suite.id)
    assert native.decodes(suite.group, key.public_key + b"".join(key.verification_shares))
    sign(domain, key)


def test_tweaks(domain: TokenDomain) -> None:
    """The token tweaks its share as everybody else tweaks the key; other suites refuse, and the nonce is kept."""
    key = domain.generate(suites.SECP256K1_TR.id)
    public_key = key.public_key
    for i in range(8):
        plain = frost.KeyTweak(frost.TweakKind.PLAIN, os.urandom(16).rjust(32, b"\x00"))
        child, _ = native.tweak(suites.SECP256K1_TR.id, public_key, [plain], [])
        sign(domain, key, (plain, frost.taproot(child, bytes([i]) * 32)))
    for suite, tweak in (
        (suites.SECP256K1, Tweak(frost.TweakKind.PLAIN, bytes(31) + b"\x01")),
        (suites.SECP256K1_TR, Tweak(3, bytes(31) + b"\x01")),
        (suites.SECP256K1_TR, Tweak(frost.TweakKind.X_ONLY, b"\xff" * 32)),
    ):
        other = domain.generate(suite.id)
        domain.pools.clear()
        domain.announce(suite.group, 1, suite.element_bytes)
        order = domain.sign_order(other, MESSAGE, [1, 2, 4], tweaks=(tweak,))
        answers, _ = domain.tokens[1].sign([domain.certify([order]).call(message=MESSAGE)])
        assert refusals(answers) == ["TS_TWEAK"]


def test_a_share_signs_in_its_own_suite_alone(domain: TokenDomain) -> None:
    key = domain.generate(suites.SECP256K1.id)
    domain.pools.clear()
    domain.announce(suites.SECP256K1.group, 1, 33)
    order = domain.sign_order(key, MESSAGE, [1, 2, 4], suite=suites.SECP256K1_TR.id)
    answers, _ = domain.tokens[1].sign([domain.certify([order]).call(message=MESSAGE)])
    assert refusals(answers) == ["TS_OTHER_SUITE"]


def test_one_group_does_not_starve_another(domain: TokenDomain) -> None:
    """Each group has room of its own, and all of them together fit in secret memory."""
    token = domain.tokens[3]
    groups = sorted({suite.group for suite in frost.SUITES})
    made = dict.fromkeys(groups, 0)
    for group in groups:
        with pytest.raises(TokenRefused, match="TS_NONCES_FULL"):
            while True:
                announcement = Announcement.decode(token.announce(group, 64))
                made[group] = announcement.first + len(announcement.pairs) // (2 * suites.ELEMENT_BYTES[group])
                assert made[group] <= NONCES_OF_A_GROUP
    assert all(NONCES_OF_A_GROUP - 64 < count <= NONCES_OF_A_GROUP for count in made.values()), made
