"""What lines of a journal entry were matched with: rows of account.partial.reconcile, which vanish when somebody unmatches
them. Matching and unmatching move the write_date of the two lines, whatever else they move."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from mlconnector_assets.systems.odoo.gl_entries import ENTRY_TYPES
from mlconnector_assets.systems.odoo.lines import ZERO
from mlconnector_assets.systems.odoo.mapping import known
from mlconnector_assets.systems.odoo.specifications import NAME, Specification, fields
from mlconnector_assets.systems.odoo.values import Values, amount, day_or_none, field_or_none, id_or_none

_OTHER_LINE = fields(move_id=fields("name", "ref", "move_type"))
_PARTIAL = ("amount", "debit_amount_currency", "credit_amount_currency", "max_date")

MATCHES: Specification = {
    "matched_debit_ids": fields(*_PARTIAL, debit_move_id=_OTHER_LINE, debit_currency_id=NAME, exchange_move_id=NAME),
    "matched_credit_ids": fields(*_PARTIAL, credit_move_id=_OTHER_LINE, credit_currency_id=NAME, exchange_move_id=NAME),
}
"""Fields of a line: the partials whose debit, and those whose credit, is on the other side."""
MATCH_MODELS = ("account.move", "account.move.line", "account.partial.reconcile", "res.currency")


def settlements(lines: list[Values]) -> list[Values]:
    """The matches of these lines with documents and entries, in order of matching.

    A match at another rate makes Odoo book the difference in an entry of its own, and match that with one of the two lines.
    It is no document that was settled: what it has of the payment belongs to the match that it was made for.
    """
    found = [
        (partial, side, mine)
        for line in lines
        for side, mine in (("debit", "credit"), ("credit", "debit"))
        for partial in line[f"matched_{side}_ids"]
    ]
    entries = {partial["exchange_move_id"]["id"] for partial, _, _ in found if partial["exchange_move_id"]}
    settled: list[Values] = []
    differences: dict[str, Decimal] = defaultdict(Decimal)
    for partial, side, mine in found:
        settlement = _settlement(partial, side, mine)
        if partial[f"{side}_move_id"]["move_id"]["id"] in entries:
            differences[settlement["document_id"]] += settlement["amount"]
        else:
            settled.append(settlement)
    for settlement in settled:
        if settlement["exchange_entry_id"] is not None:
            settlement["amount"] += differences.pop(settlement["exchange_entry_id"], ZERO)
    return sorted(settled, key=lambda settlement: int(settlement["settlement_id"]))


def _settlement(partial: Values, side: str, mine: str) -> Values:
    """`side` is where the document stands, `mine` where the payment does."""
    line, exchange = partial[f"{side}_move_id"], partial["exchange_move_id"]
    document = line["move_id"]
    return {
        "settlement_id": str(partial["id"]),
        "document_id": str(document["id"]),
        "document_type": known(ENTRY_TYPES, document["move_type"], "move_type of a settled document"),
        "document_number": document["name"] or None,
        "document_reference": document["ref"] or None,
        "document_line_id": str(line["id"]),
        "amount": amount(partial[f"{mine}_amount_currency"]),
        "document_currency": field_or_none(partial[f"{side}_currency_id"], "name"),
        "document_amount": amount(partial[f"{side}_amount_currency"]),
        "company_amount": amount(partial["amount"]),
        "settled_on": day_or_none(partial["max_date"]),
        "exchange_entry_id": id_or_none(exchange),
        "exchange_entry_number": field_or_none(exchange, "name"),
    }
