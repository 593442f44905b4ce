"""What modules say with their token's vote key, and the batch entries made of it.

Every statement begins with its tag and the domain and ends with the signature; the signature covers all before it. The
token signs announcements, key generation packages and partials only itself, from its own state; the other statements
are in the token's list of typed statements (native/token/vote.c).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from thresign.errors import MalformedRecord
from thresign.ids import Digest
from thresign.limits import BATCH_ENTRIES_MAX, MODULES_MAX, NONCES_PER_ANNOUNCEMENT_MAX, TEXT_BYTES_MAX
from thresign.orders.digests import sha256
from thresign.orders.header import Signatures, check_rising
from thresign.orders.merkle import PROOF_HASHES_MAX, batch_root, leaf_hash, root_and_proofs, root_from_proof
from thresign.orders.orders import ELEMENT_BYTES_MAX, SIGNATURE_BYTES_MAX, ElementBytes
from thresign.wire.canonical import U8, U16, U32, U64, Bytes16, Bytes32, Bytes64, Chars, Count, Record, Var

SIGNATURE_BYTES = 64


class Statement(Record, frozen=True):
    """A record whose last field is the signature over the encoding before it."""

    def signed_bytes(self) -> bytes:
        return self.encode()[:-SIGNATURE_BYTES]


class Announcement(Statement, frozen=True):
    """Nonce commitments of one module, to be used in order: `pairs` is hiding, binding, hiding, binding ..."""

    TAG: ClassVar[bytes] = b"ts.anno1"
    domain: Bytes32
    number: U16
    incarnation: U64
    group: U8
    first: U64
    """Counter of the first pair; the others follow without gap."""
    pairs: Annotated[bytes, Var(2 * ELEMENT_BYTES_MAX * NONCES_PER_ANNOUNCEMENT_MAX)]
    signature: Bytes64


class SharePart(Record, frozen=True):
    """One signer's signature share (RFC 9591 section 5.2) for the order with this leaf hash."""

    order: Bytes32
    share: Annotated[bytes, Var(ELEMENT_BYTES_MAX)]

    def leaf(self) -> Digest:
        """The share's leaf in the tree that its signer's token signed."""
        return leaf_hash(self.order + self.share)


class Partials(Record, frozen=True):
    """The shares that a token made in one call. It signs them together, as a Merkle root: one signature a batch."""

    TAG: ClassVar[bytes] = b"ts.part1"
    domain: Bytes32
    number: U16
    shares: Annotated[tuple[SharePart, ...], Count(BATCH_ENTRIES_MAX)]
    signature: Bytes64

    def signed_bytes(self) -> bytes:
        return partials_bytes(self.domain, self.number, batch_root([share.leaf() for share in self.shares]))

    def opened(self) -> tuple[bytes, list[PartialProof]]:
        """What the signature covers, and each share with what proves that the token signed it."""
        count = len(self.shares)
        root, paths = root_and_proofs([share.leaf() for share in self.shares])
        return partials_bytes(self.domain, self.number, root), [
            PartialProof(self.number, part.share, index, count, path, self.signature)
            for index, (part, path) in enumerate(zip(self.shares, paths, strict=True))
        ]


class PartialProof(Record, frozen=True):
    """One share, and its place under its token's signature."""

    number: U16
    share: Annotated[bytes, Var(ELEMENT_BYTES_MAX)]
    index: U32
    count: U32
    path: Annotated[tuple[Bytes32, ...], Count(PROOF_HASHES_MAX)]
    signature: Bytes64

    def signed_bytes(self, domain: bytes, order: bytes) -> bytes | None:
        """What the token's signature covers if this is its share for this order; None if the path does not fit."""
        root = root_from_proof(SharePart(order, self.share).leaf(), self.index, self.count, self.path)
        return None if root is None else partials_bytes(domain, self.number, root)


def partials_bytes(domain: bytes, number: int, root: bytes) -> bytes:
    """What a token signs for a set of shares: 74 bytes."""
    return Partials.TAG + domain + number.to_bytes(2, "big") + root


class MissingReport(Statement, frozen=True):
    """This module holds no result for the order: these signers' partials are missing or wrong."""

    TAG: ClassVar[bytes] = b"ts.miss1"
    domain: Bytes32
    number: U16
    order: Bytes32
    missing: Annotated[tuple[U16, ...], Count(MODULES_MAX)]
    signature: Bytes64

    def check(self) -> None:
        if not self.missing or any(a >= b for a, b in zip(self.missing, self.missing[1:], strict=False)):
            raise MalformedRecord("missing report: signers do not rise")


