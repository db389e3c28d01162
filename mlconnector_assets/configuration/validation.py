"""Pydantic's errors as problems that a person can act on: which key, what was found, what is allowed."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mlconnector_assets.layouts.problems import KeyPath, Problem, did_you_mean, listed

Model = TypeVar("Model", bound=BaseModel)
_SECRET_KEY = re.compile(r"password|passphrase|secret|token|credential|api_?key|private_?key", re.IGNORECASE)


def validated(model: type[Model], data: object, *, context: dict[str, bool] | None = None) -> Model | list[Problem]:
    """The model that `data` makes, or everything that is wrong with it. `context` is what validators may ask for."""
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # a list whose items are wrong is also reported as too short, a default as not made because of another mistake
        echoes = [details for details in found if details["type"] == "default_factory_not_called"]
        echoes += [details for details in found if details["type"] == "too_short" and details["input"]]
        return [_problem(model, details) for details in found if details not in echoes]


def _problem(model: type[BaseModel], details: ErrorDetails) -> Problem:
    path: KeyPath = tuple(key for key in details["loc"] if key != "[key]")
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        # the value of an unknown key is never shown: it may be a secret under a misspelt name
        known = sorted(_keys(model, path[:-1]))
        return Problem(path, f"unknown key{did_you_mean(str(path[-1]), known)}; allowed: {listed(known)}")
    if kind == "missing":
        return Problem(path, f"is missing: {_schema_at(model, path).get('description', 'this key is needed')}")
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        text = f"must be one of {listed(allowed)}{did_you_mean(str(details['input']), allowed)}"
    elif kind == "value_error":
        text = str(context["error"])
    else:
        text = _PLAIN.get(kind, details["msg"][:1].lower() + details["msg"][1:])
    return Problem(path, text + _found(details, path))


_PLAIN = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "too_short": "must have at least one entry",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
}


def _found(details: ErrorDetails, path: KeyPath) -> str:
    value = details["input"]
    if any(isinstance(key, str) and _SECRET_KEY.search(key) for key in path):
        return ""
    if value is None:
        return "; found nothing"
    if not isinstance(value, str):
        # the whole mapping or list around a mistake says nothing that the message does not
        return ""
    if re.search(r"//[^/]*@", value):
        return "; found an address with a login"
    shown = value if len(value) <= 80 else value[:77] + "..."
    return f"; found {shown!r}"


def _keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    root = model.model_json_schema()
    return list(_resolved(root, _schema_at(model, path)).get("properties", {}))


def _schema_at(model: type[BaseModel], path: KeyPath) -> dict[str, Any]:
    """The JSON schema of what stands at a path; without keys where the path leads nowhere."""
    root = model.model_json_schema()
    node = root
    for key in path:
        node = _resolved(root, node)
        node = node.get("properties", {}).get(key) or node.get("additionalProperties") or node.get("items") or {}
        if not isinstance(node, dict):
            return {}
    return node if "description" in node else _resolved(root, node)


def _resolved(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A schema behind its reference; of several alternatives the mapping or list."""
    for option in node.get("anyOf", ()):
        found = _resolved(root, option)
        if found.keys() & {"properties", "additionalProperties", "items"}:
            return found
    if "$ref" in node:
        return _resolved(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    return node
