"""Every error of thresign, by who is at fault. What fails raises one of these; anything else is a bug of ours.

The domain errors know nothing of HTTP: `rest.problems` maps each class to a problem document, and a test holds that
table complete. `code` is the stable machine-readable name that callers see.
"""

from __future__ import annotations

from typing import ClassVar


class ThresignError(Exception):
    """Base of all. `culprits` are the module numbers that are to blame, empty when nobody is proven to be."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, culprits: tuple[int, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.culprits = culprits


class MalformedRecord(ThresignError):
    """Bytes that are not the one encoding of a record (wire/canonical)."""

    code = "malformed_record"


# --- the caller is wrong -----------------------------------------------------------------------------------------


class CallerError(ThresignError):
    """The caller can mend it."""

    code = "caller_error"


class MalformedRequest(CallerError):
    """The request does not have the form that the API documents."""

    code = "malformed_request"


class WrongMethod(CallerError):
    """The path is there, and this is not how it is asked."""

    code = "wrong_method"


class BodyTooLarge(CallerError):
    """The body is longer than the domain accepts."""

    code = "body_too_large"


class NotAuthenticated(CallerError):
    """No enrolled key signed these bytes."""

    code = "not_authenticated"


class RequestExpired(CallerError):
    """The signature's time is over by the domain's agreed time."""

    code = "request_expired"


class RequestNotYetValid(CallerError):
    """The signature's time lies ahead of the domain's agreed time: a clock is off."""

    code = "request_not_yet_valid"


class NotPermitted(CallerError):
    """The policy of the domain says no."""

    code = "not_permitted"


class UnknownKey(CallerError):
    """No key of this name."""

    code = "unknown_key"


class UnknownRequest(CallerError):
    """No request of this id."""

    code = "unknown_request"


class Conflict(CallerError):
    """The idempotency key or the key name is taken by something else."""

    code = "conflict"


class ReshareNeeded(CallerError):
    """Modules cannot leave: keys that `detail` names would keep too few participants."""

    code = "reshare_needed"


class WrongDomain(CallerError):
    """The request was signed for another trust domain."""

    code = "wrong_domain"


# --- a module did what an honest one does not -----------------------------------------------------------------------


class ModuleFault(ThresignError):
    """Proven: `culprits` names who."""

    code = "module_fault"


class InvalidVote(ModuleFault):
    """A vote or a set of votes that the rules of agreement do not admit."""

    code = "invalid_vote"


class InvalidPartial(ModuleFault):
    """A partial that does not belong to the signer's share and nonce."""

    code = "invalid_partial"


class InvalidEvidence(ModuleFault):
    """An evidence bundle that proves nothing."""

    code = "invalid_evidence"


class CeremonyFailed(ModuleFault):
    """Key generation ended without a key."""

    code = "ceremony_failed"


# --- no decision ---------------------------------------------------------------------------------------------------


class AgreementError(ThresignError):
    """No decision could be reached; nothing has been refused."""

    code = "agreement_error"


class Undecided(AgreementError):
    """Too few modules answer in time. The request may still be decided later: ask again by its id."""

    code = "undecided"


class VoteRefused(AgreementError):
    """The vault does not sign this vote: `detail` names the rule."""

    code = "vote_refused"


class Overloaded(AgreementError):
    """A bounded queue is full; nothing was taken in."""

    code = "overloaded"


# --- our own parts ---------------------------------------------------------------------------------------------------


class CustodyError(ThresignError):
    """The token refuses or cannot. `code` of the token's own causes is in `custody.token`."""

    code = "custody_error"


class CustodyUnavailable(CustodyError):
    """No token can be reached, or it is locked."""

    code = "custody_unavailable"


class StorageError(ThresignError):
    """The disk said no."""

    code = "storage_error"


class JournalCorrupt(StorageError):
    """A journal whose middle, not its tail, is damaged."""

    code = "journal_corrupt"


class ConfigurationError(ThresignError):
    """A configuration file is missing, unreadable or inconsistent."""

    code = "configuration_error"


class UnknownSuite(ThresignError):
    """A suite that this installation does not know: nothing is verified with it, rather than found invalid."""

    code = "unknown_suite"


class InvariantBroken(ThresignError):
    """A bug of ours: the process stops rather than goes on."""

    code = "invariant_broken"


def ensure(condition: bool, sentence: str) -> None:
    """Raises InvariantBroken(sentence) unless the condition holds; unlike assert it survives python -O."""
    if not condition:
        raise InvariantBroken(sentence)


def _classes(base: type[ThresignError]) -> dict[str, type[ThresignError]]:
    found = {base.code: base}
    for child in base.__subclasses__():
        found |= _classes(child)
    return found


def by_code(code: str, detail: str, culprits: tuple[int, ...] = ()) -> ThresignError:
    """The error of this code, as another process reported it; a plain ThresignError if the code is unknown."""
    return _classes(ThresignError).get(code, ThresignError)(detail, culprits)
