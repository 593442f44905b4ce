"""What a node may ask its vault, and the answers: canonical records over the socket (docs/spec/vault.md).

Those about lost disks and left-behind ledgers are in recovery_calls; lanes has the table of all, and of their answers.
A call that fails is answered with Failure.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.errors import ThresignError, by_code
from thresign.ledger.snapshot import KeyPart
from thresign.limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, CALLERS_MAX, KEYS_MAX, MODULES_MAX
from thresign.orders.batch import Batch
from thresign.orders.genesis import Caller
from thresign.orders.header import Certificate, Header, Signatures
from thresign.orders.statements import Partials
from thresign.orders.succession import Chain
from thresign.orders.votes import CheckpointCertificate, NewView, PrePrepare, ViewChange
from thresign.wire.canonical import U8, U16, U32, U64, Bytes32, Chars, Count, Record, Var

DETAIL_CHARS_MAX = 512
OrderBytes = Annotated[bytes, Var(16 * 1024)]
PackageBytes = Annotated[bytes, Var(64 * 1024)]


class Failure(Record, frozen=True):
    """Why a call failed: the code of a ThresignError, and who is to blame."""

    TAG: ClassVar[bytes] = b"tv.fail1"
    code: Annotated[str, Chars(64)]
    detail: Annotated[str, Chars(DETAIL_CHARS_MAX)]
    culprits: Annotated[tuple[U16, ...], Count(MODULES_MAX)]

    def error(self) -> ThresignError:
        return by_code(self.code, self.detail, self.culprits)


def failure(error: ThresignError) -> Failure:
    """The answer that carries this error."""
    return Failure(error.code, printable(error.detail), error.culprits)


def printable(text: str) -> str:
    """The text as it may stand in a record: printable ASCII, cut to length."""
    plain = text.encode("ascii", "backslashreplace").decode()
    return "".join(c if c.isprintable() else "?" for c in plain)[:DETAIL_CHARS_MAX]


class Done(Record, frozen=True):
    """Nothing to say but that it is done."""

    TAG: ClassVar[bytes] = b"tv.done1"


# --- status ---------------------------------------------------------------------------------------------------------


class StatusCall(Record, frozen=True):
    """Where the vault stands."""

    TAG: ClassVar[bytes] = b"tv.stat?"


FOUND_MAX = 4096
"""How many found orders a Status names: they expire within minutes, and there are few."""


class Measure(Record, frozen=True):
    """One hardening step and how it went: `ok`, or why not."""

    name: Annotated[str, Chars(64)]
    result: Annotated[str, Chars(256)]


class Status(Record, frozen=True):
    """The vault's state, for the node's start and for operators."""

    TAG: ClassVar[bytes] = b"tv.stat1"
    number: U16
    domain: Bytes32
    view: U64
    entered: U64
    sequence: U64
    time_ms: U64
    head: Bytes32
    low: U64
    horizon: U64
    incarnation: U64
    custody: Annotated[str, Chars(64)]
    emulated: U8
    boundary: Annotated[str, Chars(64)]
    measures: Annotated[tuple[Measure, ...], Count(64)]
    callers: Annotated[tuple[Caller, ...], Count(CALLERS_MAX)]
    keys: Annotated[tuple[KeyPart, ...], Count(KEYS_MAX)]
    decided: Annotated[tuple[Certificate, ...], Count(1)]
    changes: Annotated[tuple[ViewChange, ...], Count(16)]
    """View-changes signed for views that are not installed."""
    new_view: Annotated[tuple[NewView, ...], Count(1)]
    """That of the installed view; none for view 0."""
    unused: Annotated[tuple[U32, ...], Count(16)]
    """As in Applied."""
    stable: Annotated[tuple[CheckpointCertificate, ...], Count(1)] = ()
    """By which the low watermark moved."""
    base: U64 = 0
    """Where the vault's journal begins: nothing before it can be had from this vault."""
    forgot: U8 = 0
    """1 while this vault does not vote because its disk forgot what it signed (rejoin rule)."""
    found: Annotated[tuple[Bytes32, ...], Count(FOUND_MAX)] = ()
    """Orders that are not replaced any more: the node may have missed the batches that found them."""
    chain: Chain = ()
    """From the genesis to the roster of the ledger."""
    pending: U8 = 0
    """1 while another roster is to follow: the vault's checkpoint is wanted, and nothing is ordered."""


# --- judging and voting ---------------------------------------------------------------------------------------------

