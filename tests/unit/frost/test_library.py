"""thresign.frost without the service, every suite: key generation, signing, aggregation, blame, and what is refused."""

from __future__ import annotations

import copy
import doctest
import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.house.vectors import read_vectors
from thresign import frost
from thresign.errors import CeremonyFailed, InvalidPartial
from thresign.frost import suites
from thresign.groups import native

EVERY = pytest.mark.parametrize("suite", frost.SUITES, ids=lambda suite: suite.name)
MESSAGE = b"a message"


def generate(
    suite: frost.Suite, numbers: tuple[int, ...], min_signers: int
) -> tuple[dict[int, frost.Signer], frost.PublicKeys]:
    ceremonies = {n: frost.Ceremony(suite, n, numbers, min_signers, b"context") for n in numbers}
    firsts = {n: ceremony.first for n, ceremony in ceremonies.items()}
    seconds = {n: ceremony.deal(firsts) for n, ceremony in ceremonies.items()}
    done = {n: ceremony.finish(seconds) for n, ceremony in ceremonies.items()}
    assert all(keys == done[numbers[0]][1] for _, keys in done.values())
    return {n: signer for n, (signer, _) in done.items()}, done[numbers[0]][1]


def sign(
    signers: dict[int, frost.Signer], chosen: tuple[int, ...], tweaks: tuple[frost.KeyTweak, ...] = ()
) -> tuple[list[frost.Commitment], dict[int, bytes]]:
    commitments = [signers[n].commit() for n in chosen]
    return commitments, {n: signers[n].sign(commitments, MESSAGE, tweaks) for n in chosen}


def test_the_documented_example_runs() -> None:
    result = doctest.testmod(frost)
    assert result.attempted > 15
    assert result.failed == 0


@EVERY
def test_every_subset_signs(suite: frost.Suite) -> None:
    signers, keys = generate(suite, (1, 5, 300, 65535), 2)
    for size in (2, 3, 4):
        for chosen in itertools.combinations(signers, size):
            commitments, shares = sign(signers, chosen)
            signature = frost.aggregate(keys, commitments, MESSAGE, shares)
            assert len(signature) == suite.signature_bytes
            assert frost.is_valid(suite.id, keys.public_key, MESSAGE, signature)
            assert native.verify(suite.id, keys.public_key, MESSAGE, signature)
    for n, signer in signers.items():
        assert signer.verification_share == keys.verification_shares[n]


@EVERY
def test_blame(suite: frost.Suite) -> None:
    signers, keys = frost.trusted_dealer_for_tests(suite, 3, (1, 2, 3, 4, 5), b"blame")
    by_number = {signer.number: signer for signer in signers}
    commitments, shares = sign(by_number, (1, 2, 4, 5))
    assert frost.blame(keys, commitments, MESSAGE, shares) == ()
    _, others = sign(by_number, (1, 2, 4, 5))
    for wrong in ({2}, {1, 5}, {1, 2, 4, 5}):
        given = {n: others[n] if n in wrong else share for n, share in shares.items()}
        assert frost.blame(keys, commitments, MESSAGE, given) == tuple(sorted(wrong))
        with pytest.raises(InvalidPartial) as raised:
            frost.aggregate(keys, commitments, MESSAGE, given)
        assert raised.value.culprits == tuple(sorted(wrong))
    with pytest.raises(InvalidPartial, match="missing") as raised:
        frost.aggregate(
            keys, commitments, MESSAGE, {n: shares[n] for n in (1, 2, 4)} | {5: b"\xff" * suite.scalar_bytes}
        )
    assert raised.value.culprits == (5,)
    with pytest.raises(InvalidPartial, match="missing") as raised:
        frost.aggregate(keys, commitments, MESSAGE, {n: shares[n] for n in (1, 4)})
    assert raised.value.culprits == (2, 5)
    with pytest.raises(ValueError, match="3 are needed"):
        frost.aggregate(keys, commitments[:2], MESSAGE, shares)
    with pytest.raises(ValueError, match="strangers"):
        frost.aggregate(keys, [*commitments[:3], commitments[3]._replace(number=9)], MESSAGE, shares | {9: shares[5]})


