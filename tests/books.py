"""The sandbox's books put aside and brought back, so that a test finds them as they were when they were seeded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mlconnector_assets.sandbox import Sandbox


@dataclass(frozen=True)
class KeptBooks:
    """What the books of a running sandbox held at a moment."""

    sandbox: Sandbox
    path: Path

    @classmethod
    def of(cls, sandbox: Sandbox, path: Path) -> KeptBooks:
        """Keep the present books in a file."""
        _copy(sandbox.folder / "odoo.db", path)
        return cls(sandbox, path)

    def bring_back(self) -> None:
        """Make the sandbox's books what they were, its version too, and let nothing fail. Its clock goes on."""
        self.sandbox.control.clear()
        _copy(self.path, self.sandbox.folder / "odoo.db")


def _copy(source: Path, target: Path) -> None:
    """Copy a SQLite file in a transaction of each side: both may be in use."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)
