"""Whatever the tables of messages let through fits in a frame: the longest encoding of each record, by its fields.

A message that does not fit would end the connection on which it is sent, again and again.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest

from thresign.agreement.pbft.deadlines import OVERDUE_MAX
from thresign.agreement.pbft.pending import SAMPLE_MAX, SAMPLE_OF_QUEUE
from thresign.limits import ANSWER_BYTES_MAX, BATCH_BYTES_MAX, BODY_BYTES_IN_BATCH_MAX, FRAME_BYTES_MAX
from thresign.node.runtime import ALL_MESSAGES
from thresign.orders.batch import Batch
from thresign.vault import lanes
from thresign.wire.canonical import Chars, Count, Fixed, Record, Uint, Var

ENTRY = BODY_BYTES_IN_BATCH_MAX + 1024
BATCH = max(BATCH_BYTES_MAX + ENTRY, max(SAMPLE_MAX + SAMPLE_OF_QUEUE, OVERDUE_MAX) * ENTRY)
"""Of a batch that is not yet encoded, its senders bound the bytes: pending.parcels, Pending.batch, samples of a few."""
TABLES = {
    "peers": (ALL_MESSAGES, FRAME_BYTES_MAX),
    "calls": (lanes.CALLS, FRAME_BYTES_MAX),
    "answers": (lanes.ANSWERS, ANSWER_BYTES_MAX),
}


def longest(kind: type[Record]) -> int:
    if kind is Batch:
        return BATCH
    hints = get_type_hints(kind, include_extras=True)
    return len(kind.TAG) + sum(_field(hints[name]) for name in kind.__struct_fields__)


def _field(hint: Any) -> int:
    if get_origin(hint) is not Annotated:
        return max(
            longest(kind) for kind in (get_args(hint) if get_origin(hint) in (Union, types.UnionType) else [hint])
        )
    base, shape = get_args(hint)[:2]
    match shape:
        case Uint() | Fixed():
            return shape.bytes
        case Var() | Chars():
            return 4 + shape.bytes_max
        case Count():
            return 4 + shape.items_max * _field(get_args(base)[0])
    raise TypeError(f"no length for {hint}")


@pytest.mark.parametrize("table", TABLES)
def test_everything_fits(table: str) -> None:
    kinds, most = TABLES[table]
    assert {kind.__name__: longest(kind) for kind in kinds.values() if longest(kind) > most} == {}
