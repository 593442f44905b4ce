"""Trust domains around a real token, in which the test holds vote keys: it can certify anything, and forge for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.house.tokens import Key, PlainMember, TokenDomain, TokenFiles, genesis_of, make_token, opened, pin
from thresign.custody.interface import Refused, SignCall
from thresign.custody.token import SoftwareToken, TokenRefused
from thresign.orders.header import Certificate, Header, MemberSignature, Phase
from thresign.orders.orders import SignOrder

MESSAGE = b"a message that the domain agreed on"


SMALL_ORDER = (
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
)
"""The eight points of order 1, 2, 4 and 8 of edwards25519, encoded."""
NON_CANONICAL = (
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)
"""y not below p, or the sign of x = 0."""


def refused(action: Callable[[], object]) -> str:
    """The token's name for why it refuses the whole call; fails if it does not refuse."""
    try:
        action()
    except TokenRefused as error:
        return error.reason.name
    raise AssertionError("the token did not refuse")


def raw_certificate(header: Header, view: int, votes: Sequence[MemberSignature]) -> bytes:
    """A certificate's bytes without the checks that Certificate.encode makes."""
    body = len(votes).to_bytes(4, "big") + b"".join(vote.encode() for vote in votes)
    return Certificate.TAG + header.encode() + view.to_bytes(8, "big") + body


@dataclass
class Quorum:
    """Member 1 is a token; the test has the vote keys of all others, which are at least a quorum."""

    domain: TokenDomain
    token: SoftwareToken

    @property
    def plain(self) -> list[int]:
        return [number for number in sorted(self.domain.members) if number != 1]

    @property
    def q(self) -> int:
        return self.domain.genesis.roster.q

    def header(self) -> Header:
        return self.domain.header([])

    def votes(
        self, header: Header, voters: Sequence[int] = (), view: int = 0, phase: Phase = Phase.COMMIT
    ) -> list[MemberSignature]:
        chosen = voters or self.plain[: self.q]
        return [MemberSignature(n, self.domain.members[n].sign_vote(phase, view, header.encode())) for n in chosen]

    def unknown(self, header: Header) -> bool:
        """The token gives nothing for orders under this header: it never came to believe in it."""
        answers, _ = self.token.sign([SignCall(header.digest(), 0, 1, (), b"any order", b"")])
        assert isinstance(answers[0], Refused)
        return answers[0].name == "TS_UNKNOWN_HEADER"

    def check(self, header: Header, votes: Sequence[MemberSignature], view: int = 0) -> None:
        """What any caller of the token can do: show it a certificate."""
        self.token.check_certificate(raw_certificate(header, view, votes))


@contextmanager
def quorum_domain(root: Path, n: int) -> Iterator[Quorum]:
    """n members: a token and plain keys. No key is generated: the certificate comes before all that."""
    root.mkdir(exist_ok=True)
    token = make_token(root, "m1")
    members: list[TokenFiles | PlainMember] = [token, *(PlainMember() for _ in range(n - 1))]
    genesis = genesis_of(members)
    pin(token, genesis)
    with opened([token]) as (first,):
        plain = {number: member for number, member in enumerate(members, 1) if isinstance(member, PlainMember)}
        yield Quorum(TokenDomain(genesis, {1: first, **plain}), first)


@dataclass
class Signers:
    """Members 1 to 3 are tokens that share a 2-of-3 key; member 4 is a plain key and holds no share."""

    domain: TokenDomain
    key: Key
    tokens: list[SoftwareToken]

    def order(self, message: bytes = MESSAGE, signers: tuple[int, ...] = (1, 2), **changes: object) -> SignOrder:
        return self.domain.sign_order(self.key, message, list(signers), **changes)

    def ask(self, call: SignCall, number: int = 1) -> bytes | Refused:
        answers, _ = self.tokens[number - 1].sign([call])
        return answers[0]

    def refusal(self, call: SignCall, number: int = 1) -> str:
        """The token's name for why it makes no partial; fails if it makes one."""
        answer = self.ask(call, number)
        assert isinstance(answer, Refused), "the token made a partial"
        return answer.name

    def refusal_of(self, order: SignOrder, message: bytes = MESSAGE, number: int = 1) -> str:
        """The same for an order that a quorum has certified."""
        return self.refusal(self.domain.certify([order]).call(message=message), number)

    def partial(self, call: SignCall, number: int = 1) -> bytes:
        answer = self.ask(call, number)
        assert isinstance(answer, bytes), answer
        return answer


@contextmanager
def signers_domain(root: Path) -> Iterator[Signers]:
    root.mkdir(exist_ok=True)
    files = [make_token(root, f"m{number}") for number in (1, 2, 3)]
    fourth = PlainMember()
    genesis = genesis_of([*files, fourth])
    for file in files:
        pin(file, genesis)
    with opened(files) as tokens:
        domain = TokenDomain(genesis, {**dict(enumerate(tokens, 1)), 4: fourth})
        for token in tokens:
            token.begin_incarnation(0)
        key = domain.generate(min_signers=2)
        domain.announce(count=64)
        yield Signers(domain, key, tokens)
