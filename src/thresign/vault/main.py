"""The vault process, from start to serving: `python -m thresign.vault.main MODULE_DIRECTORY`.

What has to be read is read first; then the process gives up what it does not need, and only then serves.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from importlib.resources import files
from pathlib import Path

from thresign.custody.token import SoftwareToken
from thresign.errors import ConfigurationError, InvariantBroken, ThresignError
from thresign.frost import known_answers
from thresign.ids import ModuleNumber
from thresign.journal.file import JournalFile
from thresign.ledger.ledger import first_state
from thresign.setup.files import ModuleConfig, read_module
from thresign.vault import calls, hardening, recovery
from thresign.vault.replay import replay
from thresign.vault.server import Server, listen
from thresign.vault.service import Environment, Service
from thresign.vault.voting.records import RECORDS
from thresign.wire.canonical import Record, decode_one_of

LIBRARY = "libthresign-token.so"
COLLECT_AFTER = 20_000
"""New objects before the collector looks for cycles: a batch makes thousands, and next to none is part of a cycle."""
JOURNAL = "journal"


def library_path() -> str:
    """The token's provider: installed with this package."""
    return os.environ.get("THRESIGN_TOKEN_LIBRARY") or str(files("thresign") / "_token" / LIBRARY)


def main(arguments: list[str] | None = None) -> int:
    """Runs until the process is told to stop, or must not go on. Exit status 1 with one line that says why."""
    parser = argparse.ArgumentParser(prog="thresign-vault", description="The vault of a module.")
    parser.add_argument("directory", type=Path)
    given = parser.parse_args(arguments)
    try:
        run(read_module(given.directory))
    except InvariantBroken as error:
        print(f"thresign-vault: BUG: {error.detail}", file=sys.stderr)  # noqa: T201
        return 2
    except ThresignError as error:
        print(f"thresign-vault: {error.code}: {error.detail}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def run(config: ModuleConfig) -> None:
    """Opens token and journal, hardens, serves. Raises ThresignError."""
    required = config.vault.harden == "require"
    _name_pin(config)
    os.environ["THRESIGN_TOKEN_DIR"] = str(config.token_dir)
    import pkcs11  # noqa: PLC0415 - the library is opened while its file can still be read

    try:
        pkcs11.lib(library_path())
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise ConfigurationError(f"token library {library_path()}: {error}") from None
    measures = hardening.harden(_before(config), required)
    journal = JournalFile(config.vault_dir / JOURNAL)
    token = SoftwareToken(library_path())
    genesis, settings = config.domain.genesis, config.domain.settings
    node_uid = config.node.uid or os.geteuid()
    boundary = "same-uid" if node_uid == os.geteuid() else f"own uid {os.geteuid()}"
    service = Service(
        ModuleNumber(config.number),
        token,
        first_state(genesis, settings),
        Environment("software-token", True, boundary, ()),
    )
    replay(service, (decode_one_of(RECORDS, payload) for payload in journal.records()))
    service.recovery.grown = journal.size
    recovery.begin_life(service, lambda records: _write(journal, records))
    server = Server(service, journal, listen(config.socket, config.node.uid), node_uid)
    measures += hardening.harden(_after(config, service), required)
    service.environment = service.environment._replace(measures=tuple(measures))
    gc.freeze()  # what lives as long as the process is not looked through again
    gc.set_threshold(COLLECT_AFTER)
    server.run()


def _write(journal: JournalFile, records: tuple[Record, ...]) -> None:
    journal.append(record.encode() for record in records)
    journal.sync()


def _name_pin(config: ModuleConfig) -> None:
    """Tells the token where its user PIN is; it reads it, in C. A file is opened now, as whoever we still are."""
    if os.environ.get("THRESIGN_TOKEN_USER_PIN"):
        return
    source = config.vault.user_pin
    if not source.startswith("credential:"):
        path = config.directory / source
        try:
            source = f"fd:{os.open(path, os.O_RDONLY)}"
        except OSError as error:
            raise ConfigurationError(f"user PIN {path}: {error.strerror}") from None
    os.environ["THRESIGN_TOKEN_USER_PIN"] = source


def _before(config: ModuleConfig) -> hardening.Steps:
    if os.geteuid() != 0:
        return [("no core dumps", hardening.no_core_dumps)]
    steps: hardening.Steps = [
        ("no core dumps", hardening.no_core_dumps),
        ("no network", hardening.own_network),
    ]
    hardening.raise_lock_limit()
    if config.vault.uid:
        steps.append(("own uid", lambda: hardening.drop_to(config.vault.uid, config.node.uid)))
    return steps


def _after(config: ModuleConfig, service: Service) -> hardening.Steps:
    def status() -> object:
        return service.serve(calls.StatusCall(), 0).reply.encode()

    return [
        ("memory locked", hardening.lock_memory),
        ("not dumpable", hardening.not_dumpable),
        ("no new privileges", hardening.no_new_privileges),
        ("warm up", hardening.warm_up([status, known_answers.check])),
        ("landlock", hardening.only_these_files([config.token_dir, config.vault_dir], [])),
        ("seccomp", hardening.only_these_system_calls),
    ]


if __name__ == "__main__":
    sys.exit(main())
