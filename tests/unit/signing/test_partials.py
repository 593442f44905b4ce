"""Partials: which count, and what becomes of the wrong ones."""

from __future__ import annotations

from msgspec.structs import replace

from tests.house.walker import Walker, of, outsider, said
from thresign.orders.digests import sha256
from thresign.orders.statements import Partials
from thresign.signing.events import (
    AskReport,
    Blame,
    Journal,
    OwnSigned,
)
from thresign.signing.messages import PartialsOf
from thresign.vault import calls


def test_partials_that_do_not_count() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a))
    walker.hear(b, walker.partials_of(b))
    bad = (
        (c, replace(walker.partials_of(c), partials=replace(walker.partials(c), signature=bytes(64)))),
        (c, replace(walker.partials_of(c), partials=walker.partials(a))),  # another's, said by this one
        (a, walker.partials_of(c)),  # this one's, said by another
        (c, walker.partials_of(c, domain=sha256(b"other"))),
        (c, walker.partials_of(c, leaf=sha256(b"another order"))),
        (walker.number, walker.partials_of(walker.number)),  # no signer
        (9, walker.partials_of(9)),  # no member
    )
    for sender, message in bad:
        effects = walker.hear(sender, message)
        assert of(effects, Journal) == []
        assert of(effects, Blame) == []
    assert of(walker.hear(c, walker.partials_of(c)), Journal)


def test_the_first_partial_of_a_signer_counts() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a))
    walker.hear(a, walker.partials_of(a, share=bytes(32)))
    walker.hear(b, walker.partials_of(b))
    assert of(walker.hear(c, walker.partials_of(c)), Journal)


def test_a_wrong_partial_is_blamed_on_its_signer_and_ends_the_order() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a, share=bytes(32)))
    walker.hear(b, walker.partials_of(b))
    effects = walker.hear(c, walker.partials_of(c))
    assert [(blame.number, blame.order) for blame in of(effects, Blame)] == [(a, walker.leaf)]
    assert of(effects, Journal) == []
    walker.give_up()
    (ask,) = of(walker.effects, AskReport)
    assert (ask.order, ask.missing) == (walker.leaf, (a,))


def test_two_wrong_partials_are_both_blamed() -> None:
    walker = Walker(outsider(Walker()))
    a, b, c = walker.signers
    walker.hear(a, walker.partials_of(a, share=bytes(32)))
    walker.hear(b, walker.partials_of(b))
    effects = walker.hear(c, walker.partials_of(c, share=bytes(32)))
    assert {blame.number for blame in of(effects, Blame)} == {a, c}


def test_what_the_own_token_refused_is_told() -> None:
    walker = Walker(Walker().signers[0])
    refusal = calls.Refusal(walker.leaf, 0x3F, "TS_NONCE_USED: ")
    none = Partials(walker.domain.id, walker.number, (), bytes(64))
    effects = walker.step(OwnSigned(calls.Signed(walker.header.sequence, none, (refusal,), 0)))
    assert [(b.number, b.order, b.why) for b in of(effects, Blame)] == [(walker.number, walker.leaf, "TS_NONCE_USED: ")]
    assert said(effects, PartialsOf) == []
