"""kill -9 at named steps between the state of a record and the partner's folder. Somebody goes on working in the books
before the next run; what the partner makes of the files is the current state, and no file tells what it knew already."""

from __future__ import annotations

import csv
import io
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mlconnector_assets.crash_points import VARIABLE, CrashPoint
from mlconnector_assets.records import VENDORS
from mlconnector_assets.sandbox import start_sandbox
from mlconnector_assets.state import audit_check, deliveries, reads
from mlconnector_assets.steps.flow_kinds import prove_flow
from mlconnector_assets.steps.workspace import open_workspace
from tests.chaos.cycle import send
from tests.processes import run_apart
from tests.project import ProjectFolder, write_project

WHOLE, CHANGES = "whole", "changes"
FLOW = {
    "connection": "odoo",
    "record": "vendors",
    "companies": "all",
    "counterparties": "all",
    "layout": {"columns": [{"name": "id", "value": "source_id"}, "name", "active"]},
}
FLOWS = {
    WHOLE: FLOW | {"file_name": "whole_{control_number:04d}.csv"},
    CHANGES: FLOW | {"file_name": "changes_{control_number:04d}.csv", "snapshot": {"send": "changes"}, "documents_per_file": 2},
}
RENDERING = [
    CrashPoint.RENDER_FILE_STORED,
    CrashPoint.RENDER_DOCUMENTS_CLAIMED,
    CrashPoint.RENDER_AUDIT_WRITTEN,
    CrashPoint.AUDIT_COMMITTED,
    CrashPoint.RENDER_COMMITTED,
]
"""From where on there is something that could be left behind."""
DELIVERING = [
    CrashPoint.DELIVER_PART_WRITTEN,
    CrashPoint.DELIVER_PUBLISHING,
    CrashPoint.DELIVER_RENAMED,
    CrashPoint.DELIVER_COMMITTED,
]
"""The others are the same for files of any flow, and tried with those of documents."""
LEAVE_A_SEGMENT = (CrashPoint.RENDER_AUDIT_WRITTEN,)
"""Killed here, a written audit segment stays that no entry refers to; `mlconnector audit verify` tells of it."""

Told = dict[str, tuple[str, bool]]


@dataclass
class Feed:
    """Two feeds of one vendor master to a partner on a real server. `books` are the vendors, id to (name, active)."""

    project: ProjectFolder
    books: Told = field(default_factory=dict)
    day: date = field(default_factory=lambda: datetime.now(UTC).date())

    def work(self) -> None:
        """Somebody makes two vendors, renames one, and archives one; then they are read."""
        made = len(self.books)
        active = [key for key, (_, active) in self.books.items() if active]
        for key in active[-1:]:
            self.books[key] = (f"renamed {made}", True)
        for key in active[:1] if len(active) > 3 else []:
            self.books[key] = (self.books[key][0], False)
        self.books |= {f"{made + number:03}": (f"made {made + number}", True) for number in range(2)}
        now = datetime.now(UTC)
        rows = [
            dict.fromkeys(VENDORS.schema)
            | {"connection": "odoo", "source_id": key, "name": name, "active": active, "modified_at": now}
            for key, (name, active) in self.books.items()
        ]
        with open_workspace(self.project.root) as workspace:
            with workspace.records.spool("odoo", VENDORS, self.day) as spool:
                spool.append(pl.DataFrame(rows, schema=VENDORS.schema, orient="row"))
                file = spool.finish(now.date(), window=(None, now + timedelta(days=1)))
                workspace.records.publish(file)
            read = reads.NewPartitionRead(self.day, file.rows, file.sha256, file.path, file.totals)
            with workspace.state.transaction() as tx:
                reads.commit_read(
                    tx, connection="odoo", record="vendors", read_at=now, until=now, partitions=[read], run_id="test"
                )

    def kill(self, *flows: str, at: CrashPoint) -> None:
        done = run_apart(send, self.project.root, flows, environment={VARIABLE: at.value})
        assert done.code == -signal.SIGKILL, f"{at} was not reached: {done.said}"

    def check(self, *flows: str) -> None:
        """What the partner made of all files so far is the state of the books, and each told it something."""
        current = {key: name for key, (name, active) in self.books.items() if active}
        files = self.project.files()
        assert not [name for name in files if not name.endswith(".csv")]
        for flow in flows:
            known: dict[str, str] = {}
            for name, content in files.items():
                if not name.startswith(flow):
                    continue
                before = dict(known)
                known = {} if flow == WHOLE else known
                for row in csv.DictReader(io.StringIO(content.decode())):
                    if row["active"] == "true":
                        assert flow == WHOLE or before.get(row["id"]) != row["name"], f"{name} tells {row} again"
                        known[row["id"]] = row["name"]
                    else:
                        del known[row["id"]]
                assert known != before, f"{name} tells nothing"
            assert known == current
        with open_workspace(self.project.root) as workspace:
            assert all(prove_flow(workspace, "acme", flow).good for flow in flows)
            with workspace.state.reading() as tx:
                made = deliveries.listing(tx, "acme", limit=None)
                assert audit_check.verify(tx, workspace.audit_folder) == []
        for flow in flows:
            mine = [entry for entry in made if entry.flow == flow]
            assert [entry.control_number for entry in mine] == list(range(len(mine), 0, -1))
        assert {entry.remote_name for entry in made if entry.flow in flows} == {name for name in files if name.startswith(flows)}

    def left_behind(self) -> int:
        """Audit segments that belong to nothing."""
        with open_workspace(self.project.root) as workspace, workspace.state.reading() as tx:
            return len(audit_check.strangers(tx, workspace.audit_folder))


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    folder: Path = tmp_path_factory.mktemp("snapshots")
    with start_sandbox(folder / "sandbox", moves=1, vendors=1, customers=1, days=1, own_process=True) as world:
        made = Feed(write_project(folder / "project", world, flows=FLOWS))
        made.work()
        assert send(made.project.root, FLOWS) == 0
        made.check(*FLOWS)
        yield made


@pytest.mark.parametrize("flow", FLOWS)
def test_killed_while_a_state_is_rendered(flow: str, feed: Feed) -> None:
    for point in RENDERING:
        feed.work()
        before = feed.left_behind()
        feed.kill(flow, at=point)
        assert feed.left_behind() - before == (point in LEAVE_A_SEGMENT)
        feed.work()
        assert send(feed.project.root, [flow]) == 0
        feed.check(flow)


def test_killed_while_states_are_delivered(feed: Feed) -> None:
    assert send(feed.project.root, FLOWS) == 0
    for point in DELIVERING:
        feed.work()
        feed.kill(*FLOWS, at=point)
        feed.work()
        assert send(feed.project.root, FLOWS) == 0
        feed.check(*FLOWS)
    files = feed.project.files()
    assert send(feed.project.root, FLOWS) == 0
    assert feed.project.files() == files