@EVERY
def test_a_nonce_signs_once(suite: frost.Suite) -> None:
    signers, _ = frost.trusted_dealer_for_tests(suite, 2, (1, 2), b"once")
    one, two = signers
    commitments = [one.commit(), two.commit()]
    assert len({one.commit() for _ in range(40)}) == 40
    one.sign(commitments, MESSAGE)
    for again in (MESSAGE, b"another"):
        with pytest.raises(ValueError, match="never made here, or used"):
            one.sign(commitments, again)
    assert two.discard(commitments[1])
    assert not two.discard(commitments[1])
    with pytest.raises(ValueError, match="never made here, or used"):
        two.sign(commitments, MESSAGE)


def test_a_nonce_signs_once_for_many_threads() -> None:
    one, two = frost.trusted_dealer_for_tests(suites.P256, 2, (1, 2), b"threads")[0]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            commitments = [one.commit(), two.commit()]

            def attempt(i: int, commitments: list[frost.Commitment] = commitments) -> bool:
                try:
                    one.sign(commitments, b"%d" % i)
                except ValueError:
                    return False
                return True

            assert sum(pool.map(attempt, range(8))) == 1


@EVERY
def test_what_signing_refuses_leaves_the_nonce(suite: frost.Suite) -> None:
    signers, keys = frost.trusted_dealer_for_tests(suite, 2, (1, 2, 3), b"refuses")
    one, two, three = signers
    a, b, c = one.commit(), two.commit(), three.commit()
    bad = b"\xff" * suite.element_bytes
    refused: list[tuple[list[frost.Commitment], str]] = [
        ([], "length"),
        ([a], "min_signers"),
        ([b, a], "rise"),
        ([a, a], "rise"),
        ([a._replace(number=0), b], "rise"),
        ([b, c], "not among"),
        ([a._replace(hiding=a.binding, binding=a.hiding), b], "never made here"),
        ([a._replace(hiding=b.hiding), b], "never made here"),
        ([a, b._replace(binding=bad)], "no valid element"),
        ([a, b._replace(binding=bad[1:])], "length"),
    ]
    for commitments, why in refused:
        with pytest.raises(ValueError, match=why):
            one.sign(commitments, MESSAGE)
    with pytest.raises(ValueError, match="tweaks"):
        one.sign([a, b], MESSAGE, [frost.KeyTweak(frost.TweakKind.PLAIN, b"\xff" * suite.scalar_bytes)])
    shares = {1: one.sign([a, b], MESSAGE), 2: two.sign([a, b], MESSAGE)}
    assert frost.is_valid(suite.id, keys.public_key, MESSAGE, frost.aggregate(keys, [a, b], MESSAGE, shares))


def test_tweaks() -> None:
    """Every suite but one refuses; children of children, with both signs of every key on the way."""
    tweak = frost.KeyTweak(frost.TweakKind.PLAIN, bytes(31) + b"\x05")
    for suite in frost.SUITES:
        signers, keys = frost.trusted_dealer_for_tests(suite, 2, (1, 2), b"tweaks")
        if not suite.x_only:
            with pytest.raises(ValueError, match="tweaks"):
                keys.tweaked([tweak])
            continue
        signs = set()
        for i in range(24):
            plain = frost.KeyTweak(frost.TweakKind.PLAIN, i.to_bytes(32, "big"))
            child = keys.tweaked([plain])
            tweaks = (plain, frost.taproot(child.public_key, bytes([i]) * 32))
            output = keys.tweaked(tweaks)
            signs.add((child.public_key[0], output.public_key[0]))
            commitments, shares = sign({signer.number: signer for signer in signers}, (1, 2), tweaks)
            signature = frost.aggregate(keys, commitments, MESSAGE, shares, tweaks)
            assert frost.is_valid(suite.id, output.public_key, MESSAGE, signature)
            assert frost.blame(keys, commitments, MESSAGE, {1: shares[1], 2: shares[1]}, tweaks) == (2,)
        assert signs == {(2, 2), (2, 3), (3, 2), (3, 3)}
        with pytest.raises(ValueError, match="admit"):
            keys.tweaked([frost.KeyTweak(3, tweak.value)])


