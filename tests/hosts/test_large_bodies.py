"""Many large messages at once, at one node and at all: each is signed, and no module falls out with its vault."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.house.agreed import check_same_chain, public_key
from tests.house.asking import Asker, Said
from tests.house.domain import RunningDomain, running_domain
from thresign.groups import ed25519
from thresign.limits import BODY_BYTES_MAX

pytestmark = pytest.mark.xdist_group("bodies")

WAIT_S = 40
CALLERS = 6


@pytest.fixture(scope="module")
def domain(open_tmp: Path) -> Iterator[RunningDomain]:
    with running_domain(open_tmp / "bodies") as running:
        running.create_key("k")
        yield running


def message(i: int) -> bytes:
    return b"%08d" % i + bytes(BODY_BYTES_MAX - 8)


@pytest.mark.parametrize("nodes", [(1,), (1, 2, 3, 4)])
def test_each_is_signed(domain: RunningDomain, nodes: tuple[int, ...]) -> None:
    def ask(i: int) -> Said:
        with Asker(domain, timeout_s=2 * WAIT_S) as asker:
            tag = f"{len(nodes)}-{i}"
            return asker.sign(message(i), tag, node=nodes[i % len(nodes)], altered={"prefer": f"wait={WAIT_S}"})

    with ThreadPoolExecutor(CALLERS) as pool:
        told = list(pool.map(ask, range(2 * CALLERS)))
    key = public_key(domain)
    for i, said in enumerate(told):
        assert said.status == 200, (i, said)
        assert ed25519.is_valid(key, message(i), said.signature)
    check_same_chain(domain)
    assert not any("vault lost" in domain.log(number, "node") for number in domain.numbers)
