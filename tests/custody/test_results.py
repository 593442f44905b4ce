"""The token's reasons in Python are those of the C headers: number, name and, where the header has one, text."""

from __future__ import annotations

import re
from pathlib import Path

from thresign.custody.results import RESULTS
from thresign.custody.token import refusal

HEADERS = Path(__file__).parents[2] / "native" / "include" / "thresign"
ROW = re.compile(r'X\((TS_\w+), (0x[0-9a-f]+), "([^"]+)"\)')
DEFINE = re.compile(r"#define CKR_(TS_\w+) 0x805453([0-9a-f]{2})UL")


def test_the_reasons_of_orders_certificates_and_ceremonies() -> None:
    rows = {int(code, 16): (name, text) for name, code, text in ROW.findall((HEADERS / "result.h").read_text())}
    assert len(rows) > 40
    assert {code: reason for code, reason in RESULTS.items() if code >= 0x20} == rows


def test_the_reasons_of_the_generic_token() -> None:
    header = (HEADERS / "errors.h").read_text()
    rows = {int(code, 16): name for name, code in DEFINE.findall(header) if name != "TS_BASE"}
    assert len(rows) > 15
    assert {code: name for code, (name, _) in RESULTS.items() if code < 0x20} == rows
    listed = set(re.findall(r"X\(CKR_(TS_\w+)\)", header))
    assert listed == set(rows.values()), "every code has its name for thresign-token"


def test_names_and_numbers_are_each_their_own() -> None:
    names = [name for name, _ in RESULTS.values()]
    assert len(set(names)) == len(names)
    assert all(text and name.startswith("TS_") for name, text in RESULTS.values())


def test_a_code_that_is_not_known_is_told_by_its_number() -> None:
    assert 0xFE not in RESULTS
    assert (refusal(0xFE).code, refusal(0xFE).name) == (0xFE, "0xfe")
