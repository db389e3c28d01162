"""One cycle of a project, which the chaos tests kill at named steps."""

from __future__ import annotations

import sys
from pathlib import Path

from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.workspace import open_workspace


def one_cycle(root: Path) -> int:
    """The exit code: 1 when something failed, which is told on standard error."""
    with open_workspace(root) as workspace:
        outcome = run_cycle(workspace)
    for failure in outcome.failures:
        print(failure.step, failure.error, file=sys.stderr)
    return 1 if outcome.failures else 0
