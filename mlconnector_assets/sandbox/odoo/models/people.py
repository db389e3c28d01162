"""Employees, their positions and departments; projects and warehouses."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Lines, Model
from mlconnector_assets.sandbox.odoo.models.sql import OWN, OWN_OR_SHARED

PRIVATE = "barcode birthday private_email private_phone"
ON_VERSION = (
    "job_title", "department_id", "employee_type", "sex", "marital", "country_id", "identification_id", "ssnid", "passport_id",
    "private_street", "private_street2", "private_city", "private_zip", "private_country_id", "contract_date_start",
    "contract_date_end",
)  # fmt: skip
"""Fields of an employee that lie on the version in force."""


def _in_force(column: str) -> str:
    return f"SELECT v.{column} FROM hr_version v WHERE v.id = {{t}}.current_version_id"


MODELS = (
    Model(
        "hr.employee",
        "Employee",
        f"name active company_id work_email work_phone mobile_phone parent_id user_id current_version_id {PRIVATE}",
        order="name",
        computed={name: _in_force(name) for name in ON_VERSION},
        lines={"version_ids": Lines("hr.version", "employee_id")},
        company_rule=OWN_OR_SHARED,
    ),
    Model(
        "hr.version",
        "Version",
        f"employee_id company_id date_version active {' '.join(ON_VERSION)}",
        order="date_version, id",
        display="{t}.date_version",
        company_rule=OWN_OR_SHARED,
        indexes=("employee_id",),
    ),
    Model(
        "hr.department",
        "Department",
        "name active company_id parent_id manager_id",
        order="name, id",
        company_rule=OWN_OR_SHARED,
    ),
    Model(
        "project.project",
        "Project",
        "name active company_id partner_id account_id user_id date_start date sequence",
        order="sequence, name, id",
        company_rule=OWN_OR_SHARED,
    ),
    Model(
        "stock.warehouse", "Warehouse", "name code active company_id partner_id sequence", order="sequence, id", company_rule=OWN
    ),
)
