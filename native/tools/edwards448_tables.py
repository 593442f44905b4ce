#!/usr/bin/env python3
"""Writes the multiples of the generator that native/core/edwards448/tables.h describes.

edwards448_tables.py           prints tables.c
edwards448_tables.py --check   says whether the checked-in tables.c is what would be printed
"""

import re
import sys
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent.parent / "core" / "edwards448"
P = 2**448 - 2**224 - 1
Q = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885
D_TWISTED = -39082
# RFC 8032 section 5.2.
GENERATOR = (
    0x4F1970C66BED0DED221D15A622BF36DA9E146570470F1767EA6DE324A3D3A46412AE1AF72AB66511433B80E18B00938E2626A82BC70CC05E,
    0x693F46716EB6BC248876203756C9C7624BEA73736CA3984087789C1E05A0C2D73AD3FF1CE67C39C4FDBD132C4ED7C8AD9808795BF230FA14,
)

Point = tuple[int, int]


def inverse(a: int) -> int:
    return pow(a, -1, P)


def down(point: Point) -> Point:
    x, y = point
    return 2 * x * y * inverse(y * y - x * x) % P, (y * y + x * x) * inverse(2 - y * y - x * x) % P


def add(a: Point, b: Point) -> Point:
    """On -x^2 + y^2 = 1 + D_TWISTED x^2 y^2."""
    t = D_TWISTED * a[0] * b[0] * a[1] * b[1] % P
    return (
        (a[0] * b[1] + a[1] * b[0]) * inverse(1 + t) % P,
        (a[1] * b[1] + a[0] * b[0]) * inverse(1 - t) % P,
    )


def multiply(k: int, point: Point) -> Point:
    result = (0, 1)
    for bit in bin(k % Q)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def limbs(value: int) -> str:
    return ", ".join(f"0x{value >> (56 * i) & (2**56 - 1):014x}" for i in range(8))


def niels(point: Point) -> str:
    x, y = point
    rows = ((y - x) % P, (y + x) % P, -2 * D_TWISTED * x * y % P)
    return "{\n" + ",\n".join("      " + limbs(row) for row in rows) + "}"


def constants() -> dict[str, int]:
    text = (DIRECTORY / "tables.h").read_text()
    return {name: int(value) for name, value in re.findall(r"#define (\w+) (\d+)\b", text)}


def comb(base: Point, blocks: int, teeth: int, spacing: int) -> list[list[Point]]:
    result = []
    for block in range(blocks):
        powers = [multiply(2 ** (spacing * (teeth * block + i)), base) for i in range(teeth)]
        entries = []
        for v in range(2 ** (teeth - 1)):
            total = powers[-1]
            for i in range(teeth - 1):
                x, y = powers[i]
                total = add(total, (x, y) if v >> i & 1 else (-x % P, y))
            entries.append(total)
        result.append(entries)
    return result


def odd_multiples(base: Point, count: int) -> list[Point]:
    double, result = add(base, base), [base]
    while len(result) < count:
        result.append(add(result[-1], double))
    return result


def source() -> str:
    c = constants()
    base = multiply(pow(4, -1, Q), down(GENERATOR))
    combs = comb(base, c["COMB_BLOCKS"], c["COMB_TEETH"], c["COMB_SPACING"])
    multiples = odd_multiples(base, 2 ** (c["BASE_WINDOW"] - 2))
    parts = [
        "/* Made by native/tools/edwards448_tables.py: do not edit. */",
        '#include "tables.h"',
        "",
        "const uint64_t ts_edwards448_comb[COMB_BLOCKS][COMB_ENTRIES][NIELS_LIMBS] = {",
        ",\n".join("  {\n" + ",\n".join("    " + niels(entry) for entry in entries) + "}" for entries in combs),
        "};",
        "",
        "const uint64_t ts_edwards448_base[BASE_ENTRIES][NIELS_LIMBS] = {",
        ",\n".join("    " + niels(entry) for entry in multiples),
        "};",
        "",
    ]
    return "\n".join(parts)


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        same = (DIRECTORY / "tables.c").read_text() == source()
        print("tables.c is as generated" if same else "tables.c differs from what the generator prints")
        return 0 if same else 1
    sys.stdout.write(source())
    return 0


if __name__ == "__main__":
    sys.exit(main())
