"""formatted_read_group: counts, sums and extremes, per group or over everything."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from mlconnector_assets.sandbox.odoo.context import Context
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.odoo.domain import Compiler, column_of
from mlconnector_assets.sandbox.odoo.errors import value_error
from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.values import Row, Value

FUNCTIONS = {
    "sum": "sum({})",
    "max": "max({})",
    "min": "min({})",
    "avg": "avg({})",
    "count": "count({})",
    "count_distinct": "count(DISTINCT {})",
}
EXACT = 4
"""Digits kept of a sum: binary fractions of many amounts add up to the cent and a millionth."""


class Grouper:
    """formatted_read_group for one model and one call's context."""

    def __init__(self, database: Database, model: Model, context: Context) -> None:
        self.database, self.model, self.context = database, model, context

    def formatted_read_group(
        self,
        domain: list[Value],
        groupby: tuple[str, ...] = (),
        aggregates: tuple[str, ...] = (),
        *,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
    ) -> list[Row]:
        """One object a group: its keys, `__extra_domain`, and the aggregates."""
        compiler = Compiler(self.context)
        where = compiler.where(self.model, domain) or "1"
        keys = [self._key(spec) for spec in groupby]
        values = [self._aggregate(spec) for spec in aggregates]
        columns = ", ".join([*keys, *values]) or "1"
        grouping = f" GROUP BY {', '.join(map(str, range(1, len(keys) + 1)))}" if keys else ""
        sorting = f" ORDER BY {self._order(order, groupby, aggregates)}" if keys else ""
        sql = f"SELECT {columns} FROM {self.model.table} t WHERE {where}{grouping}{sorting} LIMIT {limit or -1} OFFSET {offset}"
        return [self._group(row, groupby, aggregates) for row in self.database.query(sql, compiler.parameters)]

    def _field(self, name: str) -> str:
        if name not in self.model.fields:
            raise value_error(f"Invalid field {name!r} on model {self.model.name!r}")
        return column_of(self.model, name, "t", self.context.company)

    def _key(self, spec: str) -> str:
        name, _, granularity = spec.partition(":")
        column = self._field(name)
        if self.model.type_of(name) == "datetime":
            # the offset of the newest day is taken for all: enough for windows of a season
            shift = int((datetime.now(UTC).astimezone(self.context.grouping_zone).utcoffset() or timedelta()).total_seconds())
            column = f"date({column} / 1000000 + {shift}, 'unixepoch')"
        return f"strftime('%Y-%m-01', {column})" if granularity == "month" else column

    def _aggregate(self, spec: str) -> str:
        if spec == "__count":
            return "count(*)"
        name, _, function = spec.partition(":")
        if function not in FUNCTIONS:
            raise value_error(f"Invalid aggregate function {function!r} for {spec!r}.")
        return FUNCTIONS[function].format(self._field(name))

    def _order(self, order: str | None, groupby: tuple[str, ...], aggregates: tuple[str, ...]) -> str:
        if not order:
            return ", ".join(map(str, range(1, len(groupby) + 1)))
        names = [*groupby, *aggregates]
        terms = []
        for part in order.split(","):
            name, _, direction = part.strip().partition(" ")
            if name not in names:
                raise value_error(f"Order term {name!r} is not a valid aggregate nor valid groupby")
            terms.append(f"{names.index(name) + 1} {'DESC' if direction.lower() == 'desc' else 'ASC'}")
        return ", ".join(terms)

    def _group(self, row: tuple[Value, ...], groupby: tuple[str, ...], aggregates: tuple[str, ...]) -> Row:
        keys, values = row[: len(groupby)], row[len(groupby) :]
        shown: Row = {}
        conditions: list[list[Value]] = []
        for spec, key in zip(groupby, keys, strict=True):
            shown[spec], extra = self._shown_key(spec, key)
            conditions += extra
        shown["__extra_domain"] = (["&"] * (len(conditions) - 1) + conditions) if conditions else [[1, "=", 1]]
        for spec, value in zip(aggregates, values, strict=False):
            shown[spec] = self._shown_value(spec, value)
        return shown

    def _shown_key(self, spec: str, key: Value) -> tuple[Value, list[list[Value]]]:
        name, _, granularity = spec.partition(":")
        if key is None:
            return False, [[name, "=", False]]
        kind = self.model.type_of(name)
        if kind == "many2one":
            target = MODELS[self.model.fields[name]["relation"]]
            label = self.database.query(
                f"SELECT {target.sql('display_name', 'd', self.context.company)} FROM {target.table} d WHERE d.id = ?", (key,)
            )
            return [key, label[0][0] if label else False], [[name, "=", key]]
        if kind in ("date", "datetime"):
            first = date.fromisoformat(key)
            after = (
                (first.replace(day=28) + timedelta(days=4)).replace(day=1)
                if granularity == "month"
                else first + timedelta(days=1)
            )
            label_text = first.strftime("%B %Y") if granularity == "month" else first.strftime("%d %b %Y")
            low, high = (self._edge(first, kind), self._edge(after, kind))
            return [low, label_text], [[name, ">=", low], [name, "<", high]]
        return (bool(key) if kind == "boolean" else key), [[name, "=", key]]

    def _edge(self, day: date, kind: str) -> str:
        if kind == "date":
            return day.isoformat()
        local = datetime(day.year, day.month, day.day, tzinfo=self.context.grouping_zone)
        return local.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def _shown_value(self, spec: str, value: Value) -> Value:
        name, _, function = spec.partition(":")
        if spec == "__count" or function.startswith("count"):
            return value
        kind = self.model.type_of(name)
        if kind == "datetime" and value is not None:
            return datetime.fromtimestamp(value // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        if kind in ("float", "monetary"):
            return round(float(value or 0.0), EXACT)
        return False if value is None else value
