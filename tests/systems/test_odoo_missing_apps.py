"""An Odoo without the Sales, Purchase or Inventory app."""

import httpx
import pytest

from mlconnector_assets.errors import SourceError
from mlconnector_assets.systems.source import SourceTotals
from tests.systems.odoo_records import odoo_error, source
from tests.systems.test_odoo_checks import findings, odoo
from tests.systems.test_odoo_source import ALL

APPS = {
    "purchase_orders": ("purchase.order", "Purchase"),
    "sales_orders": ("sale.order", "Sales"),
    "receipts": ("stock.picking", "Inventory"),
}


def without_app(request: httpx.Request) -> httpx.Response:
    model = request.url.path.split("/")[-2]
    return odoo_error(404, "werkzeug.exceptions.NotFound", f"the model '{model}' does not exist")


@pytest.mark.parametrize("record", APPS)
def test_a_record_that_nobody_named_stays_empty(record):
    made = source(without_app, optional=[record])
    assert list(made.pages(record, ALL)) == [] and list(made.keys(record)) == [] and made.existing(record, ["1"]) == set()
    assert made.totals(record, ALL) == SourceTotals(0)
    assert made.probe(record, ALL.end) == made.probe(record, ALL.end)
    made.close()


@pytest.mark.parametrize("record", APPS)
def test_a_record_that_is_named_must_exist(record):
    made = source(without_app)
    for ask in (lambda: list(made.pages(record, ALL)), lambda: made.totals(record, ALL), lambda: made.probe(record, ALL.end)):
        with pytest.raises(SourceError, match=f"no {record}: its app {APPS[record][1]} is not installed") as raised:
            ask()
        assert "`records`" in raised.value.mend
    made.close()


def test_another_model_that_is_missing_is_no_empty_record():
    made = source(
        lambda request: odoo_error(404, "werkzeug.exceptions.NotFound", "the model 'res.partner' does not exist"),
        optional=["receipts"],
    )
    with pytest.raises(SourceError, match=r"no model res\.partner"):
        list(made.pages("receipts", ALL))
    made.close()


@pytest.mark.parametrize("optional", [("receipts",), ()])
def test_the_check_tells_which_app_is_missing(optional):
    def refuse(model, method, arguments):
        gone = model == "stock.picking"
        return odoo_error(404, "werkzeug.exceptions.NotFound", f"the model '{model}' does not exist") if gone else None

    found = findings(odoo(refuse=refuse), records=("vendors", "receipts"), optional=optional)
    assert found["record receipts"].good is bool(optional) and "Inventory" in found["record receipts"].detail
    assert found["record vendors"].good and "model stock.picking" not in found
