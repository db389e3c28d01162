"""`mlconnector demo`: the whole way on the sandbox, in the foreground, with a summary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlconnector_assets.cli.options import HERE, ProjectOption, counted, out
from mlconnector_assets.cli.sandbox import require_sandbox, sandbox_of
from mlconnector_assets.cli.sync import run_and_show
from mlconnector_assets.errors import Unavailable

if TYPE_CHECKING:
    from mlconnector_assets.sandbox import ControlClient
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
        out.print("\n[bold]first cycle: everything that is new[/]")
        cycles = [run_and_show(project)]
        _release(project)
        out.print("\n[bold]in the sandbox somebody posts an invoice, credits another, registers a payment and moves a vendor[/]")
        _change(running.control)
        out.print("\n[bold]second cycle: exactly what changed[/]")
        cycles.append(run_and_show(project))
        good = _summary(project, cycles)
        if ui:
            _dagster(project)
    if not good:
        raise typer.Exit(1)


def _release(project: Path) -> None:
    """Play the person who looks at what is held, and lets it leave."""
    from mlconnector_assets.state import holds
    from mlconnector_assets.steps.holding import decide
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        with workspace.state.reading() as tx:
            waiting = holds.open(tx)
        if not waiting:
            return
        out.print("\n[bold]nothing has left yet: the first files for a partner wait for a person[/]")
        for hold in waiting:
            out.print(f"  hold {hold.id}: {hold.partner} {hold.flow}, {counted(hold.documents, 'document')}: {hold.about}")
        ids = [hold.id for hold in waiting]
        reason = "looked through with ACME's bookkeeper"
        command = f"mlconnector holds release {' '.join(map(str, ids))} --reason {reason!r}"
        out.print(f"  the demo plays that person: {command}", markup=False)
        decide(workspace, ids, "released", by="demo", reason=reason)
    run_and_show(project)


def _change(control: ControlClient) -> None:
    issued = [["move_type", "=", "out_invoice"], ["state", "=", "posted"]]
    credited, paid = control.call("account.move", "search", domain=issued, order="id desc", limit=2)
    vendor = control.call("res.partner", "search", domain=[["supplier_rank", ">", 0]], limit=1)[0]
    bolts = {"name": "Schroefbout M8 × 40, verzinkt", "quantity": 250, "price": "0.34"}
    control.post_invoice(company=1, lines=[bolts, {"name": "Levering", "quantity": 1, "price": "12.50"}])
    control.credit_note(credited, share="25")
    control.pay(paid)
    control.change_partner(vendor, {"street": "Nieuwe Kade 7"})


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
