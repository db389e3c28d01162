"""Journal entries, their lines, and what they are made of."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Lines, Model
from mlconnector_assets.sandbox.odoo.models.sql import COMPANY_CURRENCY, OWN, OWN_OR_SHARED, of_move

ACCOUNT_CODE = """json_extract({t}.code_store, '$."{company}"')"""
TRADE = "r.display_type IN ('product', 'line_section', 'line_subsection', 'line_note')"
DRAFT_NAMES = (
    "CASE {t}.move_type WHEN 'out_invoice' THEN 'Draft Invoice' WHEN 'out_refund' THEN 'Draft Credit Note' "
    "WHEN 'in_invoice' THEN 'Draft Bill' WHEN 'in_refund' THEN 'Draft Vendor Credit Note' "
    "WHEN 'out_receipt' THEN 'Draft Sales Receipt' WHEN 'in_receipt' THEN 'Draft Purchase Receipt' ELSE 'Draft Entry' END"
)

MODELS = (
    Model(
        "account.move",
        "Journal Entry",
        """
        company_id move_type state journal_id partner_id commercial_partner_id name ref payment_state date
        invoice_date invoice_date_due delivery_date partner_shipping_id currency_id invoice_currency_rate
        amount_untaxed amount_tax amount_total amount_residual amount_untaxed_signed amount_tax_signed
        amount_total_signed amount_residual_signed amount_total_in_currency_signed invoice_origin
        invoice_payment_term_id payment_reference reversed_entry_id narration invoice_cash_rounding_id
        sequence_prefix sequence_number posted_before checked auto_post origin_payment_id statement_line_id
        """,
        order="date desc, name desc, invoice_date desc, id desc",
        display=f"CASE WHEN {{t}}.state = 'draft' THEN {DRAFT_NAMES} || ' ' || ifnull({{t}}.name, '(* ' || {{t}}.id || ')') "
        "ELSE {t}.name END || ifnull(' (' || {t}.ref || ')', '')",
        related={"company_currency_id": COMPANY_CURRENCY},
        computed={
            "amount_paid": "round({t}.amount_total - {t}.amount_residual, 2)",
            "status_in_payment": "CASE WHEN {t}.state = 'posted' AND {t}.payment_state = 'not_paid' THEN 'posted' "
            "WHEN {t}.state = 'posted' THEN {t}.payment_state ELSE {t}.state END",
        },
        lines={
            "line_ids": Lines("account.move.line", "move_id"),
            "journal_line_ids": Lines("account.move.line", "move_id"),
            "invoice_line_ids": Lines("account.move.line", "move_id", TRADE),
            "reversal_move_ids": Lines("account.move", "reversed_entry_id"),
        },
        company_rule=OWN,
        indexes=("write_date, company_id", "reversed_entry_id"),
    ),
    Model(
        "account.move.line",
        "Journal Item",
        """
        move_id display_type account_id partner_id balance amount_currency currency_id name sequence product_id
        product_uom_id quantity price_unit discount price_subtotal price_total amount_residual
        amount_residual_currency reconciled matching_number tax_ids tax_line_id tax_base_amount
        analytic_distribution date_maturity discount_date discount_amount_currency discount_balance
        purchase_line_id sale_line_ids payment_id statement_line_id full_reconcile_id
        """,
        order="date desc, move_name desc, id",
        display="ifnull((" + of_move("name") + "), 'Draft') || ifnull(' ' || {t}.name, '')",
        related={
            "move_name": of_move("name"),
            "parent_state": of_move("state"),
            "date": of_move("date"),
            "invoice_date": of_move("invoice_date"),
            "ref": of_move("ref"),
            "journal_id": of_move("journal_id"),
            "company_id": of_move("company_id"),
            "move_type": of_move("move_type"),
            "company_currency_id": "SELECT c.currency_id FROM account_move m JOIN res_company c ON c.id = m.company_id "
            "WHERE m.id = {t}.move_id",
            "debit": "CASE WHEN {t}.balance > 0 THEN {t}.balance ELSE 0.0 END",
            "credit": "CASE WHEN {t}.balance < 0 THEN -{t}.balance ELSE 0.0 END",
            "account_type": "SELECT a.account_type FROM account_account a WHERE a.id = {t}.account_id",
            "tax_group_id": "SELECT x.tax_group_id FROM account_tax x WHERE x.id = {t}.tax_line_id",
        },
        computed={
            "account_name": "SELECT a.name FROM account_account a WHERE a.id = {t}.account_id",
            "account_code": "SELECT " + ACCOUNT_CODE.replace("{t}", "a") + " FROM account_account a WHERE a.id = {t}.account_id",
            "currency_rate": of_move("invoice_currency_rate"),
            "is_refund": "SELECT m.move_type IN ('in_refund', 'out_refund') FROM account_move m WHERE m.id = {t}.move_id",
        },
        company_rule="EXISTS (SELECT 1 FROM account_move m WHERE m.id = {t}.move_id AND m.company_id IN ({companies}))",
        lines={
            "matched_debit_ids": Lines("account.partial.reconcile", "credit_move_id"),
            "matched_credit_ids": Lines("account.partial.reconcile", "debit_move_id"),
        },
        indexes=("move_id", "partner_id", "purchase_line_id", "full_reconcile_id"),
    ),
    Model(
        "account.account",
        "Account",
        """
        name code_store account_type reconcile active non_trade currency_id company_ids tax_ids tag_ids note
        """,
        order="code, placeholder_code",
        display="ifnull(" + ACCOUNT_CODE + " || ' ', '') || {t}.name",
        related={
            "code": ACCOUNT_CODE,
            "placeholder_code": "ifnull("
            + ACCOUNT_CODE
            + ", (SELECT e.value || ' (' || c.name || ')' FROM json_each({t}.code_store) e "
            "JOIN res_company c ON c.id = e.key ORDER BY c.id LIMIT 1))",
            "internal_group": "substr({t}.account_type, 1, instr({t}.account_type || '_', '_') - 1)",
        },
        company_rule="EXISTS (SELECT 1 FROM json_each({t}.company_ids) WHERE value IN ({companies}))",
    ),
    Model(
        "account.journal",
        "Journal",
        """
        name code type active company_id currency_id default_account_id sequence
        """,
        order="sequence, type, code",
        company_rule=OWN,
    ),
    Model(
        "account.tax",
        "Tax",
        """
        name type_tax_use tax_scope amount_type amount active company_id tax_group_id price_include_override
        include_base_amount is_base_affected description invoice_label tax_exigibility country_id sequence
        ubl_cii_tax_category_code
        """,
        order="sequence, id",
        related={"price_include": "ifnull({t}.price_include_override = 'tax_included', 0)"},
        lines={
            "repartition_line_ids": Lines("account.tax.repartition.line", "tax_id"),
            "invoice_repartition_line_ids": Lines("account.tax.repartition.line", "tax_id", "r.document_type = 'invoice'"),
            "refund_repartition_line_ids": Lines("account.tax.repartition.line", "tax_id", "r.document_type = 'refund'"),
        },
        company_rule=OWN,
    ),
    Model(
        "account.tax.repartition.line",
        "Tax Repartition Line",
        "tax_id document_type repartition_type factor_percent account_id company_id sequence use_in_tax_closing",
        order="document_type, repartition_type, sequence, id",
        display="'account.tax.repartition.line,' || {t}.id",
        company_rule=OWN,
        indexes=("tax_id",),
    ),
    Model("account.account.tag", "Account Tag", "name applicability color active country_id", order="name, id"),
    Model("account.tax.group", "Tax Group", "name company_id sequence", order="sequence, id", company_rule=OWN),
    Model(
        "account.payment.term",
        "Payment Terms",
        """
        name active company_id note early_discount discount_percentage discount_days sequence
        """,
        order="sequence, id",
        lines={"line_ids": Lines("account.payment.term.line", "payment_id")},
        company_rule=OWN_OR_SHARED,
    ),
    Model(
        "account.payment.term.line",
        "Payment Terms Line",
        """
        payment_id value value_amount delay_type nb_days days_next_month
        """,
        display="'account.payment.term.line,' || {t}.id",
    ),
    Model("account.cash.rounding", "Account Cash Rounding", "name rounding strategy"),
)
