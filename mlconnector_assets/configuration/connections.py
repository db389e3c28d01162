"""connections.yaml: which accounting systems are read, and which warehouse is filled."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from mlconnector_assets.configuration.alerts import Alerts
from mlconnector_assets.layouts.problems import did_you_mean, listed
from mlconnector_assets.partners.fields import Day, Duration, Identifier, SecretName, Text
from mlconnector_assets.records import BANK_ACCOUNTS, PRIVATE_FIELDS, RECORDS

ODOO_RECORDS = tuple(name for name in RECORDS if name != BANK_ACCOUNTS.name)
"""What can be read from Odoo."""

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _base_url(url: str) -> str:
    if "@" in url:
        raise ValueError("must not hold a user or password; name the secret in `api_key:`")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with https:// (or http://) and a host name, such as https://mycompany.odoo.com")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"must end after the host name: {parts.scheme}://{parts.netloc}")
    return url.rstrip("/")


def _owner(owner: str) -> str:
    if not re.fullmatch(r"team:\S+|[^@\s]+@[^@\s]+\.[^@\s]+", owner):
        raise ValueError("must be an e-mail address, or a team as in team:finance")
    return owner


def _odoo_record(name: str) -> str:
    if name == BANK_ACCOUNTS.name:
        raise ValueError("are read when the connection says `bank_accounts: true`; leave them out here")
    if name not in ODOO_RECORDS:
        raise ValueError(
            f"is no record that is read from Odoo; allowed: {listed(ODOO_RECORDS)}{did_you_mean(name, ODOO_RECORDS)}"
        )
    return name


def _private_field(name: str) -> str:
    if name not in PRIVATE_FIELDS:
        raise ValueError(
            f"is no private field of employees; allowed: {listed(PRIVATE_FIELDS)}{did_you_mean(name, PRIVATE_FIELDS)}"
        )
    return name


class OdooConnection(BaseModel):
    """An Odoo database, read over JSON-2 (Odoo 19 and newer) or XML-RPC (17 and 18). The id (the key) is part of asset
    and table names and never changes; `name` may."""

    model_config = _STRICT

    id: SkipJsonSchema[str]
    system: Literal["odoo"] = Field(description="Kind of accounting system.")
    name: Text | None = Field(default=None, description="Name for people; the id when left out.")
    url: Annotated[Text, AfterValidator(_base_url)] = Field(
        description="Address of the server, such as https://mycompany.odoo.com."
    )
    database: Text = Field(description="Name of the database.")
    api_key: SecretName = Field(description="Name of the secret that holds the API key.")
    user: Text | None = Field(
        default=None, description="Login of the API key's user. Odoo 17 and 18 want it; Odoo 19 knows it by the key."
    )
    companies: dict[Text, Annotated[int, Field(ge=1)]] = Field(
        min_length=1, description="Our code of each company that is read, to its id in Odoo."
    )
    first_day: Day | None = Field(
        default=None,
        description="First partition day (UTC); everything modified before it is in it too. Thirty days before the first read "
        "when left out; once read, it never moves.",
    )
    overlap: Duration = Field(
        default=timedelta(hours=2), ge=timedelta(minutes=1), le=timedelta(days=7),
        description="How far each read reaches back: longer than the longest transaction in Odoo.",
    )  # fmt: skip
    poll: Duration = Field(
        default=timedelta(minutes=15),
        ge=timedelta(minutes=1),
        le=timedelta(days=1),
        description="How often Odoo is asked whether anything changed.",
    )
    sweep: Duration = Field(
        default=timedelta(days=1), ge=timedelta(hours=1), le=timedelta(days=31),
        description="How often all ids are listed to find what was deleted.",
    )  # fmt: skip
    most_deleted: int = Field(
        default=5,
        ge=0,
        le=100,
        description="Percent of a record that may vanish between two sweeps; if more did, and at least 20, nothing is recorded "
        "until a person confirms it.",
    )
    reread_days: int = Field(
        default=7, ge=0, le=90, description="How many of the last closed days are read again once a day; 0: none."
    )
    reread_hour: int = Field(default=3, ge=0, le=23, description="From which hour (UTC) on they are read again.")
    page_size: int = Field(default=500, ge=50, le=5000, description="Documents in one request.")
    timeout: Duration = Field(
        default=timedelta(seconds=60),
        ge=timedelta(seconds=5),
        le=timedelta(minutes=30),
        description="How long one answer may take.",
    )
    listed_records: tuple[Annotated[str, AfterValidator(_odoo_record)], ...] = Field(
        default=ODOO_RECORDS,
        min_length=1,
        alias="records",
        description="Kinds of record that are read; all that this Odoo's apps offer when left out. One that is named must exist.",
    )
    bank_accounts: bool = Field(default=False, description="Whether bank accounts of contacts are read too.")
    private_employee_fields: tuple[Annotated[str, AfterValidator(_private_field)], ...] = Field(
        default=(), description="Private fields of employees that are read; without it none is asked for."
    )
    vendor_tags: tuple[Text, ...] = Field(
        default=(), description="Tags that make a contact a vendor, besides having been on a bill or an order."
    )

    @model_validator(mode="after")
    def _named_once(self) -> OdooConnection:
        if len(set(self.companies.values())) < len(self.companies):
            raise ValueError("two codes in `companies` have the same id; a company has one code")
        if len(set(self.listed_records)) < len(self.listed_records):
            raise ValueError("`records` names a record twice")
        return self

    @property
    def records(self) -> tuple[str, ...]:
        """Kinds of record that are read."""
        return (*self.listed_records, *([BANK_ACCOUNTS.name] if self.bank_accounts else []))

    @property
    def optional_records(self) -> tuple[str, ...]:
        """Records that stay empty in a database without the app that brings them; none when `records` names them."""
        return () if "listed_records" in self.model_fields_set else self.listed_records


class DuckDBWarehouse(BaseModel):
    """The embedded warehouse: one DuckDB file."""

    model_config = _STRICT

    duckdb: Path = Field(
        default=Path(".mlconnector/warehouse.duckdb"), description="The file; a relative path starts at the project folder."
    )


class ConnectionsFile(BaseModel):
    """The whole of connections.yaml."""

    model_config = _STRICT

    connections: dict[Identifier, OdooConnection] = Field(min_length=1, description="Accounting systems by their id.")
    warehouse: DuckDBWarehouse = Field(default=DuckDBWarehouse(), description="Where records are loaded for questions in SQL.")
    alerts: Alerts = Field(default=Alerts(), description="Who is told of what is wrong, by mail or webhook.")
    owner: Annotated[str, AfterValidator(_owner)] | None = Field(
        default=None, description="Who looks after all this, shown in Dagster: an e-mail address, or a team as in team:finance."
    )
