"""Cost centres: plans and analytic accounts."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Lines, Model
from mlconnector_assets.sandbox.odoo.models.sql import OWN_OR_SHARED

MODELS = (
    Model(
        "account.analytic.plan",
        "Analytic Plans",
        """
        name complete_name parent_id parent_path default_applicability color sequence
        """,
        order="sequence, id",
        display="{t}.complete_name",
        related={"root_id": "CAST(substr({t}.parent_path, 1, instr({t}.parent_path, '/') - 1) AS INTEGER)"},
        lines={
            "children_ids": Lines("account.analytic.plan", "parent_id"),
            "account_ids": Lines("account.analytic.account", "plan_id"),
        },
    ),
    Model(
        "account.analytic.account",
        "Analytic Account",
        """
        name code active partner_id plan_id company_id
        """,
        order="plan_id, name",
        display="ifnull('[' || {t}.code || '] ', '') || {t}.name",
        related={
            "root_plan_id": "SELECT CAST(substr(p.parent_path, 1, instr(p.parent_path, '/') - 1) AS INTEGER) "
            "FROM account_analytic_plan p WHERE p.id = {t}.plan_id"
        },
        company_rule=OWN_OR_SHARED,
    ),
)
