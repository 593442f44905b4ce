"""The commands as a shell would run them, and what of a domain must never be printed."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from typer.testing import CliRunner

from thresign.cli.main import app


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        return msgspec.json.decode(self.out)

    @property
    def told(self) -> str:
        """The one line that says why a command failed."""
        assert self.status == 1, (self.status, self.out, self.err)
        (line,) = [line for line in self.err.splitlines() if line.startswith("thresign: ")]
        assert self.out == "" and "Traceback" not in self.err
        assert re.fullmatch(r"thresign: [a-z_]+: .+", line), line
        return line.removeprefix("thresign: ")


def run(*words: str | Path, stdin: str = "") -> Ran:
    """A command in this process."""
    done = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)


def run_apart(*words: str | Path, within_s: float = 90.0) -> Ran:
    """A command in a process of its own."""
    command = [sys.executable, "-m", "thresign.cli.main", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=within_s)
    return Ran(done.returncode, done.stdout, done.stderr)


def secrets_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every secret that lies in a domain's directory, in the forms in which it could be printed."""
    for path in sorted([*root.glob("module-*/pins/*"), *root.glob("offline/*so-pin")]):
        yield str(path), path.read_bytes().strip()
    for path in sorted([*root.glob("offline/*.key"), *root.glob("callers/*.key"), *root.glob("module-*/tls/*.key")]):
        pem = path.read_bytes()
        yield f"{path} (PEM)", pem.split(b"\n")[1]
        key = load_pem_private_key(pem, None)
        if hasattr(key, "private_bytes_raw"):
            raw = key.private_bytes_raw()
        else:
            number = key.private_numbers().private_value  # type: ignore[union-attr]
            raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
        yield f"{path} (raw)", raw
        yield f"{path} (hex)", raw.hex().encode()
        yield f"{path} (base64)", base64.b64encode(raw)[:40]


def found_in(root: Path, text: bytes) -> list[str]:
    """Which of the domain's secrets stand in the text."""
    return [name for name, secret in secrets_of(root) if secret in text]
