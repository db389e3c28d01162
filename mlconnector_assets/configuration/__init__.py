"""The project folder of the person who runs ml-connector: connections.yaml and partners/*.yaml, read, checked
against each other, and every mistake reported at once with its file and line."""

from mlconnector_assets.configuration.connections import ConnectionsFile, DuckDBWarehouse, OdooConnection
from mlconnector_assets.configuration.project import Project, load_project
from mlconnector_assets.configuration.schemas import json_schemas

__all__ = ["ConnectionsFile", "DuckDBWarehouse", "OdooConnection", "Project", "json_schemas", "load_project"]
