"""Vendors: commercial partners we buy from, because they were on a bill or an order, or carry a tag that the connection
names. One row a vendor, also archived ones."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

VENDORS = Record(
    name="vendors",
    title="Vendors",
    meaning=__doc__ or "",
    own_columns={
        "reference": Column(pl.String(), "our code of the vendor"),
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "is_company": Column(pl.Boolean(), "false for a person"),
        "tax_id": Column(pl.String(), "VAT or tax identification number, as the source holds it"),
        "registration_number": Column(pl.String(), "company registry number"),
        "gln": Column(pl.String(), "GS1 global location number"),
        "street": Column(pl.String(), "first address line"),
        "street2": Column(pl.String(), "second address line"),
        "city": Column(pl.String(), "city"),
        "state": Column(pl.String(), "code of the state or province"),
        "postal_code": Column(pl.String(), "postal code"),
        "country": Column(pl.String(), "ISO 3166-1 alpha-2"),
        "email": Column(pl.String(), "mail address"),
        "phone": Column(pl.String(), "telephone"),
        "website": Column(pl.String(), "web address"),
        "language": Column(pl.String(), "language as the source writes it, such as nl_BE"),
        "categories": Column(pl.String(), "names of its tags, joined by ' + '"),
        "currency": Column(pl.String(), "ISO 4217 code of the currency we buy in, if it has one of its own"),
        "payment_term": Column(
            pl.String(), "name of the default payment term, seen from the vendor's company or the connection's first"
        ),
        "payable_account": Column(pl.String(), "code of the payable account, seen from the same company"),
        "problem": Column(pl.String(), "why the vendor may not leave; null when sound"),
    },
    number_column="reference",
    business_columns=(
        "reference",
        "name",
        "active",
        "tax_id",
        "registration_number",
        "gln",
        "street",
        "street2",
        "city",
        "state",
        "postal_code",
        "country",
        "email",
        "phone",
        "currency",
        "payment_term",
        "payable_account",
    ),
)
