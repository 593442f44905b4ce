"""`domain init`, `module run` and `demo`: what starts a domain, from nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.asking import Ran, found_in, run, run_apart, secrets_of
from tests.house.domain import free_base_port
from thresign.limits import BODY_BYTES_MAX
from thresign.setup.files import read_domain_file, read_module

pytestmark = pytest.mark.xdist_group("init")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    root = tmp_path_factory.mktemp("init") / "domain"
    ports = ("--base-port", str(free_base_port(5)))
    return root, run("domain", "init", root, "--modules", "5", "--name", "five", "--same-uid", "--json", *ports)


# ---- domain init -------------------------------------------------------------------------------------------------


def test_domain_init_says_what_it_made(made: tuple[Path, Ran]) -> None:
    root, ran = made
    told = ran.json
    domain = read_domain_file(Path(told["domain_file"]))
    assert (told["domain"], domain.genesis.name) == (domain.id.hex(), "five")
    assert domain.genesis.roster.q == 4 and len(told["modules"]) == 5
    assert [read_module(Path(module)).number for module in told["modules"]] == [1, 2, 3, 4, 5]
    assert (told["boundary"], told["offline"]) == ("same-uid", str(root / "offline"))
    assert "module 5: genesis" in ran.err, "what takes long is said"


def test_domain_init_prints_no_secret(made: tuple[Path, Ran]) -> None:
    root, ran = made
    assert len(dict(secrets_of(root))) > 20
    assert found_in(root, (ran.out + ran.err).encode()) == []
    public = (root / "domain.json").read_bytes() + (root / "ca.pem").read_bytes()
    assert found_in(root, public) == []
    assert found_in(root, b"".join(path.read_bytes() for path in root.glob("module-*/module.toml"))) == []


def test_what_is_secret_is_for_its_owner_alone(made: tuple[Path, Ran]) -> None:
    root, _ = made
    for path in (*root.glob("module-*/pins/*"), *root.glob("offline/*"), *root.rglob("*.key"), *root.rglob("token.ts")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for path in (*root.glob("module-*/pins"), *root.glob("module-*/token"), root / "offline", root / "callers"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path


def contents(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_directory_that_is_not_empty_is_never_touched(made: tuple[Path, Ran]) -> None:
    root, _ = made
    before = contents(root)
    assert run("domain", "init", root).told == f"configuration_error: {root} is not empty"
    assert contents(root) == before


@pytest.mark.parametrize("modules", ["3", "32", "0", "-1"])
def test_numbers_of_modules_that_make_no_domain(modules: str, tmp_path: Path) -> None:
    root = tmp_path / "domain"
    assert run("domain", "init", root, "--modules", modules).told.startswith(
        "configuration_error: a domain has 4 to 31"
    )
    assert not root.exists()


def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for root in (file, file / "domain"):
        assert run("domain", "init", root).told.endswith("Not a directory"), root
    assert file.read_bytes() == b""


# ---- module run --------------------------------------------------------------------------------------------------


def test_module_run_of_what_is_no_module(made: tuple[Path, Ran], tmp_path: Path) -> None:
    root, _ = made
    assert (
        run("module", "run", tmp_path).told == f"configuration_error: {tmp_path}/module.toml: No such file or directory"
    )
    module = root / "module-5"
    assert run("module", "run", module, "--only", "both").told == "configuration_error: --only is vault or node"
    text = (module / "module.toml").read_text()
    broken = {
        "number = 5\n": "",
        "number = 5": "number = 6",
        'harden = "report"': 'harden = "perhaps"',
        "[peers]": "[peers]\n9 = 1",
        "uid = 0": "surplus = 0",
        "peer_port = ": "peer_port = -",
    }
    for old, new in broken.items():
        assert old in text
        (module / "module.toml").write_text(text.replace(old, new, 1))
        assert run("module", "run", module).told.startswith("configuration_error: "), old
    (module / "module.toml").write_text(text)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def part_of(pid: int) -> str:
    """vault or node, by the command; nothing if the process has just ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return ""
    return next((word.decode().split(".")[1] for word in words if word.startswith(b"thresign.")), "")


def await_that(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def running(made: tuple[Path, Ran], tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    root, _ = made
    log = tmp_path / "log"
    command = [sys.executable, "-m", "thresign.cli.main", "module", "run", str(root / "module-1")]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    yield process, log
    if process.poll() is None:
        process.kill()
        process.wait()


def test_module_run_starts_again_what_ends_and_ends_all_when_told(
    running: tuple[subprocess.Popen[bytes], Path], made: tuple[Path, Ran]
) -> None:
    process, log = running
    socket = made[0] / "module-1" / "run" / "vault.sock"

    def parts() -> dict[str, int]:
        return {part_of(pid): pid for pid in children(process.pid)}

    await_that(lambda: set(parts()) == {"vault", "node"} and socket.exists(), "both parts run")
    for part in ("vault", "node"):
        before = parts()
        os.kill(before[part], signal.SIGKILL)
        await_that(lambda part=part, before=before: parts().get(part, before[part]) != before[part], f"{part} is back")
        assert parts()[{"vault": "node", "node": "vault"}[part]] in before.values(), "the other part went on"
        assert f"thresign: {part} ended with status -9" in log.read_text()
    left = list(parts().values())
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert [pid for pid in left if Path(f"/proc/{pid}").exists()] == []
    assert found_in(made[0], log.read_bytes()) == []


# ---- demo ------------------------------------------------------------------------------------------------------------


def test_demo(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The whole demonstration with a file of our own, twice: the second time in the domain that is there."""
    root = tmp_path_factory.mktemp("demo") / "domain"
    file = root.with_name("file")
    file.write_bytes(b"a file of our own")
    words = ("demo", "--directory", root, "--file", file, "--base-port", str(free_base_port(4)))
    ran = run_apart(*words, "--json")
    told = ran.json
    assert told["file"] == str(file)
    assert Path(told["signature"]).read_bytes().hex() == told["report"]["signature"]
    for step in range(1, 7):
        assert f"[{step}/6] " in ran.err
    assert "Signature Verified Successfully" in ran.err
    checked = run("verify-evidence", told["evidence"], "--domain", root / "domain.json", "--json").json
    assert checked == told["report"]
    assert found_in(root, (ran.out + ran.err).encode()) == []
    again = run_apart(*words)
    assert again.status == 0 and f"found in {root}" in again.out and "Signature Verified Successfully" in again.out
    assert found_in(root, b"".join(log.read_bytes() for log in root.glob("module-*/log"))) == []


def test_demo_with_a_file_that_cannot_be_signed(tmp_path: Path, made: tuple[Path, Ran]) -> None:
    missing = tmp_path / "missing"
    told = run("demo", "--directory", tmp_path / "domain", "--file", missing).told
    assert told == f"configuration_error: {missing}: No such file or directory"
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(BODY_BYTES_MAX + 1)
    assert run("demo", "--directory", tmp_path / "domain", "--file", large).told.startswith("body_too_large: ")
    assert not (tmp_path / "domain").exists(), "known before anything is made"