@EVERY
def test_a_dealer_in_key_generation_is_named(suite: frost.Suite) -> None:
    numbers = (1, 2, 3)

    def begun(context: bytes = b"context") -> tuple[dict[int, frost.Ceremony], dict[int, bytes]]:
        ceremonies = {n: frost.Ceremony(suite, n, numbers, 2, context) for n in numbers}
        return ceremonies, {n: ceremony.first for n, ceremony in ceremonies.items()}

    def refused(step: Callable[[], object], why: str, *culprits: int) -> None:
        with pytest.raises(CeremonyFailed, match=why) as raised:
            step()
        assert raised.value.culprits == culprits

    ceremonies, firsts = begun()
    element = suite.element_bytes
    wrong = {
        "no valid elements": firsts[2][:32] + b"\xff" * element + firsts[2][32 + element :],
        "proof of possession": firsts[2][:-1] + bytes([firsts[2][-1] ^ 1]),
        "another length": firsts[2][:-1],
    }
    for why, package in wrong.items():
        refused(lambda package=package: ceremonies[1].deal(firsts | {2: package}), why, 2)  # type: ignore[misc]
    _, others = begun(b"another ceremony")
    refused(lambda: ceremonies[1].deal(firsts | {3: others[3]}), "proof of possession", 3)
    refused(lambda: ceremonies[1].deal(firsts | {3: firsts[2]}), "proof of possession", 3)
    refused(lambda: ceremonies[1].deal(firsts | {1: others[1]}), "in this participant's name")
    refused(lambda: ceremonies[1].deal({1: firsts[1], 3: firsts[3]}), "each participant", 2)
    refused(lambda: ceremonies[1].finish(firsts), "out of its turn")

    seconds = {1: ceremonies[1].deal(firsts), 2: ceremonies[2].deal(firsts), 3: ceremonies[3].deal(firsts)}
    refused(lambda: ceremonies[1].deal(firsts), "out of its turn")
    misled, replaced = begun()
    refused(lambda: ceremonies[1].finish(seconds | {2: seconds[3]}), "does not open", 2)
    at = 40  # in what is sealed to participant 1
    altered = seconds[3][:at] + bytes([seconds[3][at] ^ 1]) + seconds[3][at + 1 :]
    refused(lambda: ceremonies[1].finish(seconds | {3: altered}), "does not open", 3)
    seen = misled[2].deal(replaced)
    refused(lambda: ceremonies[1].finish(seconds | {2: seen}), "other first packages", 2)
    signer, keys = ceremonies[1].finish(seconds)
    assert signer.verification_share == keys.verification_shares[1]
    refused(lambda: ceremonies[1].finish(seconds), "out of its turn")


@pytest.mark.parametrize(
    ("number", "participants", "min_signers", "why"),
    [
        (4, (1, 2, 3), 2, "not among"),
        (1, (1, 2, 2), 2, "rise"),
        (0, (0, 1), 2, "from 1 to 65535"),
        (1, (1, 65536), 2, "from 1 to 65535"),
        (1, (1, 2), 1, "min_signers"),
        (1, (1, 2), 3, "min_signers"),
        (1, tuple(range(1, 130)), 2, "at most 128"),
    ],
)
def test_ceremonies_that_cannot_be(number: int, participants: tuple[int, ...], min_signers: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        frost.Ceremony(suites.ED25519, number, participants, min_signers, b"")


@EVERY
def test_wrapped_shares(suite: frost.Suite) -> None:
    signers, keys = frost.trusted_dealer_for_tests(suite, 2, (1, 2), b"wrap")
    key = bytes(range(32))
    wrapped = signers[0].wrap(key)
    opened = frost.unwrap(wrapped, key)
    assert (opened.suite, opened.number, opened.min_signers) == (suite, 1, 2)
    assert (opened.public_key, opened.verification_share) == (keys.public_key, keys.verification_shares[1])
    commitments, shares = sign({1: opened, 2: signers[1]}, (1, 2))
    assert frost.aggregate(keys, commitments, MESSAGE, shares)
    for at in range(len(wrapped)):
        with pytest.raises(ValueError, match=r"not a wrapped share|altered"):
            frost.unwrap(wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :], key)
    for short in (b"", wrapped[:-1], wrapped + b"\x00"):
        with pytest.raises(ValueError, match="not a wrapped share"):
            frost.unwrap(short, key)
    with pytest.raises(ValueError, match="another key"):
        frost.unwrap(wrapped, bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        signers[0].wrap(b"short")


def test_owners_of_secrets_are_not_copied() -> None:
    signer = frost.trusted_dealer_for_tests(suites.ED25519, 2, (1, 2), b"copy")[0][0]
    ceremony = frost.Ceremony(suites.ED25519, 1, (1, 2), 2, b"")
    for owner in (signer, ceremony, signer._token, ceremony._core):
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="owns secrets"):
                duplicate(owner)
    for kind in (type(signer._token), type(ceremony._core)):
        with pytest.raises(TypeError, match="cannot create"):
            kind()


