"""Payments, bank statement lines, and what was matched with what."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Lines, Model
from mlconnector_assets.sandbox.odoo.models.sql import COMPANY_CURRENCY, OWN, of_move

MODELS = (
    Model(
        "account.payment",
        "Payments",
        """
        name state payment_type partner_type partner_id amount amount_company_currency_signed currency_id date memo
        payment_reference journal_id company_id destination_account_id outstanding_account_id move_id is_reconciled
        is_matched is_sent invoice_ids
        """,
        order="date desc, name desc",
        computed={
            "amount_signed": "CASE {t}.payment_type WHEN 'outbound' THEN -{t}.amount ELSE {t}.amount END",
            "payment_method_code": "'manual'",
            "company_currency_id": COMPANY_CURRENCY,
        },
        company_rule=OWN,
    ),
    Model(
        "account.partial.reconcile",
        "Partial Reconcile",
        """
        debit_move_id credit_move_id amount debit_amount_currency credit_amount_currency debit_currency_id
        credit_currency_id max_date full_reconcile_id exchange_move_id company_id
        """,
        display="'account.partial.reconcile,' || {t}.id",
        computed={"company_currency_id": COMPANY_CURRENCY},
        company_rule=OWN,
        indexes=("debit_move_id", "credit_move_id", "full_reconcile_id"),
    ),
    Model(
        "account.full.reconcile",
        "Full Reconcile",
        "",
        display="'account.full.reconcile,' || {t}.id",
        lines={
            "partial_reconcile_ids": Lines("account.partial.reconcile", "full_reconcile_id"),
            "reconciled_line_ids": Lines("account.move.line", "full_reconcile_id"),
        },
    ),
    Model(
        "account.bank.statement",
        "Bank Statement",
        "name reference date balance_start balance_end_real journal_id company_id",
        order="date desc, name desc, id desc",
        company_rule=OWN,
    ),
    Model(
        "account.bank.statement.line",
        "Bank Statement Line",
        """
        journal_id payment_ref partner_id partner_name account_number amount foreign_currency_id amount_currency
        statement_id move_id is_reconciled amount_residual internal_index sequence transaction_type currency_id company_id
        """,
        order="internal_index desc",
        display=of_move("name"),
        computed={name: of_move(name) for name in ("name", "date", "state", "ref", "checked")},
        company_rule=OWN,
    ),
)
