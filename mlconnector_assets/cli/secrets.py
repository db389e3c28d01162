"""`mlconnector secrets`: values come from a prompt, standard input or a file, never from an argument."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, CsvOption, ProjectOption, err, out
from mlconnector_assets.errors import CredentialsError

if TYPE_CHECKING:
    from mlconnector_assets.configuration.project import Project

app = typer.Typer(no_args_is_help=True, help="API keys, passwords and private keys: stored encrypted, named in the YAML files.")
LONGEST = 64 * 1024


@app.command("set", context_settings={"allow_extra_args": True})
def set_secret(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The name that connections.yaml or a partner file uses.")],
    file: Annotated[Path | None, typer.Option(help="Take the value from this file, such as a private key.")] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The last day on which it works; you are told before."),
    ] = None,
    project: ProjectOption = HERE,
) -> None:
    """Store a secret: typed at a prompt, piped through standard input, or taken from a file; never an argument,
    which other users and the shell's history could see.

    The first secret of a project also makes its key-encryption key, a file that you alone can read
    (.mlconnector/keys/kek). Keep a copy in a safe place: without it no secret can be opened. In production
    name another place with MLCONNECTOR_KEK_FILE, or give the key itself in MLCONNECTOR_KEK.
    What happens next: `mlconnector check --live` logs in with it.

    Examples: mlconnector secrets set odoo-api-key --expires 2027-01-31, mlconnector secrets set acme-key --file ~/.ssh/id_acme
    """
    from mlconnector_assets.state import redaction
    from mlconnector_assets.state.keys import key_file
    from mlconnector_assets.steps.secrets import set_secret as store
    from mlconnector_assets.steps.workspace import open_workspace

    _check_arguments(name, surplus=ctx.args)
    value = _value(name, file)
    redaction.register(value.decode(errors="replace"))
    with open_workspace(project) as workspace:
        path = key_file(workspace.project.home)
        had_key = path.exists()
        store(workspace, name, value, expires_on=expires.date() if expires else None)
        named = name in _named(workspace.project)
    if not had_key and path.exists():
        out.print(f"made the key-encryption key {path}; keep a copy in a safe place", markup=False)
    out.print(f"stored {name}")
    if not named:
        err.print(f"[yellow]![/] nothing in connections.yaml or partners/ names the secret {name}")


@app.command("list")
def list_secrets(as_csv: CsvOption = False, project: ProjectOption = HERE) -> None:
    """Show the names of stored secrets, and those that are named but missing. Values are never shown.

    What happens next: `mlconnector secrets set NAME` stores a missing one.

    Example: mlconnector secrets list
    """
    from mlconnector_assets.state.vault import stored_secrets
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        named = _named(workspace.project)
        stored = {secret.name: secret for secret in stored_secrets(workspace.state)}
    rows = []
    for name in sorted(named.keys() | stored.keys()):
        secret = stored.get(name)
        version, at = (secret.version, f"{secret.updated_at:%Y-%m-%d %H:%M}") if secret else (None, "missing")
        rows.append((name, ", ".join(named.get(name, ["nobody"])), version, at, secret.expires_on if secret else None))
    tables.show(["name", "used by", "version", "stored (UTC)", "expires"], rows, as_csv=as_csv)


@app.command()
def rotate(
    new_key: Annotated[bool, typer.Option("--new-key", help="First add a new key in front of the key file.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Wrap every secret with the first key of the key file. Safe to interrupt and repeat; nothing has to stop.

    To retire a key: rotate with --new-key, then delete the old line from the key file.

    Example: mlconnector secrets rotate --new-key
    """
    from mlconnector_assets.state.keys import KEYS_VARIABLE, add_key, key_file
    from mlconnector_assets.state.vault import Vault
    from mlconnector_assets.steps.workspace import open_workspace

    if new_key and os.environ.get(KEYS_VARIABLE):
        raise CredentialsError(
            f"the keys come from {KEYS_VARIABLE}, so there is no key file to add one to",
            mend=f"put a new key in front of those in {KEYS_VARIABLE}, separated by a comma, then rotate without --new-key",
        )
    with open_workspace(project) as workspace:
        vault, home = workspace.vault, workspace.project.home
        if new_key:
            out.print(f"added key {add_key(key_file(home))}; keep a copy of {key_file(home)}", markup=False)
            vault = Vault.open(workspace.state, home)
        count = vault.rotate()
    out.print(f"{count} secrets were wrapped with the first key; the others had it already")


def _check_arguments(name: str, *, surplus: list[str]) -> None:
    """Refuse a value in place of an argument, without showing it."""
    from pydantic import TypeAdapter, ValidationError

    from mlconnector_assets.partners.fields import SecretName

    if surplus:
        raise typer.BadParameter(
            "a value is never given as an argument: other users and the shell's history can see it. "
            "Change that secret where it was issued, and type the new one at the prompt."
        )
    try:
        TypeAdapter(SecretName).validate_python(name)
    except ValidationError:
        raise typer.BadParameter(
            "this is no name that a YAML file could use: lower-case letters, digits and '-', such as odoo-api-key",
            param_hint="NAME",
        ) from None


def _value(name: str, file: Path | None) -> bytes:
    """The value as bytes. A single line loses its line end; several lines, such as a private key, are kept as they are."""
    if file is not None:
        try:
            with file.open("rb") as source:
                value = source.read(LONGEST + 1)
        except OSError as error:
            raise CredentialsError(f"{file} cannot be read: {error.strerror}", mend="name a file that you may read") from None
    elif sys.stdin.isatty():
        value = str(typer.prompt(f"value of {name}", hide_input=True, confirmation_prompt=True)).encode()
    else:
        value = sys.stdin.buffer.read(LONGEST + 1)
    if len(value.splitlines()) == 1:
        value = value.rstrip(b"\r\n")
    if not value.strip() or len(value) > LONGEST:
        problem = f"longer than {LONGEST} bytes" if value.strip() else "empty"
        raise CredentialsError(f"the value of {name} is {problem}", mend="type it at the prompt, pipe it in, or use --file")
    return value


def _named(project: Project) -> dict[str, list[str]]:
    """Secret name to who uses it."""
    users: dict[str, list[str]] = {}
    for connection in project.connections.values():
        users.setdefault(connection.api_key, []).append(f"connection {connection.id}")
    for partner in project.partners.values():
        for host in (partner.sftp, partner.sftp.jump):
            for name in (host.password, host.private_key) if host else ():
                if name:
                    users.setdefault(name, []).append(f"partner {partner.id}")
        for flow in partner.flows.values():
            if flow.pgp and flow.pgp.sign_with:
                users.setdefault(flow.pgp.sign_with, []).append(f"partner {partner.id}, flow {flow.name}")
    for name, user in project.alerts.secrets():
        users.setdefault(name, []).append(user)
    return users
