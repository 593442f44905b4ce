"""Derives the constants of native/core/secp256k1, p256 and weierstrass from p, a, b, G and q, and compares the sources.

weierstrass_constants.py native/core
"""

import re
import sys
from pathlib import Path

WORD = 2**64
# SEC 2, section 2.4.1; SP 800-186, section 3.2.1.3.
SECP_P = 2**256 - 2**32 - 977
SECP_Q = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECP_G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
P256_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_Q = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def add(left, right):
    """The sum of two points of secp256k1; None is the identity."""
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % SECP_P == 0:
        return None
    if left == right:
        slope = 3 * x1 * x1 * pow(2 * y1, -1, SECP_P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, SECP_P)
    x3 = (slope * slope - x1 - x2) % SECP_P
    return x3, (slope * (x1 - x3) - y1) % SECP_P


def multiply(k, point):
    result = None
    while k:
        if k & 1:
            result = add(result, point)
        point = add(point, point)
        k >>= 1
    return result


def cube_roots_of_unity(m):
    for base in range(2, 20):
        root = pow(base, (m - 1) // 3, m)
        if root != 1:
            return root, root * root % m
    raise AssertionError


def norm(v):
    return v[0] ** 2 + v[1] ** 2


def reduced_basis(value, q):
    """The two shortest vectors (x, y) with x + y value = 0 mod q, by Gauss."""
    u, v = (q, 0), (-value, 1)
    while True:
        if norm(u) > norm(v):
            u, v = v, u
        factor = (2 * (u[0] * v[0] + u[1] * v[1]) + norm(u)) // (2 * norm(u))
        if factor == 0:
            return u, v
        v = v[0] - factor * u[0], v[1] - factor * u[1]


def divide(a, b):
    """a/b, rounded."""
    return (2 * a + b) // (2 * b)


def glv():
    """lambda, beta, A1 = B2, B1 and A2 as secp256k1/glv.h names them; and that what it says of them is true."""
    lam = next(r for r in cube_roots_of_unity(SECP_Q) if r < 2**255)
    image = multiply(lam, SECP_G)
    beta = next(r for r in cube_roots_of_unity(SECP_P) if r * SECP_G[0] % SECP_P == image[0])
    assert image[1] == SECP_G[1]
    short, long = reduced_basis(lam, SECP_Q)
    (a1, minus_b1), (a2, b2) = (v if v[0] > 0 else (-v[0], -v[1]) for v in (short, long))
    b1 = -minus_b1
    assert a1 == b2 and b1 > 0 and a1 * b2 + a2 * b1 == SECP_Q
    assert norm(short) > 2**254  # longer than 2^127; no vector of the lattice is shorter
    # |k_0|, |k_1| with every quotient off by at most 1/2 + 2^-128
    assert (2**127 + 1) * (a1 + a2) < 2**128 * 64 * 2**128 // 100
    assert (2**127 + 1) * (b1 + b2) < 2**128 * 55 * 2**128 // 100
    return lam, beta, a1, b1, a2


def arrays(text):
    """All tables and initialisers of words, by name."""
    found = {}
    for name, body in re.findall(r"(\w+)(?:\[\d\])? = \{([^;]*)\};", text):
        words = re.findall(r"0x[0-9a-f]+|\b\d+\b", re.sub(r"UINT64_C\(|\)", "", body))
        found.setdefault(name, []).append(sum(int(w, 0) * WORD**i for i, w in enumerate(words)))
    return found


def defines(text, stem):
    """The number whose words are the macros <stem>0, <stem>1, ..."""
    words = re.findall(rf"#define {stem}(\d) UINT64_C\((0x[0-9a-f]+)\)", text)
    return sum(int(w, 0) * WORD ** int(i) for i, w in words)


def define(text, name):
    return int(re.search(rf"#define {name} UINT64_C\((0x[0-9a-f]+)\)", text)[1], 0)


def safegcd_inverse(text):
    return int(re.search(r"fe_safegcd =\s*TS_SAFEGCD_MODULUS\([^;]*UINT64_C\((0x[0-9a-f]+)\)\);", text)[1], 0)


def main(core):
    read = {name: (Path(core) / name).read_text() for name in (
        "secp256k1/field.h", "secp256k1/curve.h", "secp256k1/glv.h", "secp256k1/order.h",
        "p256/field.h", "p256/curve.h", "p256/order.h",
    )}  # fmt: skip
    lam, beta, a1, b1, a2 = glv()
    expected = []
    for curve, p, q in (("secp256k1", SECP_P, SECP_Q), ("p256", P256_P, P256_Q)):
        field, order, body = (read[f"{curve}/{part}.h"] for part in ("field", "order", "curve"))
        expected += [
            (f"{curve} p", defines(field, "FE_P"), p),
            (f"{curve} 1/p", safegcd_inverse(field), pow(p, -1, WORD)),
            (f"{curve} q", defines(order, "ORDER_"), q),
            (f"{curve} mu", defines(order, "ORDER_MU_"), 2**512 // q - 2**256),
            (f"{curve} 1/q", define(order, "ORDER_INVERSE"), pow(q, -1, WORD)),
            (f"{curve} comb offset", arrays(body)["curve_comb_offset"][0], (2**258 - 1) % q),
        ]
    curve, body, field = arrays(read["secp256k1/curve.h"]), arrays(read["secp256k1/glv.h"]), read["secp256k1/field.h"]
    expected += [
        ("secp256k1 2^256 mod p", define(field, "FE_FOLD"), 2**256 % SECP_P),
        ("beta", arrays(read["secp256k1/curve.h"].replace("{{", "{").replace("}}", "}"))["beta"][0], beta),
        ("-1 - lambda", curve["minus_one_minus_lambda"][0], (-1 - lam) % SECP_Q),
        ("A1, B2", body["glv_a1_b2"][0], a1),
        ("B1", body["glv_b1"][0], b1),
        ("A2", body["glv_a2"][0], a2),
        ("g1", body["glv_g1"][0], divide(a1 << 384, SECP_Q)),
        ("g2", body["glv_g2"][0], divide(b1 << 384, SECP_Q)),
    ]
    flat = {name: text.replace("{{", "{").replace("}}", "}") for name, text in read.items()}
    field, curve = arrays(flat["p256/field.h"]), arrays(flat["p256/curve.h"])
    one = re.search(r"fe_set_one[^;]*\(fe\)\{([^;]*)\};", flat["p256/field.h"])[1]
    expected += [
        ("p256 1", next(iter(arrays(f"one = {{{one}}};")["one"])), 2**256 % P256_P),
        ("p256 2^512", field["rr"][0], 2**512 % P256_P),
        ("p256 2^768", field["rrr"][0], 2**768 % P256_P),
        ("p256 b", curve["curve_b"][0], P256_B * 2**256 % P256_P),
        ("p256 mul offset", curve["offset"][0], (2**260 - 1) % P256_Q),
    ]
    wrong = [name for name, found, derived in expected if found != derived]
    for name in wrong:
        print(f"{name}: the source has another value than is derived here")
    print(f"{len(expected) - len(wrong)} of {len(expected)} constants as derived")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
