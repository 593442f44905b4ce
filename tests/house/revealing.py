"""A vault on the test build of the token, which tells the test, and nobody else, what its secrets are."""

from __future__ import annotations

import enum
import os
import signal
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

_HEAD = struct.Struct("=QQ")
_RANGE = struct.Struct("=QQ")
WAIT_S = 10.0


class _Frame(enum.IntEnum):
    """As native/token/hooks.c has them."""

    FREED = 1
    LIVE = 2
    RANGE = 3
    END = 4
    PLANTED = 5


@dataclass(frozen=True)
class Revealed:
    """What lived in secret memory at one moment."""

    live: tuple[bytes, ...]
    start: int
    length: int
    rest_is_zero: bool
    """Every byte of secret memory that is not allocated is zero."""


@dataclass
class Revealing:
    """The test's end of one vault's FIFO. Make it before the vault starts."""

    path: Path
    freed: list[bytes] = field(default_factory=list)
    """Every secret that was given up since the vault started, as it was before it was wiped."""
    _live: list[bytes] = field(default_factory=list)
    _range: tuple[int, int] = (0, 0)
    _revealed: list[Revealed] = field(default_factory=list)
    _planted: list[int] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        os.mkfifo(self.path, 0o600)
        self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)  # both ends: it never ends, whoever comes and goes
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        return {"THRESIGN_TOKEN_REVEAL": str(self.path)}

    def reveal(self, pid: int) -> Revealed:
        """Has the vault say what it holds now."""
        with self._changed:
            had = len(self._revealed)
            os.kill(pid, signal.SIGUSR1)
            assert self._changed.wait_for(lambda: len(self._revealed) > had, WAIT_S), "the vault reveals nothing"
            return self._revealed[-1]

    def plant(self, pid: int) -> int:
        """Has the vault copy a secret to where it must not be, or wipe that copy: where that is."""
        with self._changed:
            had = len(self._planted)
            os.kill(pid, signal.SIGUSR2)
            assert self._changed.wait_for(lambda: len(self._planted) > had, WAIT_S), "the vault plants nothing"
            return self._planted[-1]

    def wait_freed(self, secret: bytes) -> None:
        """Waits until a secret that begins like this has been given up."""
        deadline = time.monotonic() + WAIT_S
        with self._changed:
            while not any(freed.startswith(secret) for freed in self.freed):
                assert self._changed.wait(deadline - time.monotonic()), "not given up"

    def _take(self, length: int) -> bytes:
        taken = b""
        while len(taken) < length:
            taken += os.read(self._fd, length - len(taken))
        return taken

    def _read(self) -> None:
        while True:
            kind, length = _HEAD.unpack(self._take(_HEAD.size))
            content = self._take(length)
            with self._changed:
                self._note(_Frame(kind), content)
                self._changed.notify_all()

    def _note(self, kind: _Frame, content: bytes) -> None:
        match kind:
            case _Frame.FREED:
                self.freed.append(content)
            case _Frame.LIVE:
                self._live.append(content)
            case _Frame.RANGE:
                self._range = _RANGE.unpack(content)
            case _Frame.END:
                self._revealed.append(Revealed(tuple(self._live), *self._range, content == b"\x01"))
                self._live = []
            case _Frame.PLANTED:
                self._planted.append(int.from_bytes(content, "little"))
