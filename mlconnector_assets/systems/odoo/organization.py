"""Departments, projects and warehouses from hr.department, project.project and stock.warehouse."""

from __future__ import annotations

from mlconnector_assets.records import DEPARTMENTS, PROJECTS, WAREHOUSES
from mlconnector_assets.systems.odoo.mapping import NO_ADDRESS, Setting, address_of, common
from mlconnector_assets.systems.odoo.specifications import CODE, NAME, PARTY_MODELS, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, shared_or_own, touched_by
from mlconnector_assets.systems.odoo.values import Values, day_or_none, field_or_none, id_or_none

DEPARTMENT_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "company_id": {}, "parent_id": NAME, "manager_id": NAME,
}  # fmt: skip

PROJECT_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "company_id": {}, "date_start": {}, "date": {},
    "partner_id": NAME,
    "account_id": CODE,
    "user_id": NAME,
}  # fmt: skip

WAREHOUSE_FIELDS: Specification = {
    "write_date": {}, "active": {}, "code": {}, "name": {}, "company_id": {},
    "partner_id": fields(
        "write_date", "street", "street2", "city", "zip", "global_location_number", state_id=CODE, country_id=CODE
    ),
}  # fmt: skip


def department(record: Values, text: str, setting: Setting) -> Values:
    """The canonical department. Raises MappingError."""
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "active": record["active"],
        "parent_id": id_or_none(record["parent_id"]),
        "parent": field_or_none(record["parent_id"], "name"),
        "manager_id": id_or_none(record["manager_id"]),
        "manager": field_or_none(record["manager_id"], "name"),
    }


def project(record: Values, text: str, setting: Setting) -> Values:
    """The canonical project. Raises MappingError."""
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "active": record["active"],
        "counterparty_id": id_or_none(record["partner_id"]),
        "counterparty_name": field_or_none(record["partner_id"], "name"),
        "cost_center_id": id_or_none(record["account_id"]),
        "cost_center_code": field_or_none(record["account_id"], "code"),
        "manager": field_or_none(record["user_id"], "name"),
        "start_date": day_or_none(record["date_start"]),
        "end_date": day_or_none(record["date"]),
    }


def warehouse(record: Values, text: str, setting: Setting) -> Values:
    """The canonical warehouse; its address is that of its contact. Raises MappingError."""
    place = record["partner_id"]
    return common(record, text, setting) | {
        "code": record["code"] or None,
        "name": record["name"] or None,
        "active": record["active"],
        "contact_id": id_or_none(place),
        **(address_of(place) if place else NO_ADDRESS),
        "gln": (place.get("global_location_number") or None) if place else None,
    }


DEPARTMENTS_STREAM = Stream(
    DEPARTMENTS, "hr.department", [], DEPARTMENT_FIELDS, department, shared_or_own, ("hr.employee",), app="Employees"
)

PROJECTS_STREAM = Stream(
    PROJECTS,
    "project.project",
    [],
    PROJECT_FIELDS,
    project,
    shared_or_own,
    ("res.partner", "account.analytic.account", "res.users"),
    app="Project",
)

WAREHOUSES_STREAM = Stream(
    WAREHOUSES,
    "stock.warehouse",
    [],
    WAREHOUSE_FIELDS,
    warehouse,
    touched_by(shared_or_own, "partner_id"),
    PARTY_MODELS,
    app="Inventory",
)
