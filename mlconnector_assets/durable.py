"""Files that are either whole or absent, also after a crash: temporary name, fsync, rename, fsync of
the folder. A full disk becomes `StorageFull`."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from mlconnector_assets.errors import ConnectorError, StorageFull

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when a file cannot grow."""
LEAST_SPACE = 1 << 20
"""A write that failed for no known reason, on a disk with less space than this, failed because the disk is full."""


@contextmanager
def disk_errors(path: Path | str) -> Iterator[None]:
    """Turn "no space left" into a `StorageFull` that names the place; other errors pass."""
    try:
        yield
    except ConnectorError:
        raise
    except Exception as error:
        if _tells_full(error, Path(path)):
            raise StorageFull(
                f"no space is left to write {path}",
                mend="free some space on that disk, then run the same command again; nothing half-written was kept",
            ) from error
        raise


def _tells_full(error: Exception, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL
    # polars hides the system's error in a text of its own, and sometimes drops it
    if number := re.search(r"\(os error (\d+)\)", str(error)):
        return int(number[1]) in FULL
    place = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize < LEAST_SPACE


@contextmanager
def through_memory(path: Path) -> Iterator[BytesIO]:
    """What is written into this becomes the file, not durable yet. For libraries that hide why the system refused a
    write, such as a quota that is used up: they write here, and the system tells us, by an OSError."""
    content = BytesIO()
    yield content
    path.write_bytes(content.getbuffer())


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that a rename in it survives power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(temporary: Path, final: Path) -> None:
    """Make a finished temporary file visible under its final name (same file system), durably."""
    with disk_errors(final):
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(final)
        sync_folder(final.parent)


def write_durably(final: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `content` under `final`, whole or not at all. `mode` holds from the first byte on."""
    temporary = final.with_name(f".{final.name}.{os.getpid()}.part")
    try:
        with disk_errors(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
                file.write(content)
        publish(temporary, final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
