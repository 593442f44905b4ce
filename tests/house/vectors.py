"""The files under tests/vectors: `name = value` lines, a participant's number in brackets."""

from __future__ import annotations

import re
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "vectors"
_LINE = re.compile(r"(\w+)(?:\[(\d+)\])? = (\S*)")


def read_vectors(name: str) -> dict[str | tuple[str, int], str]:
    """A file's values, by name, or by name and number."""
    values: dict[str | tuple[str, int], str] = {}
    for line in (VECTORS / name).read_text().splitlines():
        if line and not line.startswith("#"):
            match = _LINE.fullmatch(line)
            assert match is not None, f"{name}: {line}"
            values[(match[1], int(match[2])) if match[2] else match[1]] = match[3]
    return values
