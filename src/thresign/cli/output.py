"""What commands print: words for people, or one JSON document with --json; errors on stderr, always."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
from rich.console import Console

from thresign.errors import ThresignError

errors = Console(stderr=True, highlight=False, soft_wrap=True)
plain = Console(highlight=False, soft_wrap=True)


def show(value: Any, as_json: bool, words: str) -> None:
    """Prints the value as JSON, or the words."""
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
        sys.stdout.flush()
    else:
        plain.print(words, markup=False)


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    """Says what takes so long, while it takes."""
    if errors.is_terminal:
        with errors.status(what):
            yield
    else:
        errors.print(what, markup=False)
        yield


def fail(error: ThresignError) -> NoReturn:
    """Says why, and ends with status 1."""
    culprits = f" (modules {', '.join(map(str, error.culprits))})" if error.culprits else ""
    errors.print(f"thresign: {error.code}: {error.detail}{culprits}", markup=False)
    raise SystemExit(1)
