"""One vault of a stub domain, without process, disk or token: its Book, the key that it signs with, and what it writes.

A test plays the node, which may ask for anything in any order, and the other modules, honest or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.house.stub_domain import ED25519, NOW_MS, Checks, StubDomain
from tests.simulation.stubs import sign
from thresign.errors import ThresignError, VoteRefused
from thresign.ids import ModuleNumber
from thresign.ledger import ledger, snapshot
from thresign.ledger.draft import Plan
from thresign.orders.batch import Batch, Entry
from thresign.orders.header import Header, MemberSignature, Phase, vote_bytes
from thresign.orders.votes import NewView, PrePrepare, Vote
from thresign.vault.voting import commit, decide, prepare, propose, view_change
from thresign.vault.voting.book import Ballot, Book
from thresign.wire.canonical import Record


class CountingKey:
    """A vote key that remembers what it signed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.votes: list[tuple[Phase, int, bytes]] = []
        self.statements: list[bytes] = []

    def sign_vote(self, phase: Phase, view: int, header: bytes) -> bytes:
        self.votes.append((phase, view, header))
        return sign(self._key, vote_bytes(phase, view, header))

    def sign_statement(self, unsigned: bytes) -> bytes:
        self.statements.append(unsigned)
        return sign(self._key, unsigned)

    @property
    def signed(self) -> int:
        return len(self.votes) + len(self.statements)


class StubVault:
    """Module `number` of the domain. In a domain of 1 to n the primary of view v is module v % n + 1."""

    def __init__(self, number: int = 4, domain: StubDomain | None = None) -> None:
        self.domain = domain if domain is not None else StubDomain()
        self.number = number
        self.key = CountingKey(self.domain.key(number))
        self.checks = Checks(self.domain)
        self.book = Book(ModuleNumber(number), self.key, self.checks, self.domain.first_state())
        self.written: list[Record] = []
        self.now_ms = NOW_MS

    # --- what others would propose ----------------------------------------------------------------------------------

    def entry(self, count: int = 1, number: int = 1) -> Entry:
        """An entry that is permitted now; another `count` gives another entry."""
        pool = self.book.state.pools.get((ModuleNumber(number), ED25519))
        return self.domain.announcement(number, count, pool.next_counter if pool is not None else 0)

    def proposal(self, count: int = 1, time_ms: int | None = None, entries: Sequence[Entry] = ()) -> Proposed:
        """What an honest primary would propose for the next slot; another `count` gives another header."""
        chosen = tuple(entries) or (self.entry(count),)
        at = max(self.now_ms, self.book.state.time_ms) if time_ms is None else time_ms
        plan = ledger.plan(self.book.state, self.checks, at, chosen)
        assert isinstance(plan, Plan), plan
        return Proposed(self, ledger.next_header(self.book.state, plan), Batch(chosen).encode())

    # --- calls ------------------------------------------------------------------------------------------------------

    def take(self, ballot: Ballot) -> Any:
        """Writes down what the ballot wants written; the reply."""
        self.written.extend(ballot.records)
        return ballot.reply

    def prepare(self, message: PrePrepare) -> Any:
        return self.take(prepare.prepare(self.book, message, self.now_ms))

    def propose(self, view: int, entries: Sequence[Entry]) -> Any:
        ballot, _ = propose.propose(self.book, view, entries, self.now_ms)
        assert ballot is not None
        return self.take(ballot)

    def commit(self, view: int, header: Header, prepares: tuple[MemberSignature, ...]) -> Any:
        return self.take(commit.commit(self.book, view, header.sequence, header.digest(), prepares))

    def install(self, message: NewView) -> Any:
        return self.take(view_change.install(self.book, message))

    def change_view(self, view: int, justification: Sequence[Any] = ()) -> Any:
        return self.take(view_change.change_view(self.book, view, justification))

    # --- whole steps ------------------------------------------------------------------------------------------------

    def prepared(self, view: int = 0, count: int = 1) -> Proposed:
        """Prepares a proposal of the view's primary."""
        made = self.proposal(count)
        self.prepare(made.pre_prepare(view))
        return made

    def committed(self, view: int = 0, count: int = 1) -> Proposed:
        """Prepares and commits."""
        made = self.prepared(view, count)
        self.commit(view, made.header, made.prepares(view))
        return made

    def decide(self, made: Proposed | None = None, view: int = 0) -> Proposed:
        """Applies a decided batch."""
        chosen = made if made is not None else self.proposal()
        certificate = self.domain.certificate(chosen.header, view)
        _, record = decide.decide(self.book, certificate, chosen.body)
        self.written.append(record)
        return chosen

    def enter(self, view: int, numbers: Sequence[int] = (), **carried: Any) -> NewView:
        """Installs a view by view-changes that all carry the same (nothing, unless said)."""
        carried.setdefault("decided", self.book.decided)
        message = self.domain.new_view(view, self.domain.view_changes(view, numbers, **carried))
        self.install(message)
        return message

    # --- looking ----------------------------------------------------------------------------------------------------

    def memory(self) -> object:
        """All that the vault's next vote depends on, apart from caches, to see that a refusal changed nothing."""
        book = self.book
        return (
            snapshot.digest(book.state),
            (book.view, book.entered, book.installed, book.floor, book.low, book.horizon, book.decided, book.chain),
            dict(book.demanded),
            dict(book.accepted),
            dict(book.votes),
            dict(book.prepared),
            dict(book.changes),
            dict(book.checkpoints),
            dict(book.bodies),
        )

    @contextmanager
    def refuses(self, said: str, kind: type[ThresignError] = VoteRefused) -> Iterator[pytest.ExceptionInfo[Any]]:
        """What happens inside is refused with this error, and leaves neither a signature nor a trace."""
        signed, before, written = self.key.signed, self.memory(), list(self.written)
        with pytest.raises(kind, match=said) as caught:
            yield caught
        assert type(caught.value) is kind
        assert self.key.signed == signed
        assert self.memory() == before
        assert self.written == written


class Proposed:
    """A header and its body, and what the others say about it."""

    def __init__(self, vault: StubVault, header: Header, body: bytes) -> None:
        self.domain = vault.domain
        self.header = header
        self.body = body

    @property
    def digest(self) -> bytes:
        return self.header.digest()

    def pre_prepare(self, view: int = 0, number: int | None = None) -> PrePrepare:
        return self.domain.pre_prepare(view, self.header, self.body, number)

    def backups(self, view: int) -> tuple[int, ...]:
        primary = self.domain.roster.primary(view)
        return tuple(number for number in self.domain.numbers if number != primary)

    def prepares(self, view: int = 0, numbers: Sequence[int] = ()) -> tuple[MemberSignature, ...]:
        """Of the first q - 1 backups, unless said."""
        chosen = tuple(numbers) or self.backups(view)[: self.domain.q - 1]
        return self.domain.member_votes(Phase.PREPARE, view, self.header, chosen)

    def vote(self, number: int, phase: Phase, view: int = 0) -> Vote:
        return self.domain.vote(number, phase, view, self.header)
