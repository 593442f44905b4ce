"""What the simulator holds true of correct modules, whatever the others do: each rule has a name, and a broken rule
raises Broken with it at once.

The monitor sees every signature that a token makes, every batch that a vault applies and every answer that a node
gives; it shares no rule with the code under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from thresign.ids import Digest
from thresign.orders.batch import Batch
from thresign.orders.header import Certificate, Header, Phase
from thresign.orders.merkle import leaf_hash
from thresign.orders.orders import SignOrder
from thresign.orders.statements import FoundReports
from thresign.orders.votes import NO_ROSTER, Checkpoint, ViewChange


class Broken(AssertionError):
    """A promise was broken: `rule` names it."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(f"{rule}: {why}")
        self.rule = rule


def hold(condition: bool, rule: str, why: str) -> None:
    """Raises Broken unless the condition holds."""
    if not condition:
        raise Broken(rule, why)


class Monitor:
    """Rules about signatures (one vote a slot, nothing below a left view, nothing prepared forgotten, no partial
    without agreement, one order a nonce) and about the log (one header a slot, one ledger, time, requests, answers).

    Modules in `byzantine` are not held to anything; what they signed counts for them as if they had signed everything.
    """

    def __init__(self) -> None:
        self.byzantine: set[int] = set()
        self.rosters: dict[bytes, tuple[frozenset[int], int]] = {}
        """By digest: members and quorum, as the world makes them, not any code under test."""
        self.epochs: dict[int, tuple[int, bytes]] = {}
        """By sequence: the roster epoch, and the roster, under which correct modules vote there."""
        self.signed: list[Callable[[], None]] = []
        self.votes: dict[tuple[int, Phase, int, int], bytes] = {}
        self.prepares: dict[tuple[int, bytes], set[int]] = {}
        self.commits: dict[tuple[int, bytes], set[int]] = {}
        self.chosen: dict[int, tuple[int, bytes]] = {}
        """By sequence: the first view in which a certificate can be, and its header."""
        self.committed: dict[tuple[int, int], tuple[int, bytes, int]] = {}
        self.left: dict[tuple[int, int], int] = {}
        """By module and roster epoch: the highest view for which it signed a view-change."""
        self.used: dict[tuple[int, int, int], bytes] = {}
        self.partials = 0
        self.applied: dict[int, tuple[bytes, bytes]] = {}
        self.times: dict[int, int] = {}
        self.states: dict[int, bytes] = {}
        self.assigned: dict[tuple[int, int, int], bytes] = {}
        self.attempts: dict[tuple[bytes, int], list[bytes]] = {}
        self.answers: dict[bytes, tuple[bytes, bytes]] = {}
        self.found: set[Digest] = set()
        self.ending: dict[tuple[int, bytes], set[int]] = {}
        """By sequence and next roster: which correct modules' checkpoints name it there."""
        self.closed = 0
        """Orders up to this sequence are of a roster that was succeeded: nothing replaces them."""
        self.decided_at: dict[Digest, int] = {}
        """By order."""

    # --- what tokens sign -----------------------------------------------------------------------------------------

    def vote(self, number: int, phase: Phase, view: int, header: Header) -> None:
        """A token signs a vote. It counts once it may leave the vault (`release`), and not if that crashes first."""
        if number not in self.byzantine:
            self.signed.append(lambda: self._vote(number, phase, view, header))

    def release(self) -> None:
        """What was signed is on disk, or needs not be."""
        signed, self.signed = self.signed, []
        for look in signed:
            look()

    def withdraw(self) -> None:
        """What was signed never left."""
        self.signed = []

    def _vote(self, number: int, phase: Phase, view: int, header: Header) -> None:
        digest, sequence = header.digest(), header.sequence
        held = self.votes.setdefault((number, phase, view, sequence), digest)
        hold(held == digest, "one vote a slot", f"module {number}, {phase.name}, view {view}, sequence {sequence}")
        epoch = header.roster_epoch
        hold(view >= self.left.get((number, epoch), 0), "no vote below a left view", f"module {number}, view {view}")
        members, quorum = self.rosters[header.roster]
        hold(number in members, "members vote", f"module {number} in roster epoch {epoch}")
        place = self.epochs.setdefault(sequence, (epoch, header.roster))
        hold(place == (epoch, header.roster), "a slot is one roster's", f"module {number}, sequence {sequence}")
        before = self.epochs.get(sequence - 1, place)
        hold(before[0] <= epoch, "rosters follow one another", f"epoch {epoch} at sequence {sequence}")
        kept = self.chosen.get(sequence, (view, digest))
        hold(kept[1] == digest or view <= kept[0], "what is chosen stays chosen", f"module {number}, view {view}")
        if phase is not Phase.COMMIT:
            self.prepares.setdefault((view, digest), set()).add(number)
            return
        liars = len(self.byzantine & members)
        behind = len(self.prepares.get((view, digest), ())) + liars
        hold(behind >= quorum, "no commit before a quorum prepared", f"module {number}, view {view}: {behind}")
        self.commits.setdefault((view, digest), set()).add(number)
        self.committed[number, sequence] = (view, digest, epoch)
        if len(self.commits[view, digest]) + liars >= quorum:
            self.chosen.setdefault(sequence, (view, digest))

    def statement(self, number: int, unsigned: bytes) -> None:
        """A token signs a statement; view-changes are looked into."""
        if number not in self.byzantine and unsigned[:8] == ViewChange.TAG:
            self.signed.append(lambda: self._view_change(number, ViewChange.decode(unsigned + bytes(64))))
        elif number not in self.byzantine and unsigned[:8] == Checkpoint.TAG:
            self.signed.append(lambda: self._checkpoint(number, Checkpoint.decode(unsigned + bytes(64))))

    def _checkpoint(self, number: int, said: Checkpoint) -> None:
        if said.next == NO_ROSTER:
            return
        signers = self.ending.setdefault((said.sequence, said.next), set())
        signers.add(number)
        members, quorum = self.rosters[said.roster]
        if len(signers) + len(self.byzantine & members) >= quorum:
            self.closed = max(self.closed, said.sequence)

    def may_change(self, leaf: Digest) -> bool:
        """True if a module may hold an order that it gave up, or give up one that it holds."""
        return leaf in self.found or self.decided_at.get(leaf, self.closed + 1) <= self.closed

    def _view_change(self, number: int, said: ViewChange) -> None:
        place = (number, said.roster_epoch)
        self.left[place] = max(self.left.get(place, 0), said.view)
        decided = said.decided[0].header.sequence if said.decided else 0
        proven = {proof.header.sequence: proof for proof in said.prepared}
        for (who, sequence), (view, digest, epoch) in self.committed.items():
            if who != number or sequence <= decided or epoch != said.roster_epoch:
                continue
            proof = proven.get(sequence)
            same = proof is not None and (proof.view > view or proof.header.digest() == digest)
            kept = proof is not None and proof.view >= view and same
            hold(
                kept, "nothing committed is forgotten", f"module {number} left for view {said.view} without {sequence}"
            )

    def partial(self, number: int, incarnation: int, counter: int, order: bytes, header: Header) -> None:
        """A token computes a partial."""
        self.partials += 1
        if number in self.byzantine:
            return
        held = self.used.setdefault((number, incarnation, counter), order)
        hold(held == order, "one order a nonce", f"module {number} used nonce {incarnation}/{counter} for two orders")
        digest = header.digest()
        behind = max((len(who) for (_, of), who in self.commits.items() if of == digest), default=0)
        members, quorum = self.rosters[header.roster]
        agreed = behind + len(self.byzantine & members) >= quorum
        hold(agreed, "no partial without agreement", f"module {number}, sequence {header.sequence}: {behind} commits")

    # --- what modules apply and answer ----------------------------------------------------------------------------

    def apply(self, sequence: int, certificate: Certificate, body: bytes, orders: Iterable[bytes]) -> None:
        """A correct module applied a batch."""
        header = certificate.header
        decided = (header.digest(), body)
        first = sequence not in self.applied
        held = self.applied.setdefault(sequence, decided)
        hold(held == decided, "one header a slot", f"two batches are decided at sequence {sequence}")
        if not first:
            return
        self.found |= {leaf_hash(e.order) for e in Batch.decode(body).entries if isinstance(e, FoundReports)}
        self.times[sequence] = header.time_ms
        before = self.times.get(sequence - 1, 0)
        hold(header.time_ms >= before, "agreed time does not go back", f"{before} then {header.time_ms} at {sequence}")
        for encoded in orders:
            if encoded[:8] == SignOrder.TAG:
                self.decided_at[leaf_hash(encoded)] = sequence
                self._order(SignOrder.decode(encoded), leaf_hash(encoded), header.time_ms)

    def _order(self, order: SignOrder, leaf: Digest, time_ms: int) -> None:
        for slot in order.signers:
            place = (slot.number, slot.incarnation, slot.counter)
            hold(place not in self.assigned, "one order a nonce", f"nonce {place} is assigned twice")
            self.assigned[place] = leaf
        made = self.attempts.setdefault((order.request, order.item), [])
        wanted = len(made) + 1
        hold(order.attempt == wanted, "one order a request", f"attempt {order.attempt} where {wanted} is next")
        made.append(leaf)
        hold(order.expires_ms > time_ms, "no order after its request's expiry", f"{order.expires_ms} at {time_ms}")
        answered = self.answers.get(order.request)
        hold(answered is None, "what is answered is not replaced", f"request {order.request.hex()[:16]}")

    def state(self, sequence: int, digest: bytes) -> None:
        """A correct module's ledger after a sequence has this digest."""
        held = self.states.setdefault(sequence, digest)
        hold(held == digest, "one ledger", f"two ledgers after sequence {sequence}")

    def answer(self, request: bytes, leaf: bytes, signature: bytes) -> None:
        """A correct node answers a request."""
        held = self.answers.setdefault(request, (leaf, signature))
        hold(held == (leaf, signature), "one signature a request", f"request {request.hex()[:16]}")
        made = [leaves for (of, _), leaves in self.attempts.items() if of == request]
        newest = not made or made[0][-1] == leaf
        hold(newest, "what is answered is not replaced", f"request {request.hex()[:16]} by an order that was replaced")

    def held(self, number: int, leaf: Digest, missing: set[Digest]) -> None:
        """A module says that it holds a result. `missing`: what it reported before, on the same disk."""
        kept = number in self.byzantine or leaf not in missing or self.may_change(leaf)
        hold(kept, "what is given up is held only if it is found", f"module {number}, order {leaf.hex()[:16]}")

    def missing(self, number: int, leaf: Digest, held: set[Digest]) -> None:
        """A module reports an order missing. `held`: what it said before that it holds, on the same disk."""
        kept = number in self.byzantine or leaf not in held or self.may_change(leaf)
        hold(kept, "what is held is not given up", f"module {number}, order {leaf.hex()[:16]}")

    def blamed(self, number: int, why: str) -> None:
        """A correct module holds that a signer's token signed a wrong partial: that is a proof, so it must be one."""
        proof = "signed by its token" in why
        hold(not proof or number in self.byzantine, "no correct module is proven wrong", f"module {number}: {why}")

    def refused(self, number: int, work: str) -> None:
        """A correct module does not answer another, for it has asked too much."""
        hold(number in self.byzantine, "no correct module asks too much", f"module {number}: {work}")
