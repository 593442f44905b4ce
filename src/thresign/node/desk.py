"""The desk: callers' requests from arrival to answer, and what callers may look up.

A request is judged by this module's own vault first, so that a refusal is told at once and in the vault's words. Then
it is put forward to be ordered, and its caller waits. A retry, here or at another node, finds the first by its id.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from thresign.callers import profile
from thresign.errors import (
    CallerError,
    Conflict,
    InvariantBroken,
    NotAuthenticated,
    NotPermitted,
    Overloaded,
    RequestExpired,
    ThresignError,
    Undecided,
    UnknownKey,
    UnknownRequest,
    by_code,
)
from thresign.frost.suites import ED25519
from thresign.groups import native
from thresign.ledger.snapshot import KeyPart
from thresign.ledger.state import KeyState
from thresign.limits import BODIES_BYTES_MAX, PENDING_REQUESTS_MAX
from thresign.node import release
from thresign.node.evidence import build
from thresign.node.judging import Judging
from thresign.node.outcomes import Asked, Outcomes
from thresign.node.room import Room
from thresign.node.runtime import Runtime
from thresign.orders.batch import Entry
from thresign.orders.equivocation import Equivocation, place_of
from thresign.orders.genesis import Caller
from thresign.orders.requests import Request
from thresign.orders.roster import Roster
from thresign.orders.succession import Succession, newest
from thresign.policy.actions import CALLERS_PATH, ROSTER_PATH, EnrolCaller, Reconfigure, parse
from thresign.rest.interface import Changed, Enrolled, KeyMade, ModuleState, NodeStatus, Outcome, Proof, Signed, Waiting
from thresign.setup.files import Domain
from thresign.signing.stages import Answered
from thresign.vault import calls

T = TypeVar("T")

SAY_AGAIN_MS = 5000
LAGGING = frozenset({UnknownKey.code, Conflict.code, NotPermitted.code})
"""A module that is a batch behind refuses so what another has just told the caller is there: it looks again."""
LAG_S = (0.05, 0.1, 0.2)


class Desk:
    """Implements rest.interface.Domain and node.ports.Watcher."""

    def __init__(self, number: int, domain: Domain, runtime: Runtime, peers_up: Callable[[], frozenset[int]]) -> None:
        self.domain_id: bytes = domain.id
        self._number = number
        self._domain = domain
        self._runtime = runtime
        self._peers_up = peers_up
        self._status: calls.Status | None = None
        self._roster = domain.genesis.roster
        self._outcomes = Outcomes(runtime.history)
        self._chain: tuple[Succession, ...] = ()
        self._view = 0
        self._sequence = 0
        self._time_ms = 0
        self._callers: dict[str, Caller] = {}
        self._waiting: defaultdict[bytes, list[asyncio.Future[Outcome]]] = defaultdict(list)
        self._anew: set[bytes] = set()
        """Requests that wait under the name of another, which has expired, and are not ordered yet."""
        self._current: dict[bytes, Request] = {}
        """By name, while somebody waits: what this node wants ordered. A retry may be signed anew."""
        self._judging = Judging(runtime.ask_vault)
        # Half, for a vault keeps a message until it has heard that the answer is out.
        self._room = Room(BODIES_BYTES_MAX // 2 // len(domain.genesis.roster.members))
        self._closed: Exception | None = None
        """Why nothing is taken in any more."""
        self._bodies: defaultdict[bytes, list[asyncio.Future[None]]] = defaultdict(list)
        self.observed_counts: defaultdict[str, int] = defaultdict(int)

    # --- Domain ---------------------------------------------------------------------------------------------------

    def callers(self) -> dict[str, Caller]:
        return self._callers

    def keys(self) -> list[KeyPart]:
        return sorted(self._outcomes.keys.values(), key=lambda key: (key.name, key.id))

    def key(self, name: str) -> KeyPart:
        return self._outcomes.key(name)

    async def submit(self, request: Request, body: bytes, wait_ms: int) -> Outcome:
        self._authenticate(request)
        name = request.id()
        current = self._current.get(name)
        if current is not None and current.what() != request.what():
            raise Conflict("the idempotency key was used for another request")
        known = self._outcomes.known(request, current is not None, self._time_ms)
        if known is not None and not isinstance(known, Waiting):
            return known
        if self._closed is not None:
            raise self._closed
        if self._roster.member(self._number) is None:
            raise self._undecided(request)
        if len(self._waiting) >= PENDING_REQUESTS_MAX:
            raise Overloaded(f"{len(self._waiting)} requests wait at this node")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        first = name not in self._waiting
        self._waiting[name].append(future)
        if first:
            self._expect(name, request)
        patience_ms = self._patience_ms(request)
        try:
            async with AsyncExitStack() as held:
                if first:
                    try:
                        if request.detached:
                            async with asyncio.timeout(min(wait_ms or SAY_AGAIN_MS, patience_ms) / 1000):
                                await held.enter_async_context(self._room.taken(len(body)))
                        await self._put_forward(request, body, name)
                    except BaseException:
                        self._fail(name, Undecided("the first of these requests was not put forward: ask again"))
                        raise
                if wait_ms == 0:
                    return self._waiting_stage(name)
                return await _within(future, min(wait_ms, patience_ms) / 1000)
        except TimeoutError:
            raise self._undecided(request) from None
        except CallerError:
            if first:
                self._outcomes.asked.pop(name, None)
            raise
        finally:
            self._drop_waiter(name, future)

    def outcome(self, request: bytes, caller: str | None) -> Outcome:
        held = self._outcomes.asked.get(request)
        if caller is not None and held is not None and held.caller != caller:
            raise UnknownRequest("no request of this id")
        found = self._outcomes.found(request)
        if found is not None:
            if caller is not None and held is None and self._outcomes.caller_of(request) != caller:
                raise UnknownRequest("no request of this id")
            return found
        if request in self._waiting or (held is not None and self._in_time(held)):
            return Waiting(request, "submitted")
        raise UnknownRequest("no request of this id")

    def evidence(self, request: bytes, caller: str | None) -> bytes:
        found = self.outcome(request, caller)
        if not isinstance(found, Signed):
            raise UnknownRequest("this request has no signature, so there is no evidence of one")
        return build(self._outcomes.history, self._domain.genesis, self._chain, request, found.key)

    def roster(self) -> Roster:
        return self._roster

    def status(self) -> NodeStatus:
        roster = self._roster
        up = self._peers_up()
        answering = self._runtime.answering()
        reason = ""
        if self._closed is not None:
            reason = f"this module ends: {self._closed}"
        elif self._status is None:
            reason = "this module's vault does not answer"
        elif roster.member(self._number) is None:
            reason = f"module {self._number} is no member in roster epoch {roster.epoch}"
        elif answering < roster.q:
            reason = f"{answering} of {len(roster.members)} modules answer, {roster.q} are needed"
        vault = self._status
        return NodeStatus(
            self.domain_id.hex(),
            self._domain.genesis.name,
            self._number,
            "up" if vault is not None else "down",
            self._view,
            roster.primary(self._view),
            self._sequence,
            self._time_ms,
            roster.q,
            roster.f,
            vault.custody if vault is not None else "",
            bool(vault.emulated) if vault is not None else False,
            vault.boundary if vault is not None else "",
            {m.name: m.result for m in vault.measures} if vault is not None else {},
            tuple(ModuleState(m.number, m.name, m.number == self._number or m.number in up) for m in roster.members),
            not reason,
            reason,
            tuple(_proof(evidence) for evidence in self._runtime.accusations.proofs),
            roster.epoch,
        )

    # --- Watcher --------------------------------------------------------------------------------------------------

    def vault_up(self, status: calls.Status) -> None:
        self._status = status
        self._view, self._sequence, self._time_ms = status.view, status.sequence, status.time_ms
        self._chain, self._roster = status.chain, newest(self._domain.genesis.roster, status.chain)
        self._outcomes.epoch = self._roster.epoch
        for part in status.keys:
            self._know(part)
        self._callers = {caller.id: caller for caller in status.callers}
        if self._roster.member(self._number) is None:
            self._left()
        for request, epoch in self._outcomes.changes.items():
            if epoch <= len(status.chain):
                self._tell(request, Changed(request, epoch))

    def vault_down(self) -> None:
        self._status = None

    def applied(self, applied: calls.Applied, entries: tuple[Entry, ...]) -> None:
        self._sequence, self._time_ms = applied.sequence, applied.time_ms
        for part in applied.keys:
            self._know(part)
        for entry in entries:
            if isinstance(entry, Request):
                self._outcomes.remember(entry.id(), Asked.of(entry))
                current = self._current.get(entry.id())
                if current is not None and current.what() == entry.what():
                    self._anew.discard(entry.id())
                if entry.path == CALLERS_PATH:
                    self._enrolled(entry)
                elif entry.path == ROSTER_PATH:
                    self._changing(entry)

    def answered(self, answered: Answered) -> None:
        certified, signature = answered.held.combined.certified, answered.held.combined.signature
        key, request = self._outcomes.keys.get(certified.order.key), certified.order.request
        if key is None or request not in self._waiting:
            return
        if request in self._anew or self._outcomes.history.replaced(request, certified.leaf):
            return  # late, and not what is asked for under this name now
        try:
            release.check(certified.key.suite, certified.key.public_key, certified.message, signature)
        except InvariantBroken as error:
            self._fail(request, error)
        else:
            self._tell(request, Signed(request, key, signature))

    def refused(self, entry: Entry, error: ThresignError) -> None:
        if not isinstance(entry, Request):
            return
        name, held = entry.id(), self._outcomes.asked.get(entry.id())
        if self._current.get(name) == entry:
            self._fail(name, error)
        elif name not in self._waiting and held is not None and held.what == entry.what():
            del self._outcomes.asked[name]

    def _left(self) -> None:
        """This module is no member any more, or not yet: another answers whoever waits here."""
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(Undecided(f"module {self._number} is no member of the domain: ask another"))

    def close(self, why: Exception) -> None:
        """This node does not go on: whoever waits here is told, and whoever still comes."""
        self._closed = why
        self._judging.close(why)
        self._room.close(why)
        waiting: list[asyncio.Future[Any]] = [one for futures in self._waiting.values() for one in futures]
        waiting += [one for futures in self._bodies.values() for one in futures]
        for future in waiting:
            if not future.done():
                future.set_exception(why)

    def body_held(self, content_sha256: bytes, holders: int) -> None:
        if holders >= self._roster.q:
            for future in self._bodies.pop(content_sha256, ()):
                if not future.done():
                    future.set_result(None)

    def observed(self, what: str, number: int, detail: str) -> None:
        self.observed_counts[what] += 1
        if what == "view":
            self._view = int(detail)

    # --- from arrival to answer -----------------------------------------------------------------------------------

    def _authenticate(self, request: Request) -> None:
        """What this node knows of a request it tells its caller alone, and nobody else takes the place of its id. For
        that our own arithmetic does; whether the request is permitted is for the vaults to judge, with libsodium.
        Raises NotAuthenticated; Undecided before callers are known."""
        caller = self._callers.get(request.caller)
        if caller is None and self._status is None:
            raise Undecided("this module's vault does not answer")
        if caller is None:
            raise NotAuthenticated(f"no caller {request.caller!r} is enrolled")
        if not native.verify(ED25519.id, caller.public_key, profile.post_base(request), request.signature):
            raise NotAuthenticated("the signature does not verify")

    async def _put_forward(self, request: Request, body: bytes, name: bytes) -> None:
        """Has the vault judge it; sends a large body ahead; submits it. Raises what the vault refuses it with."""
        if self._status is None:
            raise Undecided("this module's vault does not answer")
        verdict = await self._judging.verdict(request)
        for pause_s in LAG_S:
            if verdict.kind != calls.REFUSE or verdict.code not in LAGGING:
                break
            await asyncio.sleep(pause_s)
            verdict = await self._judging.verdict(request)
        if verdict.kind == calls.REFUSE:
            raise by_code(verdict.code, verdict.detail)
        if verdict.kind == calls.KNOWN:
            self._walk_again(name)
            return
        if request.detached:
            await self._send_ahead(request, body)
        self._runtime.submit(request)

    async def _send_ahead(self, request: Request, body: bytes) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._bodies[request.content_sha256].append(future)
        self._runtime.spread_body(request.content_sha256, body)
        try:
            await _within(future, SAY_AGAIN_MS / 1000)
        except TimeoutError:
            raise self._undecided(request) from None
        finally:
            left = [other for other in self._bodies.pop(request.content_sha256, ()) if other is not future]
            if left:
                self._bodies[request.content_sha256] = left

    def _walk_again(self, name: bytes) -> None:
        """The ledger knows the request, and this node has no answer to it: the others may."""
        for row in self._outcomes.history.orders(name)[-1:]:
            self._runtime.walk_again(row.sequence)

    def _patience_ms(self, request: Request) -> float:
        return max(1000.0, request.expires_s * 1000 - time.time() * 1000 + 1000)

    def _undecided(self, request: Request) -> ThresignError:
        if request.expires_s <= time.time():
            return RequestExpired("the request expired before a decision was reached")
        roster = self._roster
        if roster.member(self._number) is None:
            return Undecided(f"module {self._number} is no member in roster epoch {roster.epoch}: ask one that is")
        answering = self._runtime.answering()
        return Undecided(
            f"{answering} of {len(roster.members)} modules answer, {roster.q} are needed for a decision;"
            f" request {request.id().hex()} may still be decided: ask again with the same Idempotency-Key"
        )

    def _drop_waiter(self, name: bytes, future: asyncio.Future[Outcome]) -> None:
        waiters = self._waiting.get(name)
        if waiters is not None:
            waiters.remove(future)
            if not waiters:
                del self._waiting[name]
                del self._current[name]
                self._anew.discard(name)
        if future.done() and not future.cancelled():
            future.exception()

    def _tell(self, name: bytes, outcome: Outcome) -> None:
        for future in self._waiting.get(name, ()):
            if not future.done():
                future.set_result(outcome)

    def _fail(self, name: bytes, error: Exception) -> None:
        for future in self._waiting.get(name, ()):
            if not future.done():
                future.set_exception(error)

    def _in_time(self, asked: Asked) -> bool:
        """True while what was asked for may still be ordered."""
        return asked.expires_s * 1000 > max(self._time_ms, time.time() * 1000)

    # --- what is known --------------------------------------------------------------------------------------------

    def _waiting_stage(self, name: bytes) -> Outcome:
        return self._outcomes.found(name) or Waiting(name, "submitted")

    def _expect(self, name: bytes, request: Request) -> None:
        """Somebody asks for this under this name; the same may have been asked before."""
        self._current[name] = request
        asked, held = Asked.of(request), self._outcomes.asked.get(name)
        if held is not None and (held.what != asked.what or self._outcomes.is_another(name, asked.what)):
            self._anew.add(name)
        if held is None or held.what != asked.what:
            self._outcomes.remember(name, asked)

    def _know(self, part: KeyPart) -> None:
        self._outcomes.keys[part.id] = part
        if part.state in (KeyState.ACTIVE, KeyState.FAILED):
            self._tell(part.request, KeyMade(part.request, part))

    def _enrolled(self, request: Request) -> None:
        action = parse(request)
        if isinstance(action, EnrolCaller):
            self._callers[action.id] = Caller(action.id, action.public_key, tuple(sorted(set(action.roles))))
            self._tell(request.id(), Enrolled(request.id(), action.id))

    def _changing(self, request: Request) -> None:
        action = parse(request)
        if isinstance(action, Reconfigure):
            self._outcomes.changes[request.id()] = action.epoch


async def _within(future: asyncio.Future[T], seconds: float) -> T:
    """Its result. Raises TimeoutError, through the future, if that takes longer."""
    timer = asyncio.get_running_loop().call_later(seconds, _expire, future)
    try:
        return await future
    finally:
        timer.cancel()


def _expire(future: asyncio.Future[T]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _proof(evidence: Equivocation) -> Proof:
    _, _, view, sequence = place_of(evidence.first)
    return Proof(evidence.number, view, sequence, base64.b64encode(evidence.encode()).decode())
