"""The code location loads with nothing set up, and says what is wrong in one message."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._utils.error import serializable_error_info_from_exc_info

from mlconnector_assets.configuration.connections import ODOO_RECORDS as RECORDS
from mlconnector_assets.configuration.project import load_project
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.orchestration.build import build_definitions

REPOSITORY = Path(__file__).parents[2]
FLOWS = ("acme_invoices", "legacy_erp_gl_postings", "legacy_erp_vendors", "portal_vendors", "portal_purchase_orders")


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The shipped project in a folder where nothing was ever run."""
    for name in ("connections.yaml", "dagster.yaml", "workspace.yaml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "partners", tmp_path / "partners")
    return tmp_path


def validate(folder: Path, **environment: str) -> tuple[int, str]:
    """Exit code and everything that was said."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLCONNECTOR_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate"],
        cwd=folder,
        env=kept | {"DAGSTER_DISABLE_TELEMETRY": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What Dagster shows of a project that does not load."""
    monkeypatch.setenv("MLCONNECTOR_PROJECT", str(folder))
    monkeypatch.delitem(sys.modules, "mlconnector_assets.definitions", raising=False)
    with pytest.raises(ConnectorError) as raised:
        runpy.run_module("mlconnector_assets.definitions")
    return serializable_error_info_from_exc_info((raised.type, raised.value, raised.tb)).to_string()


def test_a_fresh_folder_validates(fresh: Path) -> None:
    code, said = validate(fresh)
    assert code == 0, said
    assert "Validation successful for code location mlconnector_assets" in said
    assert "BetaWarning" not in said


def test_a_mistake_in_yaml_is_one_message_without_our_code(fresh: Path) -> None:
    path = fresh / "partners" / "acme.yaml"
    path.write_text(path.read_text().replace("record: invoices", "record: invoicez"))
    code, said = validate(fresh)
    assert code != 0
    message = "ConfigurationError: partners/acme.yaml:15: flows.invoices.record: there is no record 'invoicez'"
    assert said.count(message) == 1
    assert "did you mean `invoices`?" in said
    assert "configuration/" not in said


def test_an_unreachable_state_database_is_one_message_without_its_password(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCONNECTOR_STATE_URL", "postgresql://user:canary-password@127.0.0.1:1/state")
    said = refused(fresh, monkeypatch)
    assert "StateError: state database 127.0.0.1:1/state: cannot be reached" in said
    assert "mend: start PostgreSQL, or correct MLCONNECTOR_STATE_URL" in said
    assert "canary-password" not in said


def test_everything_has_its_place(fresh: Path) -> None:
    connections = yaml.safe_load((fresh / "connections.yaml").read_text()) | {"owner": "team:finance"}
    (fresh / "connections.yaml").write_text(yaml.safe_dump(connections))
    definitions = build_definitions(load_project(fresh))
    dg.Definitions.validate_loadable(definitions)
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    tables = [f"warehouse_odoo_{record}" for record in RECORDS]
    records = [f"odoo_{record}" for record in RECORDS]
    deliveries = [f"{partner}_delivery" for partner in ("acme", "legacy_erp", "portal")]
    inbox = ["portal_collection", "portal_inbox"]
    assert sorted(specs) == sorted([*records, *(f"{record}_deleted" for record in records), *tables, *FLOWS, *deliveries, *inbox])
    assert all(spec.description and spec.kinds and spec.owners == ["team:finance"] for spec in specs.values())
    assert {name: spec.group_name for name, spec in specs.items() if name.startswith("acme")} == {
        "acme_delivery": "acme",
        "acme_invoices": "acme",
    }
    upstream = {name: [dep.asset_key.to_user_string() for dep in spec.deps] for name, spec in specs.items()}
    assert upstream["acme_delivery"] == ["acme_invoices"]
    assert upstream["acme_invoices"] == upstream["odoo_invoices_deleted"] == ["odoo_invoices"]
    assert sorted(upstream["warehouse_odoo_invoices"]) == ["odoo_invoices", "odoo_invoices_deleted"]
    repository = definitions.get_repository_def()
    assert sorted(repository.sensor_defs, key=lambda sensor: sensor.name) == [
        repository.get_sensor_def("alerts"),
        repository.get_sensor_def("deliveries"),
        repository.get_sensor_def("odoo_changes"),
        repository.get_sensor_def("odoo_deletions"),
        repository.get_sensor_def("odoo_reread"),
        repository.get_sensor_def("portal_inbox_files"),
    ]
    assert all(sensor.default_status is dg.DefaultSensorStatus.RUNNING for sensor in repository.sensor_defs)
    changes = repository.get_sensor_def("odoo_changes")
    assert changes.minimum_interval_seconds == 60


def test_a_range_of_days_is_one_run_of_all_partitioned_assets(fresh: Path) -> None:
    definitions = build_definitions(load_project(fresh))
    partitioned = [spec for spec in definitions.resolve_all_asset_specs() if spec.partitions_def]
    [inbox] = [spec for spec in partitioned if isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)]
    assert inbox.key == dg.AssetKey("portal_inbox")
    partitioned.remove(inbox)
    assert len(partitioned) == 2 * len(RECORDS) + len(FLOWS)
    assert len({spec.partitions_def for spec in partitioned}) == 1
    for spec in partitioned:
        policy = definitions.resolve_assets_def(spec.key).backfill_policy
        assert policy is not None
        assert policy.policy_type.value == "SINGLE_RUN"
    for spec in partitioned:
        assert isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
        assert (spec.partitions_def.timezone, spec.partitions_def.end_offset) == ("UTC", 1)
        assert len(spec.partitions_def.get_partition_keys()) == 31


def test_a_folder_that_is_no_project_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no connections.yaml, so this is not a project folder" in refused(tmp_path, monkeypatch)