PERMIT, REFUSE, LATER, KNOWN = range(4)


class JudgeCall(Record, frozen=True):
    """What would the verdicts on these entries be now, each by itself? No vote. Answer: Judged."""

    TAG: ClassVar[bytes] = b"tv.judg?"
    batch: Batch


class Verdict(Record, frozen=True):
    """PERMIT, REFUSE with an error's code and detail, LATER or KNOWN with a reason."""

    kind: U8
    code: Annotated[str, Chars(64)]
    detail: Annotated[str, Chars(DETAIL_CHARS_MAX)]


class Judged(Record, frozen=True):
    """One verdict for each entry of the call."""

    TAG: ClassVar[bytes] = b"tv.judg1"
    verdicts: Annotated[tuple[Verdict, ...], Count(BATCH_ENTRIES_MAX)]


class ProposeCall(Record, frozen=True):
    """Pre-prepare those of the entries that are permitted now."""

    TAG: ClassVar[bytes] = b"tv.prop?"
    view: U64
    batch: Batch


class Proposed(Record, frozen=True):
    """A pre-prepare, or none; and one verdict for each entry of the call (none on a repeat)."""

    TAG: ClassVar[bytes] = b"tv.prop1"
    message: Annotated[tuple[PrePrepare, ...], Count(1)]
    verdicts: Annotated[tuple[Verdict, ...], Count(BATCH_ENTRIES_MAX)]


class ReproposeCall(Record, frozen=True):
    """Pre-prepare what the new view demands. Answer: PrePrepare."""

    TAG: ClassVar[bytes] = b"tv.repr?"
    view: U64
    header: Header
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]


class PrepareCall(Record, frozen=True):
    """Prepare. Answer: Vote."""

    TAG: ClassVar[bytes] = b"tv.prep?"
    message: PrePrepare


class CommitCall(Record, frozen=True):
    """Commit. Answer: Vote."""

    TAG: ClassVar[bytes] = b"tv.comm?"
    view: U64
    sequence: U64
    header: Bytes32
    prepares: Signatures


class DecideCall(Record, frozen=True):
    """Apply a decided batch; `body` may be empty if this vault voted for it."""

    TAG: ClassVar[bytes] = b"tv.deci?"
    certificate: Certificate
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]


class Refusal(Record, frozen=True):
    """An order that the token did not sign, and its reason."""

    order: Bytes32
    code: U16
    reason: Annotated[str, Chars(256)]


class Signed(Record, frozen=True):
    """The partials of this module for orders of the batch, signed by its token, and what was refused."""

    TAG: ClassVar[bytes] = b"tv.sign1"
    sequence: U64
    partials: Partials
    refusals: Annotated[tuple[Refusal, ...], Count(BATCH_ENTRIES_MAX)]
    next: U32
    """The order from which on the next call goes on; 0 if this was the last."""


class Applied(Record, frozen=True):
    """The batch as applied: its body and orders, and what changed that a node shows or must act on."""

    TAG: ClassVar[bytes] = b"tv.deci1"
    sequence: U64
    time_ms: U64
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]
    orders: Annotated[tuple[OrderBytes, ...], Count(BATCH_ENTRIES_MAX)]
    keys: Annotated[tuple[KeyPart, ...], Count(KEYS_MAX)]
    unused: Annotated[tuple[U32, ...], Count(16)]
    """This module's unused nonces by group number, from 0."""
    silent: U8
    """1 if this module is held to be silent and may say that it is present."""
    checkpoint_due: U8
    signed: Annotated[tuple[Signed, ...], Count(1)]
    """This module's partials, all of them, if there are so few that they hold nobody up; else SignCall gets them."""


class ChangeViewCall(Record, frozen=True):
    """Leave the views below `view`. Answer: ViewChange."""

    TAG: ClassVar[bytes] = b"tv.chgv?"
    view: U64
    justification: Annotated[tuple[ViewChange, ...], Count(MODULES_MAX)]


class NewViewCall(Record, frozen=True):
    """Lead `view`. Answer: NewView."""

    TAG: ClassVar[bytes] = b"tv.newv?"
    view: U64
    changes: Annotated[tuple[ViewChange, ...], Count(MODULES_MAX)]


class InstallCall(Record, frozen=True):
    """Enter a view. Answer: Done."""

    TAG: ClassVar[bytes] = b"tv.inst?"
    message: NewView


