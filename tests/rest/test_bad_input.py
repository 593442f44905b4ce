"""What callers get wrong, against a running domain: each mistake is told as a problem document (RFC 9457) with its own
type and status, nothing is half-done, and the service goes on."""

from __future__ import annotations

import base64
import secrets
import signal
import time
from collections.abc import Iterator

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.house.asking import Altered, Asker, Said, new_caller
from tests.house.domain import RunningDomain
from thresign.client import Profile
from thresign.limits import BODY_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX
from thresign.orders.digests import request_id, sha256
from thresign.policy.actions import CALLERS_PATH, JSON, KEYS_PATH, OCTETS

pytestmark = pytest.mark.xdist_group("bad-input")

SIGN = f"{KEYS_PATH}/k/sign"
POST_HEADERS = (
    "signature-input",
    "signature",
    "content-digest",
    "content-type",
    "idempotency-key",
    "thresign-domain",
)
GET_HEADERS = ("signature-input", "signature", "thresign-domain")


@pytest.fixture(scope="module")
def asker(domain: RunningDomain) -> Iterator[Asker]:
    with Asker(domain) as asker:
        yield asker


@pytest.fixture(scope="module")
def reader(domain: RunningDomain) -> Iterator[Asker]:
    with Asker(domain, new_caller(domain, "reader", "auditor")) as asker:
        yield asker


@pytest.fixture(scope="module")
def signer(domain: RunningDomain) -> Iterator[Asker]:
    with Asker(domain, new_caller(domain, "signer", "signer")) as asker:
        yield asker


@pytest.fixture(scope="module")
def idle(domain: RunningDomain) -> Iterator[Asker]:
    """Enrolled, without any role."""
    with Asker(domain, new_caller(domain, "idle")) as asker:
        yield asker


def refused(said: Said, status: int, code: str) -> str:
    """The detail of a problem that must be this one."""
    assert (said.status, said.code) == (status, code), said.body
    return said.problem.detail


def is_nothing(asker: Asker, idempotency_key: str) -> bool:
    """No request of this name is known to any node."""
    wanted = request_id(asker.profile.domain.id, asker.profile.caller, idempotency_key).hex()
    said = [asker.get(f"/v1/requests/{wanted}", node=node) for node in asker.running.numbers]
    return all(one.status == 404 and one.code == "unknown_request" for one in said)


def works(asker: Asker, message: bytes = b"afterwards") -> bytes:
    """A good request gets a signature that OpenSSL verifies."""
    said = asker.sign(message)
    key = asker.get(f"{KEYS_PATH}/k").json
    Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key"])).verify(said.signature, message)
    return said.signature


# ---- Who asks ------------------------------------------------------------------------------------------------------


def test_an_unknown_key(asker: Asker) -> None:
    name = secrets.token_hex(8)
    assert "nokey" in refused(asker.sign(b"message", name, key="nokey"), 404, "unknown_key")
    refused(asker.get(f"{KEYS_PATH}/nokey"), 404, "unknown_key")
    refused(asker.get(f"{KEYS_PATH}/nokey/public.pem"), 404, "unknown_key")
    assert is_nothing(asker, name)


def test_a_key_that_cannot_have_that_name(asker: Asker) -> None:
    for name in ("K", "-k", "k.", "a" * 65, "%6b", "..", "k%2Fsign"):
        said = asker.sign(b"message", key=name)
        assert (said.status, said.code) in ((400, "malformed_request"), (404, "unknown_request")), name
    works(asker)


def test_a_caller_that_nobody_enrolled(domain: RunningDomain, asker: Asker) -> None:
    for name in ("nobody", "admin"):
        with Asker(domain, Profile(domain.domain, name, Ed25519PrivateKey.generate())) as stranger:
            for node in domain.numbers:
                key = secrets.token_hex(8)
                refused(stranger.sign(b"message", key, node=node), 401, "not_authenticated")
                refused(stranger.get("/v1/status", node=node), 401, "not_authenticated")
                assert is_nothing(asker, key)


