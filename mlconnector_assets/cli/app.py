"""The command tree, and the one place where a failure becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mlconnector_assets import __version__
from mlconnector_assets.cli import check, demo, outbox, preview, sandbox, secrets, set_aside, sync, warehouse
from mlconnector_assets.cli.options import PROJECT_VARIABLE, err, out
from mlconnector_assets.errors import ConnectorError

app = typer.Typer(
    name="mlconnector",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def root(
    project: Annotated[
        Path | None, typer.Option("--project", metavar="DIR", help="The folder that holds connections.yaml and partners/; the current one by default.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Connects accounting systems with trading partners' folders and a warehouse.

    Try everything without credentials: **mlconnector demo**. On your own systems: write connections.yaml and
    partners/*.yaml, store the secrets they name with **mlconnector secrets set NAME**, prove the configuration with
    **mlconnector check --live**, look at the next file with **mlconnector preview PARTNER FLOW**, and run
    **mlconnector sync** from cron, or `dagster dev` for the UI and the sensors.
    """
    if project is not None:
        os.environ[PROJECT_VARIABLE] = str(project)


app.command()(demo.demo)
app.command()(sandbox.sandbox)
app.command()(sync.sync)
app.command()(check.check)
app.command()(check.schema)
app.command()(preview.preview)
app.add_typer(secrets.app, name="secrets")
app.add_typer(outbox.app, name="outbox")
app.add_typer(set_aside.app, name="set-aside")
app.add_typer(warehouse.app, name="warehouse")


def run() -> None:
    """Run the command line and exit."""
    try:
        app()
    except ConnectorError as error:
        complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("stopped; what was committed stays, the rest is done by the next run")
        sys.exit(130)


def complain(error: ConnectorError) -> None:
    """Print a failure: what, where, and the mend."""
    place = f"{error.where}: " if error.where else ""
    err.print(f"[bold red]error[/] {_plain(place)}{_plain(error.what)}")
    if error.mend:
        err.print(f"[bold]mend[/]  {_plain(error.mend)}")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
