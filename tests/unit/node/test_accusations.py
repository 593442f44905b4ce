"""Proofs of equivocation outlive the node, once each, and not without bound."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from tests.unit.orders.test_equivocation import HEADER, OTHER, vote
from thresign.journal.file import JournalFile
from thresign.node.accusations import PER_MODULE_MAX, Accusations
from thresign.orders.equivocation import Equivocation


def proof(sequence: int, number: int = 3) -> Equivocation:
    return Equivocation(
        vote(replace(HEADER, sequence=sequence), number=number), vote(replace(OTHER, sequence=sequence), number=number)
    )


def test_kept_once_and_over_a_restart(tmp_path: Path) -> None:
    kept = Accusations(JournalFile(tmp_path / "equivocations"))
    assert kept.add(proof(1))
    assert not kept.add(proof(1))
    assert not kept.add(Equivocation(proof(1).second, proof(1).first)), "the same place"
    assert kept.add(proof(1, number=2))
    kept.close()
    again = Accusations(JournalFile(tmp_path / "equivocations"))
    assert again.proofs == [proof(1), proof(1, number=2)]
    assert not again.add(proof(1))


def test_bounded_for_each_module(tmp_path: Path) -> None:
    kept = Accusations(JournalFile(tmp_path / "equivocations"))
    assert sum(kept.add(proof(sequence)) for sequence in range(1, 3 * PER_MODULE_MAX)) == PER_MODULE_MAX
    assert kept.add(proof(1, number=2)), "another module has room of its own"
