"""Units of measure, also archived ones. One row a unit."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, RATE, Column, Record

UNITS = Record(
    name="units",
    title="Units of measure",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "base_unit_id": Column(pl.String(), "source_id of the unit it is a multiple of; null for a base unit"),
        "base_unit": Column(pl.String(), "name of that unit"),
        "base_quantity": Column(RATE, "how many of that unit one of this is; 1 for a base unit"),
        "factor": Column(RATE, "how many of the unit at the bottom one of this is: equal measures compare by it"),
    },
    number_column="name",
)
