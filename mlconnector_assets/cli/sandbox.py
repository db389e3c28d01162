"""`mlconnector sandbox`: the stand-ins in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from mlconnector_assets.cli.options import HERE, ProjectOption
from mlconnector_assets.errors import ConfigurationError

ODOO_PORT, SFTP_PORT = 8869, 8822
"""The ports that the shipped connections.yaml and partners/acme.yaml name."""


def sandbox(
    odoo_port: Annotated[int, typer.Option(help="Port of the Odoo stand-in.")] = ODOO_PORT,
    sftp_port: Annotated[int, typer.Option(help="Port of the SFTP server.")] = SFTP_PORT,
    moves: Annotated[int, typer.Option(min=50, help="How many journal entries a new sandbox gets.")] = 300,
    project: ProjectOption = HERE,
) -> None:
    """Run the sandbox in the foreground: an Odoo 19 stand-in with a seeded group of companies, and an SFTP server
    with a folder per partner. Everything stays in .mlconnector/sandbox of the project. Stop it with Ctrl-C.
    """
    require_sandbox()
    from mlconnector_assets.configuration.project import load_project
    from mlconnector_assets.sandbox import Scale
    from mlconnector_assets.sandbox.__main__ import run
    from mlconnector_assets.sandbox.server import SandboxServer, SandboxSettings

    loaded = load_project(project)
    settings = SandboxSettings(loaded.home / "sandbox", odoo_port, sftp_port, tuple(loaded.partners), Scale(moves=moves))
    raise typer.Exit(run(SandboxServer(settings)))


def require_sandbox() -> None:
    """Raises ConfigurationError when the packages of the sandbox are not installed."""
    try:
        import asyncssh
        import starlette
        import uvicorn
    except ImportError as error:
        raise ConfigurationError(f"the sandbox needs the package {error.name}", mend="install `mlconnector-assets[sandbox]`") from None
    del asyncssh, starlette, uvicorn
