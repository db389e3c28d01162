"""Plans of cost centers: the dimensions, and how they are divided. One row a plan."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import Column, Record

COST_CENTER_PLANS = Record(
    name="cost_center_plans",
    title="Cost-center plans",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name"),
        "parent_id": Column(pl.String(), "source_id of the plan it divides; null for a dimension"),
        "parent": Column(pl.String(), "its name"),
        "applicability": Column(
            pl.String(), "optional, mandatory or unavailable on a line, seen from the connection's first company"
        ),
    },
    number_column="name",
)
