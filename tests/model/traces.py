"""TLC's traces, read: values of TLA+ as Python's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

State = dict[str, Any]
TOKEN = re.compile(r'\s*(?:(:>|@@|\|->|<<|>>|[(){}\[\],])|"([^"]*)"|(-?\d+)|(\w+))')


def read(path: Path) -> Iterator[State]:
    """The states of a trace, in order; each by variable."""
    for block in re.split(r"STATE_\d+ ==", path.read_text())[1:]:
        parts = re.split(r"^/\\ (\w+) = ", block.split("====")[0], flags=re.MULTILINE)[1:]
        yield {name: value_of(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def value_of(text: str) -> Any:
    """A function or record becomes a dict, a set a frozenset, a sequence a tuple."""
    tokens = [match.groups() for match in TOKEN.finditer(text.strip())]
    value, rest = _value(tokens)
    assert not rest, f"left over: {rest}"
    return value


def _value(tokens: list[Any]) -> tuple[Any, list[Any]]:
    (mark, string, number, word), rest = tokens[0], tokens[1:]
    if string is not None:
        return string, rest
    if number is not None:
        return int(number), rest
    if word is not None:
        return {"TRUE": True, "FALSE": False}.get(word, word), rest
    closing = {"(": ")", "{": "}", "[": "]", "<<": ">>"}[mark]
    items: list[Any] = []
    while rest[0][0] != closing:
        item, rest = _value(rest)
        if rest[0][0] in (":>", "|->"):
            of, rest = _value(rest[1:])
            item = (item, of)
        items.append(item)
        if rest[0][0] in (",", "@@"):
            rest = rest[1:]
    made = {"{": frozenset, "<<": tuple, "(": dict, "[": dict}[mark](items)
    return made, rest[1:]
