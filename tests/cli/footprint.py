"""Everything a command may leave behind: what the state says, files, warehouse, the partner's folder. Two equal
footprints mean that nothing was done in between, not even half."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mlconnector_assets.state.schema import METADATA
from mlconnector_assets.steps.workspace import open_workspace
from tests.project import ProjectFolder

NOT_ABOUT_RECORDS = {"secrets", "key_checks", "leases"}


def footprint(project: ProjectFolder) -> dict[str, Any]:
    """What is there now, by place."""
    home = project.root / ".mlconnector"
    with open_workspace(project.root) as workspace, workspace.state.reading() as tx:
        tables = [table for table in METADATA.sorted_tables if table.name not in NOT_ABOUT_RECORDS]
        state = {table.name: sorted(map(str, tx.execute(sa.select(table)))) for table in tables}
    return {
        "state": state,
        "files": {folder: contents(home / folder) for folder in ("records", "files", "audit")},
        "warehouse": project.warehouse_rows(),
        "partner": project.files(),
    }


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
