"""Contacts: everybody the source keeps an address of, also archived ones. One row a company, person or further
address; `counterparty_id` is the company or person that documents are made out to."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

CONTACTS = Record(
    name="contacts",
    title="Contacts",
    meaning=__doc__ or "",
    own_columns={
        "reference": Column(pl.String(), "our code of the contact"),
        "name": Column(pl.String(), "name"),
        "kind": Column(pl.String(), "contact, or what the address is for: invoice, delivery or other"),
        "active": ACTIVE,
        "is_company": Column(pl.Boolean(), "false for a person or an address"),
        "is_vendor": Column(pl.Boolean(), "whether a bill of this contact was ever posted"),
        "is_customer": Column(pl.Boolean(), "whether an invoice to this contact was ever posted"),
        "parent_id": Column(pl.String(), "source_id of the contact it belongs to"),
        "parent_name": Column(pl.String(), "its name"),
        "counterparty_id": Column(pl.String(), "source_id of the commercial counterparty; its own when it is one itself"),
        "counterparty_name": Column(pl.String(), "its name"),
        "job_title": Column(pl.String(), "what a person does there"),
        "categories": Column(pl.String(), "names of its tags, joined by ' + '"),
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
        "payment_term": Column(
            pl.String(), "name of the payment term when we sell, seen from the contact's company or the connection's first"
        ),
        "receivable_account": Column(pl.String(), "code of the receivable account, seen from the same company"),
    },
    number_column="reference",
)
