"""One module's agreement without the rest of its node: the real core, its real vault, real connections to its peers.

`python -m tests.bench.agreement_shell MODULE_DIRECTORY PROFILE`. Reads one line a run from standard input, "SIZE
SECONDS MOST"; the primary has SIZE requests more waiting as soon as a batch of SIZE is decided, and says on standard
output when the measured time begins, and when it ends, with how many batches. "trips COUNT" asks the vault for next to
nothing so often, one call after the other; "messages COUNT" sends another module a vote and gets one back so often.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import uvloop

from thresign.agreement.pbft import core as pbft
from thresign.agreement.pbft import events as agree
from thresign.agreement.pbft.messages import MESSAGES, Message
from thresign.agreement.pbft.state import Core, Timing
from thresign.callers import profile as rules
from thresign.client import Profile, load_profile
from thresign.errors import ThresignError
from thresign.node.main import _drop_root
from thresign.orders.digests import sha256
from thresign.orders.header import Phase
from thresign.orders.requests import Request
from thresign.orders.votes import Vote
from thresign.peers.connection import Address, Peers
from thresign.peers.connection import Events as PeerEvents
from thresign.peers.identity import contexts
from thresign.policy.actions import CALLERS_PATH, JSON
from thresign.setup.files import ModuleConfig, read_module
from thresign.vault import calls
from thresign.vault.client import Events as VaultEvents
from thresign.vault.client import VaultLink
from thresign.wire.canonical import Record, decode_one_of

WARM_UP_S = 0.3
PATIENT = Timing(progress_ms=20_000, progress_max_ms=20_000)
"""A busy machine changes no view."""
GAP_S = 0.005
"""In which the processor's time is read, before what is measured begins."""
CALLER_IDS = 512
"""Enrolled again and again: an entry that agreement decides, and that no token has to sign for."""


def unsigned(profile: Profile, count: int, tag: str) -> Iterator[Request]:
    """Requests to enrol a caller, about 300 bytes each, but for their signatures."""
    created = int(time.time())
    key = base64.b64encode(bytes(32)).decode()
    for i in range(count):
        body = json.dumps({"id": f"c{i % CALLER_IDS}", "public_key": key, "roles": ["signer"]}).encode()
        named = (profile.domain.id, profile.caller, CALLERS_PATH, JSON, f"{tag}-{i}", created, created + 240)
        yield Request(*named, sha256(body), len(body), body, bytes(64))


def presigned(profile: Profile, count: int, tag: str) -> list[Request]:
    """The same, signed: requests as a node has them once it has read them."""
    return [
        msgspec.structs.replace(request, signature=profile._key.sign(rules.post_base(request)))
        for request in unsigned(profile, count, tag)
    ]


ECHO = Vote(Phase.PREPARE, (1 << 64) - 1, 0, bytes(32), 1, bytes(64))
"""No vote that counts: answered with itself."""


