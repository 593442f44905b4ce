"""docker-compose.yml, without an engine: read strictly, and held against what `deploy/make-domain.sh` really makes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
import yaml

from thresign.setup.files import read_module

ROOT = Path(__file__).parents[2]
NUMBERS = [1, 2, 3, 4]
pytestmark = pytest.mark.xdist_group("compose")


class _Strict(yaml.SafeLoader):
    """YAML that says a key twice is an error; the last one winning is how settings get lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, f"a key twice among {keys}", node.start_mark)
        return super().construct_mapping(node, deep)


def _read(text: str) -> dict[str, Any]:
    # A merged key may be said again, which overrides it; only what the mapping itself says has to be said once.
    read = yaml.load(text, _Strict)
    assert isinstance(read, dict)
    return read


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return _read((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def made(open_tmp: Path) -> Path:
    """What the setup container makes, by its own script, as root."""
    directory = open_tmp / "compose"
    directory.mkdir(mode=0o755)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / "deploy" / "make-domain.sh", directory],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return directory


def test_the_reader_is_strict() -> None:
    with pytest.raises(yaml.YAMLError):
        _read("a: 1\na: 2\n")


def test_services(compose: dict[str, Any]) -> None:
    assert compose["services"].keys() == {"domain"} | {f"{part}-{n}" for part in ("vault", "node") for n in NUMBERS}
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert ("cap_add" in service) == (name == "domain"), name
        assert ("networks" in service) == name.startswith("node"), name
        assert service.get("network_mode", "none") == "none", name


@pytest.mark.parametrize("number", NUMBERS)
def test_each_container_is_what_its_module_says(compose: dict[str, Any], made: Path, number: int) -> None:
    config = read_module(made / f"module-{number}")
    vault, node = (compose["services"][f"{part}-{number}"] for part in ("vault", "node"))
    assert vault["user"] == f"{config.vault.uid}:{config.node.uid}"
    assert node["user"] == f"{config.node.uid}:{config.node.uid}"
    assert vault["network_mode"] == "none"
    assert vault["ulimits"]["memlock"] == -1
    assert node["ports"] == [f"127.0.0.1:{config.node.rest_port}:{config.node.rest_port}"]
    assert config.domain.modules[number - 1].url == f"https://127.0.0.1:{config.node.rest_port}"
    assert config.node.rest_host == config.node.peer_host == "0.0.0.0"
    assert {n: entry.host for n, entry in config.peers.items()} == {n: f"node-{n}" for n in NUMBERS if n != number}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_module_s_containers_share_the_socket_s_directory_alone(
    compose: dict[str, Any], made: Path, number: int
) -> None:
    mounts: dict[str, dict[str, str]] = {}
    for part in ("vault", "node"):
        rows = [volume.split(":") for volume in compose["services"][f"{part}-{number}"]["volumes"]]
        mounts[part] = {row[0]: ":".join(row[1:]) for row in rows}
        for source, target in mounts[part].items():
            assert source.startswith("./.compose/")
            here = made / source.removeprefix("./.compose/")
            assert here.exists(), source
            inside = source.removeprefix(f"./.compose/module-{number}/").removeprefix("./.compose/")
            assert target.removesuffix(":ro") in (f"/domain/module/{inside}", "/domain/domain.json")
    writable = {part: {source for source, target in mounts[part].items() if target[-3:] != ":ro"} for part in mounts}
    assert writable["vault"] & writable["node"] == {f"./.compose/module-{number}/run"}
    assert not any("offline" in source or "callers" in source for part in mounts for source in mounts[part])
