"""The documents keep their word: every command in a ```sh block runs, in order, against one real trust domain; `make`
lines name targets that exist; links and anchors lead somewhere; acceptance tags in code and specification are the same;
words have their place in the glossary.

The commands run as a reader would type them. What differs is where: in an empty directory, with ports that are free
here in place of 7100 and up, and with `.venv` a link to the environment that runs the tests.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.domain import free_base_port

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "api").rglob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TAG = re.compile(r"\b(?:PBFT|VOTE|LEDGER|CERT)-[A-Z]*[0-9]+\b")
BASE_PORT = 7100
STEP_S = 120


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _blocks() -> list[tuple[str, str]]:
    return [
        (f"{_name(page)}-{number}", match[1])
        for page in PAGES
        for number, match in enumerate(BLOCK.finditer(page.read_text()), 1)
    ]


def _is_make(block: str) -> bool:
    return all(line.startswith("make ") for line in block.splitlines())


COMMANDS = [(name, block) for name, block in _blocks() if not _is_make(block)]
MAKES = [(name, line) for name, block in _blocks() if _is_make(block) for line in block.splitlines()]


class Reader:
    """One shell, as a reader has it: what a block exports or starts in the background is there for the next."""

    def __init__(self, directory: Path) -> None:
        (directory / ".venv").symlink_to(sys.prefix)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("THRESIGN_")}
        self._transcript = directory / "transcript"
        self._log = self._transcript.open("wb")
        self._base_port = free_base_port(5)
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )

    def run(self, block: str) -> str:
        """What the block printed. Fails with the shell's transcript if a command of it fails."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        mark = secrets.token_hex(8)
        # In this shell itself, not in a child: variables and jobs have to stay. The first failure ends it, and the end
        # of its output tells; so does the time limit.
        script = f"set -e\n{self._ported(block)}\nset +e\nprintf '\\n%s\\n' {mark}\n"
        said: list[str] = []
        limit = threading.Timer(STEP_S, self._signal, [signal.SIGKILL])
        limit.start()
        try:
            self._shell.stdin.write(script)
            self._shell.stdin.flush()
            for line in self._shell.stdout:
                if line.strip() == mark:
                    return "".join(said)
                said.append(line)
        finally:
            limit.cancel()
        self._log.flush()
        raise AssertionError(f"ended early:\n{block}\n{''.join(said)}\n{self._transcript.read_text()[-4000:]}")

    def _ported(self, block: str) -> str:
        def moved(match: re.Match[str]) -> str:
            return f"127.0.0.1:{int(match[1]) - BASE_PORT + self._base_port}"

        block = re.sub(r"127\.0\.0\.1:(7[12][0-9]{2})", moved, block)
        return re.sub(r"(domain init \S+)", rf"\1 --base-port {self._base_port}", block)

    def _signal(self, number: signal.Signals) -> None:
        """To the shell and all that it started: they are a process group of their own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._shell.pid, number)

    def close(self) -> None:
        """Ends them all. The shell's output ends when the last of them has."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._signal(signal.SIGTERM)
        limit = threading.Timer(15, self._signal, [signal.SIGKILL])
        limit.start()
        self._shell.stdout.read()
        limit.cancel()
        self._shell.wait()
        with contextlib.suppress(BrokenPipeError):
            self._shell.stdin.close()
        self._shell.stdout.close()
        self._log.close()


@pytest.fixture(scope="module")
def reader(open_tmp: Path) -> Iterator[Reader]:
    directory = open_tmp / "docs"
    directory.mkdir(mode=0o755)
    shell = Reader(directory)
    try:
        yield shell
    finally:
        shell.close()


