from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.records import INVOICES
from mlconnector_assets.systems.odoo.frames import frame
from mlconnector_assets.systems.odoo.invoices import TYPES, invoice
from mlconnector_assets.systems.odoo.values import MappingError
from tests.systems.odoo_records import EUR, NO_PARTY, TAX_15, VENDOR_PARTY, bill, line, received, setting


def mapped(**values):
    record, text = received(bill(**values))
    return invoice(record, text, setting())


def test_a_bill_becomes_one_canonical_row():
    record, text = received(bill())
    row = frame(INVOICES, [invoice(record, text, setting())]).row(0, named=True)

    assert row["connection"] == "odoo" and row["company"] == "us" and row["source_id"] == "57"
    assert row["modified_at"] == datetime(2026, 11, 21, 5, 43, 35, tzinfo=UTC)
    assert row["source_record"] == text and row["content_hash"] == sha256(text.encode()).hexdigest()
    assert (row["kind"], row["document_type"], row["state"], row["payment_state"]) == ("vendor", "invoice", "posted", "not_paid")
    assert row["number"] == "BILL/2026/11/0003" and row["counterparty_number"] == "SUPP-INV-77"
    assert row["document_date"] == date(2026, 11, 20) and row["due_date"] == date(2026, 12, 20)
    assert (row["net_amount"], row["tax_amount"], row["total_amount"]) == (Decimal(300), Decimal(30), Decimal(330))
    assert row["company_total_amount"] == Decimal(-330)
    assert row["problem"] is None
    assert (
        row["counterparty"]["country"] == "BE"
        and row["counterparty"]["state"] == "VOV"
        and row["counterparty"]["reference"] == "PV-001"
    )
    assert row["own_party"]["name"] == "My Company" and row["delivery_party"] is None


def test_lines_are_the_lines_with_amounts_in_order():
    lines = mapped()["lines"]
    assert [(entry["position"], entry["description"]) for entry in lines] == [(1, "Consulting"), (2, "Rounding test")]
    assert lines[1]["unit_price"] == Decimal("33.333") and lines[1]["net_amount"] == Decimal(100)
    assert lines[0]["tax_rate"] == 15 and lines[0]["tax_names"] == "15%" and lines[0]["tax_amount"] == Decimal(30)
    assert lines[1]["tax_rate"] is None and lines[1]["tax_names"] is None


def test_the_order_of_lines_is_sequence_then_id():
    lines = [line(3, sequence=5, name="b"), line(2, sequence=5, name="a"), line(1, sequence=9, name="c")]
    assert [entry["description"] for entry in mapped(line_ids=lines, amount_total=0.0)["lines"]] == ["a", "b", "c"]


def test_a_split_over_several_plans_gives_one_share_an_account():
    shares = mapped()["lines"][0]["cost_centers"]
    assert [(share["source_id"], share["name"], share["plan"], share["percent"]) for share in shares] == [
        ("22", "Project X", "Projects", Decimal(40)),
        ("23", "Ops", "Departments", Decimal(60)),
        ("31", "North", "Region", Decimal(60)),
    ]


def test_a_cost_center_that_odoo_has_no_longer_keeps_its_id():
    lines = [line(1, analytic_distribution={"99": 100.0})]
    (share,) = mapped(line_ids=lines, amount_total=0.0)["lines"][0]["cost_centers"]
    assert share == {"source_id": "99", "code": None, "name": None, "plan": None, "percent": Decimal(100)}


@pytest.mark.parametrize(
    ("move_type", "debit"),
    [
        ("in_invoice", True),
        ("in_receipt", True),
        ("out_refund", True),
        ("out_invoice", False),
        ("out_receipt", False),
        ("in_refund", False),
    ],
)
def test_amounts_are_positive_on_whichever_side_the_lines_are_booked(move_type, debit):
    sign = 1 if debit else -1
    lines = [
        line(
            1,
            quantity=1.0,
            price_unit=200.0,
            price_subtotal=200.0,
            price_total=230.0,
            amount_currency=sign * 200.0,
            tax_ids=[TAX_15],
        ),
        line(2, "tax", amount_currency=sign * 30.0, tax_line_id=TAX_15),
        line(3, "rounding", amount_currency=sign * 0.02),
    ]
    row = mapped(move_type=move_type, line_ids=lines, amount_total=230.02)
    assert (row["net_amount"], row["tax_amount"], row["rounding_amount"]) == (Decimal(200), Decimal(30), Decimal("0.02"))
    (tax,) = row["taxes"]
    assert (tax["base_amount"], tax["tax_amount"], tax["rate"], tax["category"]) == (Decimal(200), Decimal(30), Decimal(15), "S")
    assert row["problem"] is None


def test_amounts_that_do_not_add_up_are_a_problem_with_the_figures():
    assert mapped(amount_total=331.0)["problem"] == "lines 300.0 + tax 30.0 + rounding 0 = 330.0, but the total is 331.0"


