"""How a record stands in a specification: one line a field, from the class itself, so that a page can be compared."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from thresign.wire.canonical import Chars, Count, Fixed, Record, Uint, Var


def layout(kind: type[Record]) -> str:
    """The class' name with its tag, then a line a field: name and form."""
    hints = get_type_hints(kind, include_extras=True)
    fields = kind.__struct_fields__
    width = max(map(len, fields), default=0) + 2
    head = f'{kind.__name__} "{kind.TAG.decode()}"' if kind.TAG else kind.__name__
    return "\n".join([head, *(f"  {name:<{width}}{form(hints[name])}" for name in fields)])


def form(hint: Any) -> str:
    """A field's form, in the words of docs/spec/wire.md."""
    if get_origin(hint) is Annotated:
        base, shape = get_args(hint)[:2]
        match shape:
            case Uint():
                return f"U{8 * shape.bytes}"
            case Fixed():
                return f"Fixed({shape.bytes})"
            case Var():
                return f"Var({shape.bytes_max})"
            case Chars():
                return f"Chars({shape.bytes_max})"
            case Count():
                return f"Count({shape.items_max}) of {form(get_args(base)[0])}"
    if get_origin(hint) in (Union, types.UnionType):
        return " | ".join(option.__name__ for option in get_args(hint))
    return str(hint.__name__)