class Shell:
    """Feeds the core, and does what it says."""

    def __init__(self, config: ModuleConfig) -> None:
        self.loop = asyncio.get_running_loop()
        self.core = Core(config.number, config.domain.genesis.roster, PATIENT)
        self.timers: dict[agree.Timer, asyncio.TimerHandle] = {}
        self.asked: dict[int, agree.Tag] = {}
        self.trips: dict[int, asyncio.Future[None]] = {}
        self.echo: asyncio.Future[None] | None = None
        self.ids = 0
        self.run: Run | None = None
        addresses = {number: Address(entry.host, entry.port) for number, entry in config.peers.items()}
        addresses[config.number] = Address(config.node.peer_host, config.node.peer_port)
        tls = contexts(config.tls_dir / "ca.pem", config.tls_dir / "node.pem", config.tls_dir / "node.key")
        events = PeerEvents(
            lambda number: self.feed(agree.PeerUp(number)), lambda number: self.feed(agree.PeerDown(number)), self.frame
        )
        self.peers = Peers(config.number, config.domain.id, addresses, tls, events, lambda *_: None)
        self.link = VaultLink(
            config.socket,
            VaultEvents(
                lambda status: self.feed(agree.VaultUp(status)), lambda: self.feed(agree.VaultDown()), self.answer
            ),
            lambda error: sys.exit(f"vault lost: {error}"),
        )

    def frame(self, sender: int, payload: bytes) -> None:
        message = cast(Message, decode_one_of(MESSAGES, payload))
        if message != ECHO:
            self.feed(agree.Received(sender, message))
        elif self.echo is None:
            self.peers.send(sender, ECHO.encode())
        else:
            self.echo.set_result(None)

    def answer(self, call_id: int, reply: Record | ThresignError) -> None:
        if call_id in self.trips:
            self.trips.pop(call_id).set_result(None)
        elif call_id in self.asked:
            self.feed(agree.Answered(self.asked.pop(call_id), reply))

    def feed(self, event: agree.Event) -> None:
        for effect in pbft.step(self.core, event):
            self.do(effect)

    def do(self, effect: agree.Effect) -> None:
        match effect:
            case agree.Send():
                self.peers.send(effect.to, effect.message.encode())
            case agree.Broadcast():
                self.peers.broadcast(effect.message.encode())
            case agree.AskVault():
                self.ids += 1
                self.asked[self.ids] = effect.tag
                self.link.ask(self.ids, effect.call)
            case agree.SetTimer():
                self.cancel(effect.timer)
                event = agree.TimerFired(effect.timer)
                self.timers[effect.timer] = self.loop.call_later(effect.after_ms / 1000, self.feed, event)
            case agree.CancelTimer():
                self.cancel(effect.timer)
            case agree.Deliver():
                if self.run is not None:
                    self.run.delivered(len(effect.applied.orders))
                self.loop.call_soon(self.feed, agree.Signing(busy=False))
            case agree.Refuse():
                sys.exit(f"refused: {effect.error}")
            case agree.Entered():
                sys.exit(f"view {effect.view} was entered: the machine is too busy to measure on")

    def cancel(self, timer: agree.Timer) -> None:
        held = self.timers.pop(timer, None)
        if held is not None:
            held.cancel()

    async def ready(self) -> None:
        while not (self.core.active and len(self.core.answering) == len(self.core.roster.members) - 1):
            await asyncio.sleep(0.01)

    async def trip(self) -> None:
        """A call of the vault and its answer, with next to nothing in them."""
        self.ids += 1
        waiting = self.trips[self.ids] = self.loop.create_future()
        self.link.ask(self.ids, calls.ForgetCall(()))
        await waiting

    async def message(self) -> None:
        """A message to another module, and one from it."""
        self.echo = self.loop.create_future()
        self.peers.send(min(self.core.answering), ECHO.encode())
        await self.echo
        self.echo = None


class Run:
    """Batches of one size, one after the other."""

    def __init__(self, shell: Shell, requests: list[Request], size: int) -> None:
        self.shell = shell
        self.requests = requests
        self.size = size
        self.batches = 0
        self.sizes: set[int] = set()
        self.done: asyncio.Future[None] = shell.loop.create_future()
        self.stopping = False

    def put(self) -> None:
        """Has one batch more waiting. Put into the core's queue as `submit` does, but all at once: the first request
        would be proposed alone. The core proposes it when it hears that no order is left to be signed."""
        for _ in range(self.size):
            if self.requests:
                self.shell.core.pending.add(self.requests.pop())

    def delivered(self, entries: int) -> None:
        self.batches += 1
        self.sizes.add(entries)
        if not self.stopping:
            self.put()
        elif not len(self.shell.core.pending) and not self.done.done():
            self.done.set_result(None)


async def measured(shell: Shell, profile: Profile, size: int, seconds: float, most: float) -> None:
    """One run, by the primary; `most` batches a second are signed for beforehand."""
    count = size * int(most * (seconds + WARM_UP_S))
    requests = await asyncio.to_thread(presigned, profile, count, f"{size}-{time.monotonic_ns()}")
    run = shell.run = Run(shell, requests, size)
    run.put()
    shell.feed(agree.TimerFired(agree.Timer.RETRY))
    await asyncio.sleep(WARM_UP_S)
    began, before = time.perf_counter(), run.batches
    run.sizes.clear()
    say(begin=size)
    await asyncio.sleep(seconds)
    say(end=size, batches=run.batches - before, seconds=time.perf_counter() - began, sizes=sorted(run.sizes))
    if not run.requests:
        sys.exit("too few requests were signed beforehand")
    run.stopping = True
    await run.done
    shell.run = None


async def repeated(what: str, work: Callable[[], Awaitable[None]], count: int) -> None:
    """So often, one after the other."""
    await work()
    say(begin=what)
    await asyncio.sleep(GAP_S)
    for _ in range(count):
        await work()
    say(end=what)


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


async def main(directory: Path, profile: Profile) -> None:
    config = read_module(directory)
    shell = Shell(config)
    await shell.peers.start()
    shell.link.start()
    await shell.ready()
    say(ready=config.number, leads=shell.core.leads)
    lines = asyncio.StreamReader()
    await shell.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        if line[0] in ("trips", "messages"):
            await repeated(line[0], shell.trip if line[0] == "trips" else shell.message, int(line[1]))
        else:
            await measured(shell, profile, int(line[0]), float(line[1]), float(line[2]))


if __name__ == "__main__":
    callers = load_profile(sys.argv[2])
    _drop_root(read_module(Path(sys.argv[1])))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1]), callers))
