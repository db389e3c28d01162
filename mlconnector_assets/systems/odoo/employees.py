"""Employees from hr.employee. Positions lie on hr.version, which only people of the HR department may read: without that
right the public profile is read. A position that is written by itself moves no employee."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from mlconnector_assets.records import EMPLOYEES
from mlconnector_assets.systems.odoo.choices import Choices
from mlconnector_assets.systems.odoo.mapping import Setting, common
from mlconnector_assets.systems.odoo.specifications import CODE, NAME, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, shared_or_own, touched_by
from mlconnector_assets.systems.odoo.values import Json, MappingError, Values, day_or_none, field_or_none, id_or_none

EMPLOYEE_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "company_id": {}, "work_email": {}, "work_phone": {}, "mobile_phone": {},
    "job_title": {}, "user_id": {},
    "department_id": NAME,
    "parent_id": NAME,
}  # fmt: skip

POSITION_FIELDS: Specification = {
    "version_ids": fields("write_date", "date_version", "job_title", "employee_type", "active", department_id=NAME)
}


def _text(value: Json) -> str | None:
    return value or None


def _country(value: Json) -> str | None:
    code: str | None = field_or_none(value, "code")
    return code


PRIVATE_FIELDS: dict[str, tuple[str, Specification, Callable[[Json], str | date | None]]] = {
    "badge_number": ("barcode", {}, _text),
    "birthday": ("birthday", {}, day_or_none),
    "gender": ("sex", {}, _text),
    "marital_status": ("marital", {}, _text),
    "nationality": ("country_id", CODE, _country),
    "identification_number": ("identification_id", {}, _text),
    "social_security_number": ("ssnid", {}, _text),
    "passport_number": ("passport_id", {}, _text),
    "private_street": ("private_street", {}, _text),
    "private_street2": ("private_street2", {}, _text),
    "private_city": ("private_city", {}, _text),
    "private_postal_code": ("private_zip", {}, _text),
    "private_country": ("private_country_id", CODE, _country),
    "private_email": ("private_email", {}, _text),
    "private_phone": ("private_phone", {}, _text),
    "contract_start": ("contract_date_start", {}, day_or_none),
    "contract_end": ("contract_date_end", {}, day_or_none),
}
"""Odoo's field of each private field, how it is asked for, and how its value is read."""


def employee(record: Values, text: str, setting: Setting) -> Values:
    """The canonical employee; what was not asked for is null. Raises MappingError."""
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "active": record["active"],
        "work_email": record["work_email"] or None,
        "work_phone": record["work_phone"] or None,
        "mobile_phone": record["mobile_phone"] or None,
        "job_title": record["job_title"] or None,
        "department_id": id_or_none(record["department_id"]),
        "department": field_or_none(record["department_id"], "name"),
        "manager_id": id_or_none(record["parent_id"]),
        "manager": field_or_none(record["parent_id"], "name"),
        "user_id": str(record["user_id"]) if record["user_id"] else None,
        "positions": [_position(version) for version in sorted(record.get("version_ids", []), key=_begin)],
        "private": _private(record),
    }


def _begin(version: Values) -> tuple[str, int]:
    if not version["date_version"]:
        raise MappingError(f"its position {version['id']} has no first day")
    return version["date_version"], version["id"]


def _position(version: Values) -> Values:
    return {
        "version_id": str(version["id"]),
        "valid_from": day_or_none(version["date_version"]),
        "job_title": version["job_title"] or None,
        "department_id": id_or_none(version["department_id"]),
        "department": field_or_none(version["department_id"], "name"),
        "employee_type": version["employee_type"] or None,
        "active": version["active"],
    }


def _private(record: Values) -> Values | None:
    asked = {name: read(record[field]) for name, (field, _, read) in PRIVATE_FIELDS.items() if field in record}
    return dict.fromkeys(PRIVATE_FIELDS) | asked if asked else None


def stream(choices: Choices) -> Stream:
    """The stream with the private fields that the connection lists, and with positions if the user may read them."""
    private = {PRIVATE_FIELDS[name][0]: PRIVATE_FIELDS[name][1] for name in choices.private_employee_fields}
    positions = choices.may_read("hr.version")
    return Stream(
        EMPLOYEES,
        "hr.employee",
        [],
        EMPLOYEE_FIELDS | private | (POSITION_FIELDS if positions else {}),
        employee,
        touched_by(shared_or_own, "version_ids") if positions else shared_or_own,
        ("hr.department", *(["hr.version"] if positions else [])),
        remark="" if positions else "positions are left out: the user may not read hr.version",
        app="Employees",
    )
