"""Records as JSON text, built inside SQLite: a field list or a nested `specification` becomes one SQL
expression that yields the finished object. That keeps pages of many thousand lines quick."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mlconnector_assets.sandbox.odoo.context import Context
from mlconnector_assets.sandbox.odoo.errors import value_error
from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.values import Row

EMPTY = {"integer": "0", "float": "0.0", "monetary": "0.0", "one2many": "[]", "many2many": "[]"}
"""Odoo's empty value by type, as JSON; every other type has false."""
SHOWN = {
    "integer": "ifnull({sql}, '{empty}')",
    "many2one": "ifnull({sql}, '{empty}')",
    "many2many": "ifnull({sql}, '{empty}')",
    "json": "ifnull({sql}, '{empty}')",
    "float": "json_quote(ifnull({sql}, 0.0))",
    "monetary": "json_quote(ifnull({sql}, 0.0))",
    "boolean": "CASE WHEN {sql} THEN 'true' ELSE 'false' END",
    "datetime": """ifnull('"' || datetime({sql} / 1000000, 'unixepoch') || '"', 'false')""",
    "date": """ifnull('"' || {sql} || '"', 'false')""",
}
"""SQL that turns a raw value into JSON, by type; texts are quoted."""
ARGUMENTS = 90
"""Values per printf: SQLite allows 127 arguments for a function."""


class Renderer:
    """Writes the SQL for one call."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._aliases = 0

    def flat(self, model: Model, names: Iterable[str], alias: str, *, load: str) -> str:
        """An object as `read` answers: many2one as [id, name], or the bare id when `load` is empty."""
        return self._object({name: self._flat_field(model, name, alias, load) for name in ("id", *names)})

    def nested(self, model: Model, specification: Row, alias: str) -> str:
        """An object as `web_search_read` answers."""
        return self._object(
            {name: self._nested_field(model, name, specification.get(name) or {}, alias) for name in ("id", *specification)}
        )

    def _object(self, values: dict[str, str]) -> str:
        pairs = list(values.items())
        parts = []
        for start in range(0, len(pairs), ARGUMENTS):
            chunk = pairs[start : start + ARGUMENTS]
            template = ",".join(json.dumps(name) + ":%s" for name, _ in chunk)
            opening, closing = "," if start else "{", "}" if start + ARGUMENTS >= len(pairs) else ""
            parts.append(f"printf('{opening}{template}{closing}', {', '.join(value for _, value in chunk)})")
        return " || ".join(parts)

    def _flat_field(self, model: Model, name: str, alias: str, load: str) -> str:
        kind = self._type(model, name)
        sql = model.sql(name, alias, self.context.company)
        if kind == "many2one" and sql and load:
            target = MODELS.get(model.fields[name]["relation"])
            if target:
                inner = self._alias()
                pair = f"'[' || {inner}.id || ',' || json_quote({target.sql('display_name', inner, self.context.company)}) || ']'"
                return f"ifnull((SELECT {pair} FROM {target.table} {inner} WHERE {inner}.id = {sql}), 'false')"
        return self._plain(model, name, kind, sql, alias)

    def _nested_field(self, model: Model, name: str, options: Row, alias: str) -> str:
        kind = self._type(model, name)
        sql = model.sql(name, alias, self.context.company)
        target = MODELS.get(model.fields[name].get("relation", ""))
        if "fields" not in options or target is None or (sql is None and name not in model.lines):
            return self._plain(model, name, kind, sql, alias)
        inner = self._alias()
        shown = self.nested(target, options["fields"], inner)
        if kind == "many2one":
            return f"ifnull((SELECT {shown} FROM {target.table} {inner} WHERE {inner}.id = {sql}), 'false')"
        rows = self._rows(model, name, inner, alias, sql)
        return f"(SELECT '[' || ifnull(group_concat(o), '') || ']' FROM (SELECT {shown} AS o FROM {rows}))"

    def _plain(self, model: Model, name: str, kind: str, sql: str | None, alias: str) -> str:
        if name in model.lines:
            inner = self._alias()
            rows = self._rows(model, name, inner, alias, None)
            return f"(SELECT '[' || ifnull(group_concat(o), '') || ']' FROM (SELECT {inner}.id AS o FROM {rows}))"
        empty = EMPTY.get(kind, "false")
        if sql is None:
            return f"'{empty}'"
        shown = SHOWN.get(kind, "CASE WHEN {sql} IS NULL THEN 'false' ELSE json_quote({sql}) END")
        return shown.format(sql=sql, empty=empty)

    def _rows(self, model: Model, name: str, inner: str, alias: str, sql: str | None) -> str:
        if name in model.lines:
            lines = model.lines[name]
            condition = f"{inner}.{lines.inverse} = {alias}.{lines.of}"
            if lines.condition:
                condition += " AND " + lines.condition.replace("r.", f"{inner}.")
            return f"{MODELS[lines.model].table} {inner} WHERE {condition} ORDER BY {inner}.id"
        target = MODELS[model.fields[name]["relation"]]
        return f"{target.table} {inner} WHERE {inner}.id IN (SELECT value FROM json_each({sql})) ORDER BY {inner}.id"

    def _type(self, model: Model, name: str) -> str:
        if name not in model.fields:
            raise value_error(f"Invalid field {name!r} on {model.name!r}")
        return model.type_of(name)

    def _alias(self) -> str:
        self._aliases += 1
        return f"n{self._aliases}"
