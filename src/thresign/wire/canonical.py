"""The canonical encoding: every value has exactly one encoding, and decoding refuses everything else.

All that is hashed, signed, stored or sent between modules is a `Record` in this encoding (docs/spec/wire.md; the C side
is native/include/thresign/cursor.h). A record is the concatenation of its fields in order, preceded by its 8-byte tag
if it has one, so encodings of different tagged records never coincide:

    U8 U16 U32 U64        big-endian
    Fixed(n)              n bytes
    Var(max)              U32 length, then that many bytes
    Chars(max)            the same, printable ASCII
    Count(max) tuple      U32 count, then the items
    nested record         its encoding, tag included

There are no optional fields and no defaults: absence is an empty tuple. Codecs are generated once per class, so that
runs of fixed-size fields cost one struct call.
"""

from __future__ import annotations

import struct
import types
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from thresign.errors import MalformedRecord


class Uint(msgspec.Struct, frozen=True):
    """An unsigned integer of `bytes` bytes."""

    bytes: int


class Fixed(msgspec.Struct, frozen=True):
    """Exactly `bytes` bytes."""

    bytes: int


class Var(msgspec.Struct, frozen=True):
    """At most `bytes_max` bytes."""

    bytes_max: int


class Chars(msgspec.Struct, frozen=True):
    """At most `bytes_max` characters of printable ASCII."""

    bytes_max: int


class Count(msgspec.Struct, frozen=True):
    """At most `items_max` items."""

    items_max: int


U8 = Annotated[int, Uint(1)]
U16 = Annotated[int, Uint(2)]
U32 = Annotated[int, Uint(4)]
U64 = Annotated[int, Uint(8)]
Bytes16 = Annotated[bytes, Fixed(16)]
Bytes32 = Annotated[bytes, Fixed(32)]
Bytes64 = Annotated[bytes, Fixed(64)]

TAG_BYTES = 8

_UINT_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

Encoder = Callable[[Any, bytearray], None]
Decoder = Callable[[bytes, int], tuple[Any, int]]


