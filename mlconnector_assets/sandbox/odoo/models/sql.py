"""SQL that models of several kinds share; `{t}` is the row's alias, `{companies}` the companies of the caller."""

from __future__ import annotations

COMPANY_CURRENCY = "SELECT c.currency_id FROM res_company c WHERE c.id = {t}.company_id"
OWN_OR_SHARED = "({t}.company_id IS NULL OR {t}.company_id IN ({companies}))"
OWN = "{t}.company_id IN ({companies})"


def of_move(column: str) -> str:
    """A column of the row's journal entry."""
    return f"SELECT m.{column} FROM account_move m WHERE m.id = {{t}}.move_id"


def of_partner(column: str) -> str:
    """A column of the row's partner."""
    return f"SELECT p.{column} FROM res_partner p WHERE p.id = {{t}}.partner_id"
