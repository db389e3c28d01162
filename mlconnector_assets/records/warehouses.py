"""Warehouses, also archived ones. One row a warehouse."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

WAREHOUSES = Record(
    name="warehouses",
    title="Warehouses",
    meaning=__doc__ or "",
    own_columns={
        "code": Column(pl.String(), "short name"),
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "contact_id": Column(pl.String(), "source_id of the contact that is its address"),
        "street": Column(pl.String(), "first address line"),
        "street2": Column(pl.String(), "second address line"),
        "city": Column(pl.String(), "city"),
        "state": Column(pl.String(), "code of the state or province"),
        "postal_code": Column(pl.String(), "postal code"),
        "country": Column(pl.String(), "ISO 3166-1 alpha-2"),
        "gln": Column(pl.String(), "GS1 global location number"),
    },
    number_column="code",
)
