"""What a model is to the stand-in: every field as `fields_get` of a real Odoo 19 lists it (fields/*.json),
which of them hold data here, and the SQL that yields those that are computed. Fields without data answer
Odoo's empty value of their type."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources

from mlconnector_assets.sandbox.values import Row

SQL_TYPES = {
    "integer": "INTEGER",
    "many2one": "INTEGER",
    "boolean": "INTEGER",
    "datetime": "INTEGER",
    "float": "REAL",
    "monetary": "REAL",
}
"""Column type by field type; the others are TEXT. Instants are microseconds since 1970, UTC; dates are ISO text;
many2many are JSON arrays of ids, json fields JSON text."""


@dataclass(frozen=True)
class Lines:
    """A one2many field: rows of `model` whose `inverse` is this record (or its `of`), restricted by `condition` (SQL over
    alias `r`)."""

    model: str
    inverse: str
    condition: str = ""
    of: str = "id"


@dataclass(frozen=True)
class Model:
    """An Odoo model as the stand-in serves it.

    `stored`: fields that are columns of the table. `related`: fields that are SQL over alias `t` and may be
    searched; `computed`: likewise, but Odoo refuses them in domains, orders and sums. In SQL, `{t}` stands for the
    row's alias and `{company}` for the current company. `by_company`: stored fields whose value depends on the
    current company (JSON object by company id). `company_rule`: SQL that tells whether a row is visible for the
    companies `{companies}`. `indexes`: columns of each index.
    """

    name: str
    title: str
    stored: str
    order: str = "id"
    display: str = "{t}.name"
    related: dict[str, str] = field(default_factory=dict)
    computed: dict[str, str] = field(default_factory=dict)
    lines: dict[str, Lines] = field(default_factory=dict)
    by_company: tuple[str, ...] = ()
    company_rule: str = ""
    indexes: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """Name of the SQL table."""
        return self.name.replace(".", "_")

    @cached_property
    def fields(self) -> dict[str, Row]:
        """Every field with its attributes, as `fields_get` answers."""
        text = resources.files(__package__).joinpath("fields", f"{self.name}.json").read_text("utf-8")
        loaded: dict[str, Row] = json.loads(text)
        return loaded

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The stored fields, without id."""
        return (*self.stored.split(), "create_date", "write_date", "create_uid", "write_uid")

    def type_of(self, name: str) -> str:
        """Odoo's type of a field."""
        return str(self.fields[name]["type"])

    def create_table(self) -> tuple[str, ...]:
        """The statements that make the table and its indexes."""
        columns = ", ".join(f'"{name}" {self._sql_type(name)}' for name in self.columns)
        indexes = (
            f'CREATE INDEX IF NOT EXISTS "{self.table}_{number}" ON "{self.table}" ({named})'
            for number, named in enumerate(self.indexes)
        )
        return (f'CREATE TABLE IF NOT EXISTS "{self.table}" (id INTEGER PRIMARY KEY, {columns})', *indexes)

    def _sql_type(self, name: str) -> str:
        return "TEXT" if name in self.by_company else SQL_TYPES.get(self.type_of(name), "TEXT")

    def sql(self, name: str, alias: str, company: int) -> str | None:
        """SQL that yields a field's raw value, or None when the stand-in holds nothing for it."""
        if name == "id":
            return f"{alias}.id"
        if name == "display_name":
            return "(" + self.display.format(t=alias, company=company) + ")"
        if name in self.by_company:
            return f"""json_extract({alias}."{name}", '$."{company}"')"""
        if name in self.columns:
            return f'{alias}."{name}"'
        expression = self.related.get(name) or self.computed.get(name)
        return "(" + expression.format(t=alias, company=company) + ")" if expression else None

    def searchable(self, name: str) -> bool:
        """Whether Odoo can turn the field into SQL of its own."""
        return (
            name in self.columns or name in self.related or name in ("id", "display_name") or bool(self.fields[name].get("store"))
        )
