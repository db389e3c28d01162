"""Our own disk is full, at every step that writes: one message, nothing half-done, and once there is space the next
run ends as if nothing had happened."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mlconnector_assets.sandbox import Sandbox
from tests.cli.command import Command, sync_apart
from tests.cli.conftest import mlconnector, mlconnector_in_dagster  # noqa: F401
from tests.project import BeforeCycle, ProjectFolder, before_cycle, new_project

PAGE = 4096


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> BeforeCycle:
    """A new project before its first cycle, which writes everywhere."""
    today = sandbox.control.now().date().isoformat()
    project = new_project(tmp_path_factory.mktemp("new"), sandbox, first_day=today)
    return before_cycle(project, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def project(first: BeforeCycle, tmp_path: Path) -> ProjectFolder:
    return first.copy(tmp_path)


class SmallDisk:
    """A disk of 16 MB that can be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._filler = folder, folder / "filler"

    def fill(self, leave: int) -> None:
        """Take all the space but `leave` bytes."""
        status = os.statvfs(self.folder)
        with self._filler.open("wb") as file:
            file.write(b"\0" * (status.f_bavail * status.f_frsize - leave))

    def free(self) -> None:
        """Give it back."""
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=False).returncode:
        pytest.skip("a small disk needs root and the right to mount")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize(
    ("place", "leave", "failed"),
    [
        ("records", 2 * PAGE, "read odoo invoices, read odoo vendors, read odoo gl_entries"),
        ("records", 40 * PAGE, "read odoo"),
        ("files", 2 * PAGE, "render acme invoices"),
        ("audit", 0, "render acme invoices"),
        ("warehouse", 2 * PAGE, "load odoo"),
        ("warehouse", 300 * PAGE, "load odoo"),
    ],
)
def test_our_disk_is_full(
    mlconnector: Command,  # noqa: F811
    project: ProjectFolder,
    first: BeforeCycle,
    disk: SmallDisk,
    place: str,
    leave: int,
    failed: str,
) -> None:
    if place == "warehouse":
        path = project.root / "connections.yaml"
        configuration = yaml.safe_load(path.read_text()) | {"warehouse": {"duckdb": str(disk.folder / "warehouse.duckdb")}}
        path.write_text(yaml.safe_dump(configuration))
    else:
        (project.root / ".mlconnector" / place).symlink_to(disk.folder)
    disk.fill(leave)
    ended = mlconnector.on(project.root)("sync")
    assert ended.code == 1
    assert f"failed {failed}" in ended.err, ended.err
    assert all("no space is left" in line for line in ended.errors), ended.err
    assert all("free some space" in line for line in ended.mends)
    assert "Traceback" not in ended.err
    assert project.files() in ({}, first.files)
    disk.free()
    assert mlconnector.on(project.root)("sync").code == 0
    assert project.files() == first.files
    assert project.warehouse_rows() == first.rows


@pytest.mark.parametrize("leave", [0, 100 * PAGE])
def test_the_disk_of_everything_is_full(
    project: ProjectFolder,
    first: BeforeCycle,
    disk: SmallDisk,
    leave: int,
) -> None:
    home = project.root / ".mlconnector"
    shutil.move(home, disk.folder / "home")
    home.symlink_to(disk.folder / "home")
    disk.fill(leave)
    # processes of their own, because a lease that could not be given back ends with its process
    ended = sync_apart(project.root)
    assert ended.code == 1
    assert re.search("no space is left|No space left|disk I/O error", ended.errors[0]), ended.err
    assert re.search("free some space|disk is full", ended.mends[0]), ended.err
    assert "Traceback" not in ended.err
    disk.free()
    assert sync_apart(project.root).code == 0
    assert project.files() == first.files
    assert project.warehouse_rows() == first.rows


@pytest.mark.parametrize("largest", [0, 5_000])
def test_no_file_may_grow(project: ProjectFolder, first: BeforeCycle, largest: int) -> None:
    ended = sync_apart(project.root, largest)
    assert ended.code == 1
    assert ended.errors
    assert all(re.search("no space is left|disk I/O error", line) for line in ended.errors), ended.err
    assert "Traceback" not in ended.err
    assert project.files() in ({}, first.files)
    assert sync_apart(project.root).code == 0
    assert project.files() == first.files
    assert project.warehouse_rows() == first.rows
