"""What a node's runtime is plugged into: its vault, the other modules, and who is told what happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from thresign.errors import ThresignError
from thresign.orders.batch import Entry
from thresign.signing.stages import Answered
from thresign.vault import calls
from thresign.wire.canonical import Record


class Watcher(Protocol):
    """Who is told what happens (node.desk, telemetry)."""

    def vault_up(self, status: calls.Status) -> None:
        """The vault answers."""

    def vault_down(self) -> None:
        """The vault does not answer."""

    def applied(self, applied: calls.Applied, entries: tuple[Entry, ...]) -> None:
        """A batch was decided."""

    def answered(self, answered: Answered) -> None:
        """A request has its signature."""

    def refused(self, entry: Entry, error: ThresignError) -> None:
        """An entry submitted here will not be ordered."""

    def body_held(self, content_sha256: bytes, holders: int) -> None:
        """That many modules hold a large body."""

    def observed(self, what: str, number: int, detail: str) -> None:
        """Something worth counting."""


class Link(Protocol):
    """The connection to the vault (vault.client)."""

    def ask(self, call_id: int, call: Record) -> None:
        """Sends a call."""

    def give_body(self, call_id: int, content_sha256: bytes, body: bytes) -> None:
        """Hands a large body over."""


class Mesh(Protocol):
    """The connections to the other modules (peers.connection)."""

    def send(self, to: int, payload: bytes) -> None:
        """To one."""

    def broadcast(self, payload: bytes) -> None:
        """To all."""

    def keep(self, members: frozenset[int] | None) -> None:
        """Connections to others than these end, and are not taken in; None: to all that are configured."""

    def send_bulk(self, to: int, name: bytes, payloads: Iterator[bytes], kept_bytes: int = 0) -> None:
        """To one, as it takes them, unless something of this name is on its way to it, or too much; `kept_bytes` stay
        in memory until then."""

    def up(self) -> frozenset[int]:
        """Who is connected."""


class Ports(NamedTuple):
    """What wiring plugs in after both sides exist."""

    link: Link
    mesh: Mesh
    watcher: Watcher
