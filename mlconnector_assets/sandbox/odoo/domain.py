"""Odoo's search domains (prefix notation with & | !) as SQL. Comparisons of instants work on whole
seconds although microseconds are stored, exactly as Odoo 19 does it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time

from mlconnector_assets.sandbox.odoo.context import Context
from mlconnector_assets.sandbox.odoo.errors import OdooError, type_error, value_error
from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.values import Value

Condition = tuple[str, str, Value]
"""Field path, operator, value."""
SECOND = 1_000_000
NEGATIVE = {"!=": "=", "not in": "in", "not like": "like", "not ilike": "ilike"}
ANY = ("any", "not any")
"""With a domain of its own for the records that a relation leads to."""
OPERATORS = ("=", "<", "<=", ">", ">=", "in", "like", "ilike", "=like", "=ilike", *NEGATIVE, *ANY)


class Compiler:
    """Turns one domain into a WHERE clause; `parameters` collects its values in order."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.parameters: list[Value] = []
        self.fields_named: set[str] = set()
        self._aliases = 0

    def where(self, model: Model, domain: Value, alias: str = "t") -> str:
        """The clause for everything the caller may see: domain, companies, archived records."""
        if not isinstance(domain, list):
            raise type_error(f"Domain() invalid argument type for domain: {domain!r}")
        clauses = [self._domain(model, domain, alias)]
        if model.company_rule:
            clauses.append(model.company_rule.format(t=alias, companies=self.context.company_list))
        if self.context.active_test and "active" in model.columns and "active" not in self.fields_named:
            clauses.append(f"{alias}.active = 1")
        return " AND ".join(f"({clause})" for clause in clauses if clause)

    def _domain(self, model: Model, domain: list[Value], alias: str) -> str:
        terms = iter(domain)
        clauses = []
        for term in terms:
            try:
                clauses.append(self._term(model, term, terms, alias))
            except StopIteration:
                raise value_error(f"Domain() malformed domain {domain!r}") from None
        return " AND ".join(clauses)

    def _term(self, model: Model, term: Value, rest: Iterator[Value], alias: str) -> str:
        if term == "!":
            return f"NOT {self._term(model, next(rest), rest, alias)}"
        if term in ("&", "|"):
            left = self._term(model, next(rest), rest, alias)
            right = self._term(model, next(rest), rest, alias)
            return f"({left} {'AND' if term == '&' else 'OR'} {right})"
        if not isinstance(term, list) or len(term) != 3:
            raise value_error(f"Domain() invalid item in domain: {term!r}")
        name, operator, value = term
        if isinstance(name, int):
            return "1" if (name == value) == (operator == "=") else "0"
        if operator not in OPERATORS:
            raise value_error(f"Invalid operator in condition {tuple(term)!r}")
        return self._condition(model, (name, operator, value), alias)

    def _condition(self, model: Model, condition: Condition, alias: str) -> str:
        path, operator, value = condition
        name, _, rest = path.partition(".")
        self.fields_named.add(name)
        if name not in model.fields:
            raise value_error(f"Invalid field {model.name}.{name} in condition {condition!r}")
        if not rest and operator in ANY:
            found = self._through(model, name, value, alias)
            return found if operator == "any" else f"NOT ifnull({found}, 0)"
        if rest or name in model.lines:
            return self._through(model, name, [[rest or "id", operator, value]], alias)
        column = column_of(model, name, alias, self.context.company)
        if operator not in NEGATIVE:
            return self._positive(model, name, column, operator, value)
        if model.type_of(name) == "json" and value in (False, None):
            return "1"  # Odoo 19 does not filter here
        return f"NOT ifnull({self._positive(model, name, column, NEGATIVE[operator], value)}, 0)"

    def _through(self, model: Model, name: str, domain: list[Value], alias: str) -> str:
        target = MODELS.get(model.fields[name].get("relation", ""))
        if target is None:
            raise value_error(f"Invalid field {model.name}.{name}.{domain[0][0]} in condition {tuple(domain[0])!r}")
        self._aliases += 1
        inner = f"r{self._aliases}"
        rows = f"FROM {target.table} {inner} WHERE ({self._domain(target, domain, inner)})"
        if name in model.lines:
            lines = model.lines[name]
            extra = f" AND {lines.condition.replace('r.', f'{inner}.')}" if lines.condition else ""
            return f"{alias}.{lines.of} IN (SELECT {inner}.{lines.inverse} {rows}{extra})"
        column = column_of(model, name, alias, self.context.company)
        if model.type_of(name) == "many2many":
            return f"EXISTS (SELECT 1 FROM json_each({column}) j WHERE j.value IN (SELECT {inner}.id {rows}))"
        return f"{column} IN (SELECT {inner}.id {rows})"

    def _positive(self, model: Model, name: str, column: str, operator: str, value: Value) -> str:
        kind = model.type_of(name)
        if kind == "datetime":
            return self._instant(column, operator, value)
        if kind == "many2many" or (kind == "json" and operator == "in"):
            return self._many(kind, column, operator, value)
        if kind == "many2one" and isinstance(value, str):
            relation = MODELS[model.fields[name]["relation"]]
            shown = relation.sql("display_name", "d", self.context.company)
            return f"{column} IN (SELECT d.id FROM {relation.table} d WHERE {self._compare(str(shown), operator, value)})"
        if operator == "in":
            return self._in(model, name, column, value)
        if value in (False, None, "") and operator == "=":
            return f"ifnull({column}, 0) = 0" if kind in ("boolean", "float", "monetary") else f"ifnull({column}, '') = ''"
        return self._compare(column, operator, value)

    def _in(self, model: Model, name: str, column: str, value: Value) -> str:
        values = value if isinstance(value, list) else [value]
        empty = model.type_of(name) != "boolean" and any(item is False or item is None for item in values)
        kept = [item for item in values if not (item is False or item is None)] if empty else values
        if name == "id" and any(not isinstance(item, int) for item in kept):
            raise invalid_integer(next(item for item in kept if not isinstance(item, int)))
        self.parameters.append(json.dumps(kept))
        clause = f"{column} IN (SELECT value FROM json_each(?))"
        return f"({column} IS NULL OR {clause})" if empty else clause

    def _many(self, kind: str, column: str, operator: str, value: Value) -> str:
        if value in (False, None) and operator == "=":
            return f"ifnull({column}, '[]') IN ('[]', 'false')"
        wanted = value if isinstance(value, list) else [value]
        self.parameters.append(json.dumps(wanted))
        if kind == "json":  # an analytic distribution: keys hold one or several ids joined by commas
            holds = "',' || k.key || ',' LIKE '%,' || w.value || ',%'"
            return f"EXISTS (SELECT 1 FROM json_each({column}) k, json_each(?) w WHERE {holds})"
        return f"EXISTS (SELECT 1 FROM json_each({column}) k WHERE k.value IN (SELECT value FROM json_each(?)))"

    def _instant(self, column: str, operator: str, value: Value) -> str:
        if value in (False, None, ""):
            return f"{column} IS NULL"
        if operator == "in":
            return "(" + " OR ".join(self._instant(column, "=", item) for item in value) + ")"
        start = second_of(value, self.context) * SECOND
        low, high = {
            "=": (start, start + SECOND),
            ">=": (start, None),
            ">": (start + SECOND, None),
            "<": (None, start),
            "<=": (None, start + SECOND),
        }[operator]
        parts = [f"{column} >= {low}"] if low is not None else []
        parts += [f"{column} < {high}"] if high is not None else []
        return "(" + " AND ".join(parts) + ")"

    def _compare(self, column: str, operator: str, value: Value) -> str:
        if operator in ("like", "ilike"):
            value = f"%{value}%"
        if operator.endswith("like"):
            self.parameters.append(value)
            return f"odoo_like({column}, ?, {int(operator.endswith('ilike'))})"
        self.parameters.append(value)
        return f"{column} {operator} ?"


