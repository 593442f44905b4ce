"""A backup whose prepares and commits differ from peer to peer: for this, for that, for nothing, or badly signed."""

from __future__ import annotations

from msgspec.structs import replace

from tests.simulation.byzantine.behaviour import Behaviour, Sent
from thresign.orders.header import Header, Phase
from thresign.orders.votes import PrePrepare, Vote
from thresign.wire.canonical import Record


class SplitPrepares(Behaviour):
    """Of its votes some peers get the right one, some one with a signature that does not verify, some one for a header
    that nobody proposed, some none, some both."""

    name = "split prepares"

    def __init__(self, world, module, rng) -> None:  # type: ignore[no-untyped-def]
        super().__init__(world, module, rng)
        self.headers: dict[bytes, Header] = {}

    def incoming(self, sender: int, message: Record) -> bool:
        if isinstance(message, PrePrepare):
            self.headers = {message.header.digest(): message.header}
        return True

    def outgoing(self, to: int, message: Record) -> Sent:
        if not isinstance(message, Vote):
            return [(to, message)]
        kind = self.rng.randrange(5)
        if kind == 0:
            return [(to, message)]
        self.lied()
        if kind == 1:
            return [(to, replace(message, signature=self.rng.randbytes(64)))]
        if kind == 2:
            return []
        header = self.headers.get(message.header)
        if header is None:
            return [(to, message)]
        other = self.vote(Phase(message.phase), message.view, replace(header, time_ms=header.time_ms + 1))
        return [(to, other), (to, message)] if kind == 3 else [(to, message), (to, other)]
