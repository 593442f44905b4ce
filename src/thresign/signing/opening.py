"""From a decided batch to certified orders: which of its entries ask for a signature, of what, and with which key."""

from __future__ import annotations

from collections.abc import Iterator

from thresign.frost.tweaks import KeyTweak, tweaked
from thresign.ids import Digest
from thresign.ledger.snapshot import KeyPart
from thresign.orders.batch import Entry
from thresign.orders.digests import sha256
from thresign.orders.merkle import order_hash
from thresign.orders.orders import SignOrder, sign_order
from thresign.orders.requests import Request
from thresign.orders.statements import KeyGenerated, MissingReports, confirmation_message
from thresign.policy.actions import Sign, parse
from thresign.signing.combining import SigningKey
from thresign.signing.events import Delivered
from thresign.signing.stages import Certified
from thresign.signing.state import Journey, Wanted


def signing_key(part: KeyPart) -> SigningKey:
    """The public side of a key as the vault reports it."""
    shares = dict(zip(part.participants, part.verification_shares, strict=False))
    return SigningKey(part.suite, part.public_key, shares)


def tweaked_for(key: SigningKey, order: SignOrder) -> SigningKey:
    """The key that the order signs with: its tweaks applied. The ledger admitted them."""
    if not order.tweaks:
        return key
    tweaks = [KeyTweak(tweak.kind, tweak.value) for tweak in order.tweaks]
    numbers = list(key.verification_shares)
    public_key, shares = tweaked(key.suite, key.public_key, tweaks, [key.verification_shares[i] for i in numbers])
    return SigningKey(key.suite, public_key, dict(zip(numbers, shares, strict=True)))


def open_orders(journey: Journey, event: Delivered) -> Iterator[Certified]:
    """The certified orders of a batch, in order. Notes keys; an order that replaces another has its message, if that is
    walked or in the journal."""
    for part in event.applied.keys:
        if part.public_key:
            journey.keys[part.id] = signing_key(part)
    pairs = zip(event.batch.entries, event.applied.orders, strict=True)
    for index, (entry, encoded) in enumerate(pairs):
        if encoded[:8] != SignOrder.TAG:
            continue
        order = sign_order(encoded)
        leaf = order_hash(encoded)
        known = journey.walks.get(leaf)
        if isinstance(entry, MissingReports):
            replaced = journey.walks.pop(order_hash(entry.order), None)
            if replaced is not None:
                journey.settle(replaced)
                known = replaced
            journey.wanted.pop(order_hash(entry.order), None)
        key = journey.keys.get(order.key)
        if key is None or leaf in event.past.answered or leaf in event.past.replaced:
            continue
        epoch = event.certificate.header.roster_epoch
        if event.past.gap and epoch < journey.roster.epoch and leaf not in event.past.found:
            continue  # only the ledger knows whether it was replaced before the rosters changed
        if known is not None:
            message: bytes | None = known.certified.message
        elif isinstance(entry, MissingReports):
            message = _message_of_before(journey, order)
        else:
            message = _message(journey, entry, order)
        wanted = Wanted(epoch, event.applied.sequence, index, order, encoded, tweaked_for(key, order), event.past)
        if message is not None:
            yield with_message(journey, leaf, wanted, message)
        elif leaf not in journey.walks:
            journey.wanted.setdefault(leaf, wanted)


def with_message(journey: Journey, leaf: Digest, wanted: Wanted, message: bytes) -> Certified:
    """An order with its message."""
    place = (wanted.roster_epoch, wanted.sequence, wanted.index, wanted.order, wanted.encoded, wanted.key)
    return Certified(journey.domain, leaf, *place, message)


def _message_of_before(journey: Journey, order: SignOrder) -> bytes | None:
    """The message of an order that replaces one which is not walked here: of the entry that was ordered first."""
    before = (_message(journey, entry, order) for entry in journey.entries(order.request))
    return next((found for found in before if found is not None and sha256(found) == order.message_sha256), None)


def _message(journey: Journey, entry: Entry, order: SignOrder) -> bytes | None:
    """The message that the order is about, of its entry; None if it is not here (a large body that never came)."""
    if not order.message_bytes:
        return b""
    if isinstance(entry, KeyGenerated):
        return confirmation_message(Digest(journey.domain), entry, order.key, order.key_version)
    action = parse(entry) if isinstance(entry, Request) else None
    if not isinstance(action, Sign):
        return None
    return action.message if action.message is not None else journey.body_of(action.message_sha256)
