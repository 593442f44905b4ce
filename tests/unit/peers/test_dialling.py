"""Attempts to connect end, however silent the other side is."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from thresign.peers import connection
from thresign.peers.connection import Address, Events, Peers
from thresign.peers.identity import contexts, issue, make_ca, module_uri

DOMAIN = bytes(32)
WAIT_S = 10.0


@pytest.fixture
def silent() -> Iterator[Address]:
    """An address where nobody answers, not even to refuse: its queue is full, so the kernel drops what comes."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        while True:
            client = held.enter_context(socket.socket())
            client.settimeout(0.2)
            try:
                client.connect(listener.getsockname())
            except TimeoutError:
                break
        yield Address(*listener.getsockname())


def test_an_attempt_ends(silent: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel would wait for two minutes, asking ever more rarely."""
    monkeypatch.setattr(connection, "DIAL_S", 0.1)
    now = datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
    ca_key, ca = make_ca("test", now, 3650)
    key, certificate = issue(ca_key, ca, module_uri(DOMAIN, 1), ("localhost",), now, 3650)
    for name, content in (("ca", ca), ("key", key), ("certificate", certificate)):
        (tmp_path / name).write_bytes(content)
    tls = contexts(tmp_path / "ca", tmp_path / "certificate", tmp_path / "key")

    async def attempts() -> list[Exception]:
        errors: list[Exception] = []
        twice = asyncio.Event()

        def complain(number: int, error: Exception) -> None:
            assert number == 2
            errors.append(error)
            if len(errors) == 2:
                twice.set()

        events = Events(lambda _number: None, lambda _number: None, lambda _number, _payload: None)
        with socket.socket() as own:
            own.bind(("127.0.0.1", 0))
            addresses = {1: Address(*own.getsockname()), 2: silent}
        peers = Peers(1, DOMAIN, addresses, tls, events, complain)
        await peers.start()
        await asyncio.wait_for(twice.wait(), WAIT_S)
        await peers.stop()
        return errors

    assert all(isinstance(error, TimeoutError) for error in asyncio.run(attempts()))
