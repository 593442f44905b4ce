"""`thresign`: the table of commands."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from thresign.cli import demo as demonstration
from thresign.cli.initialise import Plan, initialise
from thresign.cli.joining import as_member, prepare, read_member
from thresign.cli.output import errors, fail, progress, show
from thresign.cli.processes import command, run_module
from thresign.cli.taproot import output_of
from thresign.client import Client, load_profile
from thresign.errors import ConfigurationError, ThresignError, UnknownSuite
from thresign.frost import suites, verify
from thresign.orders.bundle import verify_evidence
from thresign.setup.files import read_domain_file

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals may be keys
    help="Threshold signing in which the key never exists.",
)
domain_app = typer.Typer(no_args_is_help=True, help="Trust domains.")
module_app = typer.Typer(no_args_is_help=True, help="Modules.")
key_app = typer.Typer(no_args_is_help=True, help="Keys.")
caller_app = typer.Typer(no_args_is_help=True, help="Callers.")
app.add_typer(domain_app, name="domain")
app.add_typer(module_app, name="module")
app.add_typer(key_app, name="key")
app.add_typer(caller_app, name="caller")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ProfileOption = Annotated[
    Path, typer.Option("--profile", envvar="THRESIGN_PROFILE", help="The caller's profile (TOML).")
]
IdempotencyKey = Annotated[
    str | None, typer.Option("--idempotency-key", help="Makes a retry the same request; a random one by default.")
]
TaprootOption = Annotated[
    str | None,
    typer.Option(
        "--taproot", help="For the key's Taproot output: the script tree's Merkle root in hex, or 'none' (BIP-341)."
    ),
]
DomainFileOption = Annotated[Path, typer.Option("--domain", help="The domain's public file, domain.json.")]


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Errors end the command with one line and status 1; so do files that cannot be read or written."""
    try:
        yield
    except ThresignError as error:
        fail(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        fail(ConfigurationError(f"{where}{error.strerror or error}"))


@contextlib.contextmanager
def _client(profile: Path) -> Iterator[Client]:
    with _told(), Client(load_profile(profile)) as client:
        yield client


@domain_app.command("init")
def domain_init(
    directory: Annotated[Path, typer.Argument(help="An empty or new directory.")],
    modules: Annotated[int, typer.Option(help="How many modules.")] = 4,
    name: Annotated[str, typer.Option(help="The domain's name.")] = "local",
    host: Annotated[str, typer.Option(help="Where the nodes listen; {number} is the module's.")] = "127.0.0.1",
    base_port: Annotated[int, typer.Option(help="Peers listen from here on, REST 100 higher.")] = 7100,
    same_uid: Annotated[bool, typer.Option(help="As root: do not give vaults and nodes uids of their own.")] = False,
    as_json: Json = False,
) -> None:
    """Make a trust domain on this machine: tokens, genesis, certificates, a first caller."""
    with _told():
        plan = Plan(directory, name, modules, host, base_port, not same_uid)
        made = initialise(plan, lambda what: errors.print(f"thresign: {what}", markup=False))
        show(
            made,
            as_json,
            f"domain {made.domain}\npublic file {made.domain_file}\nadmin's profile {made.admin_profile}\n"
            f"boundary between vault and node: {made.boundary}\n"
            f"Take {made.offline} off this machine: it holds the SO PINs and the CA's key.",
        )


@domain_app.command("prepare")
def domain_prepare(
    directory: Annotated[Path, typer.Argument(help="The domain's directory, as init made it, offline part and all.")],
    host: Annotated[str, typer.Option(help="Where the new module's node listens.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="For its peers, REST 100 higher; after the last one's.")] = None,
    same_uid: Annotated[bool, typer.Option(help="As root: do not give vault and node uids of their own.")] = False,
    as_json: Json = False,
) -> None:
    """Make a module that is to join a domain. Run it, then have it join with `domain change`."""
    with _told():
        made = prepare(
            directory, host, port, not same_uid, lambda what: errors.print(f"thresign: {what}", markup=False)
        )
        show(made, as_json, f"module {made.module}\nfor `domain change --join`: {made.member_file}")


@domain_app.command("members")
def domain_members(profile: ProfileOption, as_json: Json = False) -> None:
    """The domain's members now."""
    with _client(profile) as client:
        roster = client.roster()
    lines = [
        f"roster epoch {roster.epoch}: a quorum is {roster.quorum} of {len(roster.members)}, {roster.faults} may lie"
    ]
    lines += [f"module {member.number} ({member.name})" for member in roster.members]
    show(roster, as_json, "\n".join(lines))


@domain_app.command("change")
def domain_change(
    profile: ProfileOption,
    join: Annotated[list[Path] | None, typer.Option(help="The member file of a module that joins.")] = None,
    leave: Annotated[list[int] | None, typer.Option(help="The number of a module that leaves.")] = None,
    idempotency_key: IdempotencyKey = None,
    as_json: Json = False,
) -> None:
    """Change the domain's members: modules join, leave, or both."""
    with _client(profile) as client, progress("changing the members"):
        roster = client.roster()
        gone = set(leave or ())
        strangers = gone - {member.number for member in roster.members}
        if strangers:
            raise ConfigurationError(f"no members: {sorted(strangers)}")
        stay = [as_member(m.number, m.name, m.vote_key, m.sealing_key) for m in roster.members if m.number not in gone]
        members = (*stay, *map(read_member, join or ()))
        answer = client.change_roster(roster.epoch + 1, members, idempotency_key)
    show(answer, as_json, f"roster epoch {answer.roster_epoch or roster.epoch + 1}: {answer.status}")


@module_app.command("run")
def module_run(
    directory: Annotated[Path, typer.Argument(help="The module's directory.")],
    only: Annotated[str | None, typer.Option(help="Run just the vault or the node, in this process.")] = None,
) -> None:
    """Run a module: its vault and its node, restarted if they end. `--only` is for service managers."""
    with _told():
        if only is None:
            run_module(directory)
        elif only in ("vault", "node"):
            wanted = command(only, directory)
            os.execv(wanted[0], wanted)  # noqa: S606 - no shell is wanted
        else:
            raise ConfigurationError("--only is vault or node")


@app.command("demo")
def demo(
    directory: Annotated[Path, typer.Option(help="Where the demonstration's domain lives.")] = Path(".demo"),
    file: Annotated[Path | None, typer.Option(help="The file to sign, up to 8 MiB.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave the domain running.")] = False,
    base_port: Annotated[int, typer.Option(help="Peers listen from here on, REST 100 higher.")] = 7100,
    as_json: Json = False,
) -> None:
    """Four modules on this machine sign a real file, and OpenSSL verifies it."""
    with _told():
        demonstration.demo(directory, file, keep, base_port, as_json)


@key_app.command("create")
def key_create(
    name: str,
    profile: ProfileOption,
    suite: Annotated[str, typer.Option(help=f"The suite: {', '.join(suites.BY_NAME)}.")] = "ed25519",
    min_signers: Annotated[int | None, typer.Option(help="How many sign together; the quorum by default.")] = None,
    idempotency_key: IdempotencyKey = None,
    as_json: Json = False,
) -> None:
    """Generate a key: all modules take part."""
    with _client(profile) as client, progress(f"generating key {name}"):
        key = client.create_key(name, suite, min_signers, idempotency_key)
    show(key, as_json, f"{key.name}: {key.suite}, {key.min_signers} of {len(key.participants)} sign, {key.state}")


@key_app.command("list")
def key_list(profile: ProfileOption, as_json: Json = False) -> None:
    """All keys."""
    with _client(profile) as client:
        keys = client.keys()
    lines = [f"{k.name}  {k.suite}  {k.min_signers} of {len(k.participants)}  {k.state}  {k.failure}" for k in keys]
    show(keys, as_json, "\n".join(line.rstrip() for line in lines) or "no keys")


@key_app.command("show")
def key_show(
    name: str,
    profile: ProfileOption,
    pem: Annotated[bool, typer.Option("--pem", help="The public key as PEM.")] = False,
    as_hex: Annotated[bool, typer.Option("--hex", help="The public key as hex (secp256k1-tr: x-only).")] = False,
    as_json: Json = False,
) -> None:
    """One key, or its public key."""
    with _client(profile) as client:
        if pem:
            typer.echo(client.public_key_pem(name).decode(), nl=False)
            return
        if as_hex:
            typer.echo(client.public_key_hex(name))
            return
        key = client.key(name)
    words = "\n".join(f"{field}: {value}" for field, value in msgspec.to_builtins(key).items())
    show(key, as_json, words)


@app.command("sign")
def sign(
    file: Annotated[Path, typer.Argument(help="The file to sign, whole; up to 8 MiB.")],
    key: Annotated[str, typer.Option(help="The key's name.")],
    profile: ProfileOption,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the signature goes: FILE.sig.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="Where the evidence bundle goes.")] = None,
    taproot: TaprootOption = None,
    idempotency_key: IdempotencyKey = None,
    as_json: Json = False,
) -> None:
    """Sign a file."""
    with _client(profile) as client, progress(f"signing {file}"):
        tweaks = output_of(client.key(key), taproot)[0] if taproot is not None else ()
        answer = client.sign(key, file.read_bytes(), idempotency_key, tweaks)
        target = output or file.with_name(file.name + ".sig")
        target.write_bytes(base64.b64decode(answer.signature))
        if evidence is not None:
            evidence.write_bytes(client.evidence(answer.request_id))
    show(answer, as_json, f"request {answer.request_id}\nsignature {target}")


@app.command("verify")
def verify_signature(
    file: Annotated[Path, typer.Argument(help="The signed file.")],
    signature: Annotated[Path, typer.Argument(help="Its signature.")],
    key: Annotated[str, typer.Option(help="The key's name.")],
    profile: ProfileOption,
    taproot: TaprootOption = None,
    as_json: Json = False,
) -> None:
    """Verify a signature with the key that the domain has under this name."""
    with _client(profile) as client:
        found = client.key(key)
        suite = suites.BY_NAME.get(found.suite)
        if suite is None:
            raise UnknownSuite(f"suite {found.suite} is not known here")
        public_key = output_of(found, taproot)[1]
        good = verify.is_valid(suite.id, public_key, file.read_bytes(), signature.read_bytes())
    show({"valid": good}, as_json, "valid" if good else "NOT VALID")
    if not good:
        raise SystemExit(1)


@app.command("verify-evidence")
def verify_bundle(
    bundle: Annotated[Path, typer.Argument(help="The evidence bundle.")],
    domain: DomainFileOption,
    message: Annotated[Path | None, typer.Option(help="The signed file, if it is over 64 KiB.")] = None,
    as_json: Json = False,
) -> None:
    """Verify an evidence bundle, offline, with the domain's public file alone."""
    with _told():
        genesis = read_domain_file(domain).genesis
        report = verify_evidence(bundle.read_bytes(), genesis, message.read_bytes() if message is not None else None)
    words = "\n".join(f"{field}: {value}" for field, value in msgspec.to_builtins(report).items())
    show(report, as_json, words + "\nThe evidence holds.")


@app.command("status")
def status(profile: ProfileOption, as_json: Json = False) -> None:
    """Every module of the domain: reachable or not, where it stands, how its shares are kept."""
    states, lines = [], []
    with _told():
        read = load_profile(profile)
        for module in read.domain.modules:
            try:
                with Client(read, timeout_s=3.0) as client:
                    state = client.status(module.url)
            except ThresignError as error:
                states.append({"module": module.number, "name": module.name, "error": error.detail})
                lines.append(f"module {module.number} ({module.name}): {error.detail}")
                continue
            states.append(msgspec.to_builtins(state))
            ready = "ready" if state.ready else state.reason
            lines.append(
                f"module {state.module} ({module.name}): {ready}; vault {state.vault}, view {state.view}, sequence"
                f" {state.sequence}, custody {state.custody}{' (emulated)' if state.emulated else ''},"
                f" boundary {state.boundary}"
            )
            lines += [f"    {name}: {why}" for name, why in state.hardening.items() if why != "ok"]
    show(states, as_json, "\n".join(lines))


@caller_app.command("enrol")
def caller_enrol(
    caller: str,
    profile: ProfileOption,
    public_key: Annotated[Path, typer.Option(help="The caller's Ed25519 public key, PEM.")],
    role: Annotated[list[str] | None, typer.Option(help="admin, signer or auditor; none takes all away.")] = None,
    as_json: Json = False,
) -> None:
    """Admit a caller, or change its key and roles."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    with _client(profile) as client:
        try:
            key = load_pem_public_key(public_key.read_bytes())
        except ValueError:
            raise ConfigurationError(f"{public_key}: no PEM public key") from None
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError(f"{public_key}: not an Ed25519 public key")
        answer = client.enrol_caller(caller, key.public_bytes_raw(), tuple(role or ()))
    show(answer, as_json, f"caller {caller}: {', '.join(role or ()) or 'no roles'}")


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
