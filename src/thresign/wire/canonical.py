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
runs of fixed-size fields, with the length of what follows them, cost one struct call.
"""

from __future__ import annotations

import struct
import types
from collections.abc import Callable
from typing import (
    Annotated,
    Any,
    ClassVar,
    NoReturn,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

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
        kind = type(self)
        try:
            (_codecs.get(kind) or _codec(kind))[0](self, out)
        except struct.error as error:
            raise MalformedRecord(f"{kind.__name__}: {error}") from None
        return bytes(out)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The value whose encoding is `data`, all of it. Raises MalformedRecord for anything else."""
        try:
            value, end = (_codecs.get(cls) or _codec(cls))[1](data, 0)
        except struct.error:
            raise MalformedRecord(f"{cls.__name__}: cut short") from None
        if end != len(data):
            raise MalformedRecord(f"{cls.__name__}: {len(data) - end} bytes left over")
        return cast(Self, value)

    @classmethod
    def decode_from(cls, data: bytes, start: int) -> tuple[Self, int]:
        """Decodes at `start`; returns the value and where it ends."""
        try:
            value, end = (_codecs.get(cls) or _codec(cls))[1](data, start)
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

_LENGTH = struct.Struct(">I")


def _fail(what: str, why: str) -> NoReturn:
    raise MalformedRecord(f"{what}: {why}")


def _beyond(what: str, length: int, maximum: int) -> NoReturn:
    """Refuses a length that is beyond its bound, or for which there is too little data."""
    _fail(what, f"{length} bytes, at most {maximum}" if length > maximum else "cut short")


