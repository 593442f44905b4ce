"""What all tests share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.domain import RunningDomain, running_domain


@pytest.fixture(scope="session")
def open_tmp(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A temporary directory whose parents other uids may pass through, as a domain with uids of its own needs.

    Not below pytest's own, which every session that starts closes to others again. Kept if a test failed.
    """
    path = Path(tempfile.mkdtemp(prefix="thresign-open-"))
    path.chmod(0o755)
    yield path
    if not request.session.testsfailed:
        shutil.rmtree(path)


@pytest.fixture(scope="module")
def domain(open_tmp: Path, request: pytest.FixtureRequest) -> Iterator[RunningDomain]:
    """A running domain of four modules with an active key "k", for one test file."""
    name = request.module.__name__.replace(".", "-")
    with running_domain(open_tmp / name) as running:
        running.create_key("k")
        yield running


Measured = Callable[[str], None]
"""Says a figure that a test took."""


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Figures of tests that pass are printed at the end of the run, whichever worker took them."""
    return lambda figure: record_property("measured", figure)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = [
        (report.nodeid, figure)
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, figure in report.user_properties
        if name == "measured" and report.when == "call"
    ]
    if figures:
        terminalreporter.section("measured")
        for test, figure in figures:
            terminalreporter.line(f"{test}: {figure}")
