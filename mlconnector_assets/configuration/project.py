"""A project: connections and partners, loaded from a folder and checked against each other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlconnector_assets.configuration.agreement import flow_problems, name_problems
from mlconnector_assets.configuration.alerts import Alerts
from mlconnector_assets.configuration.connections import ConnectionsFile, DuckDBWarehouse, OdooConnection
from mlconnector_assets.configuration.validation import Model, validated
from mlconnector_assets.configuration.yaml_lines import YamlFile, read_yaml, refusal
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.problems import KeyPath, Problem
from mlconnector_assets.partners import Flow, Partner

CONNECTIONS_FILE = "connections.yaml"
PARTNERS_FOLDER = "partners"
STATE_URL_VARIABLE = "MLCONNECTOR_STATE_URL"


@dataclass(frozen=True)
class Project:
    """What a project folder says. Everything in it fits together: each flow's connection reads its record,
    its companies are known, its layout and condition compile."""

    root: Path
    connections: dict[str, OdooConnection]
    partners: dict[str, Partner]
    warehouse: DuckDBWarehouse
    owner: str | None = None
    alerts: Alerts = field(default_factory=Alerts)

    @property
    def home(self) -> Path:
        """Where our own files lie: state, records, keys, the warehouse."""
        return self.root / ".mlconnector"

    @property
    def state_url(self) -> str:
        """SQLAlchemy URL of the state database: MLCONNECTOR_STATE_URL, else SQLite under `home`."""
        return os.environ.get(STATE_URL_VARIABLE) or f"sqlite:///{self.home / 'state.db'}"

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file, absolute."""
        return self.root / self.warehouse.duckdb

    def flows(self) -> list[tuple[Partner, Flow]]:
        """Every flow with its partner."""
        return [(partner, flow) for partner in self.partners.values() for flow in partner.flows.values()]


def load_project(root: Path) -> Project:
    """Read and check connections.yaml and partners/*.yaml.

    Raises
    ------
    ConfigurationError: everything that is wrong in any of the files, one line a problem, each with file and line.
    """
    root = root.absolute()
    if not (root / CONNECTIONS_FILE).is_file():
        raise ConfigurationError(
            f"there is no {CONNECTIONS_FILE}, so this is not a project folder",
            where=str(root),
            mend="name the project's folder with `--project DIR`, or see one at work with `make demo`",
        )
    main = read_yaml(root / CONNECTIONS_FILE, name=CONNECTIONS_FILE)
    connections = _read(ConnectionsFile, main, children=("connections", "id"))
    files = [main]
    partners: dict[str, Partner] = {}
    for path in sorted((root / PARTNERS_FOLDER).glob("*.y*ml")):
        file = read_yaml(path, name=f"{PARTNERS_FOLDER}/{path.name}")
        files.append(file)
        if path.suffix != ".yaml":
            file.problems.append(Problem((), "is not read, because its name does not end in .yaml; rename it"))
        elif partner := _read(Partner, file, children=("flows", "name"), id=path.stem):
            if connections:
                file.problems += name_problems(partner, connections.connections, list(partners.values()))
                file.problems += [
                    problem for flow in partner.flows.values() for problem in flow_problems(flow, connections.connections)
                ]
            partners[partner.id] = partner
    messages = [message for file in files for message in file.located(file.problems)]
    if messages or connections is None:
        raise refusal(messages)
    return Project(root, connections.connections, partners, connections.warehouse, connections.owner, connections.alerts)


def _read(model: type[Model], file: YamlFile, *, children: tuple[str, str], **given: str) -> Model | None:
    """The file as a model; None when it has problems, which are then among the file's. Ids that come from keys
    and file names are put in: `children` is the mapping whose keys are ids, and the field that gets them."""
    if not isinstance(file.data, dict):
        if not file.problems:
            file.problems.append(Problem((), "must be a mapping of keys to values"))
        return None
    mapping, id_field = children
    data = dict(file.data)
    if isinstance(data.get(mapping), dict):
        data[mapping] = {key: _with_given(file, child, (mapping, key), {id_field: key}) for key, child in data[mapping].items()}
    result = validated(model, _with_given(file, data, (), given))
    if isinstance(result, list):
        file.problems.extend(result)
        return None
    return result


def _with_given(file: YamlFile, data: object, path: KeyPath, given: Mapping[str, str]) -> object:
    if not isinstance(data, dict):
        return data
    for key in given.keys() & data.keys():
        source = "the key above it" if path else "the name of the file"
        file.problems.append(Problem((*path, key), f"unknown key: the {key} is {source}; leave it out"))
    return {**data, **given}
