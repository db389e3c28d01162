"""Orders from draft to invoice, and what is moved for them, seen only through windows of changes."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mlconnector_assets.sandbox import start_sandbox
from tests.systems.test_odoo_settlements import Reader

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LINES = [
    {"product": 1, "quantity": "10", "price": "0.335"},
    {"kind": "line_section", "name": "Part two"},
    {"product": 2, "quantity": "4", "price": "25", "discount": "10"},
]
SIDES = {
    "purchase": ("purchase_orders", "place_purchase_order", "received_quantity", "receipt_state", "incoming"),
    "sale": ("sales_orders", "place_sales_order", "delivered_quantity", "delivery_state", "outgoing"),
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=30, vendors=6, customers=5, now=NOON) as running:
        yield running


@pytest.fixture
def reader(sandbox):
    made = Reader(sandbox)
    made.tick()
    yield made
    made.source.close()


@pytest.mark.parametrize("side", SIDES)
def test_an_order_from_draft_to_invoice(reader, side):
    record, place, moved, moved_state, direction = SIDES[side]
    order = reader.control.change(place, lines=LINES, reference="REF-1", confirm=False)
    key = str(order["id"])
    row = reader.changes(record)[key]
    assert (row["state"], row["number"], row["counterparty_number"]) == ("draft", order["name"], "REF-1")
    assert (row["currency"], row["company_currency"], row["exchange_rate"]) == ("EUR", "EUR", 1)
    assert row["counterparty"]["name"] and row["own_party"]["name"] and row["counterparty_id"]
    first, second = row["lines"]
    assert (first["line_id"], second["line_id"]) == tuple(map(str, order["lines"]))
    assert (first["quantity"], first["unit_price"], first["net_amount"]) == (10, Decimal("0.335"), Decimal("3.35"))
    assert (second["discount_percent"], second["net_amount"], second["tax_amount"]) == (10, 90, Decimal("18.90"))
    assert (second["item_code"], second["gtin"], second["unit"]) == ("BLT-M10-60", "8712345100025", "Units")
    assert (row["net_amount"], row["tax_amount"], row["total_amount"]) == (
        Decimal("93.35"), Decimal("19.60"), Decimal("112.95"),
    )  # fmt: skip

    reader.tick()
    reader.control.change("confirm_order", side=side, id=order["id"])
    row = reader.changes(record)[key]
    assert (row["state"], row[moved_state]) == ("confirmed", "pending")

    reader.tick()
    done = reader.control.change("move_goods", side=side, id=order["id"], share="40")
    row = reader.changes(record)[key]
    assert [line[moved] for line in row["lines"]] == [4, 2] and row[moved_state] == "partial"
    transfers = reader.changes("receipts")
    transfer, backorder = transfers[str(done["transfer"])], transfers[str(done["backorder"])]
    assert (transfer["direction"], transfer["state"], transfer["order_references"]) == (direction, "done", order["name"])
    assert [(line["quantity"], line["order_line_id"]) for line in transfer["lines"]] == list(
        zip([4, 2], map(str, order["lines"]), strict=True)
    )
    assert {(line["order_id"], line["order_number"], line["counterparty_order_number"]) for line in transfer["lines"]} == {
        (key, order["name"], "REF-1")
    }
    assert (backorder["state"], backorder["backorder_of_id"]) == ("ready", transfer["source_id"])
    assert [(line["expected_quantity"], line["quantity"]) for line in backorder["lines"]] == [(6, 0), (2, 0)]

    reader.tick()
    bill = str(reader.control.change("bill_order", side=side, id=order["id"], reference="BILL-1")["id"])
    row = reader.changes(record)[key]
    assert row["invoice_state"] == "invoiced" and all(line["invoiced_quantity"] for line in row["lines"])
    invoice = reader.changes("invoices")[bill]
    assert invoice["order_references"] == order["name"]
    assert [line["order_line_id"] for line in invoice["lines"]] == list(map(str, order["lines"]))


@pytest.mark.parametrize("side", SIDES)
def test_a_changed_line_changes_the_order(reader, side):
    record, place, *_ = SIDES[side]
    order = reader.control.change(place, lines=LINES)
    reader.tick()
    reader.control.change("change_order_line", side=side, id=order["lines"][0], price="1.25", quantity="8")
    row = reader.changes(record)[str(order["id"])]
    assert (row["lines"][0]["net_amount"], row["net_amount"]) == (10, 100)


@pytest.mark.parametrize("side", SIDES)
def test_a_line_that_alone_is_stamped_is_a_change_of_its_order(reader, side):
    record, place, *_ = SIDES[side]
    order = reader.control.change(place, lines=LINES)
    reader.tick()
    model = "purchase.order.line" if side == "purchase" else "sale.order.line"
    reader.control.write(model, [order["lines"][1]], {"qty_invoiced": 3})
    assert reader.changes(record)[str(order["id"])]["lines"][1]["invoiced_quantity"] == 3


@pytest.mark.parametrize("side", SIDES)
def test_a_cancelled_order_and_its_transfer(reader, side):
    record, place, *_ = SIDES[side]
    order = reader.control.change(place, lines=LINES)
    reader.tick()
    reader.control.change("cancel_order", side=side, id=order["id"])
    assert reader.changes(record)[str(order["id"])]["state"] == "cancelled"
    (transfer,) = reader.changes("receipts").values()
    assert (transfer["state"], [line["state"] for line in transfer["lines"]]) == ("cancelled", ["cancelled"] * 2)
