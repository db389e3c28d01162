"""What Odoo 17 and 18 name otherwise than 19, as data. Questions are asked in the names of Odoo 19 everywhere; here they
are put into an older Odoo's words, and its answers back.

Source: the public code of Odoo 17.0 and 18.0. Not tried against a real server of these versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlconnector_assets.systems.odoo.values import Json, Values

OLDEST = 17
"""The first Odoo whose `web_search_read` takes a specification, so that a document and its lines come in one call."""
FIRST_WITH_JSON2 = 19


@dataclass(frozen=True)
class Otherwise:
    """A field's older name; None when the older Odoo has no such field, whose value then is `instead`."""

    name: str | None
    instead: Json = False


Table = Mapping[str, Mapping[str, Otherwise]]
"""By model, by path: relations joined with "/", in the names of Odoo 19."""

IN_18: Table = {}
IN_17: Table = {
    # the rate is only on the lines; without it the column is null
    "account.move": {"invoice_currency_rate": Otherwise(None, 0)},
}

Restored = Callable[[Json], Json]


def differences(major: int, model: str) -> Mapping[str, Otherwise]:
    """What this Odoo names otherwise on a model. What holds for 18 holds for 17, unless 17 says otherwise."""
    if major >= FIRST_WITH_JSON2:
        return {}
    newer = IN_18.get(model, {})
    return {**newer, **IN_17.get(model, {})} if major == OLDEST else newer


def translated(major: int, model: str, method: str, arguments: Values) -> tuple[str, Values, Restored]:
    """The method and arguments as this Odoo knows them, and what brings its answer back into the names of 19."""
    table = differences(major, model)
    asked = dict(arguments)
    if "domain" in asked:
        asked["domain"] = [_term(term, table) for term in asked["domain"]]
    if method == "has_access" and major == OLDEST:
        return "check_access_rights", {"operation": asked["operation"], "raise_exception": False}, lambda answer: answer
    if method == "formatted_read_group":
        return _grouped(asked, table)
    if method == "web_search_read" and table:
        specification = asked["specification"]
        asked["specification"] = _older(specification, table)

        def restored(answer: Json) -> Json:
            records = [_restored(record, specification, table) for record in answer["records"]]
            return answer | {"records": records}

        return method, asked, restored
    return method, asked, lambda answer: answer


def _grouped(asked: Values, table: Mapping[str, Otherwise]) -> tuple[str, Values, Restored]:
    """`formatted_read_group`, which is new in 19, as `read_group`."""
    aggregates, groupby = asked.pop("aggregates"), asked["groupby"]
    counted = [aggregate for aggregate in aggregates if aggregate != "__count"]
    aliases = {aggregate: aggregate.replace(":", "_") for aggregate in counted}
    older = {name: _name(name, table) for name in groupby}
    functions = [(aggregate, *aggregate.split(":")) for aggregate in counted]
    asked["fields"] = [f"{aliases[aggregate]}:{function}({_name(field, table)})" for aggregate, field, function in functions]
    asked |= {"groupby": list(older.values()), "lazy": False}

    def restored(groups: Json) -> Json:
        return [
            {name: group[older[name]] for name in groupby}
            | {aggregate: group[aliases[aggregate]] for aggregate in counted}
            | {"__count": group["__count"]}
            for group in groups
        ]

    return "read_group", asked, restored


def _term(term: Any, table: Mapping[str, Otherwise]) -> Any:  # noqa: ANN401  an operator, or a list
    if isinstance(term, str) or not table:
        return term
    return [_name(term[0], table), *term[1:]]


def _name(path: str, table: Mapping[str, Otherwise]) -> str:
    """A dotted path in the older names."""
    names = path.split(".")
    return ".".join(
        otherwise.name if (otherwise := table.get("/".join(names[: place + 1]))) and otherwise.name else name
        for place, name in enumerate(names)
    )


def _older(specification: Values, table: Mapping[str, Otherwise], path: str = "") -> Values:
    asked: Values = {}
    for name, options in specification.items():
        otherwise = table.get(path + name, Otherwise(name))
        if otherwise.name is not None:
            nested = {"fields": _older(options["fields"], table, f"{path}{name}/")} if "fields" in options else {}
            asked[otherwise.name] = {**options, **nested}
    return asked


def _restored(record: Values, specification: Values, table: Mapping[str, Otherwise], path: str = "") -> Values:
    restored: Values = {"id": record["id"]}
    for name, options in specification.items():
        otherwise = table.get(path + name, Otherwise(name))
        value = otherwise.instead if otherwise.name is None else record[otherwise.name]
        if "fields" in options and value:
            inner = f"{path}{name}/"
            several = value if isinstance(value, list) else [value]
            values = [_restored(one, options["fields"], table, inner) for one in several]
            value = values if isinstance(value, list) else values[0]
        restored[name] = value
    return restored
