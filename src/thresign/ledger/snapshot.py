"""The ledger as canonical bytes, its digest, and back: for checkpoints, restarts and state transfer.

Order comes from the data (numbers, ids, the order in which requests arrived), never from a dict's history, so equal
ledgers have equal bytes. The digest is over the digests of the parts; requests, of which there are many, are digested
by the second in which they expire.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord, ensure
from thresign.ids import Digest, KeyId, ModuleNumber, RequestId
from thresign.ledger.state import Key, KeyState, Nonce, Pool, RequestRecord, Second, State
from thresign.limits import CALLERS_MAX, KEYS_MAX, MODULES_MAX, NONCES_PER_POOL_MAX, TEXT_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.orders.genesis import Caller, Genesis, Settings
from thresign.orders.orders import ElementBytes
from thresign.orders.roster import Roster
from thresign.trust.standing import Standing
from thresign.wire.canonical import U8, U16, U32, U64, Bytes16, Bytes32, Chars, Count, Record, Var

REQUESTS_MAX = 1 << 22
CREDIT_OFFSET = 1 << 62
"""Credits may be negative; they are written with this added."""
_NO_REQUESTS = bytes(4)
"""How a snapshot without requests ends."""


class KeyPart(Record, frozen=True):
    """A Key."""

    id: Bytes16
    name: Annotated[str, Chars(TEXT_BYTES_MAX)]
    request: Bytes32
    state: U8
    version: U32
    share_epoch: U32
    suite: U8
    usage: U8
    min_signers: U16
    expires_ms: U64
    ceremony: Bytes32
    public_key: ElementBytes
    transcript: Annotated[bytes, Var(32)]
    confirmation: Annotated[bytes, Var(32)]
    failure: Annotated[str, Chars(256)]
    culprit: U16
    participants: Annotated[tuple[U16, ...], Count(MODULES_MAX)]
    verification_shares: Annotated[tuple[ElementBytes, ...], Count(MODULES_MAX)]


class NoncePart(Record, frozen=True):
    """A Nonce."""

    counter: U64
    hiding: ElementBytes
    binding: ElementBytes
    expires_ms: U64


class PoolPart(Record, frozen=True):
    """A Pool and whose it is."""

    number: U16
    group: U8
    incarnation: U64
    next_counter: U64
    nonces: Annotated[tuple[NoncePart, ...], Count(NONCES_PER_POOL_MAX)]


class ModulePart(Record, frozen=True):
    """What is known of one module."""

    number: U16
    incarnation: U64
    credit: U64
    score: U32
    silent_since_ms: U64
    silences: U32
    last_silence_ms: U64


class RequestPart(Record, frozen=True):
    """A RequestRecord and its id."""

    id: Bytes32
    what: Bytes32
    order: Bytes32
    expires_ms: U64


class FoundPart(Record, frozen=True):
    """An order that is not replaced any more."""

    order: Bytes32
    expires_ms: U64


class Snapshot(Record, frozen=True):
    """The whole ledger."""

    TAG: ClassVar[bytes] = b"ts.snap1"
    sequence: U64
    time_ms: U64
    head: Bytes32
    genesis: Genesis
    settings: Settings
    roster: Roster
    pending: Annotated[tuple[Roster, ...], Count(1)]
    began: U64
    began_head: Annotated[bytes, Var(32)]
    last_number: U16
    callers: Annotated[tuple[Caller, ...], Count(CALLERS_MAX)]
    keys: Annotated[tuple[KeyPart, ...], Count(KEYS_MAX)]
    modules: Annotated[tuple[ModulePart, ...], Count(MODULES_MAX)]
    pools: Annotated[tuple[PoolPart, ...], Count(MODULES_MAX * 8)]
    found: Annotated[tuple[FoundPart, ...], Count(REQUESTS_MAX)]
    requests: Annotated[tuple[RequestPart, ...], Count(REQUESTS_MAX)]


class _Fixed(Record, frozen=True):
    """All parts but the requests, for the digest."""

    TAG: ClassVar[bytes] = b"ts.stat1"
    sequence: U64
    time_ms: U64
    head: Bytes32
    domain: Bytes32
    roster: Bytes32
    pending: Annotated[tuple[Roster, ...], Count(1)]
    began: U64
    began_head: Annotated[bytes, Var(32)]
    last_number: U16
    callers: Annotated[tuple[Caller, ...], Count(CALLERS_MAX)]
    keys: Annotated[tuple[KeyPart, ...], Count(KEYS_MAX)]
    modules: Annotated[tuple[ModulePart, ...], Count(MODULES_MAX)]
    pools: Annotated[tuple[PoolPart, ...], Count(MODULES_MAX * 8)]
    found: Annotated[tuple[FoundPart, ...], Count(REQUESTS_MAX)]


def digest(state: State) -> Digest:
    """32 bytes that name the state."""
    fixed = _Fixed(
        state.sequence,
        state.time_ms,
        state.head,
        state.domain,
        state.roster.digest(),
        *_succession(state),
        callers(state),
        keys(state),
        _modules(state),
        _pools(state),
        _found(state),
    )
    seconds = b"".join(second.to_bytes(8, "big") + _second(state, second).digest for second in sorted(state.expiry))
    return sha256(sha256(fixed.encode()) + sha256(seconds))


def _second(state: State, second: int) -> Second:
    """What expires in this second, as encoded RequestParts: once, until it changes."""
    found = state.seconds.get(second)
    if found is None:
        encoded = b"".join([request + state.requests[request] for request in state.expiry[second]])
        found = state.seconds[second] = Second(encoded, sha256(encoded))
    return found


def encode(state: State) -> bytes:
    """`take(state).encode()`, without a record for each request."""
    count = len(state.requests)
    ensure(count <= REQUESTS_MAX, "a snapshot has room for the requests")
    head = _head(state, ()).encode()[: -len(_NO_REQUESTS)]
    seconds = [_second(state, second).encoded for second in sorted(state.expiry)]
    return b"".join((head, count.to_bytes(4, "big"), *seconds))


def take(state: State) -> Snapshot:
    """The state as a record."""
    return _head(
        state,
        tuple(
            RequestPart.decode(request + state.requests[request])
            for second in sorted(state.expiry)
            for request in state.expiry[second]
        ),
    )


def _head(state: State, requests: tuple[RequestPart, ...]) -> Snapshot:
    return Snapshot(
        state.sequence,
        state.time_ms,
        state.head,
        state.genesis,
        state.settings,
        state.roster,
        *_succession(state),
        callers(state),
        keys(state),
        _modules(state),
        _pools(state),
        _found(state),
        requests,
    )


def restore(snapshot: Snapshot, domain: Digest) -> State:
    """The state of a snapshot. Raises MalformedRecord if it is of another domain or not in the order that `take` makes.

    Whether it is the agreed state is for the caller to compare: `digest` against a checkpoint certificate.
    """
    genesis, settings = snapshot.genesis, snapshot.settings
    if genesis.domain() != domain or settings.digest() != genesis.settings:
        raise MalformedRecord("a snapshot of another trust domain")
    state = State(genesis, settings, domain, snapshot.roster, Digest(snapshot.head))
    state.sequence, state.time_ms = snapshot.sequence, snapshot.time_ms
    state.pending = snapshot.pending[0] if snapshot.pending else None
    state.began, state.began_head = snapshot.began, Digest(snapshot.began_head) if snapshot.began_head else None
    state.last_number = snapshot.last_number
    state.callers = {caller.id: caller for caller in snapshot.callers}
    for part in snapshot.keys:
        key = _key(part)
        state.keys[key.id] = key
        if key.state is not KeyState.FAILED:
            state.key_names[key.name] = key.id
    for module in snapshot.modules:
        number = ModuleNumber(module.number)
        if module.incarnation:
            state.incarnations[number] = module.incarnation
        state.credits[number] = module.credit - CREDIT_OFFSET
        state.standings[number] = Standing(
            module.score, module.silent_since_ms, module.silences, module.last_silence_ms
        )
    for held in snapshot.pools:
        pool = Pool(held.incarnation, held.next_counter)
        pool.nonces.extend(Nonce(n.counter, n.hiding, n.binding, n.expires_ms) for n in held.nonces)
        state.pools[ModuleNumber(held.number), held.group] = pool
    state.found = {Digest(part.order): part.expires_ms for part in snapshot.found}
    for request in snapshot.requests:
        name = RequestId(request.id)
        if name in state.requests:
            raise MalformedRecord("a snapshot in which a request stands twice")
        state.put_request(name, RequestRecord.of(Digest(request.what), Digest(request.order), request.expires_ms))
    if take(state) != snapshot:
        raise MalformedRecord("a snapshot that is not in canonical order")
    return state


def _succession(state: State) -> tuple[tuple[Roster, ...], int, bytes, int]:
    pending = () if state.pending is None else (state.pending,)
    return pending, state.began, state.began_head or b"", state.last_number


def callers(state: State) -> tuple[Caller, ...]:
    """By id."""
    return tuple(state.callers[name] for name in sorted(state.callers))


def keys(state: State) -> tuple[KeyPart, ...]:
    """By id."""
    return tuple(key_part(state.keys[key]) for key in sorted(state.keys))


def key_part(key: Key) -> KeyPart:
    return KeyPart(
        key.id,
        key.name,
        key.request,
        key.state,
        key.version,
        key.share_epoch,
        key.suite,
        key.usage,
        key.min_signers,
        key.expires_ms,
        key.ceremony,
        key.public_key,
        key.transcript,
        key.confirmation,
        key.failure,
        key.culprit,
        key.participants,
        key.verification_shares,
    )


def _key(part: KeyPart) -> Key:
    try:
        state = KeyState(part.state)
    except ValueError:
        raise MalformedRecord(f"snapshot: key state {part.state}") from None
    return Key(
        KeyId(part.id),
        part.name,
        RequestId(part.request),
        state,
        part.version,
        part.share_epoch,
        part.suite,
        part.usage,
        part.min_signers,
        tuple(ModuleNumber(number) for number in part.participants),
        part.expires_ms,
        Digest(part.ceremony),
        part.public_key,
        part.verification_shares,
        part.transcript,
        Digest(part.confirmation),
        part.failure,
        part.culprit,
    )


def _modules(state: State) -> tuple[ModulePart, ...]:
    numbers = sorted({*state.incarnations, *state.standings, *(ModuleNumber(n) for n in state.credits)})
    parts = []
    for number in numbers:
        standing = state.standings.get(number, Standing())
        parts.append(
            ModulePart(
                number,
                state.incarnations.get(number, 0),
                state.credits.get(number, 0) + CREDIT_OFFSET,
                standing.score,
                standing.silent_since_ms,
                standing.silences,
                standing.last_silence_ms,
            )
        )
    return tuple(parts)


def _pools(state: State) -> tuple[PoolPart, ...]:
    return tuple(
        PoolPart(
            number,
            group,
            pool.incarnation,
            pool.next_counter,
            tuple(NoncePart(n.counter, n.hiding, n.binding, n.expires_ms) for n in pool.nonces),
        )
        for (number, group), pool in sorted(state.pools.items())
    )


def _found(state: State) -> tuple[FoundPart, ...]:
    return tuple(FoundPart(order, state.found[order]) for order in sorted(state.found))
