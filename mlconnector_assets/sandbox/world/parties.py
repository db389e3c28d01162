"""Customers and vendors of the seeded group: names from many countries, tax ids that fit them, contacts
below companies, archived ones, and some with gaps."""

from __future__ import annotations

import random
import unicodedata
from datetime import datetime, timedelta

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.catalog import catalog

KINDS = ("", " International", " Services", " Trading", " Energy", " Logistics")
FIRST_ID = 11
VENDOR_TERMS = (1, 2, 3, 3, 4, 5, 6, None)


class Parties:
    """Adds partners with write_dates spread over `span` after `start`."""

    def __init__(self, database: Database, rng: random.Random, start: datetime, span: timedelta) -> None:
        self.database, self.rng, self.start, self.span = database, rng, start, span
        self.countries = {row["id"]: row for row in catalog()["countries"]}
        self._next = FIRST_ID

    def add(self, count: int, *, vendors: bool) -> list[int]:
        """Add companies, some with a contact below; answers the ids of those that are not archived."""
        active = []
        for number in range(count):
            partner, archived = self._next, vendors and number % 13 == 12
            at = microseconds(self.start + self.span * self.rng.random())
            # customers start elsewhere in the list of names, so that few companies are both
            values = self._company(partner, number if vendors else number + 11, vendors)
            self.database.insert("res.partner", values | {"active": int(not archived)}, at=at)
            self._next += 1
            if not archived:
                active.append(partner)
            if number % 4 == 1:
                self.database.insert("res.partner", _contact(self._next, values, "other" if vendors else "delivery"), at=at)
                self._next += 1
        return active

    def _company(self, partner: int, number: int, vendor: bool) -> Row:
        names = catalog()["party_names"]
        base = names[number % len(names)]
        country = self.countries[base["country_id"]]
        name = base["name"] + KINDS[number // len(names) % len(KINDS)]
        if number >= len(names) * len(KINDS):
            name += f" {number}"
        values = {
            "id": partner,
            "name": name,
            "complete_name": name,
            "commercial_company_name": name,
            "commercial_partner_id": partner,
            "company_id": 1 if number % 17 == 8 else None,
            "is_company": 1,
            "type": "contact",
            "lang": "en_US",
            "supplier_rank": int(vendor),
            "customer_rank": int(not vendor),
            "ref": None if number % 5 == 4 else f"{'V' if vendor else 'C'}{10000 + number * 7}",
            "company_registry": f"{self.rng.randrange(10**7, 10**8)}" if number % 3 == 0 else None,
            "global_location_number": _gln(number) if number % 6 == 0 else None,
            "city": base["city"],
            "state_id": base.get("state_id"),
            "country_id": base["country_id"],
            "property_payment_term_id": {"1": 3, "2": 3, "3": 3},
        }
        terms = VENDOR_TERMS[number % len(VENDOR_TERMS)]
        if terms:
            values["property_supplier_payment_term_id"] = {"1": terms, "2": 3, "3": terms}
        return values | ({} if number % 11 == 10 else self._address(base, country, number))

    def _address(self, base: Row, country: Row, number: int) -> Row:
        letters = unicodedata.normalize("NFKD", base["name"].lower())
        domain = "".join(letter for letter in letters if letter.isascii() and letter.isalnum())[:20] or "tokyo-neji"
        digits = f"{(number * 7919 + 123456789) % 10**9:09}"
        return {
            "vat": country["tax_id"].format(d=digits),
            "street": f"{country['street']} {self.rng.randrange(1, 240)}",
            "street2": "Gebouw C" if number % 9 == 4 else None,
            "zip": base["zip"],
            "email": None if number % 7 == 6 else f"invoices@{domain}.example",
            "phone": f"+{country['phone_code']} {self.rng.randrange(10**8, 10**9)}" if number % 3 else None,
            "website": f"https://www.{domain}.example" if number % 2 else None,
        }


def _contact(partner: int, company: Row, kind: str) -> Row:
    name = "Afhaalpunt Noord" if kind == "delivery" else "Crédit & Control"
    return company | {
        "id": partner,
        "parent_id": company["id"],
        "type": kind,
        "is_company": 0,
        "active": 1,
        "name": name,
        "complete_name": f"{company['name']}, {name}",
        "street": "Kade 12",
        "ref": None,
        "website": None,
        "global_location_number": None,
        "supplier_rank": 0,
        "customer_rank": 0,
    }


def _gln(number: int) -> str:
    body = f"871234{500000 + number:06}"
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(body))
    return f"{body}{-total % 10}"
