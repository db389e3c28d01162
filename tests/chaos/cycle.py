"""What the chaos tests kill at named steps: one cycle of a project, or only its sending."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.deliver import deliver_partner
from mlconnector_assets.steps.flow_kinds import render_flow
from mlconnector_assets.steps.workspace import open_workspace


def one_cycle(root: Path) -> int:
    """The exit code: 1 when something failed, which is told on standard error."""
    with open_workspace(root) as workspace:
        outcome = run_cycle(workspace)
    for failure in outcome.failures:
        print(failure.step, failure.error, file=sys.stderr)
    return 1 if outcome.failures else 0


def send(root: Path, flows: Collection[str]) -> int:
    """Render these flows of the partner and deliver what is queued. The exit code: 1 when a file did not arrive."""
    with open_workspace(root) as workspace:
        for flow in flows:
            render_flow(workspace, "acme", flow)
        failure = deliver_partner(workspace, "acme").failure()
    print(failure or "", file=sys.stderr)
    return 1 if failure else 0
