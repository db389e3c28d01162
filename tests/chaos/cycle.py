"""Runs one cycle of the project named on the command line; the chaos tests kill it at named steps."""

import sys
from pathlib import Path

from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.workspace import open_workspace

with open_workspace(Path(sys.argv[1])) as workspace:
    outcome = run_cycle(workspace)
for failure in outcome.failures:
    print(failure.step, failure.error, file=sys.stderr)
sys.exit(1 if outcome.failures else 0)
