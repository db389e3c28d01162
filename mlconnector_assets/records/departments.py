"""Departments, also archived ones. One row a department."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

DEPARTMENTS = Record(
    name="departments",
    title="Departments",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "parent_id": Column(pl.String(), "source_id of the department it is part of"),
        "parent": Column(pl.String(), "its name"),
        "manager_id": Column(pl.String(), "source_id of the employee who leads it"),
        "manager": Column(pl.String(), "the employee's name"),
    },
    number_column="name",
)
