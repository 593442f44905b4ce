"""The canonical encoding: the bytes of every kind of field, its bounds, and all that decoding refuses."""

from __future__ import annotations

from typing import Annotated, ClassVar

import pytest

from thresign.errors import MalformedRecord
from thresign.wire.canonical import (
    U8,
    U16,
    U32,
    U64,
    Bytes16,
    Chars,
    Count,
    Fixed,
    Record,
    Uint,
    Var,
    by_tag,
    decode_one_of,
    tag_of,
)


class Numbers(Record, frozen=True):
    TAG: ClassVar[bytes] = b"t.numbrs"
    a: U8
    b: U16
    c: U32
    d: U64


class Plain(Record, frozen=True):
    data: Annotated[bytes, Var(3)]


class Text(Record, frozen=True):
    text: Annotated[str, Chars(5)]


class Raw(Record, frozen=True):
    key: Bytes16
    last: U8


class Lists(Record, frozen=True):
    small: Annotated[tuple[U16, ...], Count(3)]
    keys: Annotated[tuple[Annotated[bytes, Fixed(2)], ...], Count(3)]
    names: Annotated[tuple[Annotated[str, Chars(3)], ...], Count(3)]
    blobs: Annotated[tuple[Annotated[bytes, Var(3)], ...], Count(3)]


class Red(Record, frozen=True):
    TAG: ClassVar[bytes] = b"t.red..1"
    shade: U8


class Blue(Record, frozen=True):
    TAG: ClassVar[bytes] = b"t.blue.1"
    depth: U16


class Green(Record, frozen=True):
    TAG: ClassVar[bytes] = b"t.green1"


class Colours(Record, frozen=True):
    first: Red | Blue
    more: Annotated[tuple[Red | Blue, ...], Count(2)]
    plain: Red


class Even(Record, frozen=True):
    number: U8

    def check(self) -> None:
        if self.number % 2:
            raise MalformedRecord("odd")


class HoldsEven(Record, frozen=True):
    inner: Even
    more: Annotated[tuple[Even, ...], Count(2)]


RED, BLUE = b"t.red..1\x07", b"t.blue.1\x00\x09"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (Numbers(1, 2, 3, 4), b"t.numbrs" + b"\x01" + b"\x00\x02" + b"\x00\x00\x00\x03" + bytes(7) + b"\x04"),
        (Numbers(255, 65535, 2**32 - 1, 2**64 - 1), b"t.numbrs" + b"\xff" * 15),
        (Plain(b""), bytes(4)),
        (Plain(b"abc"), b"\x00\x00\x00\x03abc"),
        (Text("a b~"), b"\x00\x00\x00\x04a b~"),
        (Raw(bytes(range(16)), 9), bytes(range(16)) + b"\x09"),
        (
            Lists((1, 2), (b"xy",), ("n",), (b"", b"z")),
            b"\0\0\0\2\0\1\0\2" + b"\0\0\0\1xy" + b"\0\0\0\1\0\0\0\1n" + b"\0\0\0\2\0\0\0\0\0\0\0\1z",
        ),
        (Colours(Red(7), (Blue(9), Red(7)), Red(7)), RED + b"\0\0\0\2" + BLUE + RED + RED),
        (HoldsEven(Even(2), ()), b"\x02\0\0\0\0"),
        (Green(), b"t.green1"),
    ],
)
def test_encoding(value: Record, encoded: bytes) -> None:
    assert value.encode() == encoded
    assert type(value).decode(encoded) == value


