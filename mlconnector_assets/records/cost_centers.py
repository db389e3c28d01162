"""Cost centers: what lines are split over. One row a cost center, also archived ones. The root plan is the
dimension it is a value of."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

COST_CENTERS = Record(
    name="cost_centers",
    title="Cost centers",
    meaning=__doc__ or "",
    own_columns={
        "code": Column(pl.String(), "code"),
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "plan_id": Column(pl.String(), "source_id of its plan, see cost_center_plans"),
        "plan": Column(pl.String(), "name of its plan"),
        "root_plan_id": Column(pl.String(), "source_id of the plan at the top, which is the dimension"),
        "root_plan": Column(pl.String(), "name of the plan at the top"),
        "counterparty_id": Column(pl.String(), "source_id of the contact it is kept for"),
        "counterparty_name": Column(pl.String(), "its name"),
    },
    number_column="code",
)
