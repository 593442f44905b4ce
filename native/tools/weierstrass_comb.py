"""Writes the tables of odd multiples of the generators of secp256k1 and P-256: (2 j + 1) 2^(6 i) G for i < 43, j < 32.

weierstrass_comb.py secp256k1|p256 OUTPUT            writes native/core/<curve>/comb_table.c
weierstrass_comb.py secp256k1|p256 --check FILE      compares it with what would be written
"""

import sys
from pathlib import Path

WINDOWS, WIDTH = 43, 6

# SEC 2, section 2.4.1; SP 800-186, section 3.2.1.3. The factor is that of the Montgomery form.
CURVES = {
    "secp256k1": {
        "p": 2**256 - 2**32 - 977,
        "a": 0,
        "b": 7,
        "x": 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        "y": 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
        "factor": 1,
        "words": "plain integers",
    },
    "p256": {
        "p": 2**256 - 2**224 + 2**192 + 2**96 - 1,
        "a": -3,
        "b": 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        "x": 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        "y": 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        "factor": 2**256,
        "words": "Montgomery form",
    },
}


def add(curve, left, right):
    """The sum of two points, neither of them nor the sum the identity."""
    p = curve["p"]
    (x1, y1), (x2, y2) = left, right
    if left == right:
        slope = (3 * x1 * x1 + curve["a"]) * pow(2 * y1, -1, p) % p
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, p) % p
    x3 = (slope * slope - x1 - x2) % p
    return x3, (slope * (x1 - x3) - y1) % p


def rows(curve):
    point = curve["x"], curve["y"]
    assert (point[1] ** 2 - point[0] ** 3 - curve["a"] * point[0] - curve["b"]) % curve["p"] == 0
    for _ in range(WINDOWS):
        double = add(curve, point, point)
        row = [point]
        while len(row) < 2 ** (WIDTH - 1):
            row.append(add(curve, row[-1], double))
        yield row
        for _ in range(WIDTH):
            point = add(curve, point, point)


def words(curve, value):
    value = value * curve["factor"] % curve["p"]
    return ", ".join(f"0x{value >> 64 * i & 2**64 - 1:016x}" for i in range(4))


def source(name):
    curve = CURVES[name]
    lines = [
        f"/* Written by native/tools/weierstrass_comb.py: [i][j] is (2 j + 1) 2^({WIDTH} i) G of {name},",
        f" * x and y as four words each, {curve['words']}. */",
        '#include "comb_table.h"',
        "",
        f"const uint64_t ts_{name}_comb[{WINDOWS}][{2 ** (WIDTH - 1)}][8] __attribute__((aligned(64))) = {{",
    ]
    for row in rows(curve):
        lines.append("  {")
        for x, y in row:
            lines += [f"    {{{words(curve, x)},", f"     {words(curve, y)}}},"]
        lines.append("  },")
    return "\n".join([*lines, "};", ""])


def main(name, *arguments):
    text = source(name)
    if arguments[0] == "--check":
        same = Path(arguments[1]).read_text() == text
        print(f"{arguments[1]}: {'as generated' if same else 'differs from what this program writes'}")
        return 0 if same else 1
    Path(arguments[0]).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
