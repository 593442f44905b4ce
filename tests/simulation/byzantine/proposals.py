"""Other batches that a primary could have proposed for a slot just as well: what equivocation is made of."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.simulation.stubs import sign
from thresign.ledger import ledger
from thresign.orders.batch import Batch
from thresign.orders.votes import PrePrepare

if TYPE_CHECKING:
    from tests.simulation.world import Module


def variant(module: Module, message: PrePrepare, rng: random.Random) -> PrePrepare | None:
    """Another valid proposal for the same slot: some entries fewer, or a little later; signed by this primary."""
    if module.service is None or module.service.book.state.sequence + 1 != message.header.sequence:
        return None
    state, checks = module.service.book.state, module.service.book.checks
    entries = list(Batch.decode(message.body).entries)
    if len(entries) > 1:
        entries = rng.sample(entries, rng.randint(1, len(entries)))
    time_ms = message.header.time_ms + rng.randint(1, 400)
    planned = ledger.plan(state, checks, time_ms, entries)
    if not isinstance(planned, ledger.Plan):
        return None
    header = ledger.next_header(state, planned)
    unsigned = PrePrepare(message.view, header, Batch(tuple(entries)).encode(), bytes(64))
    return PrePrepare(message.view, header, unsigned.body, sign(module.key, unsigned.signed_bytes()))
