"""The JSON body of a sign request: one reading of it, for the ledger and for whoever verifies evidence."""

from __future__ import annotations

import base64

import pytest

from thresign.errors import MalformedRequest
from thresign.frost.tweaks import TweakKind
from thresign.orders import sign_body
from thresign.orders.orders import Tweak

VALUE = base64.b64encode(bytes(range(32))).decode()
PLAIN = Tweak(TweakKind.PLAIN, bytes(range(32)))
X_ONLY = Tweak(TweakKind.X_ONLY, bytes(range(32)))


@pytest.mark.parametrize("tweaks", [(), (PLAIN,), (X_ONLY, PLAIN, X_ONLY), (PLAIN,) * 8])
@pytest.mark.parametrize("message", [b"", b"\x00\xff", bytes(1000)])
def test_what_is_written_is_read(message: bytes, tweaks: tuple[Tweak, ...]) -> None:
    assert sign_body.read(sign_body.write(message, tweaks)) == (message, tweaks)


def test_without_tweaks_the_body_is_as_ever() -> None:
    assert sign_body.write(b"abc", ()) == b'{"message":"YWJj"}'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        '{"message": 1}',
        '{"message": "?"}',
        '{"message": "YWJj", "tweak": []}',
        '{"message": "YWJj", "tweaks": {}}',
        '{"message": "YWJj", "tweaks": [{"kind": "plain"}]}',
        f'{{"message": "YWJj", "tweaks": [{{"kind": "other", "value": "{VALUE}"}}]}}',
        f'{{"message": "YWJj", "tweaks": [{{"kind": "plain", "value": "{VALUE}", "more": 1}}]}}',
        '{"message": "YWJj", "tweaks": [{"kind": "plain", "value": "YWJj"}]}',
        f'{{"message": "YWJj", "tweaks": [{",".join([f"""{{"kind": "plain", "value": "{VALUE}"}}"""] * 9)}]}}',
    ],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(MalformedRequest, match="body"):
        sign_body.read(body.encode())
