from typing import Any

import pytest

from mlconnector_assets.configuration import json_schemas


def keys_of(schema: dict[str, Any], name: str):
    for definition, model in {name: schema, **schema["$defs"]}.items():
        for key, value in model.get("properties", {}).items():
            yield f"{definition}.{key}", value


@pytest.mark.parametrize("name", ["connections", "partner"])
def test_every_key_has_a_description(name):
    keys = dict(keys_of(json_schemas()[name], name))
    assert len(keys) > 10
    assert [key for key, value in keys.items() if not value.get("description")] == []


@pytest.mark.parametrize("name", ["connections", "partner"])
def test_unknown_keys_are_marked_in_the_editor(name):
    schema = json_schemas()[name]
    models = [model for model in [schema, *schema["$defs"].values()] if "properties" in model]
    assert all(model["additionalProperties"] is False for model in models)


def test_ids_that_come_from_keys_and_file_names_are_not_offered():
    schemas = json_schemas()
    assert "id" not in schemas["partner"]["properties"]
    assert "name" not in schemas["partner"]["$defs"]["Flow"]["properties"]
    assert "id" not in schemas["connections"]["$defs"]["OdooConnection"]["properties"]


def test_short_forms_are_offered():
    partner = json_schemas()["partner"]
    assert {"type": "string"} in partner["$defs"]["Flow"]["properties"]["layout"]["anyOf"]
    assert {"const": "all"} in partner["$defs"]["Flow"]["properties"]["companies"]["anyOf"]


def test_defaults_are_what_a_file_may_say():
    odoo = json_schemas()["connections"]["$defs"]["OdooConnection"]["properties"]
    assert (odoo["overlap"]["default"], odoo["poll"]["default"], odoo["timeout"]["default"]) == ("2h", "15m", "1m")