def test_a_caller_without_the_role(asker: Asker, reader: Asker, idle: Asker, signer: Asker) -> None:
    for caller in (reader, idle):
        assert caller.profile.caller in refused(caller.sign(b"message"), 403, "not_permitted")
    before = asker.get(KEYS_PATH).json
    for caller in (reader, idle, signer):
        refused(caller.post(KEYS_PATH, b'{"name":"mine"}', content_type=JSON), 403, "not_permitted")
        enrol = msgspec.json.encode({"id": "me", "public_key": bytes(32), "roles": ["admin"]})
        refused(caller.post(CALLERS_PATH, enrol, content_type=JSON), 403, "not_permitted")
    assert asker.get(KEYS_PATH).json == before
    refused(idle.get("/v1/status"), 403, "not_permitted")
    assert reader.get("/v1/status").status == 200
    assert len(signer.sign(b"message").signature) == 64


def test_requests_of_others(asker: Asker, reader: Asker, signer: Asker) -> None:
    """A signer sees its own requests; of others it is told the same as of none. An auditor sees all."""
    mine = asker.sign(b"of the admin").json
    for path in (f"/v1/requests/{mine['request_id']}", mine["evidence"]):
        refused(signer.get(path), 404, "unknown_request")
        assert reader.get(path).status == 200
        assert asker.get(path).status == 200
    own = signer.sign(b"of the signer").json
    assert signer.get(own["evidence"]).status == 200


# ---- Said again, and altered ---------------------------------------------------------------------------------------


def test_a_replayed_request_gets_its_first_answer(asker: Asker) -> None:
    """The same bytes again, from whoever has seen them, at any node: the one signature, and no second."""
    key = secrets.token_hex(8)
    created = int(time.time())
    said = [asker.sign(b"once", key, node=node, created_s=created) for node in (*asker.running.numbers, 1)]
    assert len({one.signature for one in said}) == 1
    later = asker.sign(b"once", key, created_s=created + 1)
    assert later.signature == said[0].signature
    assert len({one.json["request_id"] for one in (*said, later)}) == 1


def test_an_idempotency_key_for_something_else(asker: Asker, signer: Asker) -> None:
    key = secrets.token_hex(8)
    first = asker.sign(b"this", key).signature
    for node in asker.running.numbers:
        refused(asker.sign(b"that", key, node=node), 409, "conflict")
    refused(asker.sign(b"this", key, key="other"), 409, "conflict")
    refused(asker.post(KEYS_PATH, b'{"name":"that"}', key, JSON), 409, "conflict")
    assert asker.sign(b"this", key).signature == first
    assert len(signer.sign(b"that", key).signature) == 64, "another caller's keys are its own"


def test_a_key_name_that_is_taken(asker: Asker) -> None:
    before = asker.get(KEYS_PATH).json
    refused(asker.post(KEYS_PATH, b'{"name":"k"}', content_type=JSON), 409, "conflict")
    assert asker.get(KEYS_PATH).json == before


def test_an_altered_body(asker: Asker) -> None:
    name = secrets.token_hex(8)
    assert "Content-Digest" in refused(asker.sign(b"signed", name, sent=b"altered"), 400, "malformed_request")
    digest = f"sha-256=:{base64.b64encode(sha256(b'altered')).decode()}:"
    both = asker.sign(b"signed", name, sent=b"altered", altered={"content-digest": digest})
    refused(both, 401, "not_authenticated")
    refused(asker.sign(b"signed", name, sent=b""), 400, "malformed_request")
    assert is_nothing(asker, name)


def test_another_path_than_the_signed_one(asker: Asker) -> None:
    name = secrets.token_hex(8)
    refused(asker.sign(b"signed", name, url_path=f"{KEYS_PATH}/k2/sign"), 401, "not_authenticated")
    refused(asker.sign(b'{"name":"x"}', name, url_path=KEYS_PATH), 401, "not_authenticated")
    refused(asker.get("/v1/status", url_path=f"/v1/requests/{'0' * 64}"), 401, "not_authenticated")
    assert is_nothing(asker, name)


@pytest.mark.parametrize("header", ["content-type", "idempotency-key"])
def test_another_header_than_the_signed_one(asker: Asker, header: str) -> None:
    name = secrets.token_hex(8)
    other = {"content-type": JSON, "idempotency-key": secrets.token_hex(8)}[header]
    refused(asker.sign(b"signed", name, altered={header: other}), 401, "not_authenticated")
    assert is_nothing(asker, name)


# ---- Bodies --------------------------------------------------------------------------------------------------------


