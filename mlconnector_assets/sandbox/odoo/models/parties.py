"""Partners, companies, users, countries and currencies."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Lines, Model
from mlconnector_assets.sandbox.odoo.models.sql import OWN_OR_SHARED, of_partner

ADDRESS = ("vat", "company_registry", "street", "street2", "city", "zip", "state_id", "country_id")


def _account_of_type(account_type: str) -> str:
    return (
        f"SELECT a.id FROM account_account a WHERE a.account_type = '{account_type}' AND a.non_trade = 0 AND "
        "EXISTS (SELECT 1 FROM json_each(a.company_ids) WHERE value = {company}) ORDER BY a.id LIMIT 1"
    )


MODELS = (
    Model(
        "res.partner",
        "Contact",
        """
        name complete_name ref vat company_registry is_company parent_id type active supplier_rank customer_rank
        email phone website street street2 city state_id zip country_id lang tz company_id commercial_partner_id
        commercial_company_name function comment barcode property_payment_term_id
        property_supplier_payment_term_id global_location_number category_id property_purchase_currency_id
        """,
        order="complete_name, id desc",
        display="{t}.complete_name",
        related={
            "property_account_payable_id": _account_of_type("liability_payable"),
            "property_account_receivable_id": _account_of_type("asset_receivable"),
        },
        computed={
            "country_code": "SELECT n.code FROM res_country n WHERE n.id = {t}.country_id",
            "company_type": "CASE WHEN {t}.is_company THEN 'company' ELSE 'person' END",
            "debit": "SELECT round(-sum(l.amount_residual), 2) FROM account_move_line l "
            "JOIN account_account a ON a.id = l.account_id WHERE l.partner_id = {t}.id AND a.account_type = 'liability_payable'",
        },
        lines={
            "child_ids": Lines("res.partner", "parent_id", "r.active = 1"),
            "bank_ids": Lines("res.partner.bank", "partner_id"),
            "purchase_line_ids": Lines("purchase.order.line", "partner_id"),
        },
        by_company=("property_payment_term_id", "property_supplier_payment_term_id"),
        company_rule=OWN_OR_SHARED,
        indexes=("parent_id",),
    ),
    Model(
        "res.company",
        "Companies",
        """
        name currency_id partner_id parent_id sequence active chart_template account_fiscal_country_id
        fiscalyear_last_day fiscalyear_last_month tax_calculation_rounding_method email phone website
        fiscalyear_lock_date tax_lock_date sale_lock_date purchase_lock_date hard_lock_date
        """,
        order="sequence, name",
        related={name: of_partner(name) for name in ADDRESS},
        computed={
            "root_id": "{t}.id",
            "country_code": "SELECT n.code FROM res_country n JOIN res_partner p ON p.country_id = n.id "
            "WHERE p.id = {t}.partner_id",
            "user_fiscalyear_lock_date": "'1-01-01'",
            "user_hard_lock_date": "'1-01-01'",
        },
        company_rule="{t}.id IN ({companies})",
    ),
    Model(
        "res.users",
        "User",
        """
        login active partner_id company_id company_ids
        """,
        order="login",
        display=of_partner("name"),
        related={name: of_partner(name) for name in ("name", "lang", "tz")},
    ),
    Model("res.partner.category", "Partner Tags", "name active parent_id color", order="name, id"),
    Model(
        "res.partner.bank",
        "Bank Accounts",
        "acc_number sanitized_acc_number acc_holder_name partner_id active company_id currency_id allow_out_payment sequence",
        order="sequence, id",
        display="{t}.acc_number",
        company_rule=OWN_OR_SHARED,
    ),
    Model("res.currency", "Currency", "name full_name symbol position rounding decimal_places active", order="active desc, name"),
    Model(
        "res.currency.rate",
        "Currency Rate",
        "name rate currency_id company_id",
        order="name desc, id",
        company_rule=OWN_OR_SHARED,
    ),
    Model(
        "res.country",
        "Country",
        """
        name code currency_id phone_code
        """,
        order="name",
        lines={"state_ids": Lines("res.country.state", "country_id")},
    ),
    Model(
        "res.country.state",
        "Country state",
        """
        name code country_id
        """,
        order="code, id",
        display="{t}.name || ' (' || {t}.code || ')'",
    ),
)
