"""The fixed part of the seeded group, from catalog.yaml: a Dutch holding, an American and a British
company, with charts of accounts, taxes, journals, terms, products and cost centres."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources

import yaml

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.values import Row

ACCOUNTS_PER_COMPANY = 50
SHARED_ACCOUNT, ARCHIVED_ACCOUNT = 200, 201
CASH_ROUNDING = 1
CONNECTOR_USER = 7
PARTNER_FIELDS = (
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
)


@cache
def catalog() -> dict[str, list[Row]]:
    """catalog.yaml: rows by section."""
    text = resources.files(__package__).joinpath("catalog.yaml").read_text("utf-8")
    loaded: dict[str, list[Row]] = yaml.safe_load(text)
    return loaded


def account_id(company: int, name: str) -> int:
    """Id of a company's own account by its name in the catalog."""
    names = [row["name"] for row in catalog()["accounts"]]
    return (company - 1) * ACCOUNTS_PER_COMPANY + names.index(name) + 1


def tax_ids(company: int, use: str) -> list[int]:
    """Ids of a company's taxes for `use`, sale or purchase, archived ones left out; the normal rate comes first."""
    return [
        row["id"]
        for row in catalog()["taxes"]
        if row["company_id"] == company and row["type_tax_use"] == use and row.get("active", 1)
    ]


def seed_catalog(database: Database, at: datetime) -> None:
    """Write the catalog into empty books, stamped `at`."""
    _Seeding(database, microseconds(at)).run()


