"""The token as other software meets it: python-pkcs11, OpenSC's pkcs11-tool and our own thresign-token.

The provider is the installed one; THRESIGN_TOKEN_MODULE names another (say, a sanitizer build), and the program
thresign-token is looked for beside it, or in THRESIGN_TOKEN_TOOL.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest

from tests.house.tokens import LIBRARY, PlainMember, TokenFiles, genesis_of

LABEL = "module 1"


@pytest.fixture(scope="session")
def module() -> Path:
    named = os.environ.get("THRESIGN_TOKEN_MODULE")
    path = Path(named or LIBRARY)
    assert path.is_file(), f"no provider at {path}"
    return path


@pytest.fixture(scope="session")
def tool(module: Path) -> Path:
    path = Path(os.environ.get("THRESIGN_TOKEN_TOOL") or module.with_name("thresign-token"))
    assert path.is_file(), f"no thresign-token at {path}"
    return path


@dataclass(frozen=True)
class Place:
    """A token directory and what belongs to it."""

    module: Path
    tool: Path
    directory: Path
    user_pin_file: Path
    so_pin_file: Path

    @property
    def user_pin(self) -> str:
        return self.user_pin_file.read_text().strip()

    @property
    def so_pin(self) -> str:
        return self.so_pin_file.read_text().strip()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "THRESIGN_TOKEN_DIR": str(self.directory),
            "THRESIGN_TOKEN_USER_PIN": f"file:{self.user_pin_file}",
            "THRESIGN_TOKEN_SO_PIN": f"file:{self.so_pin_file}",
        }

    def run_tool(self, verb: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [self.tool, verb, "--module", self.module, "--dir", self.directory, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def init(self) -> dict[str, Any]:
        pins = ("--user-pin-file", self.user_pin_file, "--so-pin-file", self.so_pin_file)
        done = self.run_tool("init", "--label", LABEL, *pins)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def genesis(self) -> bytes:
        """A genesis that this token can belong to: itself and three plain members."""
        info = self.run_tool("info", "--user-pin-file", self.user_pin_file)
        assert info.returncode == 0, info.stderr
        card = json.loads(info.stdout)
        own = TokenFiles(self.directory, LABEL, bytes.fromhex(card["vote"]), bytes.fromhex(card["sealing"]))
        return genesis_of([own, *(PlainMember() for _ in range(3))]).encode()

    def pin_genesis(self, genesis: bytes) -> subprocess.CompletedProcess[str]:
        file = self.directory.with_name("genesis")
        file.write_bytes(genesis)
        return self.run_tool("pin-genesis", "--so-pin-file", self.so_pin_file, file)


@pytest.fixture
def place(module: Path, tool: Path, tmp_path: Path) -> Place:
    """Where a token can be; there is none yet."""
    return Place(module, tool, tmp_path / "token", tmp_path / "user-pin", tmp_path / "so-pin")


@pytest.fixture
def library(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The provider in this process, with an initialised token in its one slot."""
    place.init()
    for name in ("THRESIGN_TOKEN_DIR", "THRESIGN_TOKEN_USER_PIN", "THRESIGN_TOKEN_SO_PIN"):
        monkeypatch.setenv(name, place.environment[name])
    loaded = pkcs11.lib(str(place.module))
    yield loaded
    loaded.finalize()


@pytest.fixture
def token(library: Any) -> Any:
    return library.get_token(token_label=LABEL)
