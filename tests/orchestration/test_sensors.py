"""Sensors and schedules decide by the state database and one cheap look at the source, and request each run once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from mlconnector_assets.orchestration import triggers
from mlconnector_assets.state import deliveries, reads
from mlconnector_assets.steps.load import load_records
from mlconnector_assets.steps.secrets import set_secret
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation, failures_of
from tests.orchestration.prepared import take_in
from tests.project import INVOICES_FLOW, confirm_rules

CYCLE = "odoo_cycle"


def requested(location: CodeLocation, sensor: str = "odoo_changes") -> dg.RunRequest:
    [request] = location.sensor(sensor).run_requests
    return request


def skipped(location: CodeLocation, sensor: str = "odoo_changes") -> str:
    evaluation = location.sensor(sensor)
    assert evaluation.run_requests == []
    return evaluation.skip_message


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = yaml.safe_load(file.read_text())
    change(content)
    file.write_text(yaml.safe_dump(content))


def with_flows(location: CodeLocation, flows: dict[str, Any]) -> CodeLocation:
    """The project with these flows, whose rules a person has confirmed, and its definitions."""
    edit(location.project.root / "partners" / "acme.yaml", lambda found: found.update(flows=flows))
    with open_workspace(location.project.root) as workspace:
        confirm_rules(workspace)
    return CodeLocation(location.project, location.instance)


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


def test_a_change_requests_one_run_from_the_last_read_on(at_rest: CodeLocation) -> None:
    assert skipped(at_rest).startswith("nothing changed at the source")
    at_rest.project.sandbox.control.post_invoice()
    at_rest.project.sandbox.control.advance(timedelta(seconds=30))
    request = requested(at_rest)
    assert request.tags["mlconnector/incremental"] == "true"
    with open_workspace(at_rest.project.root) as workspace, workspace.state.reading() as tx:
        until = min(reads.read_until(tx, "odoo", record) for record in ("invoices", "vendors", "gl_entries"))
    assert request.tags[triggers.RANGE_START] == (until - timedelta(minutes=10)).date().isoformat()
    assert at_rest.run(CYCLE, request).success
    assert skipped(at_rest).startswith("nothing changed at the source")
    with open_workspace(at_rest.project.root) as workspace, workspace.state.reading() as tx:
        files = deliveries.queued(tx, "acme")
    assert files[-1].documents == 1


def test_nothing_is_requested_while_a_run_is_under_way_and_a_finished_one_is_no_reason_to_wait(location: CodeLocation) -> None:
    for status in triggers.IN_PROGRESS:
        location.pretend_run(CYCLE, status)
        assert skipped(location) == "a run of this connection is under way"
        location.instance.wipe()
    for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS):
        location.pretend_run(CYCLE, status)
        assert requested(location)


def test_a_failed_read_is_requested_again(at_rest: CodeLocation) -> None:
    control = at_rest.project.sandbox.control
    control.write("res.partner", control.call("res.partner", "search", domain=[["supplier_rank", ">", 0]], limit=1))
    control.advance(timedelta(seconds=30))
    request = requested(at_rest)
    control.fault("no_rights", times=None, model="res.partner")
    assert not at_rest.materialize("odoo_vendors", tags=request.tags).success
    control.clear()
    assert requested(at_rest).tags == request.tags
    take_in(at_rest.project)
    assert skipped(at_rest).startswith("nothing changed")


def test_a_table_that_could_not_be_loaded_stays_due_although_nothing_changes(location: CodeLocation) -> None:
    location.project.sandbox.control.advance(timedelta(seconds=30))
    warehouse = location.project.root / ".mlconnector" / "warehouse.duckdb"
    warehouse.write_bytes(b"not a warehouse" * 1000)
    result = location.run(CYCLE, requested(location))
    assert set(failures_of(result)) >= {"warehouse_odoo_invoices", "warehouse_odoo_vendors", "warehouse_odoo_gl_entries"}
    warehouse.unlink()
    assert requested(location)
    with open_workspace(location.project.root) as workspace:
        for record in workspace.project.connections["odoo"].records:
            load_records(workspace, "odoo", record)
    assert skipped(location).startswith("nothing changed")


def test_a_warehouse_in_use_is_not_waited_for(at_rest: CodeLocation) -> None:
    with duckdb.connect(str(at_rest.project.root / ".mlconnector" / "warehouse.duckdb")):
        assert skipped(at_rest).startswith("nothing changed")


def test_a_flow_with_other_conditions_is_due_although_nothing_changes(at_rest: CodeLocation) -> None:
    changed = with_flows(at_rest, {"invoices": INVOICES_FLOW | {"where": "state = 'posted'"}})
    assert requested(changed)
    assert changed.materialize("acme_invoices", partition=changed.days[-1]).success
    assert skipped(changed).startswith("nothing changed")
    with open_workspace(at_rest.project.root) as workspace, workspace.state.reading() as tx:
        assert deliveries.queued(tx, "acme")[-1].control_number > 1


def test_a_day_that_ended_is_closed_by_one_more_run(at_rest: CodeLocation) -> None:
    control = at_rest.project.sandbox.control
    before = control.now()
    midnight = before.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    control.set_clock(midnight + timedelta(minutes=9), running=False)
    assert skipped(at_rest).startswith("nothing changed")
    control.set_clock(midnight + timedelta(minutes=10), running=False)
    assert requested(at_rest)
    control.set_clock(before)


def test_a_source_that_does_not_answer_fails_the_tick_with_one_message(at_rest: CodeLocation) -> None:
    at_rest.project.sandbox.control.fault("expired_key", times=None)
    with pytest.raises(dg.Failure, match="key"):
        at_rest.sensor("odoo_changes")


def test_queued_files_are_requested_once_an_attempt(at_rest: CodeLocation) -> None:
    request = requested(at_rest, "deliveries")
    assert request.job_name == "acme_deliver"
    assert requested(at_rest, "deliveries").run_key == request.run_key
    at_rest.project.sandbox.control.fault("sftp_down", times=None)
    assert not at_rest.run("", request).success
    assert skipped(at_rest, "deliveries").startswith("no file is due")
    with open_workspace(at_rest.project.root) as workspace, workspace.state.transaction() as tx:
        waiting = deliveries.queued(tx, "acme")
        for file in waiting:
            deliveries.replay(tx, file.id, workspace.clock())
    at_rest.project.sandbox.control.clear()
    again = requested(at_rest, "deliveries")
    assert again.run_key != request.run_key
    assert at_rest.run("", again).success
    assert skipped(at_rest, "deliveries").startswith("no file is due")
    assert list(at_rest.project.files()) == [file.remote_name for file in waiting]


def test_no_second_delivery_is_requested_while_one_is_under_way(at_rest: CodeLocation) -> None:
    for status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED):
        at_rest.pretend_run("acme_deliver", status)
        assert skipped(at_rest, "deliveries") == "no file is due, or its delivery is under way"
        at_rest.instance.wipe()
    assert requested(at_rest, "deliveries")


def test_a_delivery_that_could_attempt_nothing_is_requested_again_an_hour_later() -> None:
    assert triggers._once("acme", [], "2026-01-01T10") != triggers._once("acme", [], "2026-01-01T11")


def test_a_partner_with_nothing_due_gets_no_run(at_rest: CodeLocation) -> None:
    partners = at_rest.project.root / "partners"
    shutil.copy(partners / "acme.yaml", partners / "other.yaml")
    both = CodeLocation(at_rest.project, at_rest.instance)
    assert [request.job_name for request in both.sensor("deliveries").run_requests] == ["acme_deliver"]


def test_a_flow_with_a_schedule_runs_then_and_not_after_each_read(location: CodeLocation) -> None:
    scheduled = INVOICES_FLOW | {"schedule": "0 6 * * 1-5", "timezone": "Europe/Amsterdam"}
    flows = {"weekdays": scheduled, "always": INVOICES_FLOW | {"file_name": "always_{control_number:06d}.csv"}}
    location.project.sandbox.control.advance(timedelta(seconds=30))
    edit(location.project.root / "connections.yaml", lambda found: found["connections"]["odoo"].update(records=["invoices"]))
    location = with_flows(location, flows)
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
