"""The server keeps on disk what the simulator keeps in a list: the same records, through every new beginning."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.simulation.disks import drive, prepared
from tests.simulation.world import Disk
from thresign.journal.file import JournalFile
from thresign.vault import calls
from thresign.vault.recovery import Recovery
from thresign.vault.server import Server, _Waiting
from thresign.vault.voting.book import Ballot
from thresign.vault.voting.records import RECORDS, Base
from thresign.wire.canonical import Record, decode_one_of


class Echo:
    """A service whose answers are given."""

    def __init__(self) -> None:
        self.recovery = Recovery()
        self.next = Ballot(calls.Done())

    def serve(self, _call: Record, _now_ms: int) -> Ballot:
        return self.next


class Sink:
    """A connection that nobody reads."""

    def answer(self, answers: list[tuple[int, Record]]) -> None:
        assert answers


def test_journal_file_and_simulated_disk_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = prepared(4, interval=4)
    module = world.modules[3]
    echo, journal = Echo(), JournalFile(tmp_path / "journal")
    journal.append(record.encode() for record in module.vault_disk.records)
    listener = socket.socket()
    server = Server(echo, journal, listener, os.getuid())  # type: ignore[arg-type]
    begun = 0
    take = Disk.take

    def on_both(disk: Disk, ballot: Ballot) -> None:
        nonlocal begun
        take(disk, ballot)
        if disk is module.vault_disk:
            echo.next = ballot
            server._serve(Sink(), [_Waiting(1, calls.StatusCall(), None, 8)])  # type: ignore[arg-type]
            begun += bool(ballot.base)
            while server._replacement is not None and disk.coming is None:
                server._rewrite()

    monkeypatch.setattr(Disk, "take", on_both)
    drive(world, 4)
    world.run_until(world.now + 6000)
    listener.close()
    server._selector.close()
    assert begun > 3
    kept = [decode_one_of(RECORDS, payload) for payload in journal.records()]
    assert kept == module.vault_disk.records
    assert any(isinstance(record, Base) for record in kept)
    assert echo.recovery.grown > 0
