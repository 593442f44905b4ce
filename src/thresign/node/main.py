"""The node process: `python -m thresign.node.main MODULE_DIRECTORY`."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import resource
import signal
import sys
from pathlib import Path

import uvloop

from thresign.errors import ConfigurationError, ThresignError
from thresign.node.wiring import Node
from thresign.setup.files import ModuleConfig, read_module
from thresign.telemetry.log import make_log

COLLECT_AFTER = 20_000
"""New objects before the collector looks for cycles: a batch makes thousands, and next to none is part of a cycle."""
_PR_SET_DUMPABLE = 4


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT. Exit status 1 with one line that says why the node could not go on."""
    parser = argparse.ArgumentParser(prog="thresign-node", description="The node of a module.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args(arguments)
    try:
        config = read_module(given.directory)
        _drop_root(config)
        _no_core_dumps()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(config, given.verbose))
    except ThresignError as error:
        print(f"thresign-node: {error.code}: {error.detail}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        print(f"thresign-node: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _drop_root(config: ModuleConfig) -> None:
    if os.geteuid() == 0 and config.node.uid:
        "host".encode(
            "idna"
        )  # a codec that loads when a name is first looked up: maybe from files closed to the new uid
        os.setgroups([])
        os.setresgid(config.node.uid, config.node.uid, config.node.uid)
        os.setresuid(config.node.uid, config.node.uid, config.node.uid)


def _no_core_dumps() -> None:
    """Nothing of this process is written out or shown to others of its uid: its TLS key is the module's identity."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise ConfigurationError("PR_SET_DUMPABLE was refused")


async def _serve(config: ModuleConfig, verbose: bool) -> None:
    node = Node(config, make_log(f"node-{config.number}", verbose))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, node.stop)
    gc.freeze()  # what lives as long as the process is not looked through again
    gc.set_threshold(COLLECT_AFTER)
    await node.run()


if __name__ == "__main__":
    sys.exit(main())
