"""Payment terms from account.payment.term with their lines."""

from __future__ import annotations

from mlconnector_assets.records import PAYMENT_TERMS
from mlconnector_assets.systems.odoo.mapping import SIX_DECIMALS, Setting, common, known
from mlconnector_assets.systems.odoo.specifications import Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, shared_or_own, touched_by
from mlconnector_assets.systems.odoo.values import Json, MappingError, Values, amount, rounded

DUE = {
    "days_after": "invoice_date",
    "days_after_end_of_month": "end_of_month",
    "days_after_end_of_next_month": "end_of_next_month",
    "days_end_of_month_on_the": "end_of_month_then_day",
}

PAYMENT_TERM_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "company_id": {}, "early_discount": {}, "discount_percentage": {},
    "discount_days": {},
    "line_ids": fields("write_date", "value", "value_amount", "delay_type", "nb_days", "days_next_month"),
}  # fmt: skip


def payment_term(record: Values, text: str, setting: Setting) -> Values:
    """The canonical payment term. Raises MappingError."""
    lines = sorted(record["line_ids"], key=lambda line: int(line["id"]))
    instalments = [_instalment(position, line) for position, line in enumerate(lines, 1)]
    by_days = instalments and all(part["due"] == "invoice_date" for part in instalments)
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "active": record["active"],
        "net_days": max(part["days"] for part in instalments) if by_days else None,
        "discount_percent": amount(record["discount_percentage"]) if record["early_discount"] else None,
        "discount_days": record["discount_days"] if record["early_discount"] else None,
        "instalments": instalments,
    }


def _instalment(position: int, line: Values) -> Values:
    due, fixed = known(DUE, line["delay_type"], "delay_type"), line["value"] == "fixed"
    return {
        "instalment_id": str(line["id"]),
        "position": position,
        "percent": None if fixed else rounded(amount(line["value_amount"]), SIX_DECIMALS),
        "fixed_amount": amount(line["value_amount"]) if fixed else None,
        "due": due,
        "days": line["nb_days"],
        "day_of_month": _day_of_month(line.get("days_next_month")) if due == "end_of_month_then_day" else None,
    }


def _day_of_month(value: Json) -> int | None:
    """Odoo keeps this number as text."""
    try:
        return int(value) if value else None
    except ValueError:
        raise MappingError(f"days_next_month is {value!r}, which is no number") from None


STREAM = Stream(
    PAYMENT_TERMS,
    "account.payment.term",
    [],
    PAYMENT_TERM_FIELDS,
    payment_term,
    touched_by(shared_or_own, "line_ids"),
    ("account.payment.term.line",),
)