def test_an_oversize_body(asker: Asker) -> None:
    name = secrets.token_hex(8)
    refused(asker.sign(bytes(BODY_BYTES_MAX + 1), name), 413, "body_too_large")
    assert is_nothing(asker, name)
    works(asker)


MALFORMED_KEYS = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"name"',
    b"{}",
    b'{"name":1}',
    b'{"name":"a","surplus":1}',
    b'{"name":"a","min_signers":"3"}',
    b'{"name":"a","min_signers":3.5}',
    b'{"name":"a","min_signers":1}',
    b'{"name":"a","min_signers":4}',
    b'{"name":"a","min_signers":99999999999999999999}',
    b'{"name":"a","suite":"rot13"}',
    b'{"name":"a","suite":null}',
    b'{"name":"A"}',
    b'{"name":""}',
    b'{"name":"a b"}',
    b'{"name":"\xff"}',
    b'\xef\xbb\xbf{"name":"a"}',
    b'{"name":"a"} trailing',
    b"[" * 50_000,
    b'{"name":' + b"[" * 2000 + b"]" * 2000 + b"}",
]


@pytest.mark.parametrize("body", MALFORMED_KEYS, ids=lambda body: repr(body[:40]))
def test_malformed_json(asker: Asker, body: bytes) -> None:
    name = secrets.token_hex(8)
    before = asker.get(KEYS_PATH).json
    refused(asker.post(KEYS_PATH, body, name, JSON), 400, "malformed_request")
    assert asker.get(KEYS_PATH).json == before
    assert is_nothing(asker, name)


MALFORMED_CALLERS: list[dict[str, object]] = [
    {"id": "", "public_key": bytes(32), "roles": []},
    {"id": "x" * 65, "public_key": bytes(32), "roles": []},
    {"id": 'quo"te', "public_key": bytes(32), "roles": []},
    {"id": "x", "public_key": bytes(31), "roles": []},
    {"id": "x", "public_key": "not base64", "roles": []},
    {"id": "x", "public_key": bytes(32), "roles": ["root"]},
    {"id": "x", "public_key": bytes(32)},
]


@pytest.mark.parametrize("fields", MALFORMED_CALLERS, ids=str)
def test_malformed_callers(asker: Asker, fields: dict[str, object]) -> None:
    said = asker.post(CALLERS_PATH, msgspec.json.encode(fields), content_type=JSON)
    refused(said, 400, "malformed_request")


def test_malformed_messages(asker: Asker) -> None:
    for body in (b"{}", b'{"message":1}', b'{"message":"%%%"}', b'{"message":"aGk=","x":1}', b"hello"):
        refused(asker.sign(body, content_type=JSON), 400, "malformed_request")
    assert len(asker.sign(b'{"message":"aGk="}', content_type=JSON).signature) == 64
    refused(asker.sign(b'{"message":"' + b"A" * 70_000 + b'"}', content_type=JSON), 400, "malformed_request")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "*/*", "x", "a" * 65, ""],
)
def test_a_wrong_content_type(asker: Asker, content_type: str) -> None:
    name = secrets.token_hex(8)
    refused(asker.sign(b"hello", name, content_type=content_type), 400, "malformed_request")
    refused(asker.post(KEYS_PATH, b'{"name":"a"}', name, content_type), 400, "malformed_request")
    assert is_nothing(asker, name)


def test_json_where_octets_are_said_and_the_other_way_round(asker: Asker) -> None:
    refused(asker.post(KEYS_PATH, b'{"name":"a"}', content_type=OCTETS), 400, "malformed_request")
    assert len(asker.sign(b'{"message":"aGk="}').signature) == 64, "as octets it is a message like any other"


# ---- Domain and time -----------------------------------------------------------------------------------------------


def test_a_wrong_domain(asker: Asker) -> None:
    name = secrets.token_hex(8)
    for said in ("0" * 64, asker.profile.domain.id.hex().upper(), "", "demo"):
        detail = refused(asker.sign(b"message", name, altered={"thresign-domain": said}), 421, "wrong_domain")
        assert asker.profile.domain.id.hex() in detail
        refused(asker.get("/v1/status", altered={"thresign-domain": said}), 421, "wrong_domain")
    assert is_nothing(asker, name)


