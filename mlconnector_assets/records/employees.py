"""Employees, also archived ones. One row a person with the history of positions nested. `private` is null unless the
connection lists fields of it."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

POSITION = pl.Struct(
    {
        "version_id": pl.String(),
        "valid_from": pl.Date(),
        "job_title": pl.String(),
        "department_id": pl.String(),
        "department": pl.String(),
        "employee_type": pl.String(),
        "active": pl.Boolean(),
    }
)
"""A position holds until the next one's `valid_from`; a later one may lie in the future. `employee_type` is employee,
worker, student, trainee, contractor or freelance."""

PRIVATE = pl.Struct(
    {
        "badge_number": pl.String(),
        "birthday": pl.Date(),
        "gender": pl.String(),
        "marital_status": pl.String(),
        "nationality": pl.String(),
        "identification_number": pl.String(),
        "social_security_number": pl.String(),
        "passport_number": pl.String(),
        "private_street": pl.String(),
        "private_street2": pl.String(),
        "private_city": pl.String(),
        "private_postal_code": pl.String(),
        "private_country": pl.String(),
        "private_email": pl.String(),
        "private_phone": pl.String(),
        "contract_start": pl.Date(),
        "contract_end": pl.Date(),
    }
)
"""What only people of the human-resources department may see. Countries are ISO 3166-1 alpha-2."""
PRIVATE_FIELDS = tuple(field.name for field in PRIVATE.fields)

EMPLOYEES = Record(
    name="employees",
    title="Employees",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "work_email": Column(pl.String(), "mail address at work"),
        "work_phone": Column(pl.String(), "telephone at work"),
        "mobile_phone": Column(pl.String(), "mobile telephone at work"),
        "job_title": Column(pl.String(), "title of the position in force"),
        "department_id": Column(pl.String(), "source_id of its department"),
        "department": Column(pl.String(), "name of the department"),
        "manager_id": Column(pl.String(), "source_id of the employee's manager"),
        "manager": Column(pl.String(), "name of the manager"),
        "user_id": Column(pl.String(), "source_id of the employee's user"),
        "positions": Column(pl.List(POSITION), "history of positions, oldest first; empty when the user may not read it"),
        "private": Column(PRIVATE, "private fields that the connection lists"),
    },
    children=(("positions", "version_id"),),
    number_column="name",
)
