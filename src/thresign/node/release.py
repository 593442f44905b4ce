"""The last look at a signature before it leaves to a caller: a library that is not ours has to accept it.

Modules hold results that verify by our own arithmetic (signing.combining), most of which no caller asks this node for.
"""

from __future__ import annotations

from thresign.errors import ensure
from thresign.frost import verify
from thresign.frost.tweaks import KeyTweak, tweaked
from thresign.ledger.snapshot import KeyPart
from thresign.orders.requests import Request
from thresign.policy.actions import Sign, parse


def check(suite: int, public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raises InvariantBroken unless the suite's independent verifier accepts the signature."""
    accepted = verify.is_valid(suite, public_key, message, signature)
    ensure(accepted, "a signature that our arithmetic accepts, and a library that is not ours does not")


def check_again(request: Request, key: KeyPart, signature: bytes) -> None:
    """The same, of a signature in the journal. Where the message is not in the request, because it travelled apart, it
    was verified before it was written. Raises InvariantBroken."""
    action = parse(request)
    if not isinstance(action, Sign) or action.message is None:
        return
    public_key = key.public_key
    if action.tweaks:
        public_key, _ = tweaked(key.suite, public_key, [KeyTweak(tweak.kind, tweak.value) for tweak in action.tweaks])
    check(key.suite, public_key, action.message, signature)
