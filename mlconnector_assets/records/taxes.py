"""Taxes, also archived ones. One row a tax with the postings it makes nested."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, MONEY, PERCENT, Column, Record

TAX_POSTING = pl.Struct(
    {
        "posting_id": pl.String(),
        "position": pl.Int32(),
        "document_type": pl.String(),
        "part": pl.String(),
        "percent": PERCENT,
        "account_id": pl.String(),
        "account_code": pl.String(),
    }
)
"""Where a tax is booked: `document_type` is invoice or credit_note, `part` base or tax, `percent` the share of that part.
Reverse charge is 100 and -100. Without an account it goes where the line itself goes."""

MEMBER = pl.Struct({"tax_id": pl.String(), "name": pl.String()})
"""A tax of a group."""

TAXES = Record(
    name="taxes",
    title="Taxes",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name; unique only within company, use and country"),
        "active": ACTIVE,
        "used_for": Column(pl.String(), "sale, purchase or none"),
        "scope": Column(pl.String(), "goods or services when it is for one of them only"),
        "computation": Column(pl.String(), "percent, percent_of_total, fixed or group"),
        "rate": Column(PERCENT, "percentage; null for a fixed amount or a group"),
        "fixed_amount": Column(MONEY, "amount for each unit, in company currency; null unless fixed"),
        "price_includes_tax": Column(pl.Boolean(), "whether prices are meant with this tax"),
        "category": Column(pl.String(), "category code of EN 16931, such as S or AE"),
        "label": Column(pl.String(), "what documents print for it"),
        "tax_group": Column(pl.String(), "name of the group that documents sum it in"),
        "country": Column(pl.String(), "ISO 3166-1 alpha-2"),
        "due_when": Column(pl.String(), "invoiced or paid"),
        "members": Column(pl.List(MEMBER), "taxes of a group"),
        "postings": Column(pl.List(TAX_POSTING), "where it is booked, in order"),
    },
    children=(("postings", "posting_id"), ("members", "tax_id")),
    number_column="name",
)
