"""Rendered files by their SHA-256: written once, never changed, so that a replay sends the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from mlconnector_assets.durable import write_durably
from mlconnector_assets.errors import StateError


class FileStore:
    """A folder of immutable files named by their content."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def put(self, content: bytes) -> str:
        """Keep `content` durably and return its SHA-256 (hex). Raises StorageFull."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            write_durably(path, content)
        return sha256

    def path(self, sha256: str) -> Path:
        """Where the file with this content lies."""
        return self.base / sha256[:2] / sha256

    def holds(self, sha256: str, size: int) -> bool:
        """Whether the file with this content is there in its whole size."""
        path = self.path(sha256)
        return path.is_file() and path.stat().st_size == size

    def open(self, sha256: str) -> BinaryIO:
        """Open for reading. Raises StateError when the file is gone."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError:
            raise StateError(
                f"the rendered file {sha256[:16]}… is missing from {self.base}",
                mend="restore that folder from your backup; it belongs to the state database",
            ) from None

    def read(self, sha256: str) -> bytes:
        """The whole content. Raises StateError when the file is gone."""
        with self.open(sha256) as file:
            return file.read()
