"""A failure is one clear message in Dagster; only what time may mend is tried again; no secret is shown."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest
import stamina

from mlconnector_assets.errors import AccessDenied, ConfigurationError, CredentialsError, LeaseHeld, Unavailable
from mlconnector_assets.orchestration.resources import ProjectResource, failure, keep_secrets_out_of_logs
from mlconnector_assets.state import deliveries, redaction
from mlconnector_assets.state.vault import Vault
from mlconnector_assets.steps import read
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation, failures_of
from tests.orchestration.conftest import SHIPPED_RETRY


@pytest.fixture(autouse=True)
def calm(location: CodeLocation) -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=1):
        yield
    location.project.sandbox.control.clear()


def attempts(result: dg.ExecuteInProcessResult) -> int:
    """How often a step was begun."""
    return len(result.filter_events(lambda event: event.is_step_start or event.is_step_restarted))


def test_a_refused_key_is_one_message_and_is_not_tried_again(location: CodeLocation) -> None:
    location.project.sandbox.control.fault("expired_key", times=None)
    result = location.materialize("odoo_invoices", partition=location.days[-1])
    [message] = failures_of(result).values()
    assert "API key" in message
    assert "mend: " in message
    assert attempts(result) == 1


def test_what_time_may_mend_is_tried_again(location: CodeLocation) -> None:
    location.project.sandbox.control.fault("unavailable", times=1)
    result = location.materialize("odoo_invoices", partition=location.days[-1])
    assert result.success
    assert [event.step_key for event in result.filter_events(lambda event: event.is_step_restarted)] == ["odoo_invoices"]


def test_the_shipped_retries_wait_for_a_system_to_come_back() -> None:
    assert SHIPPED_RETRY.max_retries == 2
    assert SHIPPED_RETRY.calculate_delay(2) >= 60


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Unavailable("x"), True),
        (LeaseHeld("x"), True),
        (CredentialsError("x"), False),
        (ConfigurationError("x"), False),
        (AccessDenied("x"), False),
    ],
)
def test_which_failures_are_tried_again(error: Exception, again: bool) -> None:
    assert failure(error).allow_retries is again


def test_one_failing_record_stops_what_needs_it_and_nothing_else(location: CodeLocation) -> None:
    location.project.sandbox.control.fault("no_rights", times=None, model="res.partner")
    tags = {"dagster/asset_partition_range_start": location.days[0], "dagster/asset_partition_range_end": location.days[-1]}
    both = ("odoo_vendors", "warehouse_odoo_vendors", "odoo_gl_entries", "warehouse_odoo_gl_entries")
    result = location.materialize(*both, tags=tags)
    assert "odoo_vendors" in failures_of(result)
    done = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
    assert done == {"odoo_gl_entries", "warehouse_odoo_gl_entries"}


def test_a_partner_that_does_not_answer_fails_the_run_and_keeps_the_files(location: CodeLocation) -> None:
    assert location.materialize("odoo_invoices", "acme_invoices", partition=location.days[0]).success
    location.project.sandbox.control.fault("sftp_down", times=None)
    result = location.materialize("acme_delivery")
    [message] = failures_of(result).values()
    assert "queued" in message
    [event] = result.filter_events(lambda event: event.is_step_failure)
    assert event.step_failure_data.user_failure_data is not None
    assert event.step_failure_data.user_failure_data.metadata["files_not_delivered"].value == 1
    assert attempts(result) == 1
    with open_workspace(location.project.root) as workspace, workspace.state.reading() as tx:
        assert len(deliveries.queued(tx, "acme")) == 1


def test_another_reader_is_named(location: CodeLocation) -> None:
    with (
        open_workspace(location.project.root) as workspace,
        workspace.state.leases.hold("read:odoo", "somebody else", timedelta(minutes=5)),
    ):
        result = location.materialize("odoo_invoices", partition=location.days[-1])
    [message] = failures_of(result).values()
    assert "somebody else" in message


SECRET = "canary-5e1d-secret-value"


@pytest.fixture
def secret(location: CodeLocation) -> str:
    """A secret that was opened in this process."""
    with open_workspace(location.project.root) as workspace:
        vault = Vault.open(workspace.state, workspace.project.home)
        vault.set("canary", SECRET.encode())
        return vault.get("canary").reveal()


def stored(location: CodeLocation, result: dg.ExecuteInProcessResult) -> str:
    return "".join(str(entry) for entry in location.instance.all_logs(result.run_id))


def test_a_bug_that_quotes_a_secret_shows_where_it_is_without_the_secret(
    location: CodeLocation, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(*_: object) -> None:
        raise KeyError(f"Bearer {secret}")

    monkeypatch.setattr(read, "_plan", buggy)
    result = location.materialize("odoo_invoices", partition=location.days[-1])
    [message] = failures_of(result).values()
    assert "KeyError: 'Bearer ***'" in message
    assert "steps/read.py" in message
    assert secret not in stored(location, result)


def test_a_bug_without_a_secret_keeps_its_traceback(location: CodeLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(read, "_plan", buggy)
    result = location.materialize("odoo_invoices", partition=location.days[-1])
    [event] = result.filter_events(lambda event: event.is_step_failure)
    assert event.step_failure_data.error is not None
    assert "ZeroDivisionError" in event.step_failure_data.error.to_string()


def test_progress_is_logged_without_secrets(location: CodeLocation, secret: str) -> None:
    @dg.asset
    def noisy(context: dg.AssetExecutionContext) -> None:
        with ProjectResource(root=str(location.project.root)).workspace(context.log) as workspace:
            workspace.progress.started(f"begin {secret}")
            workspace.progress.note(f"look {secret}")
            workspace.progress.finished("end", secret)

    result = dg.materialize([noisy], instance=location.instance)
    said = stored(location, result)
    assert "begin ***" in said
    assert "look ***" in said
    assert secret not in said


def test_libraries_and_our_own_loggers_mask_secrets(
    location: CodeLocation, secret: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLCONNECTOR_STATE_URL", "postgresql://user:p%40ss-of-the-state@127.0.0.1/state")
    keep_secrets_out_of_logs()
    for name in ("mlconnector_assets", "paramiko", "httpx", "dagster"):
        logging.getLogger(name).warning("%s and p@ss-of-the-state and p%%40ss-of-the-state", secret)
    assert len(caplog.messages) == 4
    assert set(caplog.messages) == {f"{redaction.MASK} and {redaction.MASK} and {redaction.MASK}"}


def test_a_file_in_doubt_is_settled_in_dagster(location: CodeLocation) -> None:
    assert location.materialize("odoo_invoices", "acme_invoices", partition=location.days[-1]).success
    with open_workspace(location.project.root) as workspace:
        with workspace.state.transaction() as tx:
            (queued, *_) = deliveries.claim(tx, "acme", "me", workspace.clock(), timedelta(minutes=1), files=1)
            deliveries.uncertain(tx, queued, "cut off")
        said = {"deliveries": [queued.id], "reason": "ACME has it", "by": "Ann"}
        config = {"ops": {"settle_deliveries_of_partners": {"config": said}}}
        job = location.definitions.resolve_job_def("settle_files")
        assert job.execute_in_process(instance=location.instance, run_config=config).success
        with workspace.state.reading() as tx:
            assert deliveries.find(tx, queued.id).how == "confirmed"
