"""A partner's files in Dagster: fetched by one run, handed over by a run each, in a partition each; the state decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mlconnector_assets.exchange import inbox as exchange_inbox
from mlconnector_assets.exchange.parsers import Refused, Taken
from mlconnector_assets.orchestration.report import report_cycle
from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.steps.collect import collect_partner
from mlconnector_assets.steps.cycle import CycleOutcome
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation, failures_of, metadata_of
from tests.project import ProjectFolder, write_project

QUIET = {"telemetry": {"enabled": False}}
SENSOR = "acme_inbox_files"
HELLO = "GL_1.csv@2cf24dba5fb0"
"""The beginning of the SHA-256 of b"hello"."""


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> ProjectFolder:
    (sandbox.partner_folder("acme") / tmp_path.name / "inbound").mkdir(parents=True)
    inbound = {"files": {"postings": {"pattern": "GL_*.csv"}}, "stable_for": "0s", "poll": "30s"}
    return write_project(tmp_path / "project", sandbox, home=tmp_path.name, inbound=inbound)


@pytest.fixture
def location(project: ProjectFolder, tmp_path: Path) -> Iterator[CodeLocation]:
    """Partitions that come with the files need an instance that is kept somewhere."""
    (tmp_path / "instance").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "instance"), overrides=QUIET) as instance:
        yield CodeLocation(project, instance)


def tick(location: CodeLocation) -> list[dg.RunRequest]:
    evaluation = location.sensor(SENSOR)
    for request in evaluation.dynamic_partitions_requests:
        location.instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
    return list(evaluation.run_requests)


def test_a_file_is_fetched_handed_over_and_moved_and_events_do_not_matter(location: CodeLocation) -> None:
    assert tick(location) == []
    (location.project.inbox / "inbound" / "GL_1.csv").write_bytes(b"hello")
    (fetching,) = tick(location)
    assert fetching.job_name == "acme_collect"
    assert location.run("acme_collect", fetching).success
    handing = next(request for request in tick(location) if request.partition_key)
    assert handing.partition_key == HELLO
    assert location.instance.get_dynamic_partitions("acme_inbox") == [HELLO]
    again = next(request for request in tick(location) if request.partition_key)
    assert again.run_key == handing.run_key
    result = location.run("acme_hand_over", handing)
    assert result.success
    shown = metadata_of(result, "acme_inbox", HELLO)
    assert (shown["state"].value, shown["bytes"].value) == ("handed_over", 5)
    assert "hello" in shown["file_content"].value
    (moving,) = tick(location)
    assert location.run("acme_collect", moving).success
    assert location.project.inbound() == {"processed/GL_1.csv.2cf24dba": b"hello"}
    with dg.DagsterInstance.local_temp(overrides=QUIET) as another:
        assert tick(CodeLocation(location.project, another)) == []
    assert location.materialize("acme_inbox", partition=HELLO).success
    assert [state for _, state, _ in location.project.received()] == ["handed_over"]


def test_a_refused_file_fails_its_partition_and_is_handed_over_again_by_materializing_it(
    location: CodeLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (location.project.inbox / "inbound" / "GL_1.csv").write_bytes(b"hello")
    location.run("acme_collect", tick(location)[0])
    handing = next(request for request in tick(location) if request.partition_key)
    monkeypatch.setattr(exchange_inbox, "PARSERS", {"store": lambda file, content: Refused(("line 1: no amount",))})
    result = location.run("acme_hand_over", handing)
    assert failures_of(result) == {"acme_inbox": "refused: line 1: no amount"}
    location.run("acme_collect", next(request for request in tick(location) if not request.partition_key))
    assert set(location.project.inbound()) == {"error/GL_1.csv.2cf24dba", "error/GL_1.csv.2cf24dba.reason.json"}
    monkeypatch.setattr(exchange_inbox, "PARSERS", {"store": lambda file, content: Taken("good")})
    assert location.materialize("acme_inbox", partition=HELLO).success
    location.run("acme_collect", tick(location)[0])
    assert set(location.project.inbound()) == {"processed/GL_1.csv.2cf24dba"}


def test_an_unreachable_server_fails_the_tick_but_keeps_nothing_from_being_handed_over(location: CodeLocation) -> None:
    (location.project.inbox / "inbound" / "GL_1.csv").write_bytes(b"hello")
    location.run("acme_collect", tick(location)[0])
    control = location.project.sandbox.control
    control.fault("sftp_down", times=None)
    try:
        assert [request.partition_key for request in tick(location)] == [HELLO]
        assert location.materialize("acme_inbox", partition=HELLO).success
    finally:
        control.clear()


def test_what_sync_took_in_is_seen(project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    (project.inbox / "inbound" / "GL_1.csv").write_bytes(b"hello")
    with open_workspace(project.root) as workspace:
        outcome = CycleOutcome(collections=[collect_partner(workspace, "acme")])
    report_cycle(project.root, outcome)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_dynamic_partitions("acme_inbox") == [HELLO]
        assert instance.get_materialized_partitions(dg.AssetKey("acme_inbox")) == {HELLO}
