"""The code location: the project in MLCONNECTOR_PROJECT, or in the current folder."""

import os
from pathlib import Path

from mlconnector_assets.configuration.project import load_project
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.orchestration.build import build_definitions

try:
    defs = build_definitions(load_project(Path(os.environ.get("MLCONNECTOR_PROJECT", ".")).resolve()))
except ConnectorError as error:
    # Dagster shows the message with its traceback, which tells nothing that a person could mend
    raise error.with_traceback(None) from None
