"""Files by their SHA-256, rendered ones and those that partners sent: written once, never changed, so that a replay sends
the same bytes and a retry reads them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlconnector_assets.durable import disk_errors, publish, write_durably
from mlconnector_assets.errors import StateError

_INCOMING = ".incoming"


class Incoming:
    """A file on its way into the store. `size` in bytes so far."""

    def __init__(self, store: FileStore, path: Path, file: BinaryIO) -> None:
        self._store, self._path, self._file = store, path, file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Add to it. Raises StorageFull."""
        with disk_errors(self._path):
            self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def keep(self) -> str:
        """It is whole: keep it durably and return its SHA-256 (hex). Raises StorageFull."""
        sha256 = self._digest.hexdigest()
        with disk_errors(self._path):
            self._file.flush()
        if not self._store.holds(sha256, self.size):
            publish(self._path, self._store.path(sha256))
        return sha256


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

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A file whose content arrives bit by bit; gone at the end unless it was kept. Raises StorageFull."""
        path, file = self._new_incoming()
        try:
            yield Incoming(self, path, file)
        finally:
            with suppress(OSError):  # what could not be written cannot be flushed either
                file.close()
            path.unlink(missing_ok=True)

    def _new_incoming(self) -> tuple[Path, BinaryIO]:
        folder = self.base / _INCOMING
        while True:
            path = folder / f"{secrets.token_hex(8)}.part"
            with disk_errors(path):
                folder.mkdir(parents=True, exist_ok=True)
                file = path.open("xb")
            fcntl.flock(file, fcntl.LOCK_SH)
            if os.fstat(file.fileno()).st_nlink:
                return path, file
            file.close()  # swept between opening and locking

    def sweep(self) -> int:
        """Remove what processes that were killed left half-written; returns how many files."""
        removed = 0
        for path in (self.base / _INCOMING).glob("*.part"):
            with suppress(FileNotFoundError), path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:  # its process lives
                    continue
                path.unlink()
                removed += 1
        return removed

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
                f"the stored file {sha256[:16]}… is missing from {self.base}",
                mend="restore that folder from your backup; it belongs to the state database",
            ) from None

    def read(self, sha256: str) -> bytes:
        """The whole content. Raises StateError when the file is gone."""
        with self.open(sha256) as file:
            return file.read()
