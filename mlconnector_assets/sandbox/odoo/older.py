"""The stand-in as an older Odoo: which fields of Odoo 19 are named otherwise or missing, and methods it does not have.

Source: Odoo's public code from before 19, and OpenUpgrade's lists of the fields that 18 and 19 changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from mlconnector_assets.sandbox.odoo.context import Context
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.odoo.errors import OdooError, not_found, value_error
from mlconnector_assets.sandbox.odoo.grouping import Grouper
from mlconnector_assets.sandbox.odoo.methods import Call
from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.odoo.reading import Json
from mlconnector_assets.sandbox.values import Row, Value

VERSIONS = (17, 18, 19)
JSON2_SINCE = 19
VERSION_SETTING = "odoo_version"
"""The setting of the books that keeps which version the stand-in is."""

NAMES: dict[int, dict[str, dict[str, str | None]]] = {
    17: {
        "account.account": {"active": "deprecated"},
        "account.move": {"invoice_currency_rate": None},
        "account.payment": {"memo": "ref", "invoice_ids": None},
        "account.payment.term.line": {"days_next_month": None},
        "hr.employee": {"sex": "gender", "version_ids": None, "contract_date_start": None, "contract_date_end": None},
        "product.product": {"is_storable": None},
        "product.supplierinfo": {"product_uom_id": "product_uom"},
        "product.template": {"is_storable": None},
        "project.project": {"account_id": "analytic_account_id"},
        "purchase.order": {"locked": None},
        "purchase.order.line": {"product_uom_id": "product_uom", "tax_ids": "taxes_id"},
        "res.company": {"sale_lock_date": None, "purchase_lock_date": None, "hard_lock_date": None},
        "sale.order.line": {"product_uom_id": "product_uom", "tax_ids": "tax_id"},
        "uom.uom": {"relative_factor": None, "relative_uom_id": None},
    },
    18: {
        "account.account": {"active": "deprecated"},
        "hr.employee": {"sex": "gender", "version_ids": None, "contract_date_start": None, "contract_date_end": None},
        "product.supplierinfo": {"product_uom_id": "product_uom"},
        "purchase.order": {"locked": None},
        "purchase.order.line": {"product_uom_id": "product_uom", "tax_ids": "taxes_id"},
        "sale.order.line": {"product_uom_id": "product_uom", "tax_ids": "tax_id"},
        "uom.uom": {"relative_factor": None, "relative_uom_id": None},
    },
}
"""By version and model: a field's name in Odoo 19 to its name there, None where there is no such field. Written down by
itself, so that a mistake in the connector's list does not go unseen."""

NEW_MODELS = ("hr.version",)

NEW_METHODS = ("formatted_read_group",)


class OlderCall:
    """A call of a method on a model of an older Odoo, carried out by the Odoo 19 stand-in."""

    def __init__(self, version: int, call: Call, database: Database, context: Context) -> None:
        self.version, self.call, self.database, self.context = version, call, database, context

    def run(self, method: str, arguments: Row) -> Value:
        """The answer as plain values. Raises OdooError."""
        model = self.call.model
        if model.name in NEW_MODELS:
            raise not_found(f"the model '{model.name}' does not exist")
        if method == "check_access_rights":
            return True
        if method in NEW_METHODS or (method == "has_access" and self.version < 18):
            raise not_found(f"The method '{model.name}.{method}' does not exist")
        asked = dict(arguments)
        if "domain" in asked:
            asked["domain"] = [term if isinstance(term, str) else self._term(model, term) for term in asked["domain"]]
        if method == "read_group":
            return self._read_group(model, **asked)
        if "fields" in asked:
            asked["fields"] = [self._new_name(model, name) for name in asked["fields"]]
        if "specification" in asked:
            asked["specification"] = self._new_specification(model, asked["specification"])
        answer = self.call.run(method, asked)
        plain = json.loads(answer) if isinstance(answer, Json) else answer
        if method == "web_search_read":
            return {**plain, "records": [self._old_record(model, record) for record in plain["records"]]}
        return [self._old_record(model, record) for record in plain] if method in ("read", "search_read") else plain

    def _read_group(
        self, model: Model, domain: list[Value], fields: list[str], groupby: list[str], *, lazy: bool = True
    ) -> list[Row]:
        """Odoo's grouping before 19; `fields` are "alias:function(field)"."""
        if lazy:
            raise NotImplementedError("the stand-in groups only with lazy=False")
        aggregates = {}
        for field in fields:
            alias, _, rest = field.partition(":")
            function, _, name = rest.rstrip(")").partition("(")
            aggregates[alias] = f"{self._new_name(model, name or alias)}:{function}"
        keys = {name: self._new_name(model, name) for name in groupby}
        groups = Grouper(self.database, model, self.context).formatted_read_group(
            domain, tuple(keys.values()), ("__count", *aggregates.values())
        )
        return [
            {name: group[new] for name, new in keys.items()}
            | {alias: group[new] for alias, new in aggregates.items()}
            | {"__count": group["__count"], "__domain": group["__extra_domain"]}
            for group in groups
        ]

    def _names(self, model: Model) -> Mapping[str, str | None]:
        return NAMES[self.version].get(model.name, {})

    def _new_name(self, model: Model, name: str) -> str:
        names = self._names(model)
        if name in names and name not in names.values():
            raise value_error(f"Invalid field {name!r} on model {model.name!r}")
        return next((new for new, old in names.items() if old == name), name)

    def _term(self, model: Model, term: list[Value]) -> list[Value]:
        path, at = [], model
        for name in str(term[0]).split("."):
            path.append(self._new_name(at, name))
            at = MODELS.get(at.fields.get(path[-1], {}).get("relation", ""), at)
        return [".".join(path), *term[1:]]

    def _new_specification(self, model: Model, asked: Row) -> Row:
        new = {}
        for name, options in asked.items():
            known = self._new_name(model, name)
            target = MODELS.get(model.fields.get(known, {}).get("relation", ""))
            nested = {"fields": self._new_specification(target, options["fields"])} if target and "fields" in options else {}
            new[known] = {**options, **nested}
        return new

    def _old_record(self, model: Model, record: Value) -> Value:
        if not isinstance(record, dict):
            return record
        names = self._names(model)
        return {names.get(name) or name: self._old_value(model, name, value) for name, value in record.items()}

    def _old_value(self, model: Model, name: str, value: Value) -> Value:
        if self._names(model).get(name) == "deprecated":
            return not value
        target = MODELS.get(model.fields.get(name, {}).get("relation", ""))
        if target is None:
            return value
        return [self._old_record(target, one) for one in value] if isinstance(value, list) else self._old_record(target, value)


def fault_of(error: OdooError, version: int) -> tuple[int, str]:
    """Code and text of the fault that XML-RPC makes of an error."""
    kind = error.name.rpartition(".")[2]
    if kind == "AccessError":
        return 4, error.message
    if kind in ("UserError", "ValidationError", "MissingError", "RedirectWarning"):
        return 2, error.message
    if kind == "NotFound" and error.message.startswith("the model"):
        return 2, f"Object {error.message.split(chr(39))[1]} doesn't exist"
    name = {"NotFound": "AttributeError", "ValueError": "ValueError"}.get(kind, error.name)
    last = f"{name}: {error.message}"
    return 1, last if version >= JSON2_SINCE else error.body()["debug"].rpartition("\n  File")[0] + "\n" + last