class _Generator:
    """Writes the source of one class's encoder and decoder. Names come from class definitions, never from input."""

    def __init__(self, cls: type[Record]) -> None:
        self.cls = cls
        self.names: dict[str, Any] = {
            "_fail": _fail,
            "_beyond": _beyond,
            "cls": cls,
            "TAG": cls.TAG,
            "pack_length": _LENGTH.pack,
            "unpack_length": _LENGTH.unpack_from,
        }
        self.encode_lines: list[str] = []
        self.decode_lines: list[str] = []
        self.run: list[tuple[str, str, str]] = []
        """Pending fixed-size parts: struct code, the value to pack, the name to unpack to."""

    def build(self) -> tuple[Encoder, Decoder]:
        hints = get_type_hints(self.cls, include_extras=True)
        fields = self.cls.__struct_fields__
        if self.cls.TAG:
            if len(self.cls.TAG) != TAG_BYTES:
                raise TypeError(f"{self.cls.__name__}.TAG is not {TAG_BYTES} bytes long")
            self.run.append((f"{TAG_BYTES}s", "TAG", "tag"))
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
        if get_origin(hint) is not Annotated:
            self._flush()
            encode, decode = self._nested(name, hint, what)
            self.encode_lines.append(f"{encode}(value.{name}, out)")
            self.decode_lines.append(f"f_{name}, at = {decode}(data, at)")
            return
        base, shape = get_args(hint)[:2]
        if isinstance(shape, Uint):
            self.run.append((_UINT_CODES[shape.bytes], f"value.{name}", f"f_{name}"))
        elif isinstance(shape, Fixed):
            self.run.append((f"{shape.bytes}s", f"value.{name}", f"f_{name}"))
            # struct pads and cuts silently
            self.encode_lines.append(f"if len(value.{name}) != {shape.bytes}: _fail({what!r}, 'wrong length')")
        elif isinstance(shape, Var | Chars):
            self.encode_lines += [f"v = value.{name}", *_checked("v", shape, what)]
            self._length()
            self.encode_lines.append("out += v")
            self.decode_lines += _cut(f"f_{name}", shape, what)
        elif isinstance(shape, Count):
            bound, many = shape.items_max, f"'%d items, at most {shape.items_max}' % n"
            self.encode_lines += [f"v = value.{name}", f"if len(v) > {bound}: _fail({what!r}, 'too many items')"]
            self._length()
            self.decode_lines.append(f"if n > {bound}: _fail({what!r}, {many})")
            self._items(name, get_args(base)[0], what)
        else:
            raise TypeError(f"{what}: no encoding for {hint}")

    def _items(self, name: str, item: Any, what: str) -> None:
        """The items of `v`; decoding, there are to be `n`."""
        shape = get_args(item)[1] if get_origin(item) is Annotated else None
        if isinstance(shape, Uint | Fixed):
            code = _UINT_CODES[shape.bytes] if isinstance(shape, Uint) else f"{shape.bytes}s"
            layout = struct.Struct(">" + code)
            self.names[f"pack_{name}"], self.names[f"unpack_{name}"] = layout.pack, layout.iter_unpack
            if isinstance(shape, Fixed):
                wrong = f"any([len(item) != {shape.bytes} for item in v])"
                self.encode_lines += [f"if {wrong}: _fail({what!r}, 'wrong length')", "out += b''.join(v)"]
            else:
                self.encode_lines.append(f"for item in v: out += pack_{name}(item)")
            self.decode_lines += [
                f"end = at + n * {shape.bytes}",
                f"if end > len(data): _beyond({what!r}, 0, 0)",
                f"f_{name} = tuple([item for item, in unpack_{name}(data[at:end])])",
                "at = end",
            ]
            return
        if shape is not None:
            encode = [*_checked("item", shape, what), "out += pack_length(len(item))", "out += item"]
            decode = ["n, = unpack_length(data, at)", f"at += {_LENGTH.size}", *_cut("item", shape, what)]
        else:
            encoder, decoder = self._nested(name, item, what)
            encode, decode = [f"{encoder}(item, out)"], [f"item, at = {decoder}(data, at)"]
        self.encode_lines += ["for item in v:", *(f"    {line}" for line in encode)]
        self.decode_lines += ["items = []", "for _ in range(n):", *(f"    {line}" for line in decode)]
        self.decode_lines += ["    items.append(item)", f"f_{name} = tuple(items)"]

    def _nested(self, name: str, hint: Any, what: str) -> tuple[str, str]:
        options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        if len(options) == 1:
            self.names[f"enc_{name}"], self.names[f"dec_{name}"] = _codec(options[0])
            return f"enc_{name}", f"dec_{name}"
        encoders = {kind: _codec(kind)[0] for kind in options}
        decoders = {kind.TAG: _codec(kind)[1] for kind in options}

        def encode(item: Record, out: bytearray) -> None:
            encoder = encoders.get(type(item))
            if encoder is None:
                _fail(what, f"a {type(item).__name__} cannot stand here")
            encoder(item, out)

        def decode(data: bytes, at: int) -> tuple[Record, int]:
            decoder = decoders.get(data[at : at + TAG_BYTES])
            if decoder is None:
                _fail(what, f"unexpected record {data[at : at + TAG_BYTES]!r}")
            return decoder(data, at)

        self.names[f"enc_{name}"], self.names[f"dec_{name}"] = encode, decode
        return f"enc_{name}", f"dec_{name}"

    def _length(self) -> None:
        """The length of `v` ends the run; decoding, it is `n`."""
        self.run.append((_LENGTH.format[1:], "len(v)", "n"))
        self._flush()

    def _flush(self) -> None:
        """One struct call for the pending run."""
        if not self.run:
            return
        layout = struct.Struct(">" + "".join(code for code, _, _ in self.run))
        number = len(self.names)
        self.names[f"pack_{number}"], self.names[f"unpack_{number}"] = layout.pack, layout.unpack_from
        values, fields = (", ".join(part[place] for part in self.run) for place in (1, 2))
        self.encode_lines.append(f"out += pack_{number}({values})")
        self.decode_lines.append(f"({fields},) = unpack_{number}(data, at)")
        if self.run[0][1] == "TAG":
            self.decode_lines.append(f"if tag != TAG: _fail({self.cls.__name__!r}, 'not this record: %r' % tag)")
        self.decode_lines.append(f"at += {layout.size}")
        self.run = []


def _checked(name: str, shape: Var | Chars, what: str) -> list[str]:
    """Lines after which `name` holds bytes that may be encoded."""
    lines = []
    if isinstance(shape, Chars):
        lines.append(f"if not ({name}.isascii() and {name}.isprintable()): _fail({what!r}, 'not printable ASCII')")
        lines.append(f"{name} = {name}.encode()")
    return [*lines, f"if len({name}) > {shape.bytes_max}: _beyond({what!r}, len({name}), {shape.bytes_max})"]


def _cut(name: str, shape: Var | Chars, what: str) -> list[str]:
    """Lines after which `name` holds the value of the next `n` bytes."""
    lines = [
        "end = at + n",
        f"if n > {shape.bytes_max} or end > len(data): _beyond({what!r}, n, {shape.bytes_max})",
        f"{name} = data[at:end]",
        "at = end",
    ]
    if isinstance(shape, Chars):
        not_text = f"_fail({what!r}, 'not printable ASCII')"
        lines += [f"if not {name}.isascii(): {not_text}", f"{name} = {name}.decode()"]
        lines.append(f"if not {name}.isprintable(): {not_text}")
    return lines
