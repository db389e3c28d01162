"""CPU of a cycle in which nothing is new: probes of every record, what every consumer has to do, queued files.
Measured in one process, as the sensors run it, over several cycles; the sandbox runs in a process of its own.

Goal: at most 150 ms of CPU a connection.
"""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

from mlconnector_assets.configuration.connections import ODOO_RECORDS
from mlconnector_assets.configuration.project import Project, load_project
from mlconnector_assets.sandbox import start_sandbox
from mlconnector_assets.steps.cycle import CycleOutcome, run_cycle
from mlconnector_assets.steps.workspace import Workspace
from tests.project import write_project

GOAL_MS, CYCLES = 150, 15


def cycle(project: Project) -> CycleOutcome:
    """One cycle with a workspace of its own, as a sensor tick or a run has it."""
    workspace = Workspace(project)
    try:
        return run_cycle(workspace)
    finally:
        workspace.close()


def run() -> list[tuple[str, str]]:
    """Measure; (what, result) lines."""
    with tempfile.TemporaryDirectory() as folder, start_sandbox(Path(folder) / "sandbox", own_process=True) as sandbox:
        project = load_project(write_project(Path(folder) / "project", sandbox, records=list(ODOO_RECORDS)).root)
        cycle(project)
        sandbox.control.advance(timedelta(minutes=1))
        cycle(project)
        spent = []
        for _ in range(CYCLES):
            before = time.process_time()
            outcome = cycle(project)
            spent.append((time.process_time() - before) * 1000)
            assert not outcome.failures and not outcome.reads and len(outcome.unchanged) == len(ODOO_RECORDS)
    middle = median(spent)
    met = "met" if middle <= GOAL_MS else "MISSED"
    return [
        (
            f"CPU of a cycle, 1 connection, {len(ODOO_RECORDS)} records",
            f"{middle:.0f} ms median of {CYCLES} (goal {GOAL_MS} ms: {met})",
        )
    ]


def main() -> None:
    """Print what `run` measured."""
    for what, result in run():
        print(f"{what:<45} {result}")


if __name__ == "__main__":
    main()
