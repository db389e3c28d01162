"""GL accounts from account.account, once for each company that sees them: an account's code is the current company's, and
which accounts a company (or a branch) sees is Odoo's own rule."""

from __future__ import annotations

from collections.abc import Mapping

from mlconnector_assets.records import GL_ACCOUNTS
from mlconnector_assets.systems.odoo.mapping import Setting, common, known, named
from mlconnector_assets.systems.odoo.specifications import NAME, Specification
from mlconnector_assets.systems.odoo.stream import Pass, Stream
from mlconnector_assets.systems.odoo.values import Values, field_or_none

TYPES = {
    "asset_receivable": ("receivable", "asset"),
    "asset_cash": ("cash", "asset"),
    "asset_current": ("current_asset", "asset"),
    "asset_non_current": ("non_current_asset", "asset"),
    "asset_prepayments": ("prepayment", "asset"),
    "asset_fixed": ("fixed_asset", "asset"),
    "liability_payable": ("payable", "liability"),
    "liability_credit_card": ("credit_card", "liability"),
    "liability_current": ("current_liability", "liability"),
    "liability_non_current": ("non_current_liability", "liability"),
    "equity": ("equity", "equity"),
    "equity_unaffected": ("current_year_earnings", "equity"),
    "income": ("income", "income"),
    "income_other": ("other_income", "income"),
    "expense": ("expense", "expense"),
    "expense_other": ("other_expense", "expense"),
    "expense_depreciation": ("depreciation", "expense"),
    "expense_direct_cost": ("cost_of_revenue", "expense"),
    "off_balance": ("off_balance", "off_balance"),
}

GL_ACCOUNT_FIELDS: Specification = {
    "write_date": {}, "active": {}, "code": {}, "name": {}, "account_type": {}, "reconcile": {},
    "currency_id": NAME,
    "tag_ids": NAME,
    "tax_ids": NAME,
}  # fmt: skip


def gl_account(record: Values, text: str, setting: Setting) -> Values:
    """The canonical account, as the company that is read sees it. Raises MappingError."""
    account_type, account_class = known(TYPES, record["account_type"], "account_type")
    return common(record, text, setting) | {
        "code": record["code"] or None,
        "name": record["name"] or None,
        "active": record["active"],
        "account_type": account_type,
        "account_class": account_class,
        "reconcilable": record["reconcile"],
        "currency": field_or_none(record["currency_id"], "name"),
        "tags": named(record["tag_ids"]),
        "default_taxes": named(record["tax_ids"]),
        "problem": None if record["code"] else "it has no code in this company",
    }


def _seen_by_each(companies: Mapping[str, int]) -> list[Pass]:
    return [Pass(code, (company,), []) for code, company in companies.items()]


STREAM = Stream(
    GL_ACCOUNTS,
    "account.account",
    [],
    GL_ACCOUNT_FIELDS,
    gl_account,
    _seen_by_each,
    ("account.account.tag", "account.tax", "res.currency"),
)
