"""Large bodies on their way: a body over 64 KiB goes to all modules ahead of its request, in chunks.

The module that a caller talks to sends the body to the others; each checks it against its digest, gives it to its vault
as a sealed memfd, and says that it has it. The request is put forward once q modules have it. A module that lacks the
message of an order, large or not, asks for it by its digest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from thresign.limits import BODIES_BYTES_MAX, BODY_BYTES_IN_BATCH_MAX, BODY_BYTES_MAX, CHUNK_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.wire.canonical import U32, Bytes32, Record, Var

COMING_MAX = 8
"""Bodies that one peer may have on the way at once."""
SPREAD_MAX = 256
WANTED_MAX = 1024


class BodyChunk(Record, frozen=True):
    """A piece of a body; pieces come in order."""

    TAG: ClassVar[bytes] = b"tb.chnk1"
    content_sha256: Bytes32
    body_bytes: U32
    offset: U32
    data: Annotated[bytes, Var(CHUNK_BYTES_MAX)]


class BodyHeld(Record, frozen=True):
    """The sender's vault has the body."""

    TAG: ClassVar[bytes] = b"tb.held1"
    content_sha256: Bytes32


class FetchBody(Record, frozen=True):
    """Send the body."""

    TAG: ClassVar[bytes] = b"tb.fetch"
    content_sha256: Bytes32


def chunks(content_sha256: bytes, body: bytes) -> Iterator[BodyChunk]:
    """A body in pieces, for a peer."""
    for at in range(0, len(body), CHUNK_BYTES_MAX):
        yield BodyChunk(content_sha256, len(body), at, body[at : at + CHUNK_BYTES_MAX])


MESSAGES: dict[bytes, type[Record]] = {kind.TAG: kind for kind in (BodyChunk, BodyHeld, FetchBody)}


@dataclass(slots=True)
class _Coming:
    size: int
    data: bytearray = field(default_factory=bytearray)


class Bodies:
    """What has arrived, what is arriving, and who has what."""

    def __init__(self) -> None:
        self._whole: OrderedDict[bytes, bytes] = OrderedDict()
        self._bytes = 0
        self._coming: dict[int, OrderedDict[bytes, _Coming]] = {}
        self._wanted: OrderedDict[bytes, None] = OrderedDict()
        """What this node asked for. Bounded."""
        self._holders: OrderedDict[bytes, set[int]] = OrderedDict()
        """By digest, of what this node spreads: the modules that said that they have it. Bounded."""

    def get(self, content_sha256: bytes) -> bytes | None:
        """The body, if it is here."""
        return self._whole.get(content_sha256)

    def again(self, content_sha256: bytes) -> bytes | None:
        """The body, if it is here, for another request: it is the newest again."""
        if content_sha256 in self._whole:
            self._whole.move_to_end(content_sha256)
        return self._whole.get(content_sha256)

    def put(self, content_sha256: bytes, body: bytes) -> None:
        """Keeps a whole body; the oldest go when there are too many bytes."""
        if self.again(content_sha256) is not None:
            return
        self._whole[content_sha256] = body
        self._bytes += len(body)
        while self._bytes > BODIES_BYTES_MAX:
            _, oldest = self._whole.popitem(last=False)
            self._bytes -= len(oldest)

    def everything(self) -> list[tuple[bytes, bytes]]:
        """All whole bodies, by digest."""
        return list(self._whole.items())

    def want(self, content_sha256: bytes) -> None:
        """A module is asked for this."""
        self._wanted[content_sha256] = None
        if len(self._wanted) > WANTED_MAX:
            self._wanted.popitem(last=False)

    def take(self, sender: int, chunk: BodyChunk) -> bytes | None:
        """Takes a piece in; returns the body once it is whole and has its digest. What does not fit is dropped, and so
        is what would have fitted in a batch, unless it was asked for: it would take more room here than its bytes."""
        if chunk.content_sha256 in self._whole or not 0 < chunk.body_bytes <= BODY_BYTES_MAX:
            return None
        if chunk.body_bytes <= BODY_BYTES_IN_BATCH_MAX and chunk.content_sha256 not in self._wanted:
            return None
        coming = self._coming.setdefault(sender, OrderedDict())
        if chunk.offset == 0:
            coming[chunk.content_sha256] = _Coming(chunk.body_bytes)
            while len(coming) > COMING_MAX:
                coming.popitem(last=False)
        held = coming.get(chunk.content_sha256)
        if held is None or chunk.offset != len(held.data) or chunk.body_bytes != held.size:
            return None
        held.data += chunk.data
        if len(held.data) < held.size:
            return None
        del coming[chunk.content_sha256]
        body = bytes(held.data)
        if len(body) != chunk.body_bytes or sha256(body) != chunk.content_sha256:
            return None
        self._wanted.pop(chunk.content_sha256, None)
        self.put(chunk.content_sha256, body)
        return body

    def spread(self, content_sha256: bytes) -> None:
        """From now on it counts who has this body. Who had it for an earlier request may not have it any more."""
        self._holders.pop(content_sha256, None)
        self._holders[content_sha256] = set()
        if len(self._holders) > SPREAD_MAX:
            self._holders.popitem(last=False)

    def held_by(self, content_sha256: bytes, number: int) -> int:
        """Notes that a module has the body; returns how many do. Of what this node does not spread none is noted: a
        peer could name anything."""
        holders = self._holders.get(content_sha256)
        if holders is None:
            return 0
        holders.add(number)
        return len(holders)

    def forget_peer(self, sender: int) -> None:
        """The connection to a peer broke: its unfinished pieces are void."""
        self._coming.pop(sender, None)
