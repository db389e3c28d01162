"""Master data out of the sandbox's Odoo: what counts as a change, whose code an account has, who is a vendor, and that
nothing private is asked for unless it is listed."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from mlconnector_assets.sandbox import start_sandbox
from mlconnector_assets.systems.odoo.source import OdooSource
from mlconnector_assets.systems.source import Window
from tests.systems.odoo_records import Secret

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
COMPANIES = {"nl": 1, "us": 2, "uk": 3}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=30, vendors=8, customers=6, now=START) as running:
        running.control.set_clock(START, running=False)
        yield running


@pytest.fixture
def control(sandbox):
    """The control interface, a day after the last test."""
    sandbox.control.advance(timedelta(days=1))
    yield sandbox.control
    sandbox.control.clear()


@pytest.fixture
def odoo(sandbox, control):
    opened = []

    def connect(**settings):
        settings = {"companies": COMPANIES} | settings
        made = OdooSource("odoo", url=sandbox.odoo_url, database=sandbox.database, api_key=Secret(sandbox.api_key), **settings)
        opened.append(made)
        return made

    yield connect
    for made in opened:
        made.close()


def everything(source, record):
    return rows(source, record, Window(None, source.now() + HOUR))


def rows(source, record, window):
    pages = list(source.pages(record, window))
    assert not any(page.set_aside for page in pages)
    return pl.concat([page.frame for page in pages], how="vertical").to_dicts() if pages else []


def changed_since(source, record, start):
    window = Window(start, source.now() + HOUR)
    found = rows(source, record, window)
    assert source.totals(record, window).rows == len(found)
    return {row["source_id"]: row for row in found}


def probe(source, record):
    return source.probe(record, source.now() - timedelta(days=400))


TOUCHES = [
    ("products", "product.supplierinfo", 3, {"product_code": "NEW-CODE"}, "2"),
    ("payment_terms", "account.payment.term.line", 3, {"nb_days": 31}, "3"),
    ("taxes", "account.tax.repartition.line", 1, {"factor_percent": 99}, "1"),
    ("companies", "res.partner", 2, {"vat": "36-0000000"}, "2"),
    ("warehouses", "res.partner", 3, {"street": "Unit 9"}, "3"),
    ("cost_center_plans", "account.analytic.plan", 2, {"name": "Cost centres"}, "4"),
    ("employees", "hr.version", 1, {"job_title": "Voorzitter"}, "1"),
]


@pytest.mark.parametrize(("record", "model", "row", "values", "touched"), TOUCHES, ids=[touch[0] for touch in TOUCHES])
def test_a_row_that_moves_no_record_of_its_own_makes_its_record_new(odoo, control, record, model, row, values, touched):
    source, noon = odoo(), control.now()
    before = {row["source_id"]: row for row in everything(source, record)}[touched]
    fingerprint = probe(source, record)
    assert changed_since(source, record, noon) == {}
    control.write(model, [row], values)
    control.advance(timedelta(minutes=1))
    after = changed_since(source, record, noon)[touched]
    assert after["modified_at"] == noon.replace(microsecond=0)
    assert {name for name in after if after[name] != before[name]} > {"modified_at", "content_hash", "source_record"}
    assert probe(source, record) != fingerprint
    # it has left the window it was in, so that the windows side by side still make the whole
    assert touched not in {row["source_id"] for row in rows(source, record, Window(None, noon))}
    assert len(rows(source, record, Window(None, noon))) == source.totals(record, Window(None, noon)).rows


def test_the_same_row_changed_twice_is_seen_twice(odoo, control):
    source = odoo()
    control.write("product.supplierinfo", [1], {"price": 0.5})
    control.advance(timedelta(minutes=1))
    once = probe(source, "products")
    control.write("product.supplierinfo", [1], {"price": 0.6})
    control.advance(timedelta(minutes=1))
    assert probe(source, "products") != once


def test_an_account_that_companies_share_has_a_row_and_a_code_in_each(odoo, control):
    shared = [row for row in everything(odoo(), "gl_accounts") if row["name"] == "Intercompany Clearing"]
    assert {row["company"]: row["code"] for row in shared} == {"nl": "189000", "us": "290000", "uk": "2290"}
    assert len({row["source_id"] for row in shared}) == 1


def test_a_renamed_account_is_new_in_every_company(odoo, control):
    source, noon = odoo(), control.now()
    account = control.call("account.account", "search", domain=[["name", "=", "Intercompany Clearing"]])[0]
    control.write("account.account", [account], {"name": "Clearing"})
    window = Window(noon, noon + HOUR)
    assert {(row["company"], row["name"]) for row in rows(source, "gl_accounts", window)} == {
        ("nl", "Clearing"), ("us", "Clearing"), ("uk", "Clearing"),
    }  # fmt: skip
    assert source.totals("gl_accounts", window).rows == 3


def test_archived_records_are_read(odoo, control):
    source, noon = odoo(), control.now()
    control.write("hr.department", [4], {"active": 0})
    assert changed_since(source, "departments", noon)["4"]["active"] is False
    assert any(not row["active"] for row in everything(source, "gl_accounts"))


def test_a_new_rate_is_a_record_and_moves_no_currency(odoo, control):
    source, noon = odoo(), control.now()
    rate = control.create("res.currency.rate", {"name": "2026-12-01", "rate": 1.07, "currency_id": 1, "company_id": 1})
    row = changed_since(source, "exchange_rates", noon)[str(rate)]
    assert (row["company"], row["currency"], row["valid_from"], row["rate"]) == ("nl", "USD", date(2026, 12, 1), Decimal("1.07"))
    assert changed_since(source, "currencies", noon) == {}


def test_a_position_in_the_future_is_in_the_history_and_not_in_force(odoo, control):
    source, noon = odoo(), control.now()
    control.new_position(2, date(2030, 1, 1), {"job_title": "CFO"})
    row = changed_since(source, "employees", noon)["2"]
    assert row["job_title"] == "Controller"
    assert [position["job_title"] for position in row["positions"]] == ["Boekhouder", "Controller", "CFO"]


def test_without_the_right_to_positions_the_public_profile_is_read(odoo, control):
    control.fault("no_rights", times=None, model="hr.version")
    source = odoo(records=("employees",))
    found = everything(source, "employees")
    assert found and all(row["positions"] == [] and row["name"] for row in found)
    assert "version_ids" not in "".join(row["source_record"] for row in found)
    detail = {finding.subject: finding for finding in source.check()}["record employees"]
    assert detail.good and "may not read hr.version" in detail.detail


def test_private_fields_are_asked_for_only_when_listed(odoo, control):
    plain, private = odoo(), odoo(private_employee_fields=("birthday", "private_email"))
    without, listed = (
        next(row for row in everything(source, "employees") if row["source_id"] == "1") for source in (plain, private)
    )
    assert without["private"] is None and not {"birthday", "barcode", "private_email"} & set(json.loads(without["source_record"]))
    assert listed["private"]["birthday"] == date(1969, 3, 14) and listed["private"]["badge_number"] is None
    assert {"birthday", "private_email"} <= set(json.loads(listed["source_record"])) and "barcode" not in listed["source_record"]


def test_each_variant_has_its_own_vendor_codes(odoo, control):
    codes = {row["item_code"]: [item["item_code"] for item in row["vendor_items"]] for row in everything(odoo(), "products")}
    assert codes["GLV-M"] == ["HS-M"] and codes["GLV-L"] == ["HS-L"]


def test_a_vendor_by_order_is_as_new_as_its_first_order(odoo, control):
    source, noon = odoo(), control.now()
    partner = {"name": "Never billed", "is_company": 1, "active": 1, "supplier_rank": 0, "customer_rank": 0, "type": "contact"}
    vendor = control.create("res.partner", partner, at=(noon - 5 * HOUR).isoformat())
    control.write("res.partner", [vendor], {"commercial_partner_id": vendor}, at=(noon - 5 * HOUR).isoformat())
    person = control.create("res.partner", partner | {"name": "Its buyer", "is_company": 0, "parent_id": vendor})
    assert str(vendor) not in {row["source_id"] for row in everything(source, "vendors")}
    fingerprint = probe(source, "vendors")
    order_line = {"partner_id": person, "name": "bolts", "company_id": 1, "order_id": 1}
    control.create("purchase.order.line", order_line, at=(noon - HOUR).isoformat())
    control.create("purchase.order.line", order_line)
    found = changed_since(source, "vendors", noon - 2 * HOUR)[str(vendor)]
    assert found["modified_at"] == (noon - HOUR).replace(microsecond=0)
    assert probe(source, "vendors") != fingerprint
    assert str(vendor) not in changed_since(source, "vendors", noon - timedelta(minutes=1))
    assert str(person) not in {row["source_id"] for row in everything(source, "vendors")}
    assert pl.concat(source.keys("vendors"))["source_id"].to_list().count(str(vendor)) == 1


def test_a_tag_makes_a_vendor_when_the_connection_names_it(odoo, control):
    tag = control.create("res.partner.category", {"name": "Subcontractor", "active": 1})
    customer = control.call("res.partner", "search", domain=[["customer_rank", ">", 0]], order="id asc", limit=1)[0]
    control.write("res.partner", [customer], {"category_id": [tag]})
    plain, tagged = odoo(), odoo(vendor_tags=("Subcontractor",))
    assert str(customer) not in {row["source_id"] for row in everything(plain, "vendors")}
    found = {row["source_id"]: row for row in everything(tagged, "vendors")}
    assert found[str(customer)]["categories"] == "Subcontractor"
    assert tagged.totals("vendors", Window(None, control.now() + HOUR)).rows == len(found)


def test_companies_tell_their_locks_and_the_end_of_their_year(odoo, control):
    found = {row["company"]: row for row in everything(odoo(companies={"nl": 1, "uk": 3}), "companies")}
    assert set(found) == {"nl", "uk"}
    assert found["nl"]["lock_date"] is not None and found["uk"]["lock_date"] is None
    assert (found["nl"]["fiscal_year_end_month"], found["nl"]["fiscal_year_end_day"]) == (12, 31)
    assert found["nl"]["party"]["tax_id"] == "NL812345672B01"


def test_reverse_charge_shows_in_where_a_tax_is_booked(odoo, control):
    tax = next(row for row in everything(odoo(), "taxes") if row["category"] == "AE")
    invoiced = [posting for posting in tax["postings"] if posting["document_type"] == "invoice" and posting["part"] == "tax"]
    assert [posting["percent"] for posting in invoiced] == [100, -100]
    assert [posting["account_code"] for posting in invoiced] == ["151000", "150000"]
    assert [posting["position"] for posting in tax["postings"]] == list(range(1, 7))


def test_terms_say_when_all_is_due(odoo, control):
    found = {row["name"]: row for row in everything(odoo(), "payment_terms")}
    split = found["30% Now, Balance 60 Days"]
    assert split["net_days"] == 60 and [part["percent"] for part in split["instalments"]] == [30, 70]
    discount = found["2/7 Net 30"]
    assert (discount["discount_percent"], discount["discount_days"]) == (2, 7)


def test_bank_accounts_are_read_by_a_source_that_has_them(odoo, control):
    found = everything(odoo(), "bank_accounts")
    assert {row["account_number"] for row in found} >= {"PL61109010140000071219812874"}
    assert any(row["trusted"] for row in found) and not all(row["trusted"] for row in found)
