"""`domain prepare`, `domain members`, `domain change`: what a module that joins is made of, and that it joins."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.asking import Ran, found_in, run
from tests.house.domain import RunningDomain, running_domain
from thresign.cli.joining import read_member
from thresign.errors import ConfigurationError
from thresign.groups import ed25519
from thresign.orders.roster import Member
from thresign.orders.succession import Joining
from thresign.setup.files import read_domain_file, read_module

pytestmark = pytest.mark.xdist_group("init")


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDomain]:
    with running_domain(tmp_path_factory.mktemp("members") / "domain", own_uids=False) as running:
        yield running


@pytest.fixture(scope="module")
def prepared(domain: RunningDomain) -> Ran:
    return run("domain", "prepare", domain.root, "--same-uid", "--json")


def test_the_new_module_has_what_the_others_have(domain: RunningDomain, prepared: Ran) -> None:
    new = read_module(Path(prepared.json["module"]))
    assert (new.number, sorted(new.peers)) == (5, [1, 2, 3, 4])
    assert new.domain.id == domain.domain.id
    names = {path.name for path in domain.directory(4).iterdir()} - {"node.log", "vault.log"}
    assert {path.name for path in domain.directory(5).iterdir()} == names | {"member.json"}
    assert stat.S_IMODE((domain.directory(5) / "token").stat().st_mode) == 0o700
    assert (domain.root / "offline" / "module-5.so-pin").exists()


def test_the_others_are_told_where_it_will_listen(domain: RunningDomain, prepared: Ran) -> None:
    new = read_module(Path(prepared.json["module"])).node
    for number in (1, 2, 3, 4):
        peers = read_module(domain.directory(number)).peers
        assert (peers[5].host, peers[5].port) == (new.peer_host, new.peer_port)
        assert sorted(peers) == [other for other in range(1, 6) if other != number]
    public = read_domain_file(domain.root / "domain.json")
    assert public.modules[-1].url == f"https://{new.rest_host}:{new.rest_port}"
    assert public.genesis.roster.numbers() == (1, 2, 3, 4)


def test_its_token_proves_that_it_has_the_keys(domain: RunningDomain, prepared: Ran) -> None:
    new = read_member(Path(prepared.json["member_file"]))
    said = Joining(domain.domain.id, Member(new.number, new.name, new.vote_key, new.sealing_key), new.joining)
    assert ed25519.is_valid(new.vote_key, said.signed_bytes(), said.signature)


def test_no_secret_is_printed_or_published(domain: RunningDomain, prepared: Ran) -> None:
    public = Path(prepared.json["member_file"]).read_bytes() + (domain.root / "domain.json").read_bytes()
    assert found_in(domain.root, (prepared.out + prepared.err).encode() + public) == []


def test_it_joins_and_leaves(domain: RunningDomain, prepared: Ran) -> None:
    profile = ("--profile", domain.profile_path)
    assert run("domain", "members", *profile).out.startswith("roster epoch 0: a quorum is 3 of 4, 1 may lie\n")
    joined = run("domain", "change", "--join", prepared.json["member_file"], "--json", *profile)
    assert (joined.json["status"], joined.json["roster_epoch"]) == ("done", 1)
    assert [member["number"] for member in run("domain", "members", "--json", *profile).json["members"]] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert run("domain", "change", "--leave", "5", *profile).out == "roster epoch 2: done\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--leave", "9"), "configuration_error: no members: [9]"),
        (("--leave", "1"), "malformed_request: roster: 3 members, at least 4"),
        ((), "malformed_request: roster: nothing changes"),
        (("--join", "nowhere.json"), "configuration_error: nowhere.json: No such file or directory"),
    ],
)
def test_changes_that_cannot_be(domain: RunningDomain, words: tuple[str, ...], told: str) -> None:
    assert run("domain", "change", *words, "--profile", domain.profile_path).told == told


def test_without_the_offline_part_nothing_is_made(domain: RunningDomain, prepared: Ran, tmp_path: Path) -> None:
    assert prepared.status == 0
    key = domain.root / "offline" / "ca.key"
    key.rename(tmp_path / "ca.key")
    try:
        assert "holds no CA key" in run("domain", "prepare", domain.root).told
        assert not domain.directory(6).exists()
    finally:
        (tmp_path / "ca.key").rename(key)


def test_a_file_that_an_operator_wrote_otherwise_is_left_alone(domain: RunningDomain, prepared: Ran) -> None:
    """[peers] has to stand last: nothing is made before that is known."""
    assert prepared.status == 0
    path = domain.directory(2) / "module.toml"
    text = path.read_text()
    path.write_text(_peers_first(text))
    try:
        assert "[peers] is not the last section" in run("domain", "prepare", domain.root).told
        assert not domain.directory(6).exists()
    finally:
        path.write_text(text)


def _peers_first(text: str) -> str:
    head, _, peers = text.partition("\n[peers]\n")
    top, _, sections = head.partition("\n[node]")
    return f"{top}\n[peers]\n{peers}\n[node]{sections}\n"


@pytest.mark.parametrize(
    "content", [b'{"num\x80er":5}', b"{", b"{}", b'{"number":0,"name":"m","vote_key":"","sealing_key":""}']
)
def test_a_member_file_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "member.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"member\.json"):
        read_member(path)