class CheckpointCall(Record, frozen=True):
    """Sign the ledger's digest. Answer: Checkpoint."""

    TAG: ClassVar[bytes] = b"tv.chkp?"


class StabiliseCall(Record, frozen=True):
    """Move the low watermark. Answer: Stabilised."""

    TAG: ClassVar[bytes] = b"tv.stbl?"
    certificate: CheckpointCertificate


# --- bulk -------------------------------------------------------------------------------------------------------------


class SignCall(Record, frozen=True):
    """Partials for those orders of an applied batch that name this module, from order `start` on and as many as hold
    nobody up. Answer: Signed."""

    TAG: ClassVar[bytes] = b"tv.sign?"
    sequence: U64
    start: U32


class DecidedCall(Record, frozen=True):
    """A decided batch that the node's own journal lost. Answer: DecidedBatch."""

    TAG: ClassVar[bytes] = b"tv.dbat?"
    sequence: U64


class DecidedBatch(Record, frozen=True):
    """A decided batch with its orders."""

    TAG: ClassVar[bytes] = b"tv.dbat1"
    certificate: Certificate
    body: Annotated[bytes, Var(BATCH_BYTES_MAX)]
    orders: Annotated[tuple[OrderBytes, ...], Count(BATCH_ENTRIES_MAX)]


class ForgetCall(Record, frozen=True):
    """These requests are answered: their messages need not be kept for a replacing order. Answer: Done."""

    TAG: ClassVar[bytes] = b"tv.frgt?"
    requests: Annotated[tuple[Bytes32, ...], Count(BATCH_ENTRIES_MAX)]


class UnusedCall(Record, frozen=True):
    """Count this module's unused nonces by the vault's clock: in an idle domain agreed time stands still, and the
    nonces of its ledger expire unseen. Answer: Unused."""

    TAG: ClassVar[bytes] = b"tv.unus?"


class Unused(Record, frozen=True):
    """Answer to UnusedCall."""

    TAG: ClassVar[bytes] = b"tv.unus1"
    unused: Annotated[tuple[U32, ...], Count(16)]
    """As in Applied."""


class AnnounceCall(Record, frozen=True):
    """Make nonces. Answer: an Announcement."""

    TAG: ClassVar[bytes] = b"tv.anno?"
    group: U8
    count: U16


class ReportMissingCall(Record, frozen=True):
    """State that this module holds no result for an order. Answer: MissingReport."""

    TAG: ClassVar[bytes] = b"tv.miss?"
    order: Bytes32
    missing: Annotated[tuple[U16, ...], Count(MODULES_MAX)]


class ReportFoundCall(Record, frozen=True):
    """State that this module has verified a result of an order. Answer: FoundReport."""

    TAG: ClassVar[bytes] = b"tv.foun?"
    order: Bytes32


class PresentCall(Record, frozen=True):
    """State that this module is there. Answer: Present."""

    TAG: ClassVar[bytes] = b"tv.here?"


class KeygenBeginCall(Record, frozen=True):
    """Round 1 of the ceremony that order `index` of an applied batch opens. Answer: KeygenStep."""

    TAG: ClassVar[bytes] = b"tv.kgb1?"
    sequence: U64
    index: U32


class KeygenDealCall(Record, frozen=True):
    """Round 2, over all first packages in order of participant. Answer: KeygenStep."""

    TAG: ClassVar[bytes] = b"tv.kgb2?"
    order: Bytes32
    packages: Annotated[tuple[PackageBytes, ...], Count(MODULES_MAX)]


class KeygenFinishCall(Record, frozen=True):
    """The end, over all second packages in order of participant. Answer: KeygenStep."""

    TAG: ClassVar[bytes] = b"tv.kgb3?"
    order: Bytes32
    packages: Annotated[tuple[PackageBytes, ...], Count(MODULES_MAX)]


class KeygenStep(Record, frozen=True):
    """The package that the token made."""

    TAG: ClassVar[bytes] = b"tv.kgst1"
    package: PackageBytes


class AbortCall(Record, frozen=True):
    """State that a ceremony cannot go on. Answer: CeremonyAbort."""

    TAG: ClassVar[bytes] = b"tv.abrt?"
    order: Bytes32
    culprit: U16
    reason: Annotated[str, Chars(64)]


class BodyCall(Record, frozen=True):
    """A body that travels apart, as a sealed memfd sent along with this call. Answer: Done."""

    TAG: ClassVar[bytes] = b"tv.body?"
    content_sha256: Bytes32
    body_bytes: U32
