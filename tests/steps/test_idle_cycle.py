"""A cycle in which nothing is new costs the state database a fixed number of statements, however many records there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.workspace import open_workspace
from tests.project import write_project

MOST = 60
WRITING = ("insert", "update", "delete")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that any database gets meanwhile; a list of values counts as one."""
    seen: list[str] = []

    def see(connection: object, cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.lower().replace("?, ", ""))

    sa.event.listen(sa.Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", see)


def idle_cycle(folder: Path, sandbox: Sandbox, records: list[str]) -> list[str]:
    """The statements of a cycle in which these records, a flow and a warehouse have nothing to do."""
    (sandbox.partner_folder("acme") / folder.name).mkdir()
    project = write_project(folder, sandbox, home=folder.name, records=records)
    with open_workspace(project.root) as workspace:
        run_cycle(workspace)
        sandbox.control.advance(timedelta(minutes=1))
        run_cycle(workspace)
        with statements() as seen:
            outcome = run_cycle(workspace)
        assert not outcome.failures, [str(failure.error) for failure in outcome.failures]
        assert (outcome.reads, outcome.sweeps, outcome.renders, outcome.loads) == ([], [], [], [])
        assert outcome.unchanged == [f"odoo {record}" for record in records]
    return seen


def test_statements_do_not_grow_with_the_number_of_records(tmp_path: Path, sandbox: Sandbox) -> None:
    one = idle_cycle(tmp_path / "one", sandbox, ["invoices"])
    four = idle_cycle(tmp_path / "four", sandbox, ["invoices", "vendors", "currencies", "units"])
    assert four == one
    assert len(one) <= MOST
    assert [statement.split()[:2] for statement in one if statement.startswith(WRITING)] == [["update", "probes"]]
    sandbox.control.reset_clock()