def test_rounding_put_on_a_tax_belongs_to_the_tax():
    lines = [
        line(1, price_subtotal=10.0, price_total=11.5, amount_currency=10.0, tax_ids=[TAX_15]),
        line(2, "tax", amount_currency=1.5, tax_line_id=TAX_15),
        line(3, "rounding", amount_currency=0.05, tax_line_id=TAX_15),
    ]
    row = mapped(line_ids=lines, amount_total=11.55)
    assert (row["tax_amount"], row["rounding_amount"], row["problem"]) == (Decimal("1.55"), 0, None)


def test_lines_that_only_move_amounts_between_accounts_do_not_count():
    moves = [
        line(7, "discount", amount_currency=5.0),
        line(8, "discount", amount_currency=-5.0),
        line(9, "cogs", amount_currency=80.0),
    ]
    row = mapped(line_ids=bill()["line_ids"] + moves)
    assert len(row["lines"]) == 2 and row["problem"] is None


def test_an_early_payment_discount_lowers_the_base_of_its_tax():
    lines = [
        line(1, price_subtotal=100.0, price_total=114.7, amount_currency=100.0, tax_ids=[TAX_15]),
        line(2, "epd", amount_currency=-2.0, tax_ids=[TAX_15]),
        line(3, "epd", amount_currency=2.0),
        line(4, "tax", amount_currency=14.7, tax_line_id=TAX_15),
        line(5, "payment_term", amount_currency=-114.7, discount_date="2026-11-27"),
    ]
    term = {"id": 3, "name": "2/7 Net 30", "early_discount": True, "discount_percentage": 2.0}
    row = mapped(line_ids=lines, amount_total=114.7, invoice_payment_term_id=term)
    assert row["taxes"][0]["base_amount"] == Decimal(98) and row["problem"] is None
    assert row["discount_percent"] == 2 and row["discount_date"] == date(2026, 11, 27) and row["payment_term"] == "2/7 Net 30"


def test_a_discount_that_the_term_does_not_grant_is_left_out():
    term = {"id": 1, "name": "Immediate Payment", "early_discount": False, "discount_percentage": 2.0}
    assert mapped(invoice_payment_term_id=term)["discount_percent"] is None


def test_a_price_that_includes_tax_is_given_without_it():
    included = TAX_15 | {"price_include": True}
    one = line(1, quantity=2.0, price_unit=115.0, discount=10.0, price_subtotal=180.0, price_total=207.0, tax_ids=[included])
    assert mapped(line_ids=[one])["lines"][0]["unit_price"] == Decimal(100)


def test_a_price_that_includes_tax_of_a_line_without_quantity():
    included = TAX_15 | {"price_include": True}
    assert mapped(line_ids=[line(1, price_unit=115.0, tax_ids=[included])])["lines"][0]["unit_price"] == Decimal(100)


def test_a_tax_of_zero_percent_is_in_the_summary():
    exempt = TAX_15 | {"id": 9, "name": "0%", "amount": 0.0, "ubl_cii_tax_category_code": "E"}
    (tax,) = mapped(line_ids=[line(1, price_subtotal=50.0, price_total=50.0, amount_currency=50.0, tax_ids=[exempt])])["taxes"]
    assert (tax["category"], tax["base_amount"], tax["tax_amount"]) == ("E", Decimal(50), 0)


def test_a_group_of_taxes_is_shown_as_its_taxes():
    first, second = TAX_15 | {"id": 5, "name": "5%", "amount": 5.0}, TAX_15 | {"id": 6, "name": "8%", "amount": 8.0}
    group = TAX_15 | {"id": 4, "name": "GST+PST", "amount": 0.0, "amount_type": "group", "children_tax_ids": [first, second]}
    lines = [
        line(1, price_subtotal=100.0, price_total=113.0, amount_currency=100.0, tax_ids=[group]),
        line(2, "tax", amount_currency=5.0, tax_line_id=first),
        line(3, "tax", amount_currency=8.0, tax_line_id=second),
    ]
    row = mapped(line_ids=lines, amount_total=113.0)
    assert [(tax["name"], tax["base_amount"], tax["tax_amount"]) for tax in row["taxes"]] == [("5%", 100, 5), ("8%", 100, 8)]
    assert row["lines"][0]["tax_rate"] == 13 and row["lines"][0]["tax_names"] == "GST+PST" and row["problem"] is None


def test_a_credit_note_names_what_it_corrects():
    row = mapped(move_type="in_refund", reversed_entry_id={"id": 80, "name": "BILL/2026/09/0002"})
    assert (row["document_type"], row["corrected_id"], row["corrected_number"]) == ("credit_note", "80", "BILL/2026/09/0002")


def test_a_draft_has_no_number():
    row = mapped(state="draft", name=False, invoice_date=False)
    assert (row["state"], row["number"], row["document_date"]) == ("draft", None, None)


def test_a_currency_other_than_the_books():
    row = mapped(currency_id=EUR, invoice_currency_rate=0.92, amount_total_signed=-358.7)
    assert (row["currency"], row["company_currency"], row["exchange_rate"]) == ("EUR", "USD", Decimal("0.92"))


