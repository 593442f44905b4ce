"""What a vault keeps of decided batches so that its token can act on their orders: leaves, proofs, messages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from thresign.custody.interface import SignCall
from thresign.ids import Digest
from thresign.limits import BODIES_BYTES_MAX
from thresign.orders.header import Certificate
from thresign.orders.merkle import inclusion_proofs
from thresign.orders.orders import Order, SignOrder

BATCHES_MAX = 256
BATCH_BYTES_KEPT_MAX = 16 * 1024 * 1024
DECODED_MAX = 4
"""Of so many of the newest batches the orders are kept as values too, which take five times the room of their bytes."""


class KeptBatch(NamedTuple):
    """A decided batch: its certificate and body, the digest of its header, and its leaves. `orders` are the same as
    values, or nothing."""

    certificate: Certificate
    body: bytes
    header: Digest
    orders: tuple[Order, ...]
    leaves: tuple[bytes, ...]
    leaf_hashes: tuple[Digest, ...]

    def size(self) -> int:
        """Bytes, about."""
        return len(self.body) + sum(map(len, self.leaves))

    def sign_orders(self) -> Iterator[tuple[int, SignOrder]]:
        """The orders for a partial, by index."""
        for index, leaf in enumerate(self.leaves):
            if leaf[:8] == SignOrder.TAG:
                order = self.orders[index] if self.orders else SignOrder.decode(leaf)
                if isinstance(order, SignOrder):
                    yield index, order


class Kept:
    """The newest batches, and the messages that may still have to be signed, by their order or a replacing one."""

    def __init__(self) -> None:
        self._batches: OrderedDict[int, KeptBatch] = OrderedDict()
        self._batch_bytes = 0
        self._messages: OrderedDict[bytes, bytes] = OrderedDict()
        self._message_bytes = 0

    def keep(self, sequence: int, batch: KeptBatch) -> None:
        self._batches[sequence] = batch
        self._batch_bytes += batch.size()
        decoded = self._batches.get(sequence - DECODED_MAX)
        if decoded is not None:
            self._batches[sequence - DECODED_MAX] = decoded._replace(orders=())
        while len(self._batches) > BATCHES_MAX or self._batch_bytes > BATCH_BYTES_KEPT_MAX:
            _, oldest = self._batches.popitem(last=False)
            self._batch_bytes -= oldest.size()

    def batch(self, sequence: int) -> KeptBatch | None:
        return self._batches.get(sequence)

    def add_message(self, request: bytes, message: bytes) -> None:
        """Keeps a message; when there are too many bytes the oldest go, and orders for them cannot be signed here."""
        self.drop_message(request)
        self._messages[request] = message
        self._message_bytes += len(message)
        while self._message_bytes > BODIES_BYTES_MAX and len(self._messages) > 1:
            _, oldest = self._messages.popitem(last=False)
            self._message_bytes -= len(oldest)

    def messages(self) -> list[tuple[bytes, bytes]]:
        """Requests and their messages, oldest first."""
        return list(self._messages.items())

    def drop_message(self, request: bytes) -> None:
        held = self._messages.pop(request, None)
        if held is not None:
            self._message_bytes -= len(held)

    def sign_calls(
        self, sequence: int, number: int, start: int, bodies: Mapping[bytes, bytes]
    ) -> Iterator[tuple[int, Digest, SignCall | None]]:
        """For each order of the batch that names this signer, from place `start` on: its place, its leaf hash, and what
        the token is asked (None: the message is not here). A message that was not kept may be among the bodies, by its
        digest."""
        batch = self._batches.get(sequence)
        if batch is None:
            return
        mine = [(index, order) for index, order in batch.sign_orders() if index >= start and order.names(number)]
        if not mine:
            return
        proofs = inclusion_proofs(batch.leaf_hashes)
        for index, order in mine:
            message = self._messages.get(order.request, bodies.get(order.message_sha256))
            if not order.message_bytes:
                message = b""
            place = (batch.header, index, len(batch.leaves), proofs[index], batch.leaves[index])
            yield index, batch.leaf_hashes[index], SignCall(*place, message) if message is not None else None
