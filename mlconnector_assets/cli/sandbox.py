"""`mlconnector sandbox`: the stand-ins in the foreground, and what a project needs to use them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from mlconnector_assets.cli.options import HERE, ProjectOption, out
from mlconnector_assets.errors import ConfigurationError, ConnectorError, LeaseHeld, Unavailable

if TYPE_CHECKING:
    from mlconnector_assets.configuration.project import Project
    from mlconnector_assets.sandbox import Sandbox

ADDRESS = "127.0.0.1"
DATABASE = "sandbox"


def sandbox(
    moves: Annotated[int, typer.Option(min=50, help="How many journal entries a new sandbox gets.")] = 300,
    odoo_version: Annotated[
        int | None, typer.Option(min=17, max=19, show_default="what it was, at first 19", help="Be an Odoo 17, 18 or 19.")
    ] = None,
    project: ProjectOption = HERE,
) -> None:
    """Run the sandbox in the foreground: an Odoo 19 stand-in with a seeded group of companies, and an SFTP server
    with a folder per partner. Stop it with Ctrl-C.

    It listens on the ports that connections.yaml and partners/*.yaml name, stores the secrets they name, and keeps
    everything in .mlconnector/sandbox of the project; the partner's files lie in .mlconnector/sandbox/sftp.
    An Odoo 17 or 18 answers over XML-RPC only: give the connection `user: mlconnector`.
    What happens next: in another terminal, `mlconnector sync` reads, delivers and loads from it.

    Example: mlconnector sandbox --moves 2000
    """
    require_sandbox()
    from mlconnector_assets.configuration.project import load_project
    from mlconnector_assets.sandbox import SandboxServer, SandboxSettings, Scale
    from mlconnector_assets.sandbox.launch import run_in_foreground

    loaded = load_project(project)
    odoo_port, sftp_port = ports_of(loaded)
    if running := _already_running(loaded, odoo_port, sftp_port):
        running.stop()
        raise LeaseHeld(
            "the sandbox of this project runs already", where=str(running.folder), mend="use that one, or stop it first"
        )
    _require_free(loaded, odoo_port, sftp_port)

    def ready(running: Sandbox) -> None:
        let_in(loaded, running)
        out.print("Ctrl-C stops it")

    settings = SandboxSettings(
        folder_of(loaded), odoo_port, sftp_port, tuple(loaded.partners), Scale(moves=moves), odoo_version=odoo_version
    )
    run_in_foreground(SandboxServer(settings), ready)


@contextmanager
def sandbox_of(project: Project) -> Iterator[Sandbox]:
    """The project's sandbox: the one that runs already, or one that is started now and stopped at the end. The
    project's secrets are those of the sandbox afterwards. Raises ConfigurationError when the project is on
    other systems, Unavailable when a port is taken."""
    from mlconnector_assets.sandbox import start_sandbox

    odoo_port, sftp_port = ports_of(project)
    running = _already_running(project, odoo_port, sftp_port)
    if running is not None:
        out.print("the sandbox of this project runs already; it is used, and left running")
    else:
        _require_free(project, odoo_port, sftp_port)
        partners = tuple(project.partners)
        running = start_sandbox(folder_of(project), odoo_port=odoo_port, sftp_port=sftp_port, partners=partners, own_process=True)
    with running:
        let_in(project, running)
        yield running


def let_in(project: Project, running: Sandbox) -> None:
    """Store the sandbox's API key and the partners' keys under the names that the project uses, and its host keys."""
    from mlconnector_assets.durable import write_durably
    from mlconnector_assets.state.vault import Vault
    from mlconnector_assets.steps.workspace import open_workspace

    write_durably(folder_of(project) / "host_keys", "\n".join(running.host_keys).encode() + b"\n")
    wanted = {connection.api_key: running.api_key for connection in project.connections.values()}
    for partner in project.partners.values():
        if partner.sftp.private_key:
            wanted[partner.sftp.private_key] = running.partner_key(partner.id)
        if partner.sftp.password:
            wanted[partner.sftp.password] = running.partner_password(partner.id)
    with open_workspace(project.root) as workspace:
        vault = Vault.open(workspace.state, project.home, create=True)
        stored = {secret.name for secret in vault.names()}
        for name, value in wanted.items():
            if name not in stored or vault.get(name).reveal() != value:
                vault.set(name, value.encode())
    out.print(f"sandbox: Odoo at {running.odoo_url}, SFTP at {running.sftp_host}:{running.sftp_port}, files in {running.folder}")
    out.print(f"secrets: {', '.join(wanted)} stored encrypted")


def ports_of(project: Project) -> tuple[int, int]:
    """The ports of Odoo and SFTP that the project names. Raises ConfigurationError when one of its systems is no
    sandbox: records are changed and files delivered only where nobody minds."""
    odoo_ports, sftp_ports = set[int](), set[int]()
    for connection in project.connections.values():
        url = urlsplit(connection.url)
        if url.hostname != ADDRESS or url.port is None or connection.database != DATABASE:
            raise _not_sandbox(
                project, f"connection {connection.id} is not on the sandbox but on {connection.url} {connection.database}"
            )
        odoo_ports.add(url.port)
    for partner in project.partners.values():
        if partner.sftp.host != ADDRESS:
            raise _not_sandbox(project, f"partner {partner.id} is not on the sandbox but on {partner.sftp.host}")
        sftp_ports.add(partner.sftp.port)
    if len(odoo_ports) != 1 or len(sftp_ports) != 1:
        raise _not_sandbox(
            project, "the sandbox has one Odoo and one SFTP server, but the files name several ports, or no partner"
        )
    return odoo_ports.pop(), sftp_ports.pop()


def folder_of(project: Project) -> Path:
    """Where the project's sandbox keeps everything."""
    return project.home / "sandbox"


def require_sandbox() -> None:
    """Raises ConfigurationError when the packages of the sandbox are not installed."""
    try:
        import asyncssh
        import starlette
        import uvicorn
    except ImportError as error:
        raise ConfigurationError(
            f"the sandbox needs the package {error.name}", mend="install `mlconnector-assets[sandbox]`"
        ) from None
    del asyncssh, starlette, uvicorn


def _already_running(project: Project, odoo_port: int, sftp_port: int) -> Sandbox | None:
    """The sandbox that serves this folder, as under `make dev`; it is not ours to stop."""
    from httpx import HTTPError

    from mlconnector_assets.sandbox import Sandbox

    try:
        description = json.loads((folder_of(project) / "sandbox.json").read_text("utf-8"))
        running = Sandbox(folder_of(project), description, stop=lambda: None, alive=lambda: True)
        running.control.now()
    except (OSError, ValueError, HTTPError, ConnectorError):
        return None
    used = urlsplit(running.odoo_url).port, running.sftp_port, set(running.partners)
    if used != (odoo_port, sftp_port, set(project.partners)):
        running.stop()
        raise ConfigurationError(
            f"a sandbox already runs for this project (process {description['pid']}), but with other ports or partners",
            where=str(project.root),
            mend="stop that one, then run the same command again",
        )
    return running


def _require_free(project: Project, odoo_port: int, sftp_port: int) -> None:
    for server, port, key in (
        ("Odoo", odoo_port, "url: in connections.yaml"),
        ("SFTP", sftp_port, "port: in partners/*.yaml"),
    ):
        try:
            socket.create_server((ADDRESS, port)).close()
        except OSError:
            raise Unavailable(
                f"port {port} for the {server} stand-in is taken by another program",
                where=str(project.root),
                mend=f"stop that program, or choose another port: {key}",
            ) from None


def _not_sandbox(project: Project, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what}; the demo changes records and delivers files, so it stops here",
        where=str(project.root),
        mend="run the demo and the sandbox in a fresh clone; for your own systems use `mlconnector sync`",
    )
