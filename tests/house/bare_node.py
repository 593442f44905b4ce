"""A replica alone: a vault with stub cryptography beside it, and whatever it says is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from tests.simulation.disks import prepared
from tests.simulation.stubs import StubCombiner
from thresign.node import events as ev
from thresign.node.replica import Parts, Replica
from thresign.signing.events import Past
from thresign.vault import calls
from thresign.wire.canonical import Record

R = TypeVar("R", bound=Record)


@dataclass
class Node:
    """Module 2 of a domain that has decided `sequence` batches, the first of which this node's journal has."""

    journalled: int = 0
    past: Past = field(default_factory=Past)
    results: set[bytes] = field(default_factory=set)
    """What orders its journal has results of."""
    outputs: list[ev.Output] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.module = prepared(1).modules[2]
        world_replica = self.module.replica
        assert world_replica is not None
        journey = world_replica.journey
        self.replica = Replica(
            Parts(
                2,
                journey.domain,
                journey.roster,
                StubCombiner(),
                lambda _digest: None,
                lambda _request: (),
                lambda _orders: self.past,
                lambda order: order in self.results,
                self.journalled,
            )
        )

    def feed(self, event: ev.Event) -> list[ev.Output]:
        outputs = self.replica.handle(event, 1000)
        self.outputs.extend(outputs)
        return outputs

    def serve(self, call: Record) -> Record:
        assert self.module.service is not None
        return self.module.service.serve(call, 0).reply

    def vault_up(self) -> list[ev.Output]:
        status = self.serve(calls.StatusCall())
        assert isinstance(status, calls.Status)
        self.sequence = status.sequence
        return self.feed(ev.VaultUp(status))

    def answer(self, outputs: list[ev.Output], kind: type[Record]) -> list[ev.Output]:
        """The vault answers the calls of this kind."""
        return [
            output
            for ask in outputs
            if isinstance(ask, ev.Ask) and isinstance(ask.call, kind)
            for output in self.feed(ev.VaultSaid(ask.id, self.serve(ask.call)))
        ]


def asked(outputs: list[ev.Output], kind: type[R]) -> list[R]:
    return [output.call for output in outputs if isinstance(output, ev.Ask) and isinstance(output.call, kind)]


def written(outputs: list[ev.Output], kind: type[R]) -> list[R]:
    writes = (output.records for output in outputs if isinstance(output, ev.Write))
    return [record for records in writes for record in records if isinstance(record, kind)]


def refused(outputs: list[ev.Output]) -> list[tuple[int, str]]:
    return [(o.number, o.detail) for o in outputs if isinstance(o, ev.Observe) and o.what == "asked too much"]