class _Seeding:
    def __init__(self, database: Database, stamp: int) -> None:
        self.database, self.stamp = database, stamp

    def run(self) -> None:
        self._add_plain_rows()
        self._add_companies()
        for company in catalog()["companies"]:
            self._add_accounts(company["id"])
            self._add_journals(company["id"])
        self._add_special_accounts()
        self._add_taxes()
        self._add_payment_terms()
        for user, login in ((1, "__system__"), (CONNECTOR_USER, "mlconnector")):
            self._add(
                "res.users", id=user, login=login, active=int(user != 1), partner_id=user + 3, company_id=1, company_ids=[1, 2, 3]
            )

    def _add(self, model: str, **values: object) -> None:
        self.database.insert(model, values, at=self.stamp)

    def _add_plain_rows(self) -> None:
        for row in catalog()["currencies"]:
            self._add("res.currency", **row, active=1, create_date=None)
        for row in catalog()["countries"]:
            self._add("res.country", **{name: value for name, value in row.items() if name not in ("street", "tax_id")})
        for row in catalog()["states"]:
            self._add("res.country.state", **row)
        for row in catalog()["units"]:
            place = {"relative_factor": row["factor"], "parent_path": f"{row['id']}/", "sequence": row["id"], "active": 1}
            self._add("uom.uom", **row, **place)
        for row in catalog()["products"]:
            kind = "service" if str(row.get("default_code")).startswith("SRV") else "consu"
            usual = {"active": 1, "is_storable": 0, "purchase_ok": 1, "sale_ok": 1, "type": kind}
            values = usual | row
            self._add("product.template", **{name: value for name, value in values.items() if name != "barcode"})
            self._add("product.product", **values, product_tmpl_id=row["id"], standard_price=round(row["list_price"] * 0.6, 4))
        names = {row["id"]: row["name"] for row in catalog()["analytic_plans"]}
        for row in catalog()["analytic_plans"]:
            chain = [row["parent_id"], row["id"]] if "parent_id" in row else [row["id"]]
            place = {
                "complete_name": " / ".join(names[plan] for plan in chain),
                "parent_path": "".join(f"{plan}/" for plan in chain),
            }
            self._add("account.analytic.plan", **row, **place, default_applicability="optional", sequence=row["id"])
        for row in catalog()["analytic_accounts"]:
            self._add("account.analytic.account", **row)
        self._add("account.cash.rounding", id=CASH_ROUNDING, name="Round to 0.05", rounding=0.05, strategy="add_invoice_line")

    def _add_companies(self) -> None:
        unranked = {"supplier_rank": 0, "customer_rank": 0, "type": "contact", "lang": "en_US"}
        for row in catalog()["companies"]:
            number, name = row["id"], row["name"]
            address = {field: row.get(field) for field in (*PARTNER_FIELDS, "global_location_number")}
            own = {"id": number, "complete_name": name, "commercial_company_name": name, "commercial_partner_id": number}
            self._add("res.partner", **address, **own, **unranked, is_company=1, active=1)
            kept = {field: row[field] for field in ("id", "name", "currency_id", "chart_template", "email", "phone")}
            year = {"fiscalyear_last_day": 31, "fiscalyear_last_month": "12"}
            fiscal = {"account_fiscal_country_id": row["country_id"], "tax_calculation_rounding_method": "round_per_line"}
            self._add("res.company", **kept, **year, **fiscal, partner_id=number, sequence=number, active=1)
        for partner, name in ((4, "OdooBot"), (10, "ML Connector")):
            person = {
                "id": partner,
                "name": name,
                "complete_name": name,
                "commercial_partner_id": partner,
                "tz": "America/Chicago",
            }
            self._add("res.partner", **person, **unranked, is_company=0, active=int(partner != 4))

    def _add_accounts(self, company: int) -> None:
        for row in catalog()["accounts"]:
            kind = row["account_type"]
            self._add_account(account_id(company, row["name"]), row["name"], kind, {str(company): row["codes"][company - 1]})

    def _add_special_accounts(self) -> None:
        codes = {"1": "189000", "2": "290000", "3": "2290"}
        self._add_account(SHARED_ACCOUNT, "Intercompany Clearing", "liability_current", codes, reconcile=1, non_trade=1)
        self._add_account(ARCHIVED_ACCOUNT, "Fax & Telex (old)", "expense", {"1": "459900"}, active=0)

    def _add_account(self, number: int, name: str, kind: str, codes: dict[str, str], **more: int) -> None:
        usual = {
            "active": 1,
            "non_trade": 0,
            "reconcile": int(kind in ("asset_receivable", "liability_payable")),
            "tax_ids": [],
            "tag_ids": [],
        }
        own = {
            "id": number,
            "name": name,
            "account_type": kind,
            "code_store": codes,
            "company_ids": [int(company) for company in codes],
        }
        self._add("account.account", **(own | usual | more))

    def _add_journals(self, company: int) -> None:
        for position, row in enumerate(catalog()["journals"], start=1):
            default = account_id(company, row["account"]) if "account" in row else None
            kept = {field: row[field] for field in ("name", "code", "type")}
            place = {"id": (company - 1) * 10 + position, "sequence": position + 4, "company_id": company, "active": 1}
            self._add("account.journal", **kept, **place, default_account_id=default)

    def _add_taxes(self) -> None:
        countries = {row["id"]: row["country_id"] for row in catalog()["companies"]}
        for company, country in countries.items():
            self._add("account.tax.group", id=company, name="Taxes", company_id=company, sequence=10)
            usual = {
                "amount_type": "percent",
                "active": 1,
                "include_base_amount": 0,
                "is_base_affected": 1,
                "tax_exigibility": "on_invoice",
            }
            for row in catalog()["taxes"]:
                if row["company_id"] == company:
                    own = {
                        "invoice_label": row["name"],
                        "sequence": row["id"],
                        "ubl_cii_tax_category_code": "S" if row["amount"] else "E",
                    }
                    self._add("account.tax", **(usual | own | row), tax_group_id=company, country_id=country)

    def _add_payment_terms(self) -> None:
        for row in catalog()["payment_terms"]:
            percent, days = row.get("discount") or (2.0, 10)
            discount = {"early_discount": int("discount" in row), "discount_percentage": percent, "discount_days": days}
            note = f"<p>Payment terms: {row['name']}</p>"
            self._add("account.payment.term", id=row["id"], name=row["name"], note=note, active=1, sequence=row["id"], **discount)
            for share, due in row["parts"]:
                part = {
                    "payment_id": row["id"],
                    "value": "percent",
                    "value_amount": share,
                    "delay_type": "days_after",
                    "nb_days": due,
                }
                self._add("account.payment.term.line", **part)