@pytest.mark.parametrize(
    "value",
    [
        Numbers(256, 0, 0, 0),
        Numbers(0, 65536, 0, 0),
        Numbers(0, 0, 2**32, 0),
        Numbers(0, 0, 0, 2**64),
        Numbers(-1, 0, 0, 0),
        Numbers(0, 0, 0, -1),
        Plain(b"abcd"),
        Text("abcdef"),
        Text("ä"),
        Text("a\n"),
        Raw(bytes(15), 0),
        Raw(bytes(17), 0),
        Lists((1, 2, 3, 4), (), (), ()),
        Lists((65536,), (), (), ()),
        Lists((-1,), (), (), ()),
        Lists((), (b"x",), (), ()),
        Lists((), (b"xyz",), (), ()),
        Lists((), (), ("abcd",), ()),
        Lists((), (), ("\t",), ()),
        Lists((), (), (), (b"abcd",)),
        Colours(Green(), (), Red(1)),  # type: ignore[arg-type]
        Colours(Red(1), (Green(),), Red(1)),  # type: ignore[arg-type]
        Colours(Red(1), (Red(1), Red(2), Red(3)), Red(1)),
        Colours(Red(256), (), Red(1)),
        Even(1),
        HoldsEven(Even(1), ()),
        HoldsEven(Even(2), (Even(3),)),
    ],
)
def test_values_outside_their_bounds_are_not_encoded(value: Record) -> None:
    with pytest.raises(MalformedRecord):
        value.encode()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Numbers, b""),
        (Numbers, b"t.numbrz" + bytes(15)),  # another tag
        (Numbers, b"t.numbrs" + bytes(16)),  # one byte more
        (Plain, b"\0\0\0"),  # no whole length
        (Plain, b"\0\0\0\4abcd"),  # longer than its bound
        (Plain, b"\0\0\0\3ab"),  # cut short
        (Plain, b"\xff\xff\xff\xff"),
        (Text, b"\0\0\0\1\x1f"),
        (Text, b"\0\0\0\1\x7f"),
        (Text, b"\0\0\0\1\x80"),
        (Text, b"\0\0\0\2\xc3\xa4"),  # UTF-8, but not ASCII
        (Lists, b"\0\0\0\4" + bytes(8) + bytes(12)),  # too many items
        (Lists, b"\0\0\0\3\0\1"),  # fewer items than counted
        (Lists, bytes(4) + b"\0\0\0\1x"),
        (Lists, bytes(8) + b"\0\0\0\1\0\0\0\4abcd" + bytes(4)),
        (Colours, b"t.green1" + bytes(4) + RED),  # a record that cannot stand here
        (Colours, RED + b"\0\0\0\1" + b"t.green1" + RED),
        (Colours, RED + bytes(4) + BLUE),
        (Colours, RED + bytes(4) + b"t.red"),
        (Even, b"\x01"),
        (HoldsEven, b"\x01\0\0\0\0"),
        (HoldsEven, b"\x02\0\0\0\1\x01"),
    ],
)
def test_everything_else_is_refused(kind: type[Record], data: bytes) -> None:
    with pytest.raises(MalformedRecord):
        kind.decode(data)


@pytest.mark.parametrize("code", range(256))
def test_text_is_printable_ascii(code: int) -> None:
    data = b"\0\0\0\1" + bytes([code])
    if 0x20 <= code < 0x7F:
        assert Text.decode(data).text == chr(code)
    else:
        with pytest.raises(MalformedRecord):
            Text.decode(data)


def test_a_count_is_no_promise_to_allocate() -> None:
    class Many(Record, frozen=True):
        items: Annotated[tuple[U64, ...], Count(2**32 - 1)]

    with pytest.raises(MalformedRecord, match="cut short"):
        Many.decode(b"\xff\xff\xff\xff" + bytes(16))


def test_decode_from_says_where_the_value_ends() -> None:
    data = b"..." + Numbers(1, 2, 3, 4).encode() + b"rest"
    value, end = Numbers.decode_from(data, 3)
    assert (value, data[end:]) == (Numbers(1, 2, 3, 4), b"rest")


@pytest.mark.parametrize("start", [0, 1, 22, 23, 24, 1000])
def test_decoding_beyond_the_end_is_cut_short(start: int) -> None:
    with pytest.raises(MalformedRecord):
        Numbers.decode_from(Numbers(1, 2, 3, 4).encode()[:22], start)


def test_one_of_several_kinds() -> None:
    kinds = by_tag(Red, Blue)
    assert decode_one_of(kinds, RED) == Red(7)
    assert decode_one_of(kinds, BLUE) == Blue(9)
    for data in (b"t.green1", b"t.red..1", RED + b"\0", b"", b"t.red"):
        with pytest.raises(MalformedRecord):
            decode_one_of(kinds, data)


def test_a_tag_has_eight_bytes() -> None:
    assert tag_of(b"t.red..1\x07") == b"t.red..1"
    with pytest.raises(MalformedRecord):
        tag_of(b"t.red..")

    class Short(Record, frozen=True):
        TAG: ClassVar[bytes] = b"short"

    with pytest.raises(TypeError):
        Short().encode()


def test_a_field_without_an_encoding_is_a_mistake_in_the_class() -> None:
    class Odd(Record, frozen=True):
        number: Annotated[int, "words"]

    with pytest.raises(TypeError):
        Odd(1).encode()


def test_fixed_fields_between_variable_ones_keep_their_order() -> None:
    class Mixed(Record, frozen=True):
        a: U8
        text: Annotated[str, Chars(4)]
        b: U8
        c: Annotated[int, Uint(2)]
        data: Annotated[bytes, Var(4)]
        d: U8

    value = Mixed(1, "t", 2, 3, b"d", 4)
    assert value.encode() == b"\x01" + b"\0\0\0\1t" + b"\x02\x00\x03" + b"\0\0\0\1d" + b"\x04"
    assert Mixed.decode(value.encode()) == value