def test_a_fork_inherits_no_signer() -> None:
    signer = frost.trusted_dealer_for_tests(suites.ED25519, 2, (1, 2), b"fork")[0][0]
    commitment = signer.commit()
    child = os.fork()
    if child == 0:
        refused = 0
        for attempt in (signer.commit, lambda: signer.sign([commitment], b""), lambda: signer.wrap(bytes(32))):
            try:
                attempt()
            except RuntimeError:
                refused += 1
        os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


SAME_NUMBER = "#include <sys/types.h>\npid_t getpid(void) { return 42; }\n"
"""A number comes again when its process has ended, and every PID namespace has a process 1."""
CHILD = """
import os
from thresign import frost
from thresign.frost import suites
signer = frost.trusted_dealer_for_tests(suites.ED25519, 2, (1, 2), b"fork")[0][0]
signer.commit()
assert os.getpid() == 42
child = os.fork()
if child == 0:
    try:
        signer.commit()
    except RuntimeError:
        os._exit(3)
    os._exit(0)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_of_the_same_number_inherits_no_signer(tmp_path: Path) -> None:
    source, library = tmp_path / "number.c", tmp_path / "number.so"
    source.write_text(SAME_NUMBER)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    child = subprocess.run([sys.executable, "-c", CHILD], env={**os.environ, "LD_PRELOAD": str(library)}, check=False)
    assert child.returncode == 3


def locked_kib() -> int:
    return int(Path("/proc/self/status").read_text().partition("VmLck:")[2].split()[0])


def test_secrets_lie_in_locked_memory_and_leave_it() -> None:
    before = locked_kib()
    signers = frost.trusted_dealer_for_tests(suites.ED448, 2, (1, 2, 3), b"lock")[0]
    assert locked_kib() >= before + 3 * 4
    for signer in signers:
        signer.commit()
    ceremony = frost.Ceremony(suites.ED448, 1, (1, 2), 2, b"")
    assert locked_kib() >= before + 7 * 4
    del signers, signer, ceremony
    assert locked_kib() == before


@pytest.mark.parametrize("name", ["ed25519", "ristretto255", "ed448", "p256", "secp256k1"])
def test_figures_of_rfc_9591(name: str) -> None:
    """What the library can be given: polynomial, commitments and shares. It draws its nonces itself."""
    suite = suites.BY_NAME[name]
    read = {key: value for key, value in read_vectors(f"frost-{name}.txt").items() if key != "suite"}
    values = {key: bytes.fromhex(value) for key, value in read.items()}
    polynomial = values["group_secret_key"] + values["share_polynomial_coefficient", 1]
    verification = {}
    for number in (1, 2, 3):
        dealt = native.deal_for_tests(suite.id, polynomial, number)
        assert dealt.public_key == values["group_public_key"]
        verification[number] = dealt.verification_share
        assert dealt.verification_share == native.multiply(suite.group, values["participant_share", number])
    keys = frost.PublicKeys(suite, 2, values["group_public_key"], verification)
    commitments = [
        frost.Commitment(n, values["hiding_nonce_commitment", n], values["binding_nonce_commitment", n]) for n in (1, 3)
    ]
    shares = {n: values["sig_share", n] for n in (1, 3)}
    assert frost.aggregate(keys, commitments, values["message"], shares) == values["sig"]
    assert frost.blame(keys, commitments, values["message"], {1: shares[3], 3: shares[3]}) == (1,)


def test_the_session_of_the_documents_runs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "suites.md").read_text()
    session = page.partition("```python\n")[2].partition("```")[0]
    names: dict[str, object] = {}
    exec(session, names)
    assert isinstance(names["signature"], bytes)
