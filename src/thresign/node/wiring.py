"""Where a node is put together: the only place that picks backends."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import uvicorn

from thresign.errors import StorageError, ThresignError, Undecided
from thresign.groups import ed25519
from thresign.journal.file import JournalFile
from thresign.journal.segments import SegmentedJournal
from thresign.node.accusations import Accusations
from thresign.node.bodies import Bodies
from thresign.node.desk import Desk
from thresign.node.history import History
from thresign.node.ports import Ports
from thresign.node.replica import Parts, Replica
from thresign.node.runtime import Runtime
from thresign.orders.orders import SignOrder
from thresign.peers.connection import Address, Peers
from thresign.peers.connection import Events as PeerEvents
from thresign.peers.identity import contexts
from thresign.rest.app import make_app
from thresign.rest.connection import Connection
from thresign.setup.files import ModuleConfig, read_module
from thresign.signing.combining import SigningKey, combine
from thresign.storage.sqlite import SqliteIndex
from thresign.telemetry.log import Log
from thresign.vault.client import Events as VaultEvents
from thresign.vault.client import VaultLink

MS_PER_DAY = 86_400_000
GRACE_S = 1.0
SERVER_TICK_S = 0.2
"""uvicorn looks ten times a second whether it is to end; by then no new connection comes in."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the node is stopped from outside, and closes its journal then."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class NativeCombiner:
    """Implements signing.combining.Combiner with our aggregation and libraries that are not ours to verify."""

    def combine(
        self, key: SigningKey, order: SignOrder, message: bytes, shares: Mapping[int, bytes]
    ) -> bytes | tuple[int, ...]:
        return combine(key, order, message, shares)

    def signed(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        return ed25519.is_valid(public_key, message, signature)


def _addresses(config: ModuleConfig) -> dict[int, Address]:
    return {number: Address(entry.host, entry.port) for number, entry in config.peers.items()}


class _Mesh(Peers):
    """Looks into the module's file again when the members change: the operator has written there where a new one is."""

    def __init__(
        self,
        config: ModuleConfig,
        addresses: Mapping[int, Address],
        tls: tuple[ssl.SSLContext, ssl.SSLContext],
        events: PeerEvents,
        complain: Callable[[int, Exception], None],
    ) -> None:
        super().__init__(config.number, config.domain.id, addresses, tls, events, complain)
        self._config = config

    def keep(self, members: frozenset[int] | None) -> None:
        try:
            self.know(_addresses(read_module(self._config.directory)))
        except ThresignError as error:
            self.complain(0, error)
        super().keep(members)


class Node:
    """A node, wired. `run` serves until `stop` is called or the disk fails."""

    def __init__(self, config: ModuleConfig, log: Log) -> None:
        """Opens journal and index. Raises ThresignError. Needs a running event loop."""
        self._config = config
        self._log = log
        config.node_dir.mkdir(mode=0o700, exist_ok=True)
        journal = SegmentedJournal(config.node_dir / "journal")
        history = History(journal, SqliteIndex(config.node_dir / "index.sqlite"))
        accusations = Accusations(JournalFile(config.node_dir / "equivocations"))
        bodies = Bodies()
        genesis = config.domain.genesis
        replica = Replica(
            Parts(
                config.number,
                config.domain.id,
                genesis.roster,
                NativeCombiner(),
                bodies.get,
                history.entries,
                history.past,
                lambda order: history.result(order) is not None,
                history.newest(),
            )
        )
        self.runtime = Runtime(
            config.number, replica, history, bodies, accusations, config.node.retain_days * MS_PER_DAY
        )
        self._peers = self._make_peers()
        self.desk = Desk(config.number, config.domain, self.runtime, self._peers.up)
        self._link = VaultLink(
            config.socket,
            VaultEvents(self.runtime.vault_up, self.runtime.vault_down, self.runtime.vault_answer),
            lambda error: self._log.warning("vault lost", error=f"{type(error).__name__}: {error}"),
        )
        self.runtime.ports = Ports(self._link, self._peers, self.desk)
        self._server = _Server(self._uvicorn_config())
        self._stopping = asyncio.Event()

    def _make_peers(self) -> Peers:
        config = self._config
        addresses = _addresses(config)
        addresses[config.number] = Address(config.node.peer_host, config.node.peer_port)
        tls = contexts(config.tls_dir / "ca.pem", config.tls_dir / "node.pem", config.tls_dir / "node.key")
        events = PeerEvents(self.runtime.peer_up, self.runtime.peer_down, self.runtime.peer_frame)

        def complain(number: int, error: Exception) -> None:
            self._log.debug("peer", module=number, error=f"{type(error).__name__}: {error}")

        return _Mesh(config, addresses, tls, events, complain)

    def _uvicorn_config(self) -> uvicorn.Config:
        node, tls = self._config.node, self._config.tls_dir
        settings = uvicorn.Config(
            make_app(self.desk),
            host=node.rest_host,
            port=node.rest_port,
            ssl_certfile=str(tls / "node.pem"),
            ssl_keyfile=str(tls / "node.key"),
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
            loop="none",
            http=Connection,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
        )
        settings.load()
        if settings.ssl is not None:
            settings.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        return settings

    async def run(self) -> None:
        """Serves. Raises what made the node stop, if anything but `stop` did."""
        await self._peers.start()
        self._link.start()
        serving = asyncio.create_task(self._server.serve())
        stopping = asyncio.create_task(self._stopping.wait())
        self._log.info("node", module=self._config.number, domain=self._config.domain.id.hex())
        try:
            parts: set[asyncio.Future[Any]] = {serving, stopping, self.runtime.failure}
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            why: Exception = Undecided("this module stops; another one answers, to the same Idempotency-Key")
            if self.runtime.failure.done():
                # First of all this module says no more.
                await self._link.stop()
                await self._peers.stop()
                why = self.runtime.failure.result()
            await self._end_serving(serving, why)
            stopping.cancel()
            await self._link.stop()
            await self._peers.stop()
            try:
                await self.runtime.stop()
            except StorageError:
                if not self.runtime.failure.done():  # which says what came first
                    raise
        if self.runtime.failure.done():
            raise self.runtime.failure.result()
        if not serving.cancelled() and not self._stopping.is_set() and serving.exception() is not None:
            raise serving.exception()  # type: ignore[misc]

    async def _end_serving(self, serving: asyncio.Task[None], why: Exception) -> None:
        """Who waits for an answer hears why there is none; then the server ends.

        A connection whose request is not whole after GRACE_S is cut, and one without a request as soon as the others
        are answered: else each could hold the node up, for a TLS connection closes only when its other end does.
        """
        self.desk.close(why)
        self._server.should_exit = True
        loop, state = asyncio.get_running_loop(), self._server.server_state
        until = loop.time() + GRACE_S
        await asyncio.sleep(SERVER_TICK_S)
        while state.tasks and loop.time() < until:
            await asyncio.sleep(SERVER_TICK_S / 10)
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.wait([serving], timeout=GRACE_S)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    def stop(self) -> None:
        """Ends `run`."""
        self._stopping.set()
