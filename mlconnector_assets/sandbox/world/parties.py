"""Customers and vendors of the seeded group: names from many countries, tax ids that fit them, contacts
below companies, archived ones, and some with gaps."""

from __future__ import annotations

import random
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.world.catalog import BE, CZ, DE, DK, ES, FR, IT, JP, NL, PL, UK, US

NAMES = (
    ("Łódzkie Zakłady Śrubowe Sp. z o.o.", PL, "Łódź", "90-001"), ("Müller & Söhne GmbH", DE, "Köln", "50667"), ("Boulangerie L'Épi d'Or SARL", FR, "Besançon", "25000"),
    ("Van den Broeck-Peeters NV", BE, "Mechelen", "2800"), ("Jansen Bouwmaterialen B.V.", NL, "'s-Hertogenbosch", "5211 AB"), ("Smørrebrød & Søn ApS", DK, "Århus", "8000"),
    ("Cañón del Río S.L.", ES, "Logroño", "26001"), ("Officine Niccolò S.r.l.", IT, "Forlì", "47121"), ("Žďárské strojírny a.s.", CZ, "Žďár nad Sázavou", "591 01"),
    ("株式会社 東京ねじ製作所", JP, "東京都大田区", "144-0052"), ("O'Brien & Daughters, Inc.", US, "Chicago", "60607"), ("Lone Star \"Quality\" Steel, LLC", US, "Houston", "77002"),
    ("Thistle & Heather Textiles Ltd", UK, "Inverness", "IV1 1AA"), ("Coöperatie De Zaanstreek U.A.", NL, "Zaandam", "1506 MA"), ("Établissements Brûlé; Frères", FR, "Orléans", "45000"),
    ("Straßenbau Weiß KG", DE, "Gießen", "35390"), ("IJsselmeer Logistiek B.V.", NL, "Lelystad", "8224 AD"), ("Bâtiment Noël S.A.", BE, "Liège", "4000"),
    ("Nordic Ærø Shipping A/S", DK, "Marstal", "5960"), ("Pacific Rim Fasteners Corp.", US, "Oakland", "94607"), ("Hudson Valley Paper Co.", US, "Albany", "12207"),
    ("Cotswold Tea Merchants PLC", UK, "Cirencester", "GL7 1JT"), ("Wałbrzych Metal S.A.", PL, "Wałbrzych", "58-300"), ("Große Öl-Handels AG", DE, "Nürnberg", "90402"),
)  # fmt: skip
KINDS = ("", " International", " Services", " Trading", " Energy", " Logistics")
STREETS = {
    NL: "Havenstraat", BE: "Kerkstraat", DE: "Bahnhofstraße", FR: "rue de l'Église", US: "Main St", UK: "High Street", PL: "ul. Piękna", DK: "Nørregade",
    ES: "Calle Mayor", IT: "Via Garibaldi", JP: "大森西", CZ: "Nádražní",
}  # fmt: skip
STATE_OF = {"Chicago": 27, "Houston": 52, "Oakland": 9, "Albany": 40}
FIRST_ID = 10
COMMON_VENDOR_TERMS = (1, 2, 3, 3, 4, 5, 6, None)


def seed_parties(
    database: Database, vendors: int, customers: int, rng: random.Random, start: datetime, span: timedelta
) -> tuple[list[int], list[int]]:
    """Add vendors and customers; answers their ids (companies only, archived vendors left out)."""
    vendor_ids, customer_ids = [], []
    partner = FIRST_ID
    for number in range(vendors + customers):
        is_vendor = number < vendors
        at = microseconds(start + span * rng.random())
        values = _company(partner, number if is_vendor else number - vendors + 11, is_vendor, rng)
        archived = is_vendor and number % 13 == 12
        database.insert("res.partner", values | {"active": int(not archived)}, at=at)
        if not archived:
            (vendor_ids if is_vendor else customer_ids).append(partner)
        main, partner = partner, partner + 1
        if number % 4 == 1:
            database.insert("res.partner", _contact(partner, main, values, "other" if is_vendor else "delivery"), at=at)
            partner += 1
    return vendor_ids, customer_ids


def _company(partner: int, number: int, is_vendor: bool, rng: random.Random) -> dict[str, Any]:
    base, country, city, postal = NAMES[number % len(NAMES)]
    name = base + KINDS[number // len(NAMES) % len(KINDS)]
    if number >= len(NAMES) * len(KINDS):
        name += f" {number}"
    domain = (
        "".join(letter for letter in unicodedata.normalize("NFKD", base.lower()) if letter.isascii() and letter.isalnum())[:20]
        or "tokyo-neji"
    )
    terms = COMMON_VENDOR_TERMS[number % len(COMMON_VENDOR_TERMS)]
    bare = number % 11 == 10
    return {
        "id": partner, "name": name, "complete_name": name, "commercial_company_name": name, "commercial_partner_id": partner, "is_company": 1,
        "ref": None if number % 5 == 4 else f"{'V' if is_vendor else 'C'}{10000 + number * 7}", "type": "contact", "lang": "en_US",
        "vat": None if bare else _tax_id(country, number), "company_registry": f"{rng.randrange(10**7, 10**8)}" if number % 3 == 0 else None,
        "supplier_rank": int(is_vendor), "customer_rank": int(not is_vendor), "street": None if bare else f"{STREETS[country]} {rng.randrange(1, 240)}",
        "street2": "Gebouw C" if number % 9 == 4 else None, "city": city, "zip": None if bare else postal, "country_id": country, "state_id": STATE_OF.get(city),
        "email": None if number % 7 == 6 else f"invoices@{domain}.example", "phone": f"+{rng.randrange(10**10, 10**11)}" if number % 3 else None,
        "website": f"https://www.{domain}.example" if number % 2 else None, "global_location_number": _gln(number) if number % 6 == 0 else None,
        "property_supplier_payment_term_id": {"1": terms, "2": 3, "3": terms} if terms else None, "property_payment_term_id": {"1": 3, "2": 3, "3": 3},
        "company_id": (1 if number % 17 == 8 else None), "tz": None,
    }  # fmt: skip


def _contact(partner: int, parent: int, company: dict[str, Any], kind: str) -> dict[str, Any]:
    own = {
        "id": partner,
        "parent_id": parent,
        "type": kind,
        "is_company": 0,
        "ref": None,
        "global_location_number": None,
        "website": None,
        "active": 1,
    }
    name = "Afhaalpunt Noord" if kind == "delivery" else "Crédit & Control"
    ranks = {"supplier_rank": 0, "customer_rank": 0, "commercial_partner_id": parent}
    return company | own | ranks | {"name": name, "complete_name": f"{company['name']}, {name}", "street": "Kade 12"}


def _tax_id(country: int, number: int) -> str:
    digits = f"{(number * 7919 + 123456789) % 10**9:09}"
    return {
        NL: f"NL{digits}B01", BE: f"BE0{digits}", DE: f"DE{digits}", FR: f"FR40{digits}", UK: f"GB{digits}", US: f"{digits[:2]}-{digits[2:]}", PL: f"PL{digits}0",
        DK: f"DK{digits[:8]}", ES: f"ESB{digits[:8]}", IT: f"IT{digits}00", JP: f"T1{digits}000", CZ: f"CZ{digits[:8]}",
    }[country]  # fmt: skip


def _gln(number: int) -> str:
    body = f"871234{500000 + number:06}"
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(body))
    return f"{body}{-total % 10}"