@pytest.mark.parametrize(("off_s", "code"), [(-3600, "request_expired"), (3600, "request_not_yet_valid")])
def test_a_clock_that_is_off_by_an_hour(asker: Asker, off_s: int, code: str) -> None:
    name = secrets.token_hex(8)
    now_s = int(time.time())
    for node in asker.running.numbers:
        refused(asker.sign(b"message", name, node=node, created_s=now_s + off_s), 401, code)
        refused(asker.get("/v1/status", node=node, created_s=now_s + off_s), 401, code)
    assert is_nothing(asker, name)


def test_a_signature_for_too_long_or_for_no_time(asker: Asker) -> None:
    name = secrets.token_hex(8)
    refused(asker.sign(b"message", name, lifetime_s=100_000), 400, "malformed_request")
    for lifetime_s in (0, -1):
        refused(asker.sign(b"message", name, lifetime_s=lifetime_s), 400, "malformed_request")
    refused(asker.sign(b"message", name, created_s=10**15 - 1), 400, "malformed_request")
    assert is_nothing(asker, name)


# ---- Headers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", POST_HEADERS)
def test_a_missing_and_a_doubled_header(asker: Asker, header: str) -> None:
    name = secrets.token_hex(8)
    missing = asker.sign(b"message", name, altered={header: None})
    unsigned = header in ("signature-input", "signature")
    detail = refused(missing, *((401, "not_authenticated") if unsigned else (400, "malformed_request")))
    assert header in detail.lower()
    value = asker.profile.post_headers(SIGN, b"message", OCTETS, name, int(time.time()), 60)[header]
    for second in (value, "other"):
        detail = refused(asker.sign(b"message", name, altered={header: (value, second)}), 400, "malformed_request")
        assert "twice" in detail
    assert is_nothing(asker, name)


@pytest.mark.parametrize("header", GET_HEADERS)
def test_a_missing_and_a_doubled_header_of_a_get(asker: Asker, header: str) -> None:
    assert asker.get("/v1/status", altered={header: None}).status in (400, 401)
    value = asker.profile.get_headers("/v1/status", int(time.time()), 60)[header]
    assert "twice" in refused(asker.get("/v1/status", altered={header: (value, value)}), 400, "malformed_request")


GOOD_INPUT = (
    'thresign=("@method" "@path" "content-digest" "content-type" "idempotency-key" "thresign-domain")'
    ';created=1;expires=2;keyid="admin";alg="ed25519";tag="thresign"'
)
ODD_INPUTS = [
    "",
    "x",
    GOOD_INPUT.replace("thresign=(", "sig1=("),
    GOOD_INPUT.replace("ed25519", "rsa-pss-sha512"),
    GOOD_INPUT.replace(';alg="ed25519"', ""),
    GOOD_INPUT.replace('tag="thresign"', 'tag="other"'),
    GOOD_INPUT.replace(' "thresign-domain"', ""),
    GOOD_INPUT.replace('"@method" "@path"', '"@path" "@method"'),
    GOOD_INPUT.replace("created=1", "created=01"),
    GOOD_INPUT.replace("created=1", "created=-1"),
    GOOD_INPUT.replace("created=1", "created=1.0"),
    GOOD_INPUT.replace("created=1", "created=" + "9" * 16),
    GOOD_INPUT.replace('"admin"', '""'),
    GOOD_INPUT.replace('"admin"', '"' + "a" * 65 + '"'),
    GOOD_INPUT.replace('"admin"', '"a\\"b"'),
    GOOD_INPUT + ';nonce="1"',
    GOOD_INPUT + ", other=();created=1",
    GOOD_INPUT.replace(";", "; "),
    GOOD_INPUT.upper(),
]
ODD: list[Altered] = [
    *({"signature-input": value} for value in ODD_INPUTS),
    {"signature": ""},
    {"signature": "thresign=::"},
    {"signature": "thresign=:" + "A" * 86 + "=:"},
    {"signature": "thresign=:" + "A" * 87 + "==:"},
    {"signature": "other=:" + "A" * 86 + "==:"},
    {"content-digest": "sha-512=:" + "A" * 43 + "=:"},
    {"content-digest": "md5=:AAAA:"},
    {"content-digest": "A" * 44},
    {"idempotency-key": ""},
    {"idempotency-key": "k" * (IDEMPOTENCY_KEY_BYTES_MAX + 1)},
    {"idempotency-key": "tab\there"},
]


