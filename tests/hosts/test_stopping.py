"""A node that is told to stop ends soon, whatever its callers do, and who waits hears that nothing was decided."""

from __future__ import annotations

import signal
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.house.asking import Asker, Said
from tests.house.domain import RunningDomain, running_domain
from tests.house.stream import eventually
from thresign.orders.digests import request_id
from thresign.policy.actions import OCTETS

pytestmark = pytest.mark.xdist_group("stopping")

NODE, OTHERS = 2, (3, 4)
WAIT_S = 60
ENDS_S = 5.0
"""It takes less than one; the rest is for a machine that does other things."""


@pytest.fixture(scope="module")
def domain(open_tmp: Path) -> Iterator[RunningDomain]:
    with running_domain(open_tmp / "stopping") as running:
        running.create_key("k")
        yield running


def connect(domain: RunningDomain, number: int) -> socket.socket:
    place = urlsplit(domain.url(number))
    return socket.create_connection((str(place.hostname), place.port or 443), timeout=WAIT_S)


def tls(domain: RunningDomain, number: int) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=domain.root / "ca.pem")
    return context.wrap_socket(connect(domain, number), server_hostname=urlsplit(domain.url(number)).hostname)


def sign(domain: RunningDomain, number: int, tag: str) -> Said:
    with Asker(domain, timeout_s=2 * WAIT_S) as asker:
        return asker.sign(tag.encode(), tag, node=number, altered={"prefer": f"wait={WAIT_S}"})


def stop(domain: RunningDomain, number: int) -> float:
    """Seconds until the node had ended, well."""
    process = domain.processes.pop((number, "node"))
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0, domain.log(number, "node")[-2000:]
    return time.monotonic() - began


def test_whoever_waits_is_told(domain: RunningDomain) -> None:
    """Some wait for a decision and some for the vault's verdict; afterwards the same requests are answered."""
    for number in OTHERS:
        domain.signal(number, "vault", signal.SIGSTOP)
    tags = [f"decision-{i}" for i in range(8)] + [f"verdict-{i}" for i in range(4)]
    with ThreadPoolExecutor(len(tags)) as pool:
        told = [pool.submit(sign, domain, NODE, tag) for tag in tags[:8]]
        with Asker(domain) as asker:
            eventually(lambda: all(known(asker, one) for one in tags[:8]), WAIT_S, "requests wait")
        domain.signal(NODE, "vault", signal.SIGSTOP)
        told += [pool.submit(sign, domain, NODE, tag) for tag in tags[8:]]
        time.sleep(1.0)
        assert not any(one.done() for one in told)
        took = stop(domain, NODE)
        answers = [one.result() for one in told]
    for number in (NODE, *OTHERS):
        domain.signal(number, "vault", signal.SIGCONT)
    assert [(said.status, said.code) for said in answers] == [(503, "undecided")] * len(tags)
    assert all(said.problem.request_id and "Idempotency-Key" in said.problem.detail for said in answers)
    assert all(said.headers["retry-after"] == "1" for said in answers)
    assert took < ENDS_S
    domain.start(NODE, "node")
    domain.wait_ready()
    for tag in tags:
        assert sign(domain, NODE, tag).signature


def known(asker: Asker, tag: str) -> bool:
    """True once the node has the request of this idempotency key waiting."""
    request = request_id(asker.profile.domain.id, asker.profile.caller, tag)
    return asker.get(f"/v1/requests/{request.hex()}", node=NODE).status == 200


def test_whoever_dawdles_is_cut_off(domain: RunningDomain) -> None:
    """Connections without a request, with half of one, and with half a handshake: none holds the node up."""
    with connect(domain, NODE) as bare, tls(domain, NODE) as idle, tls(domain, NODE) as half:
        half.sendall(
            b"POST /v1/keys/k/sign HTTP/1.1\r\nhost: x\r\ncontent-type: %s\r\ncontent-length: 9\r\n\r\nhalf"
            % OCTETS.encode()
        )
        idle.sendall(b"GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n")
        heard = b""
        while not heard.endswith(b"}"):
            heard += idle.recv(1000)
        assert heard.startswith(b"HTTP/1.1 200")
        assert stop(domain, NODE) < ENDS_S
        for one in (bare, idle, half):
            assert end(one) == b""
    domain.start(NODE, "node")
    domain.wait_ready()
    assert sign(domain, NODE, "afterwards").signature


def end(sock: socket.socket) -> bytes:
    """What still comes; nothing if the connection was cut."""
    try:
        return sock.recv(1000)
    except (ConnectionError, ssl.SSLError):
        return b""
