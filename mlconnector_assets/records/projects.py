"""Projects, also archived ones. One row a project."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

PROJECTS = Record(
    name="projects",
    title="Projects",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "counterparty_id": Column(pl.String(), "source_id of the customer"),
        "counterparty_name": Column(pl.String(), "the customer's name"),
        "cost_center_id": Column(pl.String(), "source_id of the cost center its costs go to"),
        "cost_center_code": Column(pl.String(), "code of that cost center"),
        "manager": Column(pl.String(), "name of the user who leads it"),
        "start_date": Column(pl.Date(), "first planned day"),
        "end_date": Column(pl.Date(), "last planned day"),
    },
    number_column="name",
)