@pytest.mark.parametrize("altered", ODD, ids=lambda altered: str(altered)[:60])
def test_odd_headers(asker: Asker, altered: Altered) -> None:
    refused(asker.sign(b"message", altered=altered), 400, "malformed_request")


def test_headers_that_are_not_ascii(asker: Asker) -> None:
    said = asker.http.post(
        asker.running.url(1) + SIGN,
        content=b"message",
        headers=[(b"idempotency-key", b"k\xe9y"), (b"signature-input", b"\xff")],
    )
    refused(Said(said.status_code, said.headers, said.content), 400, "malformed_request")


def test_headers_that_nobody_asked_for_change_nothing(asker: Asker) -> None:
    odd: Altered = {
        "x-forwarded-for": "10.0.0.1",
        "x-http-method-override": "DELETE",
        "cookie": "a=b",
        "prefer": "wait=abc, return=minimal",
        "accept": "text/html",
        "range": "bytes=0-1",
        "expect-ct": "x" * 4000,
    }
    assert len(asker.sign(b"message", altered=odd).signature) == 64


# ---- Paths and methods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/keys", "/v1/keys/", "/v1/keys/k/sign/", "/v1//keys", "/docs", "/%00"]
)
def test_paths_where_nothing_is(asker: Asker, path: str) -> None:
    refused(asker.send("GET", 1, path, {}), 404, "unknown_request")


def test_a_query(asker: Asker) -> None:
    refused(asker.sign(b"message", url_path=f"{SIGN}?x=1"), 400, "malformed_request")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", SIGN, {"POST"}),
        ("PUT", SIGN, {"POST"}),
        ("DELETE", f"{KEYS_PATH}/k", {"GET", "HEAD"}),
        ("PATCH", "/v1/status", {"GET", "HEAD"}),
        ("OPTIONS", "/v1/health", {"GET", "HEAD"}),
    ],
)
def test_methods_that_a_path_does_not_have(asker: Asker, method: str, path: str, allowed: set[str]) -> None:
    said = asker.send(method, 1, path, {})
    refused(said, 405, "wrong_method")
    assert set(said.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("text", ["0", "z" * 64, "A" * 64, "0" * 63, "0" * 65])
def test_ids_that_are_none(asker: Asker, text: str) -> None:
    refused(asker.get(f"/v1/requests/{text}"), 400, "malformed_request")
    refused(asker.get(f"/v1/requests/{text}/evidence"), 400, "malformed_request")


def test_a_request_that_is_unknown(asker: Asker) -> None:
    refused(asker.get(f"/v1/requests/{'0' * 64}"), 404, "unknown_request")
    refused(asker.get(f"/v1/requests/{'0' * 64}/evidence"), 404, "unknown_request")


# ---- The vault -----------------------------------------------------------------------------------------------------


def test_a_wrong_pin_at_the_vaults_start(domain: RunningDomain, asker: Asker) -> None:
    """The vault says so and ends; the others serve; with the right PIN all is as before. The wrong PIN is not told."""
    wrong = "a PIN that is wrong"
    file = domain.directory(4) / "pins" / "user.pin"
    right = file.read_bytes()
    domain.signal(4, "vault", signal.SIGTERM)
    domain.processes[4, "vault"].wait(10)
    file.write_text(wrong + "\n")
    before = len(domain.log(4, "vault"))
    domain.start(4, "vault")
    assert domain.processes[4, "vault"].wait(20) == 1
    said = domain.log(4, "vault")[before:]
    assert "custody_unavailable" in said and "PinIncorrect" in said and wrong not in said
    refused(asker.get("/v1/ready", node=4), 503, "undecided")
    assert asker.get("/v1/status", node=4).json["vault"] == "down"
    works(asker, b"with three vaults")
    file.write_bytes(right)
    domain.start(4, "vault")
    domain.wait_ready()
    works(asker, b"with all four")


def test_after_all_that_every_node_serves(domain: RunningDomain, asker: Asker) -> None:
    names = {key["name"] for key in asker.get(KEYS_PATH).json["keys"]}
    assert names == {"k"}
    for node in domain.numbers:
        assert len(asker.sign(b"at the end", node=node).signature) == 64
    for (number, part), process in domain.processes.items():
        assert process.poll() is None, f"{part} {number} ended"
        assert "Traceback" not in domain.log(number, part)
        assert "BUG" not in domain.log(number, part)
