"""Cost centers and their plans from account.analytic.account and account.analytic.plan. A renamed plan moves no account."""

from __future__ import annotations

from mlconnector_assets.records import COST_CENTER_PLANS, COST_CENTERS
from mlconnector_assets.systems.odoo.mapping import Setting, common
from mlconnector_assets.systems.odoo.specifications import Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, everywhere, shared_or_own, touched_by
from mlconnector_assets.systems.odoo.values import Values, field_or_none, id_or_none

_STAMPED_NAME = fields("name", "write_date")

COST_CENTER_FIELDS: Specification = {
    "write_date": {}, "active": {}, "code": {}, "name": {}, "company_id": {},
    "plan_id": _STAMPED_NAME,
    "root_plan_id": _STAMPED_NAME,
    "partner_id": fields("name"),
}  # fmt: skip

PLAN_FIELDS: Specification = {"write_date": {}, "name": {}, "default_applicability": {}, "parent_id": _STAMPED_NAME}


def cost_center(record: Values, text: str, setting: Setting) -> Values:
    """The canonical cost center. Raises MappingError."""
    return common(record, text, setting) | {
        "code": record["code"] or None,
        "name": record["name"] or None,
        "active": record["active"],
        "plan_id": id_or_none(record["plan_id"]),
        "plan": field_or_none(record["plan_id"], "name"),
        "root_plan_id": id_or_none(record["root_plan_id"]),
        "root_plan": field_or_none(record["root_plan_id"], "name"),
        "counterparty_id": id_or_none(record["partner_id"]),
        "counterparty_name": field_or_none(record["partner_id"], "name"),
    }


def plan(record: Values, text: str, setting: Setting) -> Values:
    """The canonical cost-center plan."""
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "parent_id": id_or_none(record["parent_id"]),
        "parent": field_or_none(record["parent_id"], "name"),
        "applicability": record["default_applicability"] or None,
    }


COST_CENTERS_STREAM = Stream(
    COST_CENTERS,
    "account.analytic.account",
    [],
    COST_CENTER_FIELDS,
    cost_center,
    touched_by(shared_or_own, "plan_id", "root_plan_id"),
    ("account.analytic.plan", "res.partner"),
)

PLANS_STREAM = Stream(
    COST_CENTER_PLANS,
    "account.analytic.plan",
    [],
    PLAN_FIELDS,
    plan,
    touched_by(everywhere, "parent_id"),
    (),
)
