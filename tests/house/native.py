"""What tests need of native/ that no package has: built as `make native-tests` builds it, in the same place."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "native" / "release"


class Hooks(NamedTuple):
    """The token that reveals its secrets, and the program that searches a process for them."""

    library: Path
    scan: Path


def build_hooks() -> Hooks:
    """Builds what has changed since the last time; one process does, others wait for it."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD.parent / "release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (
            [
                "cmake",
                "-S",
                "native",
                "-B",
                str(BUILD),
                "-G",
                "Ninja",
                "-DTHRESIGN_TESTS=ON",
                "-DTHRESIGN_TEST_HOOKS=ON",
            ],
            ["cmake", "--build", str(BUILD), "--target", "thresign_token_hooks", "memory_scan"],
        ):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return Hooks(BUILD / "token" / "libthresign-token-hooks.so", BUILD / "tests" / "token" / "memory_scan")
