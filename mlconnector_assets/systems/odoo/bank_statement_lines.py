"""Bank statement lines from account.bank.statement.line. Matching one moves the write_date of the lines of its journal
entry, so these count too."""

from __future__ import annotations

from mlconnector_assets.records import BANK_STATEMENT_LINES
from mlconnector_assets.systems.odoo.mapping import STATES, Setting, common, in_order, known
from mlconnector_assets.systems.odoo.settlements import MATCH_MODELS, MATCHES, settlements
from mlconnector_assets.systems.odoo.specifications import CODE, NAME, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, Sums, documents_of, touched_by
from mlconnector_assets.systems.odoo.values import Values, amount, day_or_none, field_or_none, id_or_none

BANK_STATEMENT_LINE_FIELDS: Specification = {
    "write_date": {}, "name": {}, "state": {}, "date": {}, "payment_ref": {}, "ref": {}, "partner_name": {}, "amount": {},
    "amount_currency": {}, "transaction_type": {}, "is_reconciled": {},
    "partner_id": fields("name", commercial_partner_id=NAME),
    "statement_id": NAME,
    "journal_id": CODE,
    "currency_id": NAME,
    "foreign_currency_id": NAME,
    "company_id": fields(currency_id=NAME),
    "move_id": fields(line_ids=fields("write_date", "sequence", **MATCHES)),
}  # fmt: skip


def bank_statement_line(record: Values, text: str, setting: Setting) -> Values:
    """The canonical bank statement line. Raises MappingError."""
    partner, foreign = record["partner_id"], record["foreign_currency_id"]
    return common(record, text, setting) | {
        "state": known(STATES, record["state"], "state"),
        "number": record["name"] or None,
        "document_date": day_or_none(record["date"]),
        "statement": field_or_none(record["statement_id"], "name"),
        "journal": field_or_none(record["journal_id"], "code"),
        "label": record["payment_ref"] or None,
        "reference": record["ref"] or None,
        "transaction_type": record["transaction_type"] or None,
        "counterparty_id": id_or_none(partner["commercial_partner_id"]) if partner else None,
        "counterparty_name": field_or_none(partner, "name") or record["partner_name"] or None,
        "entry_id": id_or_none(record["move_id"]),
        "currency": record["currency_id"]["name"],
        "company_currency": record["company_id"]["currency_id"]["name"],
        "amount": amount(record["amount"]),
        "foreign_currency": field_or_none(foreign, "name"),
        "foreign_amount": amount(record["amount_currency"]) if foreign else None,
        "reconciled": record["is_reconciled"],
        "settlements": settlements(in_order(record["move_id"]["line_ids"])),
        "problem": None,
    }


STREAM = Stream(
    BANK_STATEMENT_LINES,
    "account.bank.statement.line",
    [],
    BANK_STATEMENT_LINE_FIELDS,
    bank_statement_line,
    touched_by(documents_of, "move_id.line_ids"),
    (*MATCH_MODELS, "res.partner", "res.company", "account.journal", "account.bank.statement"),
    Sums({"amount": "amount"}),
)
