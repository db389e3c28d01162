"""JSON schemas of the project's files, for editors that complete and check YAML while it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from mlconnector_assets.configuration.connections import ConnectionsFile
from mlconnector_assets.partners import Partner
from mlconnector_assets.partners.fields import duration_text


class _AsInYaml(GenerateJsonSchema):
    """Defaults as a file may say them: durations as `2h`, not as `PT2H`."""

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401  pydantic's signature
        """One default."""
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def json_schemas() -> dict[str, dict[str, Any]]:
    """`connections` for connections.yaml, `partner` for partners/*.yaml (JSON Schema 2020-12)."""
    titles: dict[str, tuple[type[BaseModel], str]] = {
        "connections": (ConnectionsFile, "connections.yaml"),
        "partner": (Partner, "partners/*.yaml"),
    }
    return {
        name: model.model_json_schema(schema_generator=_AsInYaml)
        | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
        for name, (model, title) in titles.items()
    }
