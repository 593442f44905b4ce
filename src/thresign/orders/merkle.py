"""The Merkle tree over the orders of a batch, and inclusion proofs (RFC 9162 section 2.1), with the count bound in.

Leaf hash SHA-256(0x00 | order), node hash SHA-256(0x01 | left | right), batch root SHA-256("ts.root1" | count | tree
head): the prefixes keep leaves and nodes apart, the count makes the shape of the tree part of what is signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from thresign.ids import Digest
from thresign.orders.digests import sha256

PROOF_HASHES_MAX = 16
ORDERS_REMEMBERED = 1024


def leaf_hash(leaf: bytes) -> Digest:
    """The hash of a leaf's bytes. Of an order's bytes it names the order: partials, reports and results refer to it."""
    return sha256(b"\x00" + leaf)


order_hash = lru_cache(maxsize=ORDERS_REMEMBERED)(leaf_hash)
"""`leaf_hash` of an order, remembered: several rooms name the same order in one walk."""


def _node_hash(left: bytes, right: bytes) -> Digest:
    return sha256(b"\x01" + left + right)


def _bind(count: int, head: bytes) -> Digest:
    return sha256(b"ts.root1" + count.to_bytes(4, "big") + head)


def batch_root(leaves: Sequence[Digest]) -> Digest:
    """The root of a batch with these leaf hashes, which may be none."""
    return _bind(len(leaves), _levels(leaves)[-1][0]) if leaves else _bind(0, sha256(b""))


def _levels(leaves: Sequence[Digest]) -> list[Sequence[Digest]]:
    """The tree over one leaf or more, from the leaves up to its head."""
    levels = [leaves]
    while len(level := levels[-1]) > 1:
        # Pairing neighbours and carrying an odd one up gives the shape of RFC 9162 (largest power of two to the left).
        paired = [_node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            paired.append(level[-1])
        levels.append(paired)
    return levels


def inclusion_proofs(leaves: Sequence[Digest]) -> list[tuple[Digest, ...]]:
    """For each leaf the hashes from its sibling up to the root, nearest first."""
    return root_and_proofs(leaves)[1]


def root_and_proofs(leaves: Sequence[Digest]) -> tuple[Digest, list[tuple[Digest, ...]]]:
    """The batch root, and the inclusion proofs of all leaves."""
    if not leaves:
        return batch_root(leaves), []
    levels = _levels(leaves)
    below = [(level, len(level), depth) for depth, level in enumerate(levels[:-1])]
    paths = [
        tuple([level[place] for level, size, depth in below if (place := (index >> depth) ^ 1) < size])
        for index in range(len(leaves))
    ]
    return _bind(len(leaves), levels[-1][0]), paths


def root_from_proof(leaf: Digest, index: int, count: int, path: Sequence[bytes]) -> Digest | None:
    """The batch root that this proof leads to, or None if the path cannot belong to (index, count)."""
    if not 0 <= index < count:
        return None
    node, position, last = leaf, index, count - 1
    for sibling in path:
        if last == 0:
            return None
        if position % 2 == 1 or position == last:
            node = _node_hash(sibling, node)
            while position % 2 == 0 and position != 0:
                position >>= 1
                last >>= 1
        else:
            node = _node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return _bind(count, node) if last == 0 else None
