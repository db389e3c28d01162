"""`mlconnector check` and `mlconnector schema`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mlconnector_assets.cli.options import HERE, ProjectOption, err, out

if TYPE_CHECKING:
    from mlconnector_assets.partners import Flow


class Schema(StrEnum):
    """Which file a schema describes."""

    CONNECTIONS = "connections"
    PARTNER = "partner"


def check(
    live: Annotated[
        bool, typer.Option("--live", help="Also log in to every system and tell what can and cannot be seen.")
    ] = False,
    project: ProjectOption = HERE,
) -> None:
    """Validate connections.yaml and partners/*.yaml, without network. Exits with 1 when anything is wrong.

    Every mistake is told with file, line, key, the value found and what is allowed. With --live it also logs in:
    Odoo's version, user, companies and each model; the SFTP server's host key, folders, and whether files can be
    written. What happens next: `mlconnector preview PARTNER FLOW`, then `mlconnector sync`.

    Examples: mlconnector check, mlconnector check --live
    """
    from mlconnector_assets.configuration.project import load_project

    loaded = load_project(project)
    for connection in loaded.connections.values():
        companies = f"{connection.system}, companies {', '.join(connection.companies)}"
        out.print(f"[green]✓[/] connection {connection.id}: {escape(companies)}")
    for partner in loaded.partners.values():
        place = f"{partner.sftp.host}:{partner.sftp.port}, flows {', '.join(partner.flows)}"
        out.print(f"[green]✓[/] partner {partner.id}: {escape(place)}")
    _check_pgp(project, [flow for _, flow in loaded.flows() if flow.pgp])
    if live:
        _check_live(project)


def schema(
    which: Annotated[Schema, typer.Argument(help="The schema of connections.yaml or of a partner file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here instead of printing it.")
    ] = None,
) -> None:
    """Print the JSON schema of a YAML file. An editor then completes the keys and marks mistakes while you type.

    With the YAML extension of an editor, name it in the first line of the file, relative to that file:
    `# yaml-language-server: $schema=partner.schema.json`

    Example: mlconnector schema partner -o partners/partner.schema.json
    """
    from mlconnector_assets.configuration.schemas import json_schemas

    text = json.dumps(json_schemas()[which.value], indent=2, ensure_ascii=False) + "\n"
    if output is not None:
        output.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)


def _check_pgp(project: Path, flows: Sequence[Flow]) -> None:
    """Try every key; opens the secrets, and so only where a flow asks for it."""
    if flows:
        from mlconnector_assets.steps.encoding import try_encoding
        from mlconnector_assets.steps.workspace import open_workspace

        with open_workspace(project) as workspace:
            try_encoding(workspace)
        out.print(f"[green]✓[/] pgp: {', '.join(flow.name for flow in flows)}")


def _check_live(project: Path) -> None:
    from mlconnector_assets.steps.check import check_live
    from mlconnector_assets.steps.workspace import open_workspace

    good = True
    with open_workspace(project) as workspace:
        for checked in check_live(workspace):
            out.print(f"\n[bold]{escape(checked.system)}[/]")
            for finding in checked.findings:
                mark = "[green]✓[/]" if finding.good else "[red]✗[/]"
                out.print(f"  {mark} {escape(finding.subject)}: {escape(finding.detail)}")
                if finding.mend and not finding.good:
                    out.print(f"    mend: {escape(finding.mend)}")
            good = good and checked.good
    if not good:
        err.print("\nsome systems cannot be used as configured")
        raise typer.Exit(1)
