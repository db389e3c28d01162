"""Sensors and schedules decide by the state database and one cheap look at the source, and request each run once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb
import pytest
import yaml

from mlconnector_assets.orchestration import triggers
from mlconnector_assets.state import deliveries, reads
from mlconnector_assets.steps.secrets import set_secret
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation, failures_of
from tests.project import INVOICES_FLOW, ProjectFolder, write_project

CYCLE = "odoo_cycle"


@pytest.fixture(autouse=True)
def calm(project: ProjectFolder) -> Iterator[None]:
    yield
    project.sandbox.control.clear()


def requested(location: CodeLocation, sensor: str = "odoo_changes") -> dg.RunRequest:
    [request] = location.sensor(sensor).run_requests
    return request


def skipped(location: CodeLocation, sensor: str = "odoo_changes") -> str:
    evaluation = location.sensor(sensor)
    assert evaluation.run_requests == []
    return evaluation.skip_message


def read_everything(location: CodeLocation) -> None:
    """A run of the cycle. What changed within the last seconds would be looked at once more, so time goes on before."""
    location.project.sandbox.control.advance(timedelta(seconds=30))
    assert location.run(CYCLE, requested(location)).success


def test_the_first_run_reads_all_days_and_then_nothing_is_launched(location: CodeLocation) -> None:
    location.project.sandbox.control.advance(timedelta(seconds=30))
    request = requested(location)
    assert request.tags[triggers.RANGE_START] == location.days[0]
    assert request.tags[triggers.RANGE_END] == location.days[-1]
    result = location.run(CYCLE, request)
    assert result.success
    assert {event.partition for event in result.get_asset_materialization_events()} == set(location.days)
    assert skipped(location).startswith("nothing changed at the source")
    assert skipped(location).startswith("nothing changed at the source")


def test_a_change_requests_one_run_from_the_last_read_on(location: CodeLocation) -> None:
    read_everything(location)
    location.project.sandbox.control.post_invoice()
    location.project.sandbox.control.advance(timedelta(seconds=30))
    request = requested(location)
    assert request.tags["mlconnector/incremental"] == "true"
    with open_workspace(location.project.root) as workspace, workspace.state.reading() as tx:
        until = min(reads.read_until(tx, "odoo", record) for record in ("invoices", "vendors", "gl_entries"))
    assert request.tags[triggers.RANGE_START] == (until - timedelta(minutes=10)).date().isoformat()
    assert location.run(CYCLE, request).success
    assert skipped(location).startswith("nothing changed at the source")
    with open_workspace(location.project.root) as workspace, workspace.state.reading() as tx:
        files = deliveries.queued(tx, "acme")
    assert [file.documents for file in files][1:] == [1]


@pytest.mark.parametrize("status", triggers.IN_PROGRESS)
def test_nothing_is_requested_while_a_run_is_under_way(location: CodeLocation, status: dg.DagsterRunStatus) -> None:
    location.pretend_run(CYCLE, status)
    assert skipped(location) == "a run of this connection is under way"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS])
def test_a_finished_run_is_no_reason_to_wait(location: CodeLocation, status: dg.DagsterRunStatus) -> None:
    location.pretend_run(CYCLE, status)
    assert requested(location)


def test_a_failed_read_is_requested_again(location: CodeLocation) -> None:
    location.project.sandbox.control.fault("no_rights", times=None, model="res.partner")
    assert not location.run(CYCLE, requested(location)).success
    location.project.sandbox.control.clear()
    read_everything(location)
    assert skipped(location).startswith("nothing changed")


def test_a_table_that_could_not_be_loaded_stays_due_although_nothing_changes(location: CodeLocation) -> None:
    warehouse = location.project.root / ".mlconnector" / "warehouse.duckdb"
    warehouse.write_bytes(b"not a warehouse" * 1000)
    result = location.run(CYCLE, requested(location))
    assert set(failures_of(result)) >= {"warehouse_odoo_invoices", "warehouse_odoo_vendors", "warehouse_odoo_gl_entries"}
    warehouse.unlink()
    read_everything(location)
    assert skipped(location).startswith("nothing changed")


def test_a_warehouse_in_use_is_not_waited_for(location: CodeLocation) -> None:
    read_everything(location)
    with duckdb.connect(str(location.project.root / ".mlconnector" / "warehouse.duckdb")):
        assert skipped(location).startswith("nothing changed")


def test_a_flow_with_other_conditions_is_due_although_nothing_changes(location: CodeLocation) -> None:
    read_everything(location)
    flow = INVOICES_FLOW | {"where": "state = 'posted'"}
    write_project(location.project.root, location.project.sandbox, home=location.project.inbox.name, flows={"invoices": flow})
    changed = CodeLocation(location.project, location.instance)
    read_everything(changed)
    assert skipped(changed).startswith("nothing changed")
    with open_workspace(location.project.root) as workspace, workspace.state.reading() as tx:
        assert len(deliveries.queued(tx, "acme")) == 2


def test_a_day_that_ended_is_closed_by_one_more_run(location: CodeLocation) -> None:
    read_everything(location)
    control = location.project.sandbox.control
    before = control.now()
    midnight = before.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    control.set_clock(midnight + timedelta(minutes=9), running=False)
    assert skipped(location).startswith("nothing changed")
    control.set_clock(midnight + timedelta(minutes=10), running=False)
    assert requested(location)
    control.set_clock(before)


def test_a_source_that_does_not_answer_fails_the_tick_with_one_message(location: CodeLocation) -> None:
    read_everything(location)
    location.project.sandbox.control.fault("expired_key", times=None)
    with pytest.raises(dg.Failure, match="key"):
        location.sensor("odoo_changes")


def test_queued_files_are_requested_once_an_attempt(location: CodeLocation) -> None:
    assert skipped(location, "deliveries").startswith("no file is due")
    read_everything(location)
    request = requested(location, "deliveries")
    assert request.job_name == "acme_deliver"
    assert requested(location, "deliveries").run_key == request.run_key
    location.project.sandbox.control.fault("sftp_down", times=None)
    assert not location.run("", request).success
    assert skipped(location, "deliveries").startswith("no file is due")
    with open_workspace(location.project.root) as workspace, workspace.state.transaction() as tx:
        [waiting] = deliveries.queued(tx, "acme")
        deliveries.replay(tx, waiting.id, workspace.clock())
    location.project.sandbox.control.clear()
    again = requested(location, "deliveries")
    assert again.run_key != request.run_key
    assert location.run("", again).success
    assert skipped(location, "deliveries").startswith("no file is due")
    assert list(location.project.files()) == [waiting.remote_name]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED])
def test_no_second_delivery_is_requested_while_one_is_under_way(location: CodeLocation, status: dg.DagsterRunStatus) -> None:
    read_everything(location)
    location.pretend_run("acme_deliver", status)
    assert skipped(location, "deliveries") == "no file is due, or its delivery is under way"


def test_a_delivery_that_could_attempt_nothing_is_requested_again_an_hour_later() -> None:
    assert triggers._once("acme", [], "2026-01-01T10") != triggers._once("acme", [], "2026-01-01T11")


def test_a_partner_with_nothing_due_gets_no_run(location: CodeLocation) -> None:
    path = location.project.root / "partners" / "acme.yaml"
    other = yaml.safe_load(path.read_text())
    other["flows"]["invoices"]["where"] = "number = 'none'"
    (path.parent / "other.yaml").write_text(yaml.safe_dump(other))
    read_everything(location)
    assert [request.job_name for request in location.sensor("deliveries").run_requests] == ["acme_deliver"]


def test_a_flow_with_a_schedule_runs_then_and_not_after_each_read(location: CodeLocation) -> None:
    scheduled = INVOICES_FLOW | {"schedule": "0 6 * * 1-5", "timezone": "Europe/Amsterdam"}
    flows = {"weekdays": scheduled, "always": INVOICES_FLOW | {"file_name": "always_{control_number:06d}.csv"}}
    write_project(location.project.root, location.project.sandbox, home=location.project.inbox.name, flows=flows)
    location.project.sandbox.control.advance(timedelta(seconds=30))
    result = location.run(CYCLE, requested(location))
    assert result.success
    rendered = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
    assert "acme_always" in rendered
    assert "acme_weekdays" not in rendered
    assert skipped(location).startswith("nothing changed")
    repository = location.definitions.get_repository_def()
    schedule = repository.get_schedule_def("acme_weekdays_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * 1-5", "Europe/Amsterdam")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    context = dg.build_schedule_context(
        instance=location.instance, scheduled_execution_time=datetime.now(UTC), repository_def=repository
    )
    evaluation = schedule.evaluate_tick(context)
    assert evaluation.run_requests is not None
    [request] = evaluation.run_requests
    result = location.run(schedule.job_name, request)
    assert result.success
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [dg.AssetKey("acme_weekdays")]


def test_the_alerts_sensor_keeps_incidents_and_requests_nothing(location: CodeLocation) -> None:
    assert skipped(location, "alerts") == "0 new incidents, 0 over, 0 messages sent"
    day = datetime.now(UTC).date()
    with open_workspace(location.project.root) as workspace:
        set_secret(workspace, "odoo-key", location.project.sandbox.api_key.encode(), expires_on=day)
    assert skipped(location, "alerts") == "1 new incidents, 0 over, 0 messages sent"
    with open_workspace(location.project.root) as workspace:
        set_secret(workspace, "odoo-key", location.project.sandbox.api_key.encode())
    assert skipped(location, "alerts") == "0 new incidents, 1 over, 0 messages sent"


def test_the_audit_is_verified_by_a_run_that_fails_when_it_was_changed(location: CodeLocation) -> None:
    with open_workspace(location.project.root) as workspace:
        set_secret(workspace, "another", b"value-of-another")
        [segment] = workspace.audit_folder.glob("*.parquet")
    assert location.run("audit_verify", dg.RunRequest()).success
    segment.write_bytes(b"x")
    [message] = failures_of(location.run("audit_verify", dg.RunRequest())).values()
    assert "was changed" in message
