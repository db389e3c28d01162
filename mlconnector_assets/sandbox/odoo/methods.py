"""Which methods may be called over JSON-2, and what Odoo answers to wrong calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime

from mlconnector_assets.sandbox.odoo.context import Context
from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.odoo.errors import access_error, missing_record, no_model, not_found, unprocessable, value_error
from mlconnector_assets.sandbox.odoo.grouping import Grouper
from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.odoo.reading import Reader
from mlconnector_assets.sandbox.values import Row, Value

READING = ("search", "search_count", "search_read", "read", "web_search_read", "fields_get")
ON_RECORDS = ("read", "write", "has_access")
PRIVATE = ("exists", "search_fetch")
USER_ID = 7


class Call:
    """One call of a method on a model; `pages` tells afterwards which ids a page held."""

    def __init__(self, database: Database, model: Model, context: Context, now: datetime) -> None:
        self.database, self.model, self.context, self.now = database, model, context, now
        self.reader = Reader(database, model, context)

    def run(self, method: str, arguments: Row) -> Value:
        """Answer of the method: plain values, or finished JSON text. Raises OdooError."""
        name = self.model.name
        if method.startswith("_") or method in PRIVATE:
            raise access_error(f"Private methods (such as '{name}.{method}') cannot be called remotely.")
        function = self._find(method)
        if function is None:
            raise not_found(f"The method '{name}.{method}' does not exist")
        if method not in ON_RECORDS and "ids" in arguments:
            raise unprocessable(f"cannot call {name}.{method} with ids")
        if method in ON_RECORDS:
            arguments = {"ids": [], **arguments}
        try:
            bound = inspect.signature(function).bind(**arguments)
        except TypeError as error:
            raise unprocessable(str(error)) from None
        with self.database.transaction():
            return function(*bound.args, **bound.kwargs)

    def _find(self, method: str) -> Callable[..., Value] | None:
        if method in READING:
            found: Callable[..., Value] = getattr(self.reader, method)
            return found
        if method == "formatted_read_group":
            return Grouper(self.database, self.model, self.context).formatted_read_group
        if method == "context_get":
            return self.context_get if self.model.name == "res.users" else None
        own: dict[str, Callable[..., Value]] = {
            "check_access_rights": self.check_access_rights,
            "has_access": self.has_access,
            "create": self.create,
            "write": self.write,
        }
        return own.get(method)

    def context_get(self) -> Row:
        """Language, time zone and id of the user."""
        return {"lang": "en_US", "tz": str(self.context.zone), "uid": USER_ID}

    def check_access_rights(self, operation: str) -> None:
        """Deprecated in Odoo 19: answers null when allowed."""

    def has_access(self, ids: list[int], operation: str) -> bool:
        """Whether the user may do `operation`."""
        return True

    def create(self, vals_list: list[Row] | Row) -> list[int]:
        """Add plain records (no lines); answers their ids."""
        rows = [vals_list] if isinstance(vals_list, dict) else vals_list
        return [self.database.insert(self.model.name, self._checked(row, "in"), at=microseconds(self.now)) for row in rows]

    def write(self, ids: list[int], vals: Row) -> bool:
        """Change plain fields of records; moves write_date also when nothing differs."""
        values = self._checked(vals, "in")
        for record in ids:
            try:
                self.database.row(self.model.name, record)
            except KeyError:
                raise missing_record(self.model.name, record) from None
            self.database.update(self.model.name, record, values, at=microseconds(self.now))
        return True

    def _checked(self, values: Row, word: str) -> Row:
        for name in values:
            if name not in self.model.fields:
                raise value_error(f"Invalid field {name!r} {word} {self.model.name!r}")
        kept = {name: value for name, value in values.items() if name in self.model.stored.split()}
        return {name: None if value is False and self.model.type_of(name) != "boolean" else value for name, value in kept.items()}


def model_named(name: str) -> Model:
    """The model of that name. Raises OdooError 404."""
    if name not in MODELS:
        raise no_model(name)
    return MODELS[name]