class MissingReports(Record, frozen=True):
    """Batch entry: q modules without a result for one order. The order is replaced by one with fresh nonces."""

    TAG: ClassVar[bytes] = b"ts.misq1"
    order: Annotated[bytes, Var(16 * 1024)]
    """The whole SignOrder, whose leaf hash the reports name."""
    reports: Annotated[tuple[MissingReport, ...], Count(MODULES_MAX)]

    def check(self) -> None:
        if any(a.number >= b.number for a, b in zip(self.reports, self.reports[1:], strict=False)):
            raise MalformedRecord("missing reports: members do not rise")


class FoundReport(Statement, frozen=True):
    """This module has verified a result of the order, though some have given the order up."""

    TAG: ClassVar[bytes] = b"ts.foun1"
    domain: Bytes32
    number: U16
    order: Bytes32
    signature: Bytes64


class FoundReports(Record, frozen=True):
    """Batch entry: f + 1 modules have a result of one order. It is not replaced any more: all may hold it."""

    TAG: ClassVar[bytes] = b"ts.fouq1"
    order: Annotated[bytes, Var(16 * 1024)]
    """The whole SignOrder, whose leaf hash the reports name."""
    reports: Annotated[tuple[FoundReport, ...], Count(MODULES_MAX)]

    def check(self) -> None:
        if any(a.number >= b.number for a, b in zip(self.reports, self.reports[1:], strict=False)):
            raise MalformedRecord("found reports: members do not rise")


class Present(Statement, frozen=True):
    """Batch entry: a module that was reported silent is there again. `sequence` is a recent one: no old copy serves."""

    TAG: ClassVar[bytes] = b"ts.here1"
    domain: Bytes32
    number: U16
    incarnation: U64
    sequence: U64
    signature: Bytes64


class KeygenSuccess(Statement, frozen=True):
    """A participant's token ended the ceremony with these values. All participants sign the same, `number` apart."""

    TAG: ClassVar[bytes] = b"ts.dkok1"
    domain: Bytes32
    number: U16
    order: Bytes32
    """Leaf hash of the KeygenOrder."""
    transcript: Bytes32
    """Digest over all packages of both rounds."""
    public_key: ElementBytes
    shares: Bytes32
    """Digest of the verification shares."""
    signature: Bytes64


def shares_digest(verification_shares: tuple[bytes, ...]) -> Digest:
    """SHA-256 over tag, count and the verification shares in order of participant."""
    body = b"".join(len(share).to_bytes(4, "big") + share for share in verification_shares)
    return sha256(b"ts.vshr1" + len(verification_shares).to_bytes(4, "big") + body)


class KeyGenerated(Record, frozen=True):
    """Batch entry: the success certificate of all participants. It leads to an order for a confirming signature."""

    TAG: ClassVar[bytes] = b"ts.kgok1"
    order: Bytes32
    transcript: Bytes32
    public_key: ElementBytes
    verification_shares: Annotated[tuple[ElementBytes, ...], Count(MODULES_MAX)]
    signatures: Signatures

    def check(self) -> None:
        check_rising(self.signatures, "key generated")
        if len(self.signatures) != len(self.verification_shares):
            raise MalformedRecord("key generated: as many signatures as verification shares")

    def success(self, domain: Digest, number: int, signature: bytes) -> KeygenSuccess:
        """The statement that this participant must have signed."""
        shares = shares_digest(self.verification_shares)
        return KeygenSuccess(domain, number, self.order, self.transcript, self.public_key, shares, signature)


class KeyConfirmed(Record, frozen=True):
    """Batch entry: the confirming signature of a new key, which makes it usable."""

    TAG: ClassVar[bytes] = b"ts.kcnf1"
    key: Bytes16
    signature: Annotated[bytes, Var(SIGNATURE_BYTES_MAX)]


class CeremonyAbort(Statement, frozen=True):
    """Batch entry: one participant cannot go on; without all there is no key. `culprit` 0 means nobody is proven."""

    TAG: ClassVar[bytes] = b"ts.kgab1"
    domain: Bytes32
    number: U16
    order: Bytes32
    culprit: U16
    reason: Annotated[str, Chars(TEXT_BYTES_MAX)]
    signature: Bytes64


def confirmation_message(domain: Digest, generated: KeyGenerated, key: bytes, key_version: int) -> bytes:
    """What a new key signs first: it binds domain, key and the public values that the success certificate names."""
    return (
        b"ts.cnfm1"
        + domain
        + key
        + key_version.to_bytes(4, "big")
        + generated.order
        + generated.transcript
        + shares_digest(generated.verification_shares)
        + generated.public_key
    )
