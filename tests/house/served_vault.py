"""A vault's server in a thread of the test: socket and journal are real, the service is what the test gives."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Any

from thresign.errors import StorageError
from thresign.journal.file import JournalFile
from thresign.vault.server import Server, listen

PATIENCE_S = 20


class HeldJournal(JournalFile):
    """A journal that can be held up on its way to the disk, and says what happens to it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.syncing = threading.Event()
        self.may_sync = threading.Event()
        self.may_sync.set()
        self.fails = False
        self.syncs = 0

    def sync(self) -> None:
        self.syncing.set()
        assert self.may_sync.wait(PATIENCE_S)
        if self.fails:
            raise StorageError("the disk says no")
        self.syncs += 1
        super().sync()


class ServedVault:
    """A server in a thread, until something says that it must not go on, or the test."""

    def __init__(self, service: Any, directory: Path, node_uid: int | None = None) -> None:
        self.journal = HeldJournal(directory / "journal")
        self.path = directory / "vault.sock"
        self.listener = listen(self.path, os.getegid())
        uid = os.geteuid() if node_uid is None else node_uid
        self.server = Server(service, self.journal, self.listener, uid)
        self.ended: BaseException | None = None
        self._ending = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.server.begin()
        try:
            while not self._ending:
                self.server.turn()
        except BaseException as error:
            self.ended = error
        finally:  # what the end of the process does
            self.server._drop()
            self.server._selector.close()

    def stop(self) -> BaseException | None:
        """Ends it, if it has not ended, and says by what it had."""
        self._ending = True
        self.journal.may_sync.set()
        if self.thread.is_alive():
            with socket.socket(socket.AF_UNIX) as wakes:
                wakes.connect(str(self.path))
                self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()
        self.listener.close()
        self.journal.close()
        return self.ended