def test_item_codes_and_the_order_line():
    product = {"id": 7, "default_code": "FURN_1", "barcode": "5400000000017", "seller_ids": [
        {"id": 1, "product_code": "OTHER", "product_id": False, "partner_id": 99},
        {"id": 2, "product_code": "V-ALL", "product_id": False, "partner_id": 71},
        {"id": 3, "product_code": "V-8", "product_id": 8, "partner_id": 71},
        {"id": 4, "product_code": "V-7", "product_id": 7, "partner_id": 71}]}  # fmt: skip
    (row,) = mapped(line_ids=[line(1, product_id=product, product_uom_id={"id": 1, "name": "Units"}, purchase_line_id=44)])[
        "lines"
    ]
    assert (row["item_code"], row["vendor_item_code"], row["gtin"]) == ("FURN_1", "V-7", "5400000000017")
    assert (row["unit"], row["order_line_id"]) == ("Units", "44")


def test_a_vendor_item_code_of_another_variant_is_not_taken():
    sellers = [
        {"id": 1, "product_code": "V-8", "product_id": 8, "partner_id": 71},
        {"id": 2, "product_code": "V-ALL", "product_id": False, "partner_id": 71},
    ]
    product = {"id": 7, "default_code": "FURN_1", "barcode": False, "seller_ids": sellers}
    assert mapped(line_ids=[line(1, product_id=product)])["lines"][0]["vendor_item_code"] == "V-ALL"
    product["seller_ids"] = sellers[:1]
    assert mapped(line_ids=[line(1, product_id=product)])["lines"][0]["vendor_item_code"] is None


def test_the_order_line_of_a_sale_only_when_there_is_one():
    lines = [line(1, sale_line_ids=[5]), line(2, sale_line_ids=[5, 6])]
    assert [entry["order_line_id"] for entry in mapped(move_type="out_invoice", line_ids=lines)["lines"]] == ["5", None]


def test_fields_of_modules_that_are_not_installed_are_null():
    bare = bill()
    for entry in bare["line_ids"]:
        del entry["purchase_line_id"], entry["sale_line_ids"]
    del bare["partner_id"]["global_location_number"], bare["commercial_partner_id"]["global_location_number"]
    record, text = received(bare)
    row = invoice(record, text, setting())
    assert row["lines"][0]["order_line_id"] is None and row["counterparty"]["gln"] is None


def test_the_party_is_the_commercial_partner_at_the_address_of_the_document():
    address = NO_PARTY | {"id": 72, "name": "Accounts payable", "street": "Other street 9", "email": "ap@vendor.test"}
    delivery = NO_PARTY | {"id": 73, "name": "Warehouse", "city": "Brugge"}
    row = mapped(partner_id=address, partner_shipping_id=delivery)
    party = row["counterparty"]
    assert (party["source_id"], party["name"], party["tax_id"]) == ("71", "Probe Vendor", VENDOR_PARTY["vat"])
    assert (party["street"], party["email"], party["country"]) == ("Other street 9", "ap@vendor.test", None)
    assert row["delivery_party"]["city"] == "Brugge"


def test_a_delivery_to_the_counterparty_itself_is_not_repeated():
    assert mapped(partner_shipping_id=VENDOR_PARTY)["delivery_party"] is None


@pytest.mark.parametrize(("field", "value"), [("move_type", "entry"), ("state", "frozen"), ("payment_state", "odd")])
def test_an_unknown_selection_is_refused_with_its_value(field, value):
    with pytest.raises(MappingError, match=f"{field} is '{value}'"):
        mapped(**{field: value})


def test_a_null_where_an_amount_is_due_is_refused():
    with pytest.raises(MappingError, match="a number is due, and False was received"):
        mapped(amount_total=False)


cents = st.integers(-1_000_000, 1_000_000)


@given(st.lists(st.tuples(cents, st.integers(0, 30)), max_size=6), st.sampled_from(sorted(TYPES)), cents)
def test_a_document_is_sound_exactly_when_its_parts_make_its_total(parts, move_type, error):
    sign = TYPES[move_type][2]
    lines, total = [], Decimal(0)
    for number, (net, rate) in enumerate(parts):
        tax = TAX_15 | {"id": rate, "amount": float(rate)}
        value, tax_value = Decimal(net) / 100, (Decimal(net) * rate / 100).quantize(Decimal(1)) / 100
        total += value + tax_value
        lines += [
            line(
                number * 2,
                price_subtotal=float(value),
                price_total=float(value + tax_value),
                amount_currency=float(sign * value),
                tax_ids=[tax],
            ),
            line(number * 2 + 1, "tax", amount_currency=float(sign * tax_value), tax_line_id=tax),
        ]
    row = mapped(move_type=move_type, line_ids=lines, amount_total=float(total + Decimal(error) / 100))
    assert (row["problem"] is None) == (error == 0)
    assert sum(tax["base_amount"] for tax in row["taxes"]) == row["net_amount"]
    assert frame(INVOICES, [row])["net_amount"][0] == row["net_amount"]
