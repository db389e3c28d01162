"""The command tree, and the one place where a failure becomes a message and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mlconnector_assets import __version__
from mlconnector_assets.cli import (
    alerts,
    audit,
    check,
    deletions,
    demo,
    edi,
    failures,
    holds,
    inbox,
    outbox,
    partner,
    preview,
    reads,
    sandbox,
    secrets,
    set_aside,
    sync,
    warehouse,
)
from mlconnector_assets.cli.options import HERE, PROJECT_HELP, PROJECT_VARIABLE, err, out

INTERRUPTED = 130

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
        Path, typer.Option(metavar="DIR", envvar=PROJECT_VARIABLE, show_default="the current folder", help=PROJECT_HELP)
    ] = HERE,
    debug: Annotated[
        bool, typer.Option("--debug", envvar=failures.DEBUG_VARIABLE, help="Show where a bug was met, without secrets.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Connects accounting systems with trading partners' folders and a warehouse.

    Try everything without credentials: **mlconnector demo**. On your own systems: write connections.yaml and
    partners/*.yaml, store the secrets they name with **mlconnector secrets set NAME**, prove the configuration with
    **mlconnector check --live**, look at the next file with **mlconnector preview PARTNER FLOW**, and run
    **mlconnector sync** from cron, or `dagster dev` for the UI and the sensors.

    Exit codes: 0 done, 1 something failed and the message tells the mend, 2 the command was typed wrongly.
    """
    failures.show_details(debug)


app.command()(demo.demo)
app.command()(sandbox.sandbox)
app.command()(check.check)
app.command()(preview.preview)
app.command()(sync.sync)
app.command()(check.schema)
app.add_typer(secrets.app, name="secrets")
app.add_typer(partner.app, name="partner")
app.add_typer(outbox.app, name="outbox")
app.add_typer(holds.app, name="holds")
app.add_typer(inbox.app, name="inbox")
app.add_typer(set_aside.app, name="set-aside")
app.add_typer(reads.app, name="reads")
app.add_typer(deletions.app, name="deletions")
app.add_typer(alerts.app, name="alerts")
app.add_typer(audit.app, name="audit")
app.add_typer(warehouse.app, name="warehouse")
app.add_typer(edi.app, name="edi")


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    failures.protect()
    try:
        app(arguments, prog_name="mlconnector")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("stopped; what was committed stays, the rest is done by the next run")
        raise
    except Exception as error:  # noqa: BLE001  the outermost place: everything ends as a message
        failures.stop(error)
