"""One known signature of each suite: verifiers are tried before they are trusted, loaded before files are closed.

Figures of RFC 9591 appendix E (message "test") and of BIP-340's first test vector.
"""

from __future__ import annotations

from thresign.errors import ensure
from thresign.frost import suites, verify

_KNOWN: tuple[tuple[suites.Suite, str, str, str], ...] = (
    (
        suites.ED25519,
        "15d21ccd7ee42959562fc8aa63224c8851fb3ec85a3faf66040d380fb9738673",
        "74657374",
        "36282629c383bb820a88b71cae937d41f2f2adfcc3d02e55507e2fb9e2dd3cbebd9d2b0844e49ae0f3fa935161e1419a"
        "ab7b47d21a37ebeae1f17d4987b3160b",
    ),
    (
        suites.RISTRETTO255,
        "e2a62f39eede11269e3bd5a7d97554f5ca384f9f6d3dd9c3c0d05083c7254f57",
        "74657374",
        "fc45655fbc66bbffad654ea4ce5fdae253a49a64ace25d9adb62010dd9fb25552164141787162e5b4cab915b4aa45d94"
        "655dbb9ed7c378a53b980a0be220a802",
    ),
    (
        suites.ED448,
        "3832f82fda00ff5365b0376df705675b63d2a93c24c6e81d40801ba265632be10f443f95968fadb70d10786827f30dc001c8d0f9b7c1d1b000",
        "74657374",
        "cd642cba59c449dad8e896a78a60e8edfcbd9040df524370891ff8077d47ce721d683874483795f0d85efcbd642c4510"
        "614328605a19c6ed806ffb773b6956419537cdfdb2b2a51948733de192dcc4b82dc31580a536db6d435e0cb3ce322fbc"
        "f9ec23362dda27092c08767e607bf2093600",
    ),
    (
        suites.P256,
        "023a309ad94e9fe8a7ba45dfc58f38bf091959d3c99cfbd02b4dc00585ec45ab70",
        "74657374",
        "026d8d434874f87bdb7bc0dfd239b2c00639044f9dcb195e9a04426f70bfa4b70d9620acac6767e8e3e3036815fca4eb"
        "3a3caa69992b902bcd3352fc34f1ac192f",
    ),
    (
        suites.SECP256K1,
        "02f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f",
        "74657374",
        "0205b6d04d3774c8929413e3c76024d54149c372d57aae62574ed74319b5ea14d0c65dde8492a7471437e6c2fe3da49b"
        "90d23f642b5c6dbe7e36089f096dd97324",
    ),
    (
        suites.SECP256K1_TR,
        "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5"
        "ebeee8fdb2172f477df4900d310536c0",
    ),
)


def check() -> None:
    """Verifies each, and that each with one bit altered is refused. Raises InvariantBroken: then nothing is verified.

    Some of the libraries load code on first use, which a vault that has closed its files to itself no longer could.
    """
    for suite, *figures in _KNOWN:
        key, message, signature = map(bytes.fromhex, figures)
        altered = signature[:-2] + bytes([signature[-2] ^ 1]) + signature[-1:]
        ensure(
            verify.is_valid(suite.id, key, message, signature),
            f"the verifier of {suite.name} refuses a known signature",
        )
        ensure(
            not verify.is_valid(suite.id, key, message, altered),
            f"the verifier of {suite.name} accepts what it must not",
        )


ensure({suite.id for suite, *_ in _KNOWN} == set(suites.BY_ID), "a known signature of every suite")