def column_of(model: Model, name: str, alias: str, company: int) -> str:
    """SQL of a field that Odoo lets one search and sort by. Raises the error Odoo gives for others."""
    if not model.searchable(name):
        raise value_error(f"Cannot convert {model.name}.{name} to SQL because it is not stored")
    return model.sql(name, alias, company) or "NULL"


def second_of(value: Value, context: Context) -> int:
    """A domain's instant as whole seconds since 1970; a bare date is midnight in the caller's time zone."""
    if not isinstance(value, str):
        raise value_error(f"Failed to cast {value!r} into a datetime")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise value_error(f"Invalid term {value.split(' ')[0]!r} in expression date: {value!r}") from None
    if moment.tzinfo:
        raise value_error(f"expecting only datetimes with no timezone: {value!r}")
    if len(value) == 10:
        return int(datetime.combine(moment.date(), time.min, tzinfo=context.zone).timestamp())
    return int(moment.replace(tzinfo=UTC, microsecond=0).timestamp())


def like(text: str | None, pattern: str, ignore_case: int) -> bool | None:
    """SQL function behind Odoo's like and ilike; `%` and `_` are wildcards."""
    if text is None:
        return None
    expression = re.escape(pattern).replace("%", ".*").replace("_", ".")
    return re.fullmatch(expression, str(text), re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def invalid_integer(value: object) -> OdooError:
    """PostgreSQL's answer to an id that is no number."""
    return OdooError(500, "psycopg2.errors.InvalidTextRepresentation", f'invalid input syntax for type integer: "{value}"\n')
