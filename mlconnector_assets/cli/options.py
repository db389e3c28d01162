"""Options that several commands share, and the consoles they write to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

PROJECT_VARIABLE = "MLCONNECTOR_PROJECT"

ProjectOption = Annotated[
    Path,
    typer.Option(
        "--project",
        metavar="DIR",
        envvar=PROJECT_VARIABLE,
        show_default="the current folder",
        help="The folder that holds connections.yaml and partners/.",
    ),
]
HERE = Path()

out = Console(highlight=False, soft_wrap=True)
"""What a command was asked for."""
err = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress and complaints, so that standard output can be piped."""
