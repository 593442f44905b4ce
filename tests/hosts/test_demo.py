"""What a newcomer runs: `thresign demo`, in a directory that is not there yet, and again in the one that it made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Measured
from tests.house.domain import free_base_port

pytestmark = pytest.mark.xdist_group("demo")

FILE_BYTES = 5_000_000


def run_demo(directory: Path, base_port: int, file: Path | None) -> str:
    """As `make demo` runs it; what it printed."""
    command = [str(Path(sys.executable).with_name("thresign")), "demo", "--directory", str(directory)]
    command += ["--base-port", str(base_port), *(("--file", str(file)) if file is not None else ())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def openssl_verifies(directory: Path, file: Path, signature: Path) -> bool:
    openssl = shutil.which("openssl")
    assert openssl is not None
    key = directory / "demo.pem"
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin", "-in", str(file)]
    done = subprocess.run([*command, "-sigfile", str(signature)], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == ("Signature Verified Successfully" in done.stdout), done
    return done.returncode == 0


def leftovers(directory: Path) -> list[int]:
    """Processes that still run for this domain."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(directory) in words and b"thresign" in words:
                found.append(int(entry.name))
    return found


def test_demo(open_tmp: Path, measured: Measured) -> None:
    """Three of four modules sign a file of megabytes and OpenSSL verifies it; a second run signs with the same key."""
    directory, base_port = open_tmp / "demo", free_base_port(4)
    began_s = time.monotonic()
    first = run_demo(directory, base_port, None)
    measured(f"thresign demo, from nothing: {time.monotonic() - began_s:.1f} s")
    signed = re.search(r"Sign (\S+) \(([0-9,]+) bytes\)", first)
    assert signed is not None, first
    chosen = Path(signed[1])
    assert int(signed[2].replace(",", "")) == chosen.stat().st_size >= 1 << 20
    assert "demo: ed25519, 3 of 4 sign" in first
    assert len(re.search(r"signed by ([0-9, ]+)", first)[1].split(",")) == 3  # type: ignore[index]
    assert openssl_verifies(directory, chosen, directory / f"{chosen.name}.sig")
    assert not leftovers(directory)

    key = (directory / "demo.pem").read_bytes()
    file = open_tmp / "five-megabytes"
    file.write_bytes(os.urandom(FILE_BYTES))
    second = run_demo(directory, base_port, file)
    assert f"found in {directory}" in second
    assert (directory / "demo.pem").read_bytes() == key
    assert openssl_verifies(directory, file, directory / f"{file.name}.sig")
    assert openssl_verifies(directory, chosen, directory / f"{chosen.name}.sig")
    assert not openssl_verifies(directory, file, directory / f"{chosen.name}.sig")
    assert not leftovers(directory)
