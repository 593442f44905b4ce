"""Traces of AgreeThenRelease, replayed against the real voting rules and the stub token.

Each step of a trace is one call to one vault, with the evidence that the state before it provides: what the model
allows, the rules have to allow, and they have to come to the same. (What the rules forbid beyond the model, jumps of
more than one view, does not occur with two views.)
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

from tests.model.traces import State
from tests.simulation.explore import proposal
from tests.simulation.monitor import Monitor
from tests.simulation.stubs import StubChecks, StubToken, sign
from tests.simulation.world import START_MS, World
from thresign.ledger.ledger import first_state
from thresign.orders.header import Certificate, Header, MemberSignature, Phase, vote_bytes
from thresign.orders.votes import NewView, Prepared, PrePrepare, ViewChange
from thresign.vault.voting import commit, decide, prepare, propose, view_change
from thresign.vault.voting.book import Book
from thresign.wire.canonical import Record

NONE = "none"


class Replay:
    """The vaults of the correct modules, and whatever the liar can sign."""

    def __init__(self, first: State) -> None:
        self.world = World(0, 4)
        monitor = Monitor()
        monitor.byzantine = set(self.world.modules)
        self.honest = sorted(first["view"])
        self.liars = [number for number in self.world.modules if number not in self.honest]
        self.books: dict[int, Book] = {}
        self.tokens: dict[int, StubToken] = {}
        for number in self.honest:
            token = StubToken(number, self.world.roster, self.world.domain, monitor, [0])
            state = first_state(self.world.genesis, self.world.settings)
            self.books[number] = Book(number, token, StubChecks(token), state)  # type: ignore[arg-type]
            self.tokens[number] = token
        self.entries = {
            name: self.world.request(
                "/v1/keys", b'{"name": "%s", "suite": "ed25519"}' % name.encode(), "application/json"
            )
            for name in ("a", "b")
        }
        book = self.books[self.honest[0]]
        self.proposals = {name: proposal(self.world, book, entry) for name, entry in self.entries.items()}
        self.done: Counter[str] = Counter()
        self.sent: dict[tuple[int, int], ViewChange] = {}
        """By module and view: view-changes that were signed; a vault forgets its own once it is in the view."""

    # --- evidence -------------------------------------------------------------------------------------------------

    def header(self, name: str) -> Header:
        return self.proposals[name].header

    def vote(self, number: int, phase: Phase, view: int, name: str) -> MemberSignature:
        """Anybody's vote: the model's state says who has cast it."""
        key = self.world.modules[number].key
        return MemberSignature(number, sign(key, vote_bytes(phase, view, self.header(name).encode())))

    def primary(self, view: int) -> int:
        return self.world.roster.primary(view)

    def pre_prepare(self, view: int, name: str) -> PrePrepare:
        signature = self.vote(self.primary(view), Phase.PRE_PREPARE, view, name).signature
        return PrePrepare(view, self.header(name), self.proposals[name].body, signature)

    def prepares(self, state: State, view: int, name: str) -> tuple[MemberSignature, ...]:
        who = [m for m in self.honest if state["prepared"][m][view] == name] + self.liars
        backups = sorted(number for number in who if number != self.primary(view))[: self.world.roster.q - 1]
        return tuple(self.vote(number, Phase.PREPARE, view, name) for number in backups)

    def certificate(self, state: State, name: str) -> Certificate:
        for view in state["prepared"][self.honest[0]]:
            who = sorted([m for m in self.honest if state["committed"][m][view] == name] + self.liars)
            if len(who) >= self.world.roster.q:
                votes = (self.vote(number, Phase.COMMIT, view, name) for number in who[: self.world.roster.q])
                return Certificate(self.header(name), view, tuple(votes))
        raise AssertionError(f"no certificate for {name}")

    def prepared(self, state: State, view: int, name: str) -> tuple[Prepared, ...]:
        if view < 0:
            return ()
        primary = self.vote(self.primary(view), Phase.PRE_PREPARE, view, name).signature
        return (Prepared(view, self.header(name), primary, self.prepares(state, view, name)),)

    def lies(self, state: State, number: int, view: int) -> Iterable[ViewChange]:
        """What a liar's view-change may prove: nothing, or what can be prepared."""
        proofs: list[tuple[Prepared, ...]] = [()]
        for below, name in itertools.product(range(view), self.entries):
            found = self.prepared(state, below, name)
            behind = sum(state["prepared"][m][below] == name for m in self.honest) + len(self.liars)
            proofs += [found] if behind >= self.world.roster.q else []
        for proof in proofs:
            said = ViewChange(self.world.domain, 0, self.world.roster.digest(), view, number, (), proof, bytes(64))
            signature = sign(self.world.modules[number].key, said.signed_bytes())
            yield ViewChange(self.world.domain, 0, self.world.roster.digest(), view, number, (), proof, signature)

    # --- steps ----------------------------------------------------------------------------------------------------

    def step(self, before: State, after: State) -> None:
        """Finds out what the model did, and has the vault do the same."""
        number = next(m for m in self.honest if any(before[name][m] != after[name][m] for name in before))
        book = self.books[number]
        changed = {name for name in before if before[name][number] != after[name][number]}
        if "view" in changed:
            self.install(before, after, number)
        elif "entered" in changed:
            self.done["view-change"] += 1
            view_change.change_view(book, after["entered"][number], ())
        elif "prepared" in changed:
            self.propose_or_prepare(book, after["view"][number], after["prepared"][number][after["view"][number]])
        elif "committed" in changed:
            self.done["commit"] += 1
            view = after["view"][number]
            name = after["committed"][number][view]
            commit.commit(book, view, 1, self.header(name).digest(), self.prepares(before, view, name))
        elif "decided" in changed:
            self.decide(before, number, after["decided"][number])
        elif "released" in changed:
            self.done["release"] += 1
            for name in after["released"][number]:
                assert self.header(name).digest() in self.tokens[number].headers
        self.compare(after, number)

    def propose_or_prepare(self, book: Book, view: int, name: str) -> None:
        if self.primary(view) != book.number:
            self.done["prepare"] += 1
            prepare.prepare(book, self.pre_prepare(view, name), START_MS)
            return
        self.done["pre-prepare"] += 1
        reply: Record
        if book.next in book.demanded:
            reply = propose.repropose(book, view, self.header(name), self.proposals[name].body).reply
        else:
            ballot, _ = propose.propose(book, view, [self.entries[name]], START_MS)
            assert ballot is not None
            reply = ballot.reply
        assert reply == self.pre_prepare(view, name)

    def decide(self, state: State, number: int, name: str) -> None:
        self.done["decide"] += 1
        certificate = self.certificate(state, name)
        self.tokens[number].check_certificate(certificate.encode())
        decide.decide(self.books[number], certificate, self.proposals[name].body)

    def install(self, before: State, after: State, number: int) -> None:
        """Finds view-changes of a quorum that lead to what the model has; the new view's primary signs them."""
        self.done["install"] += 1
        book, view = self.books[number], after["view"][number]
        for message in self.new_views(before, view):
            copied = view_change.outcome(message.changes)
            demanded = {header.digest() for header in copied.demanded}
            wanted = after["demanded"][number]
            decides = before["decided"][number] != after["decided"][number]
            if copied.floor() == 0 and not decides and demanded == self.digests(wanted):
                view_change.install(book, message)
                return
            if copied.floor() > 0 and (decides or before["decided"][number] != NONE):
                view_change.install(book, message)
                if decides:
                    self.decide(before, number, after["decided"][number])
                return
        raise AssertionError(f"no new-view for view {view} leads to {after['demanded'][number]}")

    def new_views(self, state: State, view: int) -> Iterable[NewView]:
        said = {m: [self.books[m].changes[view]] for m in self.honest if view in self.books[m].changes}
        gone = {m: [self.sent[m, view]] for m in self.honest if (m, view) in self.sent}
        said = gone | said
        said |= {liar: list(self.lies(state, liar, view)) for liar in self.liars}
        for quorum in itertools.combinations(sorted(said), self.world.roster.q):
            for changes in itertools.product(*(said[number] for number in quorum)):
                leader = self.primary(view)
                unsigned = NewView(self.world.domain, 0, self.world.roster.digest(), view, leader, changes, bytes(64))
                signature = sign(self.world.modules[leader].key, unsigned.signed_bytes())
                yield NewView(self.world.domain, 0, self.world.roster.digest(), view, leader, changes, signature)

    def digests(self, name: str) -> set[bytes]:
        return set() if name == NONE else {self.header(name).digest()}

    def compare(self, after: State, number: int) -> None:
        """The vault has come to what the model has."""
        book = self.books[number]
        self.sent.update({(number, view): change for view, change in book.changes.items()})
        assert (book.view, book.entered) == (after["view"][number], after["entered"][number])
        name = after["decided"][number]
        assert book.state.sequence == (name != NONE)
        assert name == NONE or book.state.head == self.header(name).digest()
        if name == NONE:
            for view, voted in after["committed"][number].items():
                held = book.votes.get((Phase.COMMIT, view, 1))
                assert (held is not None) == (voted != NONE)
                assert held is None or held[0] == self.header(voted).digest()


def replay(states: Iterable[State]) -> Counter[str]:
    """Replays one trace; returns how many calls of each kind it took. Raises what the rules raise."""
    pairs = list(itertools.pairwise(states))
    run = Replay(pairs[0][0])
    for before, after in pairs:
        if before != after:
            run.step(before, after)
    return run.done
