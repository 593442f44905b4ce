"""Errors as problem documents (RFC 9457). The table is held complete by a test: every error class has its row.

`type` is urn:thresign:problem:<code>, with the code that the error class carries; api/problems.md lists them.
"""

from __future__ import annotations

import msgspec

from thresign import errors

PROBLEM_JSON = "application/problem+json"


class Row(msgspec.Struct, frozen=True):
    """How a class of errors is told: HTTP status, and a title that never changes."""

    status: int
    title: str


TABLE: dict[type[errors.ThresignError], Row] = {
    errors.ThresignError: Row(500, "The node failed"),
    errors.MalformedRecord: Row(400, "A record that is not well-formed"),
    errors.CallerError: Row(400, "The request cannot be served"),
    errors.MalformedRequest: Row(400, "The request is not well-formed"),
    errors.WrongMethod: Row(405, "The path is not asked by this method"),
    errors.BodyTooLarge: Row(413, "The body is too large"),
    errors.NotAuthenticated: Row(401, "The request is not signed by an enrolled caller"),
    errors.RequestExpired: Row(401, "The request's signature has expired"),
    errors.RequestNotYetValid: Row(401, "The request's signature is not valid yet"),
    errors.NotPermitted: Row(403, "The policy of the domain does not permit this"),
    errors.UnknownKey: Row(404, "No such key"),
    errors.UnknownRequest: Row(404, "No such request"),
    errors.Conflict: Row(409, "Something else has this name or idempotency key"),
    errors.ReshareNeeded: Row(409, "A key would keep too few participants"),
    errors.WrongDomain: Row(421, "The request was signed for another trust domain"),
    errors.ModuleFault: Row(500, "A module of the domain is at fault"),
    errors.InvalidVote: Row(500, "A vote of a module does not hold"),
    errors.InvalidPartial: Row(500, "A partial of a module does not hold"),
    errors.InvalidEvidence: Row(500, "Evidence that does not hold"),
    errors.CeremonyFailed: Row(502, "Key generation failed"),
    errors.AgreementError: Row(503, "No agreement"),
    errors.Undecided: Row(503, "No decision could be reached in time"),
    errors.VoteRefused: Row(503, "The vault does not vote for this"),
    errors.Overloaded: Row(429, "Too much is waiting"),
    errors.CustodyError: Row(503, "The token refuses"),
    errors.CustodyUnavailable: Row(503, "The token cannot be reached"),
    errors.StorageError: Row(503, "The node's disk says no"),
    errors.JournalCorrupt: Row(500, "The node's journal is damaged"),
    errors.ConfigurationError: Row(500, "The node's configuration is wrong"),
    errors.UnknownSuite: Row(500, "The node does not know this suite"),
    errors.InvariantBroken: Row(500, "The node found a bug of its own"),
}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 section 3, with the request's id where there is one, and the modules at fault where they are proven."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""
    culprits: tuple[int, ...] = ()


def problem(error: errors.ThresignError, request_id: str = "") -> Problem:
    """The document for an error; one without a row of its own is told as its base: TokenRefused as CustodyError."""
    kind = next(kind for kind in type(error).__mro__ if kind in TABLE)
    row = TABLE[kind]
    return Problem(f"urn:thresign:problem:{kind.code}", row.title, row.status, error.detail, request_id, error.culprits)
