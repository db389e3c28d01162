"""`mlconnector demo`: the whole way on the sandbox, in the foreground, with a summary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlconnector_assets.cli import demo_story as story
from mlconnector_assets.cli.options import HERE, ProjectOption, out
from mlconnector_assets.cli.sandbox import require_sandbox, sandbox_of
from mlconnector_assets.cli.sync import run_and_show
from mlconnector_assets.errors import Unavailable

if TYPE_CHECKING:
    from mlconnector_assets.steps.cycle import CycleOutcome

UI_PORT = 3000


def demo(
    ui: Annotated[bool, typer.Option("--ui", help="Afterwards keep the sandbox running and open the Dagster UI on it.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Show everything at work without credentials: sandbox, first full read, files, warehouse, changes, second cycle.

    Safe to run again: only what is new is read and sent. Everything lies in .mlconnector of the project. A project
    on other systems than the sandbox is refused. What happens next: the summary at the end names what to look at.

    Examples: mlconnector demo, mlconnector demo --ui
    """
    require_sandbox()
    from mlconnector_assets.configuration.project import load_project

    with sandbox_of(load_project(project)) as running:
        control = running.control
        story.mistype_a_vendor_code(control)
        story.scene("first cycle: everything that is new")
        cycles = [run_and_show(project)]
        if story.release_what_is_held(project):
            story.scene("the next cycle sends what was released")
            cycles.append(run_and_show(project))
        story.scene("a day's work: an invoice, a credit note, a payment, a vendor moves, and an invoice that has left is changed")
        story.work_a_day(control)
        story.send_us_a_file(control)
        control.fault("sftp_down", times=None)
        story.scene("and then the partners' SFTP server is down: files are made, and wait")
        try:
            run_and_show(project)
        finally:
            control.clear("sftp_down")
        story.scene("it is up again: the same bytes leave under the same names")
        cycles.append(run_and_show(project))
        good = _summary(project, cycles)
        if ui:
            _dagster(project)
    if not good:
        raise typer.Exit(1)


def _summary(project: Path, cycles: list[CycleOutcome]) -> bool:
    from mlconnector_assets.cli.demo_summary import show_summary
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        proven = show_summary(workspace, cycles)
    return proven and not any(cycle.failures for cycle in cycles)


def _dagster(project: Path) -> None:
    """Run `dagster dev` until it is stopped; it looks for dagster.yaml and workspace.yaml in the project folder."""
    environment = os.environ | {"DAGSTER_DISABLE_TELEMETRY": "1"}
    out.print(f"\nDagster UI: http://127.0.0.1:{UI_PORT} (Ctrl-C stops it and the sandbox)")
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(UI_PORT)]
    try:
        code = subprocess.run(command, cwd=project, env=environment, check=False).returncode  # noqa: S603  our own interpreter
    except KeyboardInterrupt:
        return
    if code:
        raise Unavailable(f"the Dagster UI ended with exit code {code}", mend=f"see its messages above; is port {UI_PORT} taken?")
