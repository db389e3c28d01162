"""`mlconnector demo`: the whole way on the sandbox, in the foreground, with a summary."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlconnector_assets.cli.options import HERE, ProjectOption, err, out
from mlconnector_assets.cli.progress import TerminalProgress
from mlconnector_assets.cli.sandbox import ODOO_PORT, SFTP_PORT, require_sandbox
from mlconnector_assets.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from mlconnector_assets.sandbox import ControlClient, Sandbox
    from mlconnector_assets.steps.cycle import CycleOutcome

UI_PORT = 3000


def demo(
    ui: Annotated[bool, typer.Option("--ui", help="Afterwards keep the sandbox running and open the Dagster UI on it.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Show everything at work without credentials: sandbox, first full read, files, warehouse, changes, second cycle.

    Safe to run again: only what is new is read and sent. Everything lies in .mlconnector of the project.
    """
    require_sandbox()
    with ExitStack() as stack:
        running = stack.enter_context(_sandbox(project))
        _store_secrets(project, running)
        cycles = [_cycle(project, "first cycle: everything that is new")]
        out.print("\n[bold]in the sandbox somebody posts an invoice, credits another, registers a payment and moves a vendor[/]")
        _change(running.control)
        cycles.append(_cycle(project, "second cycle: exactly what changed"))
        good = _summary(project, cycles)
        if ui:
            _dagster(project)
    if not good:
        raise typer.Exit(1)


@contextmanager
def _sandbox(project: Path) -> Iterator[Sandbox]:
    from mlconnector_assets.configuration.project import load_project
    from mlconnector_assets.durable import write_durably
    from mlconnector_assets.sandbox import start_sandbox

    loaded = load_project(project)
    folder = loaded.home / "sandbox"
    for connection in loaded.connections.values():
        if connection.url != f"http://127.0.0.1:{ODOO_PORT}":
            raise ConfigurationError(
                f"connection {connection.id} is not the sandbox but {connection.url}; the demo changes records, so it stops here",
                where=str(loaded.root / "connections.yaml"),
                mend="run the demo in a fresh clone; for your own systems use `mlconnector sync`",
            )
    with start_sandbox(folder, odoo_port=ODOO_PORT, sftp_port=SFTP_PORT, partners=tuple(loaded.partners), own_process=True) as running:
        write_durably(folder / "host_keys", "\n".join(running.host_keys).encode() + b"\n")
        out.print(f"sandbox: Odoo at {running.odoo_url}, SFTP at {running.sftp_host}:{running.sftp_port}, files in {folder}")
        yield running


def _store_secrets(project: Path, running: Sandbox) -> None:
    from mlconnector_assets.state.vault import Vault
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        vault = Vault.open(workspace.state, workspace.project.home, create=True)
        stored = {secret.name for secret in vault.names()}
        wanted = {connection.api_key: running.api_key for connection in workspace.project.connections.values()}
        for partner in workspace.project.partners.values():
            if partner.sftp.private_key:
                wanted[partner.sftp.private_key] = running.partner_key(partner.id)
        for name, value in wanted.items():
            if name not in stored or vault.get(name).reveal() != value:
                vault.set(name, value.encode())
    out.print(f"secrets: {', '.join(wanted)} stored encrypted")


def _cycle(project: Path, title: str) -> CycleOutcome:
    from mlconnector_assets.cli.app import complain
    from mlconnector_assets.orchestration.report import report_cycle
    from mlconnector_assets.steps.cycle import run_cycle
    from mlconnector_assets.steps.workspace import open_workspace

    out.print(f"\n[bold]{title}[/]")
    with TerminalProgress() as progress, open_workspace(project, progress=progress) as workspace:
        outcome = run_cycle(workspace)
        report_cycle(workspace.project.root, outcome)
    for failure in outcome.failures:
        err.print(f"[red]{failure.step} failed[/]")
        complain(failure.error)
    return outcome


def _change(control: ControlClient) -> None:
    posted = control.call("account.move", "search", domain=[["move_type", "=", "out_invoice"], ["state", "=", "posted"]], order="id desc", limit=2)
    vendor = control.call("res.partner", "search", domain=[["supplier_rank", ">", 0]], limit=1)[0]
    control.post_invoice(company=1, lines=[{"name": "Schroefbout M8 × 40, verzinkt", "quantity": 250, "price": "0.34"}, {"name": "Levering", "quantity": 1, "price": "12.50"}])
    control.credit_note(posted[0], share="25")
    control.pay(posted[1])
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
