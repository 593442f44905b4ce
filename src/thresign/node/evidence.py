"""Evidence bundles, put together from the node's journal when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from thresign.errors import Undecided, UnknownRequest
from thresign.ledger.snapshot import KeyPart
from thresign.node.history import History
from thresign.node.records import DecidedRecord
from thresign.orders.batch import Batch
from thresign.orders.bundle import Evidence, Inclusion
from thresign.orders.genesis import Genesis
from thresign.orders.merkle import inclusion_proofs, leaf_hash
from thresign.orders.orders import SignOrder
from thresign.orders.requests import Request
from thresign.orders.statements import KeyGenerated
from thresign.orders.succession import Succession
from thresign.storage.interface import OrderRow


def build(history: History, genesis: Genesis, chain: Sequence[Succession], request: bytes, key: KeyPart) -> bytes:
    """The bundle of an answered sign request; `chain` as far as this node knows. Raises UnknownRequest, Undecided."""
    rows = history.orders(request)
    row = next((row for row in rows if history.answered(row.leaf)), None)
    if row is None:
        raise Undecided("the request has no answer yet")
    result = history.result(row.leaf)
    asked = _entry(history, rows[0])
    if result is None or not isinstance(asked, Request):
        raise UnknownRequest("this node's journal no longer holds the request")
    generated, confirmed = _generation(history, key)
    decided = _inclusion(history, row)
    links = tuple(chain[: decided.certificate.header.roster_epoch])
    evidence = Evidence(genesis, links, asked, decided, generated, confirmed, result.partials, result.signature)
    return evidence.encode()


def _batch(history: History, row: OrderRow) -> DecidedRecord:
    record = history.batch(row.sequence)
    if record is None:
        raise UnknownRequest("this node's journal no longer holds the batch")
    return record


def _entry(history: History, row: OrderRow) -> object:
    return Batch.decode(_batch(history, row).body).entries[row.leaf_index]


def _inclusion(history: History, row: OrderRow) -> Inclusion:
    record = _batch(history, row)
    path = inclusion_proofs([leaf_hash(order) for order in record.orders])[row.leaf_index]
    order = SignOrder.decode(record.orders[row.leaf_index])
    return Inclusion(record.certificate, row.leaf_index, len(record.orders), path, order)


def _generation(history: History, key: KeyPart) -> tuple[KeyGenerated, Inclusion]:
    """The key's success certificate, and the order that it led to. The ledger holds that order's leaf hash."""
    row = history.order(key.confirmation)
    first = row
    if row is not None and row.attempt > 1:
        first = next((other for other in history.orders(row.request) if other.attempt == 1), None)
    if row is None or first is None:
        raise UnknownRequest("this node's journal no longer holds the key's generation")
    entry = _entry(history, first)
    if not isinstance(entry, KeyGenerated):
        raise UnknownRequest("this node's journal does not hold the key's generation")
    return entry, _inclusion(history, first)
