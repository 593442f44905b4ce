"""The token through PKCS#11: announce, learn, partials of one order and of many a call, certificates; and combining."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.house.tokens import Certified, Key, PlainMember, TokenDomain, TokenFiles, genesis_of, make_token, opened, pin
from thresign.custody.interface import Refused, SignCall
from thresign.custody.token import SoftwareToken
from thresign.frost import verify
from thresign.groups import ed25519, native
from thresign.orders import certificates
from thresign.orders.header import Certificate
from thresign.orders.orders import Order, SignOrder

ROUNDS = 60
MANY = 16
SIGNERS = [1, 2, 3]


def median_us(work: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """The median wall time of work(i), microseconds."""
    times = []
    for i in range(rounds):
        began = time.perf_counter()
        work(i)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def partials(domain: TokenDomain, key: Key, message: bytes) -> tuple[float, float, float, float]:
    """Microseconds: one certificate; one partial with its certificate known; a partial in a call of MANY; combining
    three partials and checking the signature."""
    token = domain.tokens[1]
    orders: list[SignOrder] = []
    certified: list[Certified] = []
    for _ in range(ROUNDS):
        order = domain.sign_order(key, message, SIGNERS)
        orders.append(order)
        certified.append(domain.certify([order], tell=False))
    check = median_us(lambda i: token.check_certificate(certified[i].certificate.encode()))
    calls = [one.call(message=message) for one in certified]
    partial = median_us(lambda i: signed(token, [calls[i]]))
    shares = []
    for number in SIGNERS:
        for one in certified if number != 1 else ():
            domain.tokens[number].check_certificate(one.certificate.encode())
        shares.append(signed(domain.tokens[number], [calls[0]])[0])
    commitments = [(s.number, s.hiding, s.binding) for s in orders[0].signers]

    def combine(_: int) -> None:
        signature = native.aggregate(key.suite, key.public_key, commitments, message, shares)
        if not verify.is_valid(key.suite, key.public_key, message, signature):
            raise RuntimeError("the signature does not verify")

    return check, partial, many(domain, key, message), median_us(combine)


def many(domain: TokenDomain, key: Key, message: bytes) -> float:
    """Microseconds a partial, MANY orders of one batch a call."""
    batches = []
    for _ in range(4):
        orders: list[Order] = [domain.sign_order(key, message, SIGNERS) for _ in range(MANY)]
        one = domain.certify(orders)
        batches.append([one.call(index, message) for index in range(MANY)])
    return median_us(lambda i: signed(domain.tokens[1], batches[i]), len(batches)) / MANY


def signed(token: SoftwareToken, calls: list[SignCall]) -> list[bytes]:
    """The partials; raises if the token refuses any."""
    answers, _ = token.sign(calls)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    if refused:
        raise RuntimeError(refused[0].name)
    return [answer for answer in answers if isinstance(answer, bytes)]


def section() -> None:
    """Prints the table."""
    message = b"m" * 32
    with tempfile.TemporaryDirectory(prefix="thresign-bench-") as directory:
        files: list[TokenFiles | PlainMember] = [make_token(Path(directory), f"m{n}") for n in range(1, 5)]
        genesis = genesis_of(files)
        tokens = [file for file in files if isinstance(file, TokenFiles)]
        for file in tokens:
            pin(file, genesis)
        with opened(tokens) as open_tokens:
            domain = TokenDomain(genesis, dict(enumerate(open_tokens, 1)))
            for token in domain.tokens.values():
                token.begin_incarnation(0)
            print("\nToken, through PKCS#11 (Ed25519, n = 4, min_signers = 3), microseconds, median")
            announce = median_us(lambda _: domain.tokens[4].announce(1, 16), 20) / 16
            began = time.perf_counter()
            key = domain.generate()
            generation_ms = (time.perf_counter() - began) * 1000
            for _ in range(3):
                domain.announce(count=64)
            check, partial, each, combine = partials(domain, key, message)
            header = domain.header([])
            python = Certificate(header, 0, domain.votes(header))
            verifies = median_us(lambda _: certificates.check(python, domain.domain, genesis.roster, ed25519.is_valid))
    rows = [
        ("announce, a nonce pair (16 a call)", announce),
        ("certificate of 3 votes, in the token", check),
        ("certificate of 3 votes, in Python (libsodium)", verifies),
        ("partial, certificate known, one a call", partial),
        (f"partial, {MANY} a call, each", each),
        ("aggregate 3 partials and verify (libsodium)", combine),
    ]
    for name, figure in rows:
        print(f"{name:<50}{figure:>9.1f}")
    print(f"{'key generation, all four tokens in turn, ms':<50}{generation_ms:>9.1f}")


if __name__ == "__main__":
    section()
