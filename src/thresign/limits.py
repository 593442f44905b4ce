"""Every bound of the system in one place, held against one another at import."""

from __future__ import annotations

from thresign.errors import ensure

MODULES_MIN = 4
MODULES_MAX = 31
ROSTER_EPOCHS_MAX = 256
"""Membership changes in the life of a trust domain: each evidence bundle carries the chain of them."""

BODY_BYTES_IN_BATCH_MAX = 64 * 1024
"""A request body up to this length travels inside the batch; a longer one goes ahead by digest."""
BODY_BYTES_MAX = 8 * 1024 * 1024
BODIES_BYTES_MAX = 8 * BODY_BYTES_MAX
"""Bodies that travel apart which one vault holds for what is not decided, of all nodes together; and as many messages
for what is decided and not signed yet."""
BATCH_ENTRIES_MAX = 512
BATCH_BYTES_MAX = 1024 * 1024
FRAME_BYTES_MAX = 4 * 1024 * 1024
ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""Of a vault, to its own node: a status with all keys and callers is longer than any other frame."""
CHUNK_BYTES_MAX = 1024 * 1024
"""Large bodies travel in chunks of this length between modules."""

NONCES_PER_ANNOUNCEMENT_MAX = 128
NONCES_PER_POOL_MAX = 1024
"""Unused commitments that the ledger keeps for one module and group."""
NONCE_LIFETIME_MS_MAX = 3_600_000
"""Of agreed time, in the ledger. A token's own nonces expire two hours after it made them, by its machine's clock
(TS_NONCE_LIFETIME_MS of native/token/threshold.h): one that is handed out has to be alive there."""

VIEW_AHEAD_MAX = 1
"""Without a quorum's view-changes a vault follows at most this far beyond its installed view."""
WINDOW_SLOTS = 256
"""High watermark minus low watermark."""
CHECKPOINT_INTERVAL = 64
PREPARED_SLOTS_MAX = 32
"""In a view-change. An honest module has one, as it votes on the next slot alone; a new-view of view-changes of liars
has to fit in a frame all the same."""

SNAPSHOT_BYTES_MAX = 256 * 1024 * 1024
"""The longest ledger snapshot that a module takes over from another: about two million requests not yet expired."""

PEER_QUEUE_BYTES_MAX = 32 * 1024 * 1024
PENDING_REQUESTS_MAX = 4096
PENDING_REQUESTS_PER_CALLER_MAX = 1024
PENDING_PER_PEER_MAX = 1024
"""Entries that one other module may have waiting here: what it forwards takes no room from this node's own, nor from
another peer's."""

KEYS_MAX = 16_384
CALLERS_MAX = 16_384
"""In the ledger, keys whose generation failed among them: a vault's status names them all."""

TEXT_BYTES_MAX = 64
IDEMPOTENCY_KEY_BYTES_MAX = 255

ensure(WINDOW_SLOTS >= 2 * CHECKPOINT_INTERVAL, "a window holds two checkpoint intervals")
ensure(BATCH_BYTES_MAX + BODY_BYTES_IN_BATCH_MAX < FRAME_BYTES_MAX, "a batch fits in a frame")
ensure(CHUNK_BYTES_MAX < FRAME_BYTES_MAX, "a chunk fits in a frame")
ensure(NONCES_PER_ANNOUNCEMENT_MAX <= NONCES_PER_POOL_MAX, "an announcement fits in a pool")


def faults(n: int) -> int:
    """f: how many liars n modules bear."""
    return (n - 1) // 3


def quorum(n: int) -> int:
    """q = ceil((n + f + 1) / 2): two quorums share an honest module. 3 of 4, 4 of 5, 4 of 6, 5 of 7."""
    return (n + faults(n) + 2) // 2
