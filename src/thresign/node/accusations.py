"""Proofs of equivocation, kept: a small journal of their own beside the node's, read whole at start."""

from __future__ import annotations

from collections import Counter

from thresign.journal.file import JournalFile
from thresign.orders.equivocation import Equivocation, place_of

PER_MODULE_MAX = 16
"""What is proven of one module more often than this changes nothing, and is not kept."""


class Accusations:
    """All proofs that this node holds, oldest first."""

    def __init__(self, journal: JournalFile) -> None:
        """Raises StorageError, JournalCorrupt, MalformedRecord."""
        self._journal = journal
        self.proofs = [Equivocation.decode(payload) for payload in journal.records()]

    def add(self, evidence: Equivocation) -> bool:
        """Keeps a proof, synced; False if it is known or there are enough. Raises StorageError."""
        counts = Counter(proof.number for proof in self.proofs)
        known = any(place_of(proof.first) == place_of(evidence.first) for proof in self.proofs)
        if known or counts[evidence.number] >= PER_MODULE_MAX:
            return False
        self._journal.append([evidence.encode()])
        self._journal.sync()
        self.proofs.append(evidence)
        return True

    def close(self) -> None:
        """Releases the file."""
        self._journal.close()
