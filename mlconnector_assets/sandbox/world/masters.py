"""Master data of the seeded group beside its catalog, from masters.yaml: people, projects, warehouses, what vendors ask for
products, bank accounts, exchange rates, and where taxes are booked."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from importlib import resources

import yaml

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.catalog import account_id, catalog

PLAIN = {
    "departments": "hr.department",
    "warehouses": "stock.warehouse",
    "categories": "product.category",
    "partner_tags": "res.partner.category",
    "account_tags": "account.account.tag",
}
"""Sections whose rows are written as they stand."""
LOCKED = {1: -45}
"""Until how many days from the seed's start a company's books are locked."""


@cache
def masters() -> dict[str, list[Row]]:
    """masters.yaml: rows by section."""
    text = resources.files(__package__).joinpath("masters.yaml").read_text("utf-8")
    loaded: dict[str, list[Row]] = yaml.safe_load(text)
    return loaded


def seed_masters(database: Database, start: datetime, end: datetime, vendors: list[int]) -> None:
    """Write the master data, stamped `start`, or the day it is from when that lies between `start` and `end`."""
    _Seeding(database, start, end, vendors).run()


class _Seeding:
    def __init__(self, database: Database, start: datetime, end: datetime, vendors: list[int]) -> None:
        self.database, self.start, self.end, self.vendors = database, start, end, vendors

    def run(self) -> None:
        for section, model in PLAIN.items():
            for row in masters()[section]:
                self._add(model, **row)
        for row in masters()["employees"]:
            self._add_employee(row)
        for row in masters()["projects"]:
            days: Row = {name: self._day(row[name]) for name in ("date_start", "date") if name in row}
            self._add("project.project", **(row | days))
        self._add_products()
        for row in masters()["bank_accounts"]:
            number = row["acc_number"].replace(" ", "")
            self._add("res.partner.bank", **self._of_vendor(row), sanitized_acc_number=number)
        self._add_rates()
        self._add_tax_postings()
        self._tag()
        for company, day in LOCKED.items():
            self._change("res.company", company, fiscalyear_lock_date=self._day(day))

    def _add(self, model: str, day: int = 0, **values: object) -> int:
        moment = min(self.start + timedelta(days=max(day, 0)), self.end)
        usual = {"active": 1} if "active" in MODELS[model].columns else {}
        return self.database.insert(model, usual | values, at=microseconds(moment))

    def _change(self, model: str, record: int, **values: object) -> None:
        self.database.update(model, record, values, at=microseconds(self.start))

    def _day(self, day: int) -> str:
        return (self.start + timedelta(days=day)).date().isoformat()

    def _of_vendor(self, row: Row) -> Row:
        vendor = self.vendors[row["vendor"] % len(self.vendors)] if self.vendors else 1
        return {"partner_id": vendor} | {name: value for name, value in row.items() if name != "vendor"}

    def _add_employee(self, row: Row) -> None:
        values = {name: value for name, value in row.items() if name != "versions"}
        in_force = None
        for day, title, department, kind in row["versions"]:
            position: Row = {
                "job_title": title,
                "department_id": department,
                "employee_type": kind,
                "date_version": self._day(day),
            }
            version = self._add("hr.version", day=day, employee_id=row["id"], company_id=row["company_id"], **position)
            if in_force is None or self.start + timedelta(days=day) <= self.end:
                in_force = version
        self._add("hr.employee", **values, current_version_id=in_force)

    def _add_products(self) -> None:
        for row in catalog()["products"]:
            category = 3 if str(row.get("default_code")).startswith("SRV") else 2
            for model in ("product.template", "product.product"):
                self._change(model, row["id"], categ_id=category)
        for row in masters()["variants"]:
            usual: Row = {"is_storable": 0, "purchase_ok": 1, "sale_ok": 1, "type": "consu", "categ_id": 2}
            if row["id"] == row["product_tmpl_id"]:
                shared: Row = {name: row[name] for name in ("id", "name", "uom_id", "list_price")}
                self._add("product.template", **shared, **usual)
            self._add("product.product", **row, **usual, standard_price=round(row["list_price"] * 0.5, 4))
        for row in masters()["vendor_items"]:
            usual = {"sequence": 1, "min_qty": 1, "discount": 0, "product_uom_id": 1}
            self._add("product.supplierinfo", **(usual | self._of_vendor(row)))

    def _add_rates(self) -> None:
        for row in masters()["rates"]:
            for day, rate in row["days"].items():
                kept: Row = {"company_id": row["company_id"], "currency_id": row["currency_id"]}
                self._add("res.currency.rate", day=day, name=self._day(day), rate=rate, **kept)
        for company in catalog()["companies"]:
            kept = {"company_id": company["id"], "currency_id": company["currency_id"]}
            self._add("res.currency.rate", name=self._day(-3650), rate=1, **kept)

    def _add_tax_postings(self) -> None:
        """Base and tax for invoices and credit notes; reverse charge takes off what it adds."""
        for row in catalog()["taxes"]:
            company = row["company_id"]
            account = account_id(company, "Tax Paid" if row["type_tax_use"] == "purchase" else "Tax Received")
            parts = [("base", 100, None), ("tax", 100, account)]
            if row.get("ubl_cii_tax_category_code") == "AE":
                parts.append(("tax", -100, account_id(company, "Tax Received")))
            for document in ("invoice", "refund"):
                for sequence, (part, percent, booked) in enumerate(parts, 1):
                    place: Row = {"tax_id": row["id"], "company_id": company, "sequence": sequence, "account_id": booked}
                    kind: Row = {"document_type": document, "repartition_type": part, "factor_percent": percent}
                    self._add("account.tax.repartition.line", **place, **kind, use_in_tax_closing=int(part == "tax"))

    def _tag(self) -> None:
        for place, vendor in enumerate(self.vendors[:6]):
            stamp = self.database.row("res.partner", vendor)["write_date"]
            self.database.update("res.partner", vendor, {"category_id": [1 + place % 2]}, at=stamp)
        for company in catalog()["companies"]:
            self._change("account.account", account_id(company["id"], "Bank"), tag_ids=[1])
            purchases = account_id(company["id"], "Purchases")
            taxes = [
                row["id"]
                for row in catalog()["taxes"]
                if row["company_id"] == company["id"] and row["type_tax_use"] == "purchase"
            ]
            self._change("account.account", purchases, tax_ids=taxes[:1])
