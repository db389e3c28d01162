"""What the mappings of all records share: the setting of a read, parties, cost-center shares, states."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from mlconnector_assets.systems.odoo.values import (
    Json,
    MappingError,
    Values,
    amount,
    field_or_none,
    id_or_none,
    instant_or_none,
    rounded,
)

T = TypeVar("T")

STATES = {"draft": "draft", "posted": "posted", "cancel": "cancelled"}
SIX_DECIMALS = Decimal("0.000001")


@dataclass(frozen=True)
class CostCenter:
    """An analytic account with the name of its root plan."""

    code: str | None
    name: str | None
    plan: str | None


@dataclass(frozen=True)
class Setting:
    """What a mapping needs besides the record.

    A page has its own, because `parties` keeps those already made: a page is one transaction, in which a partner
    does not change. `company` is our code of the company whose documents are read (None: the record says it itself), `companies`
    our codes by Odoo's ids, `cost_center` finds an analytic account by its id (None when Odoo has it no longer).
    """

    connection: str
    company: str | None
    companies: Mapping[int, str]
    cost_center: Callable[[str], CostCenter | None]
    parties: dict[tuple[int, int], Values] = field(default_factory=dict)


def common(record: Values, text: str, setting: Setting) -> Values:
    """The columns that every record has; `modified_at` is that of the record itself, without its relations. `text` is the
    record exactly as received. Raises MappingError when the record is of a company that this connection does not read."""
    return {
        "connection": setting.connection,
        "company": setting.company or _own_company(record.get("company_id"), setting),
        "source_id": str(record["id"]),
        "modified_at": instant_or_none(record["write_date"]),
        "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        "source_record": text,
    }


def _own_company(company: Json, setting: Setting) -> str | None:
    """Our code of the company that a record names itself; None when all companies share the record."""
    if company and company not in setting.companies:
        raise MappingError(f"it belongs to company {company}, which this connection does not read")
    return setting.companies[company] if company else None


def known(names: Mapping[Any, T], value: object, field: str) -> T:
    """Our word for a value of one of Odoo's selections. Raises MappingError for one that is not known."""
    try:
        return names[value]
    except KeyError:
        raise MappingError(f"{field} is {value!r}, which is none of {', '.join(map(str, names))}") from None


def party(address: Values, identity: Values, setting: Setting) -> Values:
    """A party: who it is comes from its commercial partner, where it is from the address on the document."""
    key = address["id"], identity["id"]
    if key not in setting.parties:
        setting.parties[key] = _party(address, identity)
    return setting.parties[key]


def counterparty(partner: Json, setting: Setting) -> Values:
    """The counterparty of a document whose partner is nested with its commercial partner (specification `PARTNER`)."""
    identity = partner["commercial_partner_id"] if partner else None
    return {
        "counterparty_id": id_or_none(identity),
        "counterparty": party(partner, identity, setting) if identity else None,
    }


def _party(address: Values, identity: Values) -> Values:
    return {
        "source_id": str(identity["id"]),
        "reference": identity["ref"] or None,
        "name": identity["name"] or address["name"] or None,
        "tax_id": identity["vat"] or None,
        "registration_number": identity["company_registry"] or None,
        "gln": address.get("global_location_number") or identity.get("global_location_number") or None,
        **address_of(address),
        "email": address["email"] or identity["email"] or None,
        "phone": address["phone"] or identity["phone"] or None,
    }


def address_of(partner: Values) -> Values:
    """The address of a contact, column by column."""
    return {
        "street": partner["street"] or None,
        "street2": partner["street2"] or None,
        "city": partner["city"] or None,
        "state": field_or_none(partner["state_id"], "code"),
        "postal_code": partner["zip"] or None,
        "country": field_or_none(partner["country_id"], "code"),
    }


NO_ADDRESS: Values = dict.fromkeys(("street", "street2", "city", "state", "postal_code", "country"))


def named(records: list[Values]) -> str | None:
    """The names of nested records as one text."""
    return " + ".join(record["name"] for record in records) or None


def shares(distribution: Json, setting: Setting) -> list[Values]:
    """An analytic distribution as shares: a key such as "12,34" names one account of each of several plans, and
    each of them gets the same percentage."""
    if not distribution:
        return []
    found = []
    for keys, percent in distribution.items():
        for key in keys.split(","):
            center = setting.cost_center(key)
            found.append(
                {
                    "source_id": key,
                    "code": center and center.code,
                    "name": center and center.name,
                    "plan": center and center.plan,
                    "percent": rounded(amount(percent), SIX_DECIMALS),
                }
            )
    return found


def in_order(lines: list[Values]) -> list[Values]:
    """Lines as a person sees them: by sequence, then id."""
    return sorted(lines, key=lambda line: (line["sequence"], line["id"]))


def account(line: Values) -> Values:
    """The columns of a line's account; its code is the one in the company that was read."""
    value = line["account_id"]
    return {
        "account_id": id_or_none(value),
        "account_code": field_or_none(value, "code"),
        "account_name": field_or_none(value, "name"),
    }