@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize(("name", "block"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_commands_run_as_written(reader: Reader, name: str, block: str) -> None:
    reader.run(block)


def test_the_readme_has_commands() -> None:
    """So that a change of how blocks are marked cannot empty the test above."""
    assert sum(name.startswith("README.md-") for name, _ in COMMANDS) >= 8


@pytest.mark.parametrize(("name", "line"), MAKES, ids=[f"{name}: {line}" for name, line in MAKES])
def test_make_lines_name_targets(name: str, line: str) -> None:
    targets = [word for word in line.split("#", maxsplit=1)[0].split()[1:] if "=" not in word]
    assert targets, line
    assert set(targets) <= _targets()


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_make_targets_in_the_text_exist(page: Path) -> None:
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
    assert named <= _targets()


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_resolve(page: Path) -> None:
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{_name(page)} links to {target}"
        if anchor:
            assert anchor in _anchors(found), f"{_name(page)} links to {target}"


def test_files_that_code_names_as_documents_exist() -> None:
    """Docstrings and messages lead readers to docs/; a decision record may be named by its number alone."""
    for source in [*(ROOT / "src").rglob("*.py"), *(ROOT / "native").rglob("*.[ch]")]:
        for name in re.findall(r"\b(docs/[\w./-]+)", source.read_text()):
            path = name.rstrip(".")
            record = re.fullmatch(r"docs/adr/([0-9]{4})", path)
            found = list((ROOT / "docs" / "adr").glob(f"{record[1]}-*.md")) if record else [ROOT / path]
            assert found, f"{source.relative_to(ROOT)} names {name}"
            assert all(one.exists() for one in found), f"{source.relative_to(ROOT)} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_that_documents_name_exist(page: Path) -> None:
    """`src/...`, `native/...`, `tests/...` and `docs/...` in code spans are paths from the root of the repository."""
    for name in re.findall(r"`((?:src|native|tests|docs|api)/[\w./-]+)`", page.read_text()):
        assert (ROOT / name).exists(), f"{_name(page)} names {name}"


# --- acceptance conditions --------------------------------------------------------------------------------------------

TAGGED_CODE = ["agreement/pbft", "vault", "ledger", "orders"]


def test_acceptance_tags_are_the_same_in_code_and_specification() -> None:
    coded = {
        tag
        for room in TAGGED_CODE
        for source in (ROOT / "src" / "thresign" / room).rglob("*.py")
        for tag in TAG.findall(source.read_text())
    }
    rows = re.findall(r"^\| ([A-Z]+-[A-Z]*[0-9]+) \|", (ROOT / "docs/spec/agreement.md").read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows)), "a tag stands in two rows"
    assert set(rows) == coded
    assert len(coded) > 40


# --- words ------------------------------------------------------------------------------------------------------------


def _terms() -> set[str]:
    return set(re.findall(r"^\*\*([^*]+)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE))


def test_glossary_terms_stand_once_and_in_order() -> None:
    terms = re.findall(r"^\*\*([^*]+)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert len(terms) > 30
    assert terms == sorted(set(terms), key=str.lower)


def test_glossary_links_and_mentions_are_terms() -> None:
    """What a definition sets in italics is a term with a definition of its own."""
    text = (ROOT / "docs" / "glossary.md").read_text()
    known = {term.lower() for term in _terms()}
    mentioned = {word.lower() for word in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text)}
    forms = {word: {word, word.removesuffix("s"), word.removesuffix("'s"), word[:-3] + "y"} for word in mentioned}
    assert not {word for word, same in forms.items() if not same & known}


def test_words_that_the_code_uses_are_in_the_glossary() -> None:
    known = {term.lower() for term in _terms()}
    for word in (
        "trust domain", "module", "vault", "node", "token", "replica", "participant", "signer", "coordinator",
        "primary", "caller", "share", "partial", "request", "order", "batch", "header", "certificate", "incarnation",
        "key version", "share epoch", "roster epoch", "min_signers", "evidence bundle", "quorum", "view", "sequence",
        "checkpoint", "ledger", "entry", "statement", "assignment", "agreed time", "genesis", "roster", "held", "suite",
        "custody",
    ):  # fmt: skip
        assert word in known, word
