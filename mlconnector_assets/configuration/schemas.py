"""JSON schemas of the project's files, for editors that complete and check YAML while it is written."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from mlconnector_assets.configuration.connections import ConnectionsFile
from mlconnector_assets.partners import Partner


def json_schemas() -> dict[str, dict[str, Any]]:
    """`connections` for connections.yaml, `partner` for partners/*.yaml (JSON Schema 2020-12)."""
    titles: dict[str, tuple[type[BaseModel], str]] = {
        "connections": (ConnectionsFile, "connections.yaml"),
        "partner": (Partner, "partners/*.yaml"),
    }
    return {
        name: model.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
        for name, (model, title) in titles.items()
    }
