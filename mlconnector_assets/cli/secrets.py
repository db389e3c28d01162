"""`mlconnector secrets`: values come from a prompt, standard input or a file, never from an argument."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mlconnector_assets.cli.options import HERE, ProjectOption, err, out
from mlconnector_assets.errors import CredentialsError

if TYPE_CHECKING:
    from mlconnector_assets.configuration.project import Project

app = typer.Typer(no_args_is_help=True, help="API keys, passwords and private keys: stored encrypted, named in the YAML files.")


@app.command("set")
def set_secret(
    name: Annotated[str, typer.Argument(help="The name that connections.yaml or a partner file uses.")],
    file: Annotated[Path | None, typer.Option("--file", help="Take the value from this file, such as a private key.")] = None,
    project: ProjectOption = HERE,
) -> None:
    """Store a secret: typed at a prompt, piped through standard input, or taken from a file.

    The first secret of a project also makes its key-encryption key, a file that you alone can read
    (.mlconnector/keys/kek). Keep a copy in a safe place: without it no secret can be opened. In production
    name another place with MLCONNECTOR_KEK_FILE, or give the key itself in MLCONNECTOR_KEK.
    """
    from mlconnector_assets.state.vault import Vault
    from mlconnector_assets.steps.workspace import open_workspace

    value = _value(name, file)
    with open_workspace(project) as workspace:
        Vault.open(workspace.state, workspace.project.home, create=True).set(name, value)
        named = name in _named(workspace.project)
    out.print(f"stored {name}")
    if not named:
        err.print(f"[yellow]![/] nothing in connections.yaml or partners/ names the secret {name}")


@app.command("list")
def list_secrets(project: ProjectOption = HERE) -> None:
    """Show the names of stored secrets, and those that are named but missing. Values are never shown."""
    from mlconnector_assets.steps.workspace import open_workspace

    table = Table("name", "used by", "version", "stored (UTC)")
    with open_workspace(project) as workspace:
        named = _named(workspace.project)
        stored = {secret.name: secret for secret in workspace.vault.names()}
    for name in sorted(named.keys() | stored.keys()):
        secret = stored.get(name)
        version, at = (str(secret.version), f"{secret.updated_at:%Y-%m-%d %H:%M}") if secret else ("", "[red]missing[/]")
        table.add_row(name, ", ".join(named.get(name, ["nobody"])), version, at)
    out.print(table)


@app.command()
def rotate(
    new_key: Annotated[bool, typer.Option("--new-key", help="First add a new key in front of the key file.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Wrap every secret with the first key of the key file. Safe to interrupt and repeat.

    To retire a key: rotate with --new-key, then delete the old line from the key file.
    """
    from mlconnector_assets.state.keys import add_key, key_file
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        if new_key:
            out.print(f"added key {add_key(key_file(workspace.project.home))}")
        count = workspace.vault.rotate()
    out.print(f"{count} secrets were wrapped with the first key; the others had it already")


def _value(name: str, file: Path | None) -> bytes:
    if file is not None:
        try:
            value = file.read_bytes()
        except OSError as error:
            raise CredentialsError(f"{file} cannot be read: {error.strerror}", mend="name a file that you may read") from None
    elif sys.stdin.isatty():
        value = str(typer.prompt(f"value of {name}", hide_input=True, confirmation_prompt=True)).encode()
    else:
        value = sys.stdin.buffer.read().removesuffix(b"\n")
    if not value.strip():
        raise CredentialsError(f"the value of {name} is empty", mend="type it at the prompt, pipe it in, or use --file")
    return value


def _named(project: Project) -> dict[str, list[str]]:
    """Secret name to who uses it."""
    users: dict[str, list[str]] = {}
    for connection in project.connections.values():
        users.setdefault(connection.api_key, []).append(f"connection {connection.id}")
    for partner in project.partners.values():
        for name in (partner.sftp.password, partner.sftp.private_key):
            if name:
                users.setdefault(name, []).append(f"partner {partner.id}")
    return users
