"""A small disk in place of one directory of a module, which can be filled up and emptied again. Needs root."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

DISK_BYTES = 32 << 20
_FILLER = "filler"


class SmallDisk:
    """Mounted on a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leaves no room at all."""
        descriptor = os.open(self.path / _FILLER, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        block = bytes(1 << 16)
        try:
            while block:
                try:
                    os.write(descriptor, block)
                except OSError as error:
                    assert error.errno == errno.ENOSPC
                    block = block[: len(block) // 2]
        finally:
            os.close(descriptor)

    def empty(self) -> None:
        """Gives the room back."""
        (self.path / _FILLER).unlink()


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """Moves what is in a directory onto a disk of DISK_BYTES, and back at the end. Nobody may have files open there."""
    status, beside = path.stat(), path.with_name(path.name + ".moved")
    options = f"size={DISK_BYTES},uid={status.st_uid},gid={status.st_gid},mode={status.st_mode & 0o7777:o}"
    path.rename(beside)
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{beside}/.", str(path)], check=True)
        yield SmallDisk(path)
    finally:
        shutil.rmtree(beside)
        beside.mkdir()
        subprocess.run(["cp", "-a", f"{path}/.", str(beside)], check=True)
        subprocess.run(["umount", str(path)], check=True)
        path.rmdir()
        beside.rename(path)
