"""The batch's Merkle tree against RFC 9162's own definition and published roots; proofs that prove one place only."""

from __future__ import annotations

import hashlib

import pytest

from thresign.ids import Digest
from thresign.limits import BATCH_ENTRIES_MAX
from thresign.orders.merkle import PROOF_HASHES_MAX, batch_root, inclusion_proofs, leaf_hash, root_from_proof

COUNTS = range(1, 18)

# The leaves and tree heads with which certificate-transparency implementations test themselves.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_HEADS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(count: int) -> list[Digest]:
    return [leaf_hash(b"order %d" % i) for i in range(count)]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def head_by_definition(hashes: list[Digest]) -> bytes:
    """RFC 9162 section 2.1.1, as it is written: the largest power of two goes to the left."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + head_by_definition(hashes[:split]) + head_by_definition(hashes[split:]))


def path_by_definition(index: int, hashes: list[Digest]) -> list[bytes]:
    """RFC 9162 section 2.1.3.1."""
    if len(hashes) == 1:
        return []
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if index < split:
        return [*path_by_definition(index, hashes[:split]), head_by_definition(hashes[split:])]
    return [*path_by_definition(index - split, hashes[split:]), head_by_definition(hashes[:split])]


def bound(count: int, head: bytes) -> bytes:
    return sha256(b"ts.root1" + count.to_bytes(4, "big") + head)


@pytest.mark.parametrize("count", range(1, 9))
def test_published_tree_heads(count: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in CT_LEAVES[:count]]
    assert batch_root(hashes) == bound(count, bytes.fromhex(CT_HEADS[count - 1]))


def test_the_tree_of_no_orders() -> None:
    assert batch_root([]) == bound(0, sha256(b""))
    assert inclusion_proofs([]) == []


@pytest.mark.parametrize("count", [*COUNTS, 31, 32, 33, 100, BATCH_ENTRIES_MAX])
def test_roots_and_paths_are_those_of_the_definition(count: int) -> None:
    hashes = leaves(count)
    root = batch_root(hashes)
    assert root == bound(count, head_by_definition(hashes))
    for index, path in enumerate(inclusion_proofs(hashes)):
        assert list(path) == path_by_definition(index, hashes)
        assert len(path) <= PROOF_HASHES_MAX
        assert root_from_proof(hashes[index], index, count, path) == root


@pytest.mark.parametrize("count", COUNTS)
def test_a_proof_proves_one_place_in_a_tree_of_one_size(count: int) -> None:
    hashes = leaves(count)
    root = batch_root(hashes)
    for index, path in enumerate(inclusion_proofs(hashes)):
        for other_count in range(2 * max(COUNTS)):
            for other_index in range(-1, other_count + 2):
                if (other_index, other_count) != (index, count):
                    assert root_from_proof(hashes[index], other_index, other_count, path) != root


@pytest.mark.parametrize("count", COUNTS)
def test_altered_paths_prove_nothing(count: int) -> None:
    hashes = leaves(count)
    root = batch_root(hashes)
    for index, path in enumerate(inclusion_proofs(hashes)):
        leaf = hashes[index]
        assert root_from_proof(leaf_hash(b"another"), index, count, path) != root
        assert root_from_proof(leaf, index, count, (*path, bytes(32))) is None
        if path:
            assert root_from_proof(leaf, index, count, path[:-1]) is None
            assert root_from_proof(leaf, index, count, (*path, path[-1])) is None
        for place in range(len(path)):
            changed = bytes([path[place][0] ^ 1]) + path[place][1:]
            assert root_from_proof(leaf, index, count, (*path[:place], changed, *path[place + 1 :])) != root
            turned = (*path[:place], *reversed(path[place:]))
            if turned != path:
                assert root_from_proof(leaf, index, count, turned) != root


def test_a_repeated_last_order_gives_another_root() -> None:
    # The flaw of trees that fill odd levels by repeating the last node (CVE-2012-2459).
    for count in COUNTS:
        hashes = leaves(count)
        assert batch_root([*hashes, hashes[-1]]) != batch_root(hashes)


def test_an_inner_node_is_no_leaf() -> None:
    hashes = leaves(4)
    left = sha256(b"\x01" + hashes[0] + hashes[1])
    right = sha256(b"\x01" + hashes[2] + hashes[3])
    assert root_from_proof(Digest(left), 0, 2, (right,)) != batch_root(hashes)
    assert leaf_hash(hashes[0] + hashes[1]) != left


def test_order_and_number_of_orders_count() -> None:
    hashes = leaves(5)
    roots = {batch_root(hashes[:n]) for n in range(6)} | {batch_root([hashes[1], hashes[0], *hashes[2:]])}
    assert len(roots) == 7
