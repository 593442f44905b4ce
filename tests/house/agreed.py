"""What all modules of a domain have to agree on, whatever happened to them: answers, and the chain of headers."""

from __future__ import annotations

import base64
import itertools
from concurrent.futures import ThreadPoolExecutor

from tests.house.asking import at_node
from tests.house.domain import RunningDomain
from tests.house.stream import Stream, eventually
from thresign.journal.frames import scan
from thresign.node.history import decode_record
from thresign.node.records import DecidedRecord
from thresign.orders.header import Header


def public_key(domain: RunningDomain) -> bytes:
    with domain.client() as client:
        return base64.b64decode(client.key("k").public_key)


def check_same_everywhere(domain: RunningDomain, stream: Stream) -> None:
    """Every request, asked again at every node, has the one signature that its caller got."""

    def ask_again(number: int) -> list[str]:
        wrong = []
        with at_node(domain, number) as client:
            for asked in stream.answered:
                again = client.sign("k", asked.message, asked.idempotency_key)
                if base64.b64decode(again.signature) != asked.signature or again.request_id != asked.request_id:
                    wrong.append(asked.idempotency_key)
        return wrong

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask_again, domain.numbers))
    assert not any(found), found


def sequence(domain: RunningDomain, number: int) -> int:
    """How far a module is."""
    with at_node(domain, number) as client:
        return client.status(domain.url(number)).sequence


def wait_caught_up(domain: RunningDomain, number: int, within_s: float = 30.0) -> None:
    """Waits until a module is where the furthest of the others is now."""
    others = max(sequence(domain, other) for other in domain.numbers if other != number)
    eventually(lambda: sequence(domain, number) >= others, within_s, f"module {number} is at sequence {others}")


def chain(domain: RunningDomain, number: int) -> dict[int, Header]:
    """The headers in the journal of a module's node, by sequence."""
    headers: dict[int, Header] = {}
    segments = sorted((domain.directory(number) / "node").glob("journal.[0-9]*"))
    for payload, _ in scan(b"".join(segment.read_bytes() for segment in segments)):
        record = decode_record(payload)
        if isinstance(record, DecidedRecord):
            header = record.certificate.header
            assert headers.setdefault(header.sequence, header) == header, (number, header.sequence)
    return headers


def check_same_chain(domain: RunningDomain) -> int:
    """All modules come to the same place, and each holds every header up to there, the same as all others; how many."""
    end = max(sequence(domain, number) for number in domain.numbers)
    for number in domain.numbers:
        eventually(lambda n=number: sequence(domain, n) >= end, 30.0, f"module {number} is at sequence {end}")
    first, *others = (chain(domain, number) for number in domain.numbers)
    wanted = [first[at] for at in range(1, end + 1)]
    for before, after in itertools.pairwise(wanted):
        assert after.previous == before.digest()
    for held in others:
        assert [held[at] for at in range(1, end + 1)] == wanted
    return end
