"""The fixed part of the seeded group: a Dutch holding, an American and a British company, with their
charts of accounts, taxes, journals, terms, products and cost centres."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mlconnector_assets.sandbox.odoo.database import Database, microseconds

USD, EUR, GBP, JPY = 1, 126, 144, 25
NL, BE, DE, FR, US, UK, PL, DK, ES, IT, JP, CZ = 165, 20, 57, 75, 233, 231, 179, 59, 68, 109, 113, 56

CURRENCIES = (
    (USD, "USD", "United States dollar", "$", "before", 0.01, 2),
    (EUR, "EUR", "Euro", "€", "after", 0.01, 2),
    (GBP, "GBP", "Pound sterling", "£", "before", 0.01, 2),
    (JPY, "JPY", "Japanese yen", "¥", "before", 1.0, 0),
)
COUNTRIES = (
    (NL, "Netherlands", "NL", EUR, 31), (BE, "Belgium", "BE", EUR, 32), (DE, "Germany", "DE", EUR, 49), (FR, "France", "FR", EUR, 33),
    (US, "United States", "US", USD, 1), (UK, "United Kingdom", "GB", GBP, 44), (PL, "Poland", "PL", None, 48), (DK, "Denmark", "DK", None, 45),
    (ES, "Spain", "ES", EUR, 34), (IT, "Italy", "IT", EUR, 39), (JP, "Japan", "JP", JPY, 81), (CZ, "Czech Republic", "CZ", None, 420),
)  # fmt: skip
STATES = ((9, "California", "CA", US), (27, "Illinois", "IL", US), (40, "New York", "NY", US), (52, "Texas", "TX", US))

COMPANIES = (
    {
        "id": 1, "name": "Van der Meer Groep B.V.", "currency_id": EUR, "country_id": NL, "vat": "NL812345672B01", "company_registry": "34281957",
        "street": "Keizersgracht 241-2hg", "zip": "1016 EA", "city": "Amsterdam", "global_location_number": "8712345000004",
        "email": "administratie@vandermeergroep.example", "phone": "+31 20 555 0142", "chart_template": "nl",
    },
    {
        "id": 2, "name": "Meridian Supply Co.", "currency_id": USD, "country_id": US, "state_id": 27, "vat": "36-4182930", "company_registry": None,
        "street": "1420 W Fulton Market", "street2": "Suite 300", "zip": "60607", "city": "Chicago", "global_location_number": "0614141000005",
        "email": "accounting@meridiansupply.example", "phone": "+1 312 555 0188", "chart_template": "us",
    },
    {
        "id": 3, "name": "Albion Fasteners Ltd", "currency_id": GBP, "country_id": UK, "vat": "GB123456782", "company_registry": "07654321",
        "street": "Unit 7, Brunswick Dock", "zip": "L3 4DB", "city": "Liverpool", "global_location_number": None,
        "email": "ledger@albionfasteners.example", "phone": "+44 151 496 0210", "chart_template": "uk",
    },
)  # fmt: skip

CHART = (
    ("Accounts Receivable", "asset_receivable", ("130000", "121000", "1100")),
    ("Accounts Payable", "liability_payable", ("160000", "211000", "2100")),
    ("Bank", "asset_cash", ("103001", "101401", "1200")),
    ("Tax Paid", "asset_current", ("151000", "131000", "2201")),
    ("Prepaid Expenses", "asset_prepayments", ("139000", "141000", "1103")),
    ("Tax Received", "liability_current", ("150000", "251000", "2200")),
    ("Accrued Liabilities", "liability_current", ("169000", "221000", "2109")),
    ("Product Sales", "income", ("800100", "400000", "4000")),
    ("Service Sales", "income", ("800200", "400100", "4010")),
    ("Purchases", "expense_direct_cost", ("700100", "500000", "5000")),
    ("Freight Inwards", "expense_direct_cost", ("700900", "500500", "5100")),
    ("Office Supplies", "expense", ("450100", "612000", "7504")),
    ("Software & Hosting", "expense", ("452000", "616000", "7510")),
    ("Travel & Subsistence", "expense", ("440200", "625000", "7400")),
    ("Rent", "expense", ("410100", "640000", "7100")),
    ("Cash Rounding", "expense", ("499000", "699000", "8900")),
    ("Wages & Salaries", "expense", ("400100", "630000", "7000")),
    ("Undistributed Profits/Losses", "equity_unaffected", ("999999", "999999", "3200")),
)
"""Account, type, and its code in company 1, 2 and 3. Each company has accounts of its own."""
ACCOUNTS_PER_COMPANY = 50
SHARED_ACCOUNT, ARCHIVED_ACCOUNT = 200, 201
BASE_ACCOUNT = {name: position for position, (name, _, _) in enumerate(CHART, start=1)}

TAXES = (
    (1, 1, "21%", "sale", 21, {}), (2, 1, "9%", "sale", 9, {}), (3, 1, "0% EU", "sale", 0, {"ubl_cii_tax_category_code": "K"}),
    (4, 1, "21% Incl.", "sale", 21, {"price_include_override": "tax_included"}),
    (5, 1, "21%", "purchase", 21, {}), (6, 1, "9%", "purchase", 9, {}), (7, 1, "0%", "purchase", 0, {}),
    (8, 1, "21% verlegd", "purchase", 21, {"ubl_cii_tax_category_code": "AE"}),
    (9, 2, "8.25%", "sale", 8.25, {}), (10, 2, "Exempt", "sale", 0, {}), (11, 2, "8.25%", "purchase", 8.25, {}), (12, 2, "Exempt", "purchase", 0, {}),
    (13, 3, "20%", "sale", 20, {}), (14, 3, "5%", "sale", 5, {}), (15, 3, "0%", "sale", 0, {}),
    (16, 3, "20%", "purchase", 20, {}), (17, 3, "5%", "purchase", 5, {}), (18, 3, "0%", "purchase", 0, {}),
    (19, 1, "19% (old)", "sale", 19, {"active": 0}),
)  # fmt: skip
SALE_TAXES = {1: (1, 1, 1, 2, 3, 4), 2: (9, 9, 10), 3: (13, 13, 14, 15)}
PURCHASE_TAXES = {1: (5, 5, 5, 6, 7, 8), 2: (12, 12, 11), 3: (16, 16, 17, 18)}

TERMS = (
    (1, "Immediate Payment", ((100, 0),), None), (2, "15 Days", ((100, 15),), None), (3, "30 Days", ((100, 30),), None),
    (4, "60 Days", ((100, 60),), None), (5, "30% Now, Balance 60 Days", ((30, 0), (70, 60)), None), (6, "2/7 Net 30", ((100, 30),), (2, 7)),
)  # fmt: skip
CASH_ROUNDING = 1

UNITS = (
    (1, "Units", 1.0, None),
    (2, "Dozens", 12.0, 1),
    (3, "kg", 1.0, None),
    (4, "Hours", 1.0, None),
    (5, "m", 1.0, None),
    (6, "Days", 8.0, 4),
)
PRODUCTS = (
    (1, "BLT-M8-40", "8712345100018", "Zeskantbout M8×40 verzinkt", 1, 0.37), (2, "BLT-M10-60", "8712345100025", "Zeskantbout M10×60 RVS A4", 1, 1.184),
    (3, "NUT-M8", "8712345100032", "Borgmoer M8 DIN 985", 2, 1.95), (4, "CBL-5G25", "8712345100049", "Kabel 5G2,5 mm² halogeenvrij", 5, 2.845),
    (5, "GRS-EP2", None, "Smeervet EP-2, emmer 5 kg", 1, 48.5), (6, "STL-S235", "8712345100063", "Staalplaat S235, 3 mm", 3, 1.33333),
    (7, "SRV-INST", None, "Installatie op locatie / on-site installation", 4, 95.0), (8, "SRV-CONS", None, "Consultancy", 6, 1120.0),
    (9, "PLT-EUR", "8712345100094", "Europallet 1200×800", 1, 14.25), (10, "FLT-0815", "8712345100100", "Filtre à huile “Série Été”", 1, 23.9),
    (11, "OLD-001", None, "Discontinued valve", 1, 12.0), (12, None, None, "Tee & coffee service", 1, 4.75),
)  # fmt: skip
ARCHIVED_PRODUCT = 11

PLANS = ((1, "Projects", None), (2, "Departments", None), (3, "Internal", None), (4, "Warehouses", 2))
COST_CENTRES = (
    (12, "Maasvlakte II", "PRJ-MV2", 1, 1, 1), (13, "Zonnepark Zeewolde", "PRJ-ZZW", 1, 1, 1), (14, "Œuvre Lyon", None, 1, None, 1), (15, "Oakland Retrofit", "PRJ-OAK", 1, 2, 1),
    (22, "Operations", "CC100", 2, None, 1), (23, "Verkoop & Marketing", "CC200", 2, None, 1), (24, "Administratie", "CC300", 2, None, 1), (25, "Liverpool DC", "WH-LIV", 4, 3, 1),
    (34, "Management fee", "INT-1", 3, None, 1), (35, "Closed project", "PRJ-OLD", 1, None, 0),
)  # fmt: skip
ANALYTIC_SPLITS: tuple[dict[str, float] | None, ...] = (
    None, None, {"22": 100.0}, {"22": 40.0, "23": 60.0}, {"12,34": 100.0}, {"12,22": 33.33, "13,23": 66.67}, {"24": 50.0}, {"14": 25.0, "15": 75.0},
)  # fmt: skip


def seed_catalog(database: Database, at: datetime) -> None:
    """Write everything of this module into empty books, stamped `at`."""
    stamp = microseconds(at)

    def add(model: str, **values: Any) -> None:
        database.insert(model, values, at=stamp)

    for currency, code, name, symbol, position, rounding, digits in CURRENCIES:
        database.insert("res.currency", {
            "id": currency, "name": code, "full_name": name, "symbol": symbol, "position": position, "rounding": rounding,
            "decimal_places": digits, "active": 1, "create_date": None,
        }, at=stamp)  # fmt: skip
    for country, name, code, currency_of, phone in COUNTRIES:
        add("res.country", id=country, name=name, code=code, currency_id=currency_of, phone_code=phone)
    for state, name, code, country in STATES:
        add("res.country.state", id=state, name=name, code=code, country_id=country)
    _seed_companies(database, stamp)
    _seed_accounting(database, stamp)
    for unit, name, factor, reference in UNITS:
        add(
            "uom.uom",
            id=unit,
            name=name,
            factor=factor,
            relative_factor=factor,
            relative_uom_id=reference,
            active=1,
            parent_path=f"{unit}/",
            sequence=unit,
        )
    for product, code, barcode, name, unit, price in PRODUCTS:
        add(
            "product.product", id=product, default_code=code, barcode=barcode, name=name, active=int(product != ARCHIVED_PRODUCT),
            type="service" if unit in (4, 6) else "consu", is_storable=0, uom_id=unit, list_price=price, standard_price=round(price * 0.6, 4),
            purchase_ok=1, sale_ok=1,
        )  # fmt: skip
    for plan, name, parent in PLANS:
        complete = f"Departments / {name}" if parent else name
        path = f"{parent}/{plan}/" if parent else f"{plan}/"
        add(
            "account.analytic.plan",
            id=plan,
            name=name,
            complete_name=complete,
            parent_id=parent,
            parent_path=path,
            default_applicability="optional",
            sequence=plan,
        )
    for centre, name, code, plan, company, active in COST_CENTRES:
        add("account.analytic.account", id=centre, name=name, code=code, plan_id=plan, company_id=company, active=active)
    add("res.users", id=1, login="__system__", active=0, partner_id=4, company_id=1, company_ids=[1, 2, 3])
    add("res.users", id=7, login="mlconnector", active=1, partner_id=5, company_id=1, company_ids=[1, 2, 3])


def _seed_companies(database: Database, stamp: int) -> None:
    for position, company in enumerate(COMPANIES, start=1):
        number = company["id"]
        address = {
            name: company.get(name)
            for name in (
                "name",
                "vat",
                "company_registry",
                "street",
                "street2",
                "zip",
                "city",
                "state_id",
                "country_id",
                "email",
                "phone",
                "global_location_number",
            )
        }
        flags = {
            "is_company": 1,
            "active": 1,
            "type": "contact",
            "lang": "en_US",
            "commercial_partner_id": number,
            "complete_name": company["name"],
        }
        ranks = {"supplier_rank": 0, "customer_rank": 0}
        database.insert(
            "res.partner", {"id": number, **address, **flags, **ranks, "commercial_company_name": company["name"]}, at=stamp
        )
        database.insert("res.company", {
            "id": number, "name": company["name"], "currency_id": company["currency_id"], "partner_id": number, "sequence": position, "active": 1,
            "chart_template": company["chart_template"], "account_fiscal_country_id": company["country_id"], "fiscalyear_last_day": 31,
            "fiscalyear_last_month": "12", "tax_calculation_rounding_method": "round_per_line", "email": company["email"], "phone": company["phone"],
        }, at=stamp)  # fmt: skip
    for partner, name in ((4, "OdooBot"), (5, "ML Connector")):
        database.insert("res.partner", {
            "id": partner, "name": name, "complete_name": name, "is_company": 0, "active": int(partner == 5), "type": "contact",
            "commercial_partner_id": partner, "supplier_rank": 0, "customer_rank": 0, "lang": "en_US", "tz": "America/Chicago",
        }, at=stamp)  # fmt: skip


def _seed_accounting(database: Database, stamp: int) -> None:
    for company in (1, 2, 3):
        base = (company - 1) * ACCOUNTS_PER_COMPANY
        for position, (name, kind, codes) in enumerate(CHART, start=1):
            database.insert("account.account", {
                "id": base + position, "name": name, "code_store": {str(company): codes[company - 1]}, "account_type": kind,
                "reconcile": int(kind in ("asset_receivable", "liability_payable")), "active": 1, "non_trade": 0, "company_ids": [company],
                "tax_ids": [], "tag_ids": [],
            }, at=stamp)  # fmt: skip
        for offset, (name, code, kind) in enumerate(
            (
                ("Sales", "INV", "sale"),
                ("Purchases", "BILL", "purchase"),
                ("Miscellaneous Operations", "MISC", "general"),
                ("Bank", "BNK1", "bank"),
            )
        ):
            default = {
                "sale": base + BASE_ACCOUNT["Product Sales"],
                "purchase": base + BASE_ACCOUNT["Purchases"],
                "bank": base + BASE_ACCOUNT["Bank"],
            }.get(kind)
            database.insert("account.journal", {
                "id": (company - 1) * 10 + offset + 1, "name": name, "code": code, "type": kind, "active": 1, "company_id": company,
                "default_account_id": default, "sequence": offset + 5,
            }, at=stamp)  # fmt: skip
        database.insert("account.tax.group", {"id": company, "name": "Taxes", "company_id": company, "sequence": 10}, at=stamp)
    shared = {"account_type": "liability_current", "reconcile": 1, "active": 1, "non_trade": 1, "tax_ids": [], "tag_ids": []}
    codes = {"1": "189000", "2": "290000", "3": "2290"}
    database.insert(
        "account.account",
        {"id": SHARED_ACCOUNT, "name": "Intercompany Clearing", "code_store": codes, "company_ids": [1, 2, 3], **shared},
        at=stamp,
    )
    old = shared | {"account_type": "expense", "active": 0, "non_trade": 0, "reconcile": 0}
    database.insert(
        "account.account",
        {"id": ARCHIVED_ACCOUNT, "name": "Fax & Telex (old)", "code_store": {"1": "459900"}, "company_ids": [1], **old},
        at=stamp,
    )
    for tax, company, name, use, rate, more in TAXES:
        country = {1: NL, 2: US, 3: UK}[company]
        database.insert("account.tax", {
            "id": tax, "name": name, "type_tax_use": use, "amount_type": "percent", "amount": rate, "active": 1, "company_id": company,
            "tax_group_id": company, "include_base_amount": 0, "is_base_affected": 1, "tax_exigibility": "on_invoice", "country_id": country,
            "sequence": tax, "invoice_label": name, "ubl_cii_tax_category_code": "S" if rate else "E", **more,
        }, at=stamp)  # fmt: skip
    for terms, name, parts, discount in TERMS:
        database.insert("account.payment.term", {
            "id": terms, "name": name, "active": 1, "note": f"<p>Payment terms: {name}</p>", "early_discount": int(bool(discount)),
            "discount_percentage": discount[0] if discount else 2.0, "discount_days": discount[1] if discount else 10, "sequence": terms,
        }, at=stamp)  # fmt: skip
        for percent, days in parts:
            database.insert(
                "account.payment.term.line",
                {"payment_id": terms, "value": "percent", "value_amount": percent, "delay_type": "days_after", "nb_days": days},
                at=stamp,
            )
    database.insert(
        "account.cash.rounding",
        {"id": CASH_ROUNDING, "name": "Round to 0.05", "rounding": 0.05, "strategy": "add_invoice_line"},
        at=stamp,
    )
