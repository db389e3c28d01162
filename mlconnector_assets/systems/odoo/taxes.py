"""Taxes from account.tax with their repartition: where base and tax are booked on invoices and credit notes."""

from __future__ import annotations

from mlconnector_assets.records import TAXES
from mlconnector_assets.systems.odoo.mapping import SIX_DECIMALS, Setting, common, known
from mlconnector_assets.systems.odoo.specifications import CODE, NAME, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, documents_of, touched_by
from mlconnector_assets.systems.odoo.values import Values, amount, field_or_none, id_or_none, rounded

COMPUTATIONS = {"percent": "percent", "division": "percent_of_total", "fixed": "fixed", "group": "group"}
SCOPES = {False: None, "consu": "goods", "service": "services"}
DUE = {False: "invoiced", "on_invoice": "invoiced", "on_payment": "paid"}
DOCUMENTS = {"invoice": "invoice", "refund": "credit_note"}

TAX_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "type_tax_use": {}, "tax_scope": {}, "amount_type": {}, "amount": {},
    "price_include": {}, "invoice_label": {}, "tax_exigibility": {}, "ubl_cii_tax_category_code": {},
    "tax_group_id": NAME,
    "country_id": CODE,
    "children_tax_ids": NAME,
    "repartition_line_ids": fields(
        "write_date", "sequence", "document_type", "repartition_type", "factor_percent", account_id=CODE
    ),
}  # fmt: skip


def tax(record: Values, text: str, setting: Setting) -> Values:
    """The canonical tax. Raises MappingError."""
    computation = known(COMPUTATIONS, record["amount_type"], "amount_type")
    size = rounded(amount(record["amount"]), SIX_DECIMALS)
    parts = sorted(record["repartition_line_ids"], key=lambda part: (part["document_type"], part["sequence"], part["id"]))
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "active": record["active"],
        "used_for": record["type_tax_use"],
        "scope": known(SCOPES, record["tax_scope"], "tax_scope"),
        "computation": computation,
        "rate": size if computation in ("percent", "percent_of_total") else None,
        "fixed_amount": amount(record["amount"]) if computation == "fixed" else None,
        "price_includes_tax": record["price_include"],
        "category": record.get("ubl_cii_tax_category_code") or None,
        "label": record["invoice_label"] or None,
        "tax_group": field_or_none(record["tax_group_id"], "name"),
        "country": field_or_none(record["country_id"], "code"),
        "due_when": known(DUE, record["tax_exigibility"], "tax_exigibility"),
        "members": [{"tax_id": str(member["id"]), "name": member["name"] or None} for member in record["children_tax_ids"]],
        "postings": [_posting(position, part) for position, part in enumerate(parts, 1)],
    }


def _posting(position: int, part: Values) -> Values:
    return {
        "posting_id": str(part["id"]),
        "position": position,
        "document_type": known(DOCUMENTS, part["document_type"], "document_type"),
        "part": part["repartition_type"],
        "percent": rounded(amount(part["factor_percent"]), SIX_DECIMALS),
        "account_id": id_or_none(part["account_id"]),
        "account_code": field_or_none(part["account_id"], "code"),
    }


STREAM = Stream(
    TAXES,
    "account.tax",
    [],
    TAX_FIELDS,
    tax,
    touched_by(documents_of, "repartition_line_ids"),
    ("account.tax.group", "account.tax.repartition.line", "account.account", "res.country"),
)
