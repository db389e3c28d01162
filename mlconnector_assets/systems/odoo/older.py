"""What Odoo 17 and 18 name otherwise than 19, as data. Questions are asked in the names of Odoo 19 everywhere; here they
are put into an older Odoo's words, and its answers back.

Source: what OpenUpgrade, which compares the fields of two versions of Odoo, lists for 17 to 18 (account, project, stock) and
18 to 19 (account, hr, product, purchase, sale, stock, uom); and Odoo's public code of uom.uom, product.supplierinfo and
account_payment_term from before 19, not pinned to a release. Not tried against a real server of these versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.systems.odoo.values import Json, Values

OLDEST = 17
"""The first Odoo whose `web_search_read` takes a specification, so that a document and its lines come in one call."""
FIRST_WITH_JSON2 = 19


@dataclass(frozen=True)
class Otherwise:
    """A field's older name; None when the older Odoo has no such field, whose value then is `instead`. `value` makes
    the value of Odoo 19 of the older field's."""

    name: str | None
    instead: Json = False
    value: Callable[[Json], Json] = lambda value: value


Table = Mapping[str, Mapping[str, Otherwise]]
"""By model, by path: relations joined with "/", in the names of Odoo 19."""

IN_18: Table = {
    "account.account": {"active": Otherwise("deprecated", value=lambda deprecated: not deprecated)},
    "hr.employee": {"sex": Otherwise("gender")},
    "product.product": {"product_tmpl_id/seller_ids/product_uom_id": Otherwise("product_uom")},
    "purchase.order": {
        # a locked order is in a state of its own
        "state": Otherwise("state", value=lambda state: "purchase" if state == "done" else state),
        "locked": Otherwise("state", value=lambda state: state == "done"),
        "order_line/product_uom_id": Otherwise("product_uom"),
        "order_line/tax_ids": Otherwise("taxes_id"),
    },
    "sale.order": {"order_line/product_uom_id": Otherwise("product_uom"), "order_line/tax_ids": Otherwise("tax_id")},
}
IN_17: Table = {
    # the rate is only on the lines; without it the column is null
    "account.move": {"invoice_currency_rate": Otherwise(None, 0)},
    "project.project": {"account_id": Otherwise("analytic_account_id")},
    "res.company": {name: Otherwise(None) for name in ("sale_lock_date", "purchase_lock_date", "hard_lock_date")},
}

NOT_OFFERED: Mapping[int, Mapping[str, str]] = {
    17: {
        "payments": "its payments are journal entries: they have no states of their own, and do not name their documents",
        "units": "its units belong to categories, and have no unit that they are a multiple of",
    },
    18: {"units": "its units belong to categories, and have no unit that they are a multiple of"},
}
"""By version and record, why it cannot be told as of an Odoo 19."""

Restored = Callable[[Json], Json]


def differences(major: int, model: str) -> Mapping[str, Otherwise]:
    """What this Odoo names otherwise on a model. What holds for 18 holds for 17, unless 17 says otherwise."""
    if major >= FIRST_WITH_JSON2:
        return {}
    newer = IN_18.get(model, {})
    return {**newer, **IN_17.get(model, {})} if major == OLDEST else newer


def not_offered(major: int | None, record: str, connection: str) -> ConfigurationError | None:
    """The error of a record that this Odoo does not have in a form that can be read; None when it does."""
    why = NOT_OFFERED.get(major or FIRST_WITH_JSON2, {}).get(record)
    if why is None:
        return None
    return ConfigurationError(
        f"Odoo {major} does not offer {record}: {why}",
        where=f"connection {connection}",
        mend=f"Take {record} out of `records` in connections.yaml, or upgrade this Odoo.",
    )


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
        value = otherwise.instead if otherwise.name is None else otherwise.value(record[otherwise.name])
        if "fields" in options and value:
            inner = f"{path}{name}/"
            several = value if isinstance(value, list) else [value]
            values = [_restored(one, options["fields"], table, inner) for one in several]
            value = values if isinstance(value, list) else values[0]
        restored[name] = value
    return restored