class Record(msgspec.Struct, frozen=True, gc=False):
    """Base of everything that has a canonical encoding. Subclasses are frozen msgspec structs with annotated fields.

    Frozen records cannot form cycles, so the garbage collector need not look at them.
    """

    TAG: ClassVar[bytes] = b""

    def encode(self) -> bytes:
        """The one encoding of this value. Raises MalformedRecord if a field is outside its bounds."""
        out = bytearray()
        _codec(type(self))[0](self, out)
        return bytes(out)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The value whose encoding is `data`, all of it. Raises MalformedRecord for anything else."""
        value, end = cls.decode_from(data, 0)
        if end != len(data):
            raise MalformedRecord(f"{cls.__name__}: {len(data) - end} bytes left over")
        return value

    @classmethod
    def decode_from(cls, data: bytes, start: int) -> tuple[Self, int]:
        """Decodes at `start`; returns the value and where it ends."""
        try:
            value, end = _codec(cls)[1](data, start)
        except struct.error:
            raise MalformedRecord(f"{cls.__name__}: cut short") from None
        return value, end

    def check(self) -> None:
        """Rules between fields, run after each decode and before each encode. Raises MalformedRecord."""


R = TypeVar("R", bound=Record)

_codecs: dict[type[Record], tuple[Encoder, Decoder]] = {}


def _codec(cls: type[Record]) -> tuple[Encoder, Decoder]:
    found = _codecs.get(cls)
    if found is None:
        found = _codecs[cls] = _Generator(cls).build()
    return found


def tag_of(data: bytes) -> bytes:
    """The first 8 bytes: which tagged record this is. Raises MalformedRecord if there are fewer."""
    if len(data) < TAG_BYTES:
        raise MalformedRecord("shorter than a tag")
    return data[:TAG_BYTES]


def decode_one_of(kinds: dict[bytes, type[R]], data: bytes) -> R:
    """Decodes the tagged record that `data` is, which must be one of `kinds` (by tag). Raises MalformedRecord."""
    kind = kinds.get(tag_of(data))
    if kind is None:
        raise MalformedRecord(f"unexpected record {data[:TAG_BYTES]!r}")
    return kind.decode(data)


def by_tag(*kinds: type[R]) -> dict[bytes, type[R]]:
    """The table that decode_one_of takes."""
    return {kind.TAG: kind for kind in kinds}


# --- run-time parts of the generated code -------------------------------------------------------------------------


def _read_var(data: bytes, at: int, maximum: int, what: str) -> tuple[bytes, int]:
    length = int.from_bytes(data[at : at + 4], "big")
    start = at + 4
    end = start + length
    if length > maximum:
        raise MalformedRecord(f"{what}: {length} bytes, at most {maximum}")
    if end > len(data):
        raise MalformedRecord(f"{what}: cut short")
    return data[start:end], end


def _read_text(data: bytes, at: int, maximum: int, what: str) -> tuple[str, int]:
    raw, end = _read_var(data, at, maximum, what)
    if not (raw.isascii() and (text := raw.decode("ascii")).isprintable()):
        raise MalformedRecord(f"{what}: not printable ASCII")
    return text, end


def _read_count(data: bytes, at: int, maximum: int, what: str) -> tuple[int, int]:
    end = at + 4
    if end > len(data):
        raise MalformedRecord(f"{what}: cut short")
    count = int.from_bytes(data[at:end], "big")
    if count > maximum:
        raise MalformedRecord(f"{what}: {count} items, at most {maximum}")
    return count, end


def _write_var(out: bytearray, value: bytes, maximum: int, what: str) -> None:
    if len(value) > maximum:
        raise MalformedRecord(f"{what}: {len(value)} bytes, at most {maximum}")
    out += len(value).to_bytes(4, "big")
    out += value


def _write_text(out: bytearray, value: str, maximum: int, what: str) -> None:
    if not (value.isascii() and value.isprintable()):
        raise MalformedRecord(f"{what}: not printable ASCII")
    _write_var(out, value.encode("ascii"), maximum, what)


def _fail(what: str, why: str) -> None:
    raise MalformedRecord(f"{what}: {why}")


class _Generator:
    """Writes the source of one class's encoder and decoder. Names come from class definitions, never from input."""

    def __init__(self, cls: type[Record]) -> None:
        self.cls = cls
        self.names: dict[str, Any] = {
            "_read_var": _read_var,
            "_read_text": _read_text,
            "_read_count": _read_count,
            "_write_var": _write_var,
            "_write_text": _write_text,
            "_fail": _fail,
            "cls": cls,
            "TAG": cls.TAG,
            "struct_error": struct.error,
        }
        self.encode_lines: list[str] = []
        self.decode_lines: list[str] = []
        self.run: list[tuple[str, str]] = []  # pending fixed-size fields: (struct code, field name)

    def build(self) -> tuple[Encoder, Decoder]:
        hints = get_type_hints(self.cls, include_extras=True)
        fields = self.cls.__struct_fields__
        if self.cls.TAG:
            if len(self.cls.TAG) != TAG_BYTES:
                raise TypeError(f"{self.cls.__name__}.TAG is not {TAG_BYTES} bytes long")
            self.run.append((f"{TAG_BYTES}s", "TAG"))
        for name in fields:
            self._field(name, hints[name])
        self._flush()
        checks = self.cls.check is not Record.check
        source = ["def encode(value, out):"]
        if checks:
            source.append("    value.check()")
        source += [f"    {line}" for line in self.encode_lines or ["pass"]]
        source += ["def decode(data, at):"]
        source += [f"    {line}" for line in self.decode_lines]
        source += [f"    value = cls({', '.join('f_' + name for name in fields)})"]
        if checks:
            source.append("    value.check()")
        source.append("    return value, at")
        exec("\n".join(source), self.names)  # noqa: S102 - generated from class definitions at import, as dataclasses do
        return self.names["encode"], self.names["decode"]

    def _field(self, name: str, hint: Any) -> None:
        what = f"{self.cls.__name__}.{name}"
        if get_origin(hint) is Annotated:
            base, shape = get_args(hint)[:2]
            if isinstance(shape, Uint):
                self.run.append((_UINT_CODES[shape.bytes], name))
            elif isinstance(shape, Fixed):
                self.run.append((f"{shape.bytes}s", name))
                # struct pads and cuts silently
                self.encode_lines.append(f"if len(value.{name}) != {shape.bytes}: _fail({what!r}, 'wrong length')")
            elif isinstance(shape, Var | Chars):
                kind = "text" if isinstance(shape, Chars) else "var"
                self._flush()
                self.encode_lines.append(f"_write_{kind}(out, value.{name}, {shape.bytes_max}, {what!r})")
                self.decode_lines.append(f"f_{name}, at = _read_{kind}(data, at, {shape.bytes_max}, {what!r})")
            elif isinstance(shape, Count):
                self._flush()
                self._items(name, get_args(base)[0], shape.items_max, what)
            else:
                raise TypeError(f"{what}: no encoding for {hint}")
            return
        self._flush()
        encode, decode = self._nested(name, hint, what)
        self.encode_lines.append(f"{encode}(value.{name}, out)")
        self.decode_lines.append(f"f_{name}, at = {decode}(data, at)")

    def _items(self, name: str, item: Any, maximum: int, what: str) -> None:
        if get_origin(item) is Annotated:
            _base, shape = get_args(item)[:2]
            encode, decode = self._plain_item(name, shape, what)
        else:
            encode, decode = self._nested(name, item, what)
        self.encode_lines += [
            f"if len(value.{name}) > {maximum}: _fail({what!r}, 'too many items')",
            f"out += len(value.{name}).to_bytes(4, 'big')",
            f"for item in value.{name}: {encode}(item, out)",
        ]
        self.decode_lines += [
            f"count, at = _read_count(data, at, {maximum}, {what!r})",
            "items = []",
            "for _ in range(count):",
            f"    item, at = {decode}(data, at)",
            "    items.append(item)",
            f"f_{name} = tuple(items)",
        ]

    def _plain_item(self, name: str, shape: Any, what: str) -> tuple[str, str]:
        def encode(item: Any, out: bytearray) -> None:
            if isinstance(shape, Uint):
                try:
                    out += item.to_bytes(shape.bytes, "big")
                except OverflowError:
                    _fail(what, "number out of range")
            elif isinstance(shape, Fixed):
                if len(item) != shape.bytes:
                    _fail(what, "wrong length")
                out += item
            elif isinstance(shape, Chars):
                _write_text(out, item, shape.bytes_max, what)
            else:
                _write_var(out, item, shape.bytes_max, what)

        def decode(data: bytes, at: int) -> tuple[Any, int]:
            if isinstance(shape, Chars):
                return _read_text(data, at, shape.bytes_max, what)
            if isinstance(shape, Var):
                return _read_var(data, at, shape.bytes_max, what)
            end = at + shape.bytes
            if end > len(data):
                _fail(what, "cut short")
            raw = data[at:end]
            return (int.from_bytes(raw, "big") if isinstance(shape, Uint) else raw), end

        self.names[f"enc_{name}"], self.names[f"dec_{name}"] = encode, decode
        return f"enc_{name}", f"dec_{name}"

    def _nested(self, name: str, hint: Any, what: str) -> tuple[str, str]:
        options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        if len(options) == 1:
            self.names[f"enc_{name}"], self.names[f"dec_{name}"] = _codec(options[0])
            return f"enc_{name}", f"dec_{name}"
        kinds = by_tag(*options)

        def encode(item: Record, out: bytearray) -> None:
            if type(item) not in options:
                _fail(what, f"a {type(item).__name__} cannot stand here")
            _codec(type(item))[0](item, out)

        def decode(data: bytes, at: int) -> tuple[Record, int]:
            kind = kinds.get(data[at : at + TAG_BYTES])
            if kind is None:
                raise MalformedRecord(f"{what}: unexpected record {data[at : at + TAG_BYTES]!r}")
            value, end = _codec(kind)[1](data, at)
            return value, end

        self.names[f"enc_{name}"], self.names[f"dec_{name}"] = encode, decode
        return f"enc_{name}", f"dec_{name}"

    def _flush(self) -> None:
        """One struct call for the pending run of fixed-size fields."""
        if not self.run:
            return
        layout = struct.Struct(">" + "".join(code for code, _ in self.run))
        number = len(self.names)
        self.names[f"pack_{number}"], self.names[f"unpack_{number}"] = layout.pack, layout.unpack_from
        values = ", ".join("TAG" if name == "TAG" else f"value.{name}" for _, name in self.run)
        fields = ", ".join("tag" if name == "TAG" else f"f_{name}" for _, name in self.run)
        self.encode_lines += [
            f"try: out += pack_{number}({values})",
            f"except struct_error: _fail({self.cls.__name__!r}, 'a number is out of range')",
        ]
        self.decode_lines.append(f"({fields},) = unpack_{number}(data, at)")
        if self.run[0][1] == "TAG":
            self.decode_lines.append(f"if tag != TAG: _fail({self.cls.__name__!r}, 'not this record: %r' % tag)")
        self.decode_lines.append(f"at += {layout.size}")
        self.run = []
