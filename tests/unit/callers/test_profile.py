"""The signature profile: one form and no other, and the bytes that are signed are those of RFC 9421, as the library
http-message-signatures understands it in both directions."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from http_message_signatures.structures import CaseInsensitiveDict

from tests.house.stub_domain import OCTETS, StubDomain
from thresign.callers import profile
from thresign.callers.profile import GET_COMPONENTS, POST_COMPONENTS, Parameters
from thresign.client.profile import Profile
from thresign.errors import MalformedRequest
from thresign.groups import ed25519
from thresign.orders.digests import sha256
from thresign.setup.files import Domain

KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"a caller"))
PUBLIC = KEY.public_key().public_bytes_raw()
STUB = StubDomain()
CALLER = Profile(Domain(STUB.genesis, STUB.settings, STUB.id, "", ()), "alice", KEY)
CREATED = int(datetime.datetime.now(datetime.UTC).timestamp())
LIFETIME_S = 7200
"""Longer than any run of the tests: the library looks at the clock."""
EXPIRES = CREATED + LIFETIME_S
PATH, BODY = "/v1/keys/k/sign", b"a message"
RESOLVER = MappingKeyResolver(private_keys={"alice": KEY}, public_keys={"alice": KEY.public_key()})


class Message:
    """A request as the library wants it."""

    def __init__(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.method = method
        self.url = f"https://module.example{path}"
        self.headers = CaseInsensitiveDict(headers)


def signed_post(**changes: Any) -> dict[str, str]:
    values: dict[str, Any] = {
        "path": PATH,
        "body": BODY,
        "content_type": OCTETS,
        "idempotency_key": "key-1",
        "created_s": CREATED,
        "lifetime_s": LIFETIME_S,
        **changes,
    }
    return CALLER.post_headers(**values)


def library_accepts(message: Message) -> bool:
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=RESOLVER)
    try:
        (result,) = verifier.verify(message, expect_tag=profile.TAG, max_age=datetime.timedelta(days=1))
    except InvalidSignature:
        return False
    return result.label == profile.LABEL


def ours_accepts(method: str, path: str, headers: dict[str, str]) -> bool:
    """Reads the headers as the REST door does, and checks what they say."""
    components = POST_COMPONENTS if method == "POST" else GET_COMPONENTS
    parameters = profile.parse_signature_input(headers["signature-input"], components)
    values = {name: {"@method": method, "@path": path}.get(name) or headers[name] for name in components}
    base = profile.signature_base(values, parameters)
    return ed25519.is_valid(PUBLIC, base, profile.parse_signature(headers["signature"]))


# --- the library as oracle ------------------------------------------------------------------------------------------


def test_the_library_accepts_what_our_client_signs() -> None:
    assert library_accepts(Message("POST", PATH, signed_post()))
    assert library_accepts(Message("GET", "/v1/requests/1", CALLER.get_headers("/v1/requests/1", CREATED, LIFETIME_S)))


@pytest.mark.parametrize("path", ["/v1/keys/a-b/sign", "/v1/keys/k/sign", "/v1/keys/0/sign"])
@pytest.mark.parametrize("idempotency_key", ["x", "a b", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", 'quote " and \\'])
def test_whatever_stands_in_it(path: str, idempotency_key: str) -> None:
    headers = signed_post(path=path, idempotency_key=idempotency_key)
    assert library_accepts(Message("POST", path, headers))
    assert ours_accepts("POST", path, headers)


def test_the_record_leads_to_the_same_bytes_as_the_headers() -> None:
    """Every vault rebuilds the base from the request record; the door reads headers."""
    request = STUB.sign_request(BODY, now_ms=CREATED * 1000)
    values = {
        "@method": "POST",
        "@path": request.path,
        "content-digest": profile.content_digest(request.content_sha256),
        "content-type": request.content_type,
        "idempotency-key": request.idempotency_key,
        profile.DOMAIN_HEADER: request.domain.hex(),
    }
    assert tuple(values) == POST_COMPONENTS
    assert profile.post_base(request) == profile.signature_base(values, Parameters(CREATED, CREATED + 60, "alice"))


ALTER: dict[str, Callable[[Message], object]] = {
    "method": lambda m: setattr(m, "method", "PUT"),
    "path": lambda m: setattr(m, "url", m.url.replace("/k/", "/l/")),
    "digest": lambda m: m.headers.update({"content-digest": profile.content_digest(sha256(b"x"))}),
    "content type": lambda m: m.headers.update({"content-type": "application/json"}),
    "idempotency key": lambda m: m.headers.update({"idempotency-key": "key-2"}),
    "domain": lambda m: m.headers.update({profile.DOMAIN_HEADER: sha256(b"x").hex()}),
    "created": lambda m: m.headers.update(
        {"signature-input": m.headers["signature-input"].replace(f"created={CREATED}", f"created={CREATED - 1}")}
    ),
    "expires": lambda m: m.headers.update(
        {"signature-input": m.headers["signature-input"].replace(f"expires={EXPIRES}", f"expires={EXPIRES + 1}")}
    ),
}


@pytest.mark.parametrize("what", ALTER)
def test_what_is_altered_both_refuse(what: str) -> None:
    message = Message("POST", PATH, signed_post())
    ALTER[what](message)
    assert not library_accepts(message)
    if what != "method":
        path = message.url.removeprefix("https://module.example")
        assert not ours_accepts("POST", path, {k.lower(): v for k, v in message.headers.items()})


def test_what_the_library_signs_is_the_same_but_for_the_order_of_parameters() -> None:
    """Ed25519 is deterministic: the base that the library builds from our parameters gives our signature."""
    headers = signed_post()
    message = Message("POST", PATH, {k: v for k, v in headers.items() if not k.startswith("signature")})
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=RESOLVER).sign(
        message,
        key_id="alice",
        created=datetime.datetime.fromtimestamp(CREATED, datetime.UTC),
        expires=datetime.datetime.fromtimestamp(CREATED + LIFETIME_S, datetime.UTC),
        label=profile.LABEL,
        tag=profile.TAG,
        covered_component_ids=POST_COMPONENTS,
        use_existing_digest=True,
    )
    theirs = message.headers["signature-input"]
    assert sorted(theirs.split(";")) == sorted(headers["signature-input"].split(";"))
    if theirs == headers["signature-input"]:
        assert message.headers["signature"] == headers["signature"]
    else:
        with pytest.raises(MalformedRequest):  # one order and no other
            profile.parse_signature_input(theirs, POST_COMPONENTS)


# --- one form and no other ------------------------------------------------------------------------------------------

GOOD = profile.LABEL + "=" + profile.signature_input(POST_COMPONENTS, Parameters(1, 2, "alice"))


def test_the_form() -> None:
    assert GOOD == (
        'thresign=("@method" "@path" "content-digest" "content-type" "idempotency-key" "thresign-domain")'
        ';created=1;expires=2;keyid="alice";alg="ed25519";tag="thresign"'
    )
    assert profile.parse_signature_input(GOOD, POST_COMPONENTS) == Parameters(1, 2, "alice")


BAD_INPUTS = [
    "",
    GOOD.replace("thresign=", "sig1=", 1),
    GOOD.replace("thresign=", "thresign= ", 1),
    GOOD + " ",
    " " + GOOD,
    GOOD + ", " + GOOD,
    GOOD + ", other=(" + '"@method");created=1',
    GOOD + ';nonce="x"',
    GOOD.replace(";created=1", ""),
    GOOD.replace(";expires=2", ""),
    GOOD.replace(';keyid="alice"', ""),
    GOOD.replace(';alg="ed25519"', ""),
    GOOD.replace(';tag="thresign"', ""),
    GOOD.replace(";created=1;expires=2", ";expires=2;created=1"),
    GOOD.replace("created=1", "created=01"),
    GOOD.replace("created=1", "created=-1"),
    GOOD.replace("created=1", "created=+1"),
    GOOD.replace("created=1", "created=1.0"),
    GOOD.replace("created=1", 'created="1"'),
    GOOD.replace("created=1", "created=1" + "0" * 15),
    GOOD.replace("created=1", "created=\N{ARABIC-INDIC DIGIT ONE}"),
    GOOD.replace("created=1", "created=1;created=1"),
    GOOD.replace('keyid="alice"', 'keyid=""'),
    GOOD.replace('keyid="alice"', "keyid=alice"),
    GOOD.replace('keyid="alice"', 'keyid="a b"'),
    GOOD.replace('keyid="alice"', 'keyid="a\\"b"'),
    GOOD.replace('keyid="alice"', 'keyid="' + "a" * 65 + '"'),
    GOOD.replace('keyid="alice"', 'keyid="\N{LATIN SMALL LETTER A WITH DIAERESIS}"'),
    GOOD.replace("ed25519", "ed448"),
    GOOD.replace("ed25519", "ED25519"),
    GOOD.replace('tag="thresign"', 'tag="other"'),
    GOOD.replace('"@method" "@path"', '"@path" "@method"'),
    GOOD.replace('"@method" "@path"', '"@method"  "@path"'),
    GOOD.replace('"@method" ', ""),
    GOOD.replace('"content-digest" ', ""),
    GOOD.replace('"content-digest"', '"content-digest";sf'),
    GOOD.replace('"thresign-domain"', '"thresign-domain" "host"'),
    GOOD.replace('"content-digest"', '"Content-Digest"'),
    GOOD.replace("(", "").replace(")", ""),
    GOOD + "\n",
    GOOD.replace(" ", "\t", 1),
]


@pytest.mark.parametrize("value", BAD_INPUTS)
def test_other_forms_are_refused(value: str) -> None:
    assert value != GOOD
    with pytest.raises(MalformedRequest, match="Signature-Input is not of the form"):
        profile.parse_signature_input(value, POST_COMPONENTS)


def test_a_get_covers_what_a_get_covers() -> None:
    get = profile.LABEL + "=" + profile.signature_input(GET_COMPONENTS, Parameters(1, 2, "alice"))
    assert profile.parse_signature_input(get, GET_COMPONENTS) == Parameters(1, 2, "alice")
    with pytest.raises(MalformedRequest):
        profile.parse_signature_input(get, POST_COMPONENTS)
    with pytest.raises(MalformedRequest):
        profile.parse_signature_input(GOOD, GET_COMPONENTS)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("parse", "form", "length"),
    [
        (profile.parse_signature, "thresign=:{}:", 64),
        (profile.parse_content_digest, "sha-256=:{}:", 32),
    ],
)
def test_bytes_have_one_encoding(parse: Callable[[str], bytes], form: str, length: int) -> None:
    data = bytes(range(length))
    good = form.format(b64(data))
    assert parse(good) == data
    bad = [
        "",
        form.format(""),
        form.format(b64(data[:-1])),
        form.format(b64(data + b"x")),
        form.format(b64(data).rstrip("=")),
        form.format(b64(data).replace("A", "-", 1)),
        form.format(b64(data).replace("=", "A", 1)),
        good + ":",
        good + ", " + good,
        good + ", sha-512=:" + b64(bytes(64)) + ":",
        " " + good,
        good + "\n",
        good.upper(),
        "x" + good,
    ]
    if b64(data).endswith("="):
        at = b64(data).rstrip("=")
        bad.append(form.format(at[:-1] + chr(ord(at[-1]) + 1) + b64(data)[len(at) :]))  # unused bits of the last letter
    for value in bad:
        with pytest.raises(MalformedRequest, match="is not of the form"):
            parse(value)


def test_content_digests_read_back() -> None:
    for body in (b"", b"x", BODY):
        assert profile.parse_content_digest(profile.content_digest(sha256(body))) == sha256(body)
