"""Lies about views: view-changes that forget or forge, jumps to far views, new-views that differ from peer to peer."""

from __future__ import annotations

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.agreement.pbft.messages import Standing
from thresign.orders.header import Certificate, MemberSignature
from thresign.orders.votes import NewView, Prepared, ViewChange
from thresign.wire.canonical import Record


class BadViewChanges(Behaviour):
    """It always suspects the primary, announces view-changes of its own accord, near and far, and as primary of a new
    view gives different new-views to different modules, some with a quorum of its own invention."""

    name = "bad view-changes"
    every_ms = 150.0

    def __init__(self, world, module, rng) -> None:  # type: ignore[no-untyped-def]
        super().__init__(world, module, rng)
        self.heard: dict[int, dict[int, ViewChange]] = {}

    def incoming(self, sender: int, message: Record) -> bool:
        if isinstance(message, ViewChange):
            self.heard.setdefault(message.view, {})[message.number] = message
        return True

    def outgoing(self, to: int, message: Record) -> Sent:
        match message:
            case ViewChange():
                self.lied()
                self.heard.setdefault(message.view, {})[self.number] = message
                return [(to, self._lying(message))]
            case NewView():
                return [(to, self._other(message))]
            case Standing():
                return [(to, replace(message, suspects=1))]
        return [(to, message)]

    def _lying(self, change: ViewChange) -> ViewChange:
        kind = self.rng.randrange(5)
        prepared = change.prepared
        if kind == 0:
            return self.signed(replace(change, prepared=()))
        if kind == 1 and prepared:
            return self.signed(replace(change, prepared=(self._forged(prepared[0], change.view), *prepared[1:])))
        if kind == 2:
            return self.signed(replace(change, decided=(), prepared=()))
        if kind == 3 and change.decided:
            return self.signed(replace(change, decided=(self._stretched(change.decided[0]),), prepared=()))
        return change

    def _forged(self, proof: Prepared, view: int) -> Prepared:
        """A header that nobody prepared, as prepared in the highest view that fits, with signatures of nothing."""
        header = replace(proof.header, batch_root=self.rng.randbytes(32))
        prepares = tuple(MemberSignature(vote.number, self.rng.randbytes(64)) for vote in proof.prepares)
        return Prepared(view - 1, header, self.rng.randbytes(64), prepares)

    def _stretched(self, certificate: Certificate) -> Certificate:
        """A certificate for a slot that was never decided, with the votes of one that was."""
        return replace(certificate, header=replace(certificate.header, sequence=certificate.header.sequence + 3))

    def _other(self, message: NewView) -> NewView:
        """The same view over another quorum of view-changes, if one was heard: valid, and different. Or a lie in it."""
        heard = self.heard.get(message.view, {})
        if self.rng.random() < 0.5 or len(heard) < len(message.changes):
            return message
        self.lied()
        chosen = self.rng.sample(sorted(heard), len(message.changes))
        changes = tuple(self._maybe(heard[number]) for number in sorted(chosen))
        return self.signed(replace(message, changes=changes))

    def _maybe(self, change: ViewChange) -> ViewChange:
        """Its own word bent; another's cut, so that its signature no longer covers it."""
        if self.rng.random() < 0.7:
            return change
        return self._lying(change) if change.number == self.number else replace(change, prepared=())

    def act(self) -> None:
        book = self.module.service.book if self.module.service is not None else None
        if book is None:
            return
        view = max(book.view, book.entered) + self.rng.choice([0, 1, 1, 2, 50, 1 << 40])
        decided = (book.decided,) if book.decided is not None else ()
        domain, epoch, roster = book.state.domain, book.state.roster.epoch, book.state.roster.digest()
        change = self.signed(ViewChange(domain, epoch, roster, max(1, view), self.number, decided, (), bytes(64)))
        for to in self.others:
            self.say(to, change)
            self.say(to, Standing(view, view + 1, book.state.sequence, book.low, 1))
