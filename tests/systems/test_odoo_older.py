"""Every record of one Odoo, read as an Odoo 18 and as an Odoo 17: the same as from an Odoo 19, or told why not. The sandbox
has its own list of the fields that these versions do not have, and refuses them as Odoo does."""

from datetime import UTC, datetime, timedelta

import pytest
from polars.testing import assert_frame_equal

from mlconnector_assets.errors import ConfigurationError, SourceError
from mlconnector_assets.sandbox import start_sandbox
from mlconnector_assets.systems.odoo.older import NOT_OFFERED, translated
from mlconnector_assets.systems.odoo.source import OdooSource
from mlconnector_assets.systems.odoo.streams import RECORDS
from mlconnector_assets.systems.source import Window
from tests.systems.odoo_records import FAST, Secret

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ALL = Window(None, NOW + timedelta(days=1))
AS_RECEIVED = ["content_hash", "source_record"]
UNKNOWN = {
    (17, "companies"): ["sale_lock_date", "purchase_lock_date", "hard_lock_date"],
    (17, "employees"): ["modified_at", "positions"],
    (17, "invoices"): ["exchange_rate"],
    (17, "payment_terms"): ["instalments"],
    (17, "products"): ["stored"],
    (18, "employees"): ["modified_at", "positions"],
}
"""Columns that an older Odoo does not tell, or not in full; an employee without positions does not move with them."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=24, vendors=4, customers=3, now=NOW) as running:
        yield running


def source(sandbox, version, *, private_employee_fields=("gender", "birthday"), **settings):
    sandbox.control.set_version(version)
    return OdooSource(
        "odoo", url=sandbox.odoo_url, database=sandbox.database, api_key=Secret(sandbox.api_key), user="mlconnector",
        companies={"nl": 1, "us": 2, "uk": 3}, retry=FAST,
        private_employee_fields=private_employee_fields, **settings,
    )  # fmt: skip


def read(made, record):
    """The rows, and those that were set aside."""
    pages = list(made.pages(record, ALL))
    assert [item.reason for page in pages for item in page.set_aside] == []
    return [page.frame for page in pages]


@pytest.fixture(scope="module")
def newest(sandbox):
    made = source(sandbox, 19)
    yield {record: read(made, record) for record in RECORDS}
    made.close()


@pytest.mark.parametrize("version", [18, 17])
def test_every_record_that_is_offered_is_the_same_as_of_an_odoo_19(sandbox, newest, version):
    made = source(sandbox, version)
    for record in [name for name in RECORDS if name not in NOT_OFFERED[version]]:
        expected, found = newest[record], read(made, record)
        assert expected and len(found) == len(expected), record
        left_out = [*AS_RECEIVED, *UNKNOWN.get((version, record), [])]
        for one, other in zip(found, expected, strict=True):
            assert_frame_equal(one.drop(left_out), other.drop(left_out))
    made.close()


@pytest.mark.parametrize(("version", "record"), [(version, record) for version in NOT_OFFERED for record in NOT_OFFERED[version]])
def test_a_record_that_is_not_offered_is_refused_by_name_or_stays_empty(sandbox, version, record):
    named, unnamed = source(sandbox, version), source(sandbox, version, optional=[record])
    for ask in (lambda: list(named.pages(record, ALL)), lambda: named.totals(record, ALL), lambda: named.probe(record, None)):
        with pytest.raises(ConfigurationError, match=f"Odoo {version} does not offer {record}: its ") as raised:
            ask()
        assert raised.value.where == "connection odoo" and "`records`" in raised.value.mend
    assert list(unnamed.pages(record, ALL)) == [] and unnamed.existing(record, ["1"]) == set()
    named.close()
    unnamed.close()


def test_the_check_tells_what_is_not_offered(sandbox):
    made = source(sandbox, 17, records=["units", "payments", "products"], optional=["units"])
    found = {finding.subject: finding for finding in made.check()}
    assert found["record units"].good and "stays empty: Odoo 17 does not offer units" in found["record units"].detail
    assert not found["record payments"].good and "Odoo 17 does not offer payments" in found["record payments"].detail
    assert found["record products"].good and found["model uom.uom"].good
    made.close()


def test_a_contract_date_is_refused_and_not_left_empty(sandbox):
    made = source(sandbox, 18, private_employee_fields=["gender", "contract_start"])
    with pytest.raises(SourceError, match=r"no field 'contract_date_start' on hr\.employee"):
        read(made, "employees")
    made.close()


@pytest.mark.parametrize(("state", "told"), [("done", ("purchase", True)), ("purchase", ("purchase", False))])
def test_a_locked_purchase_order_is_a_state_before_19(state, told):
    asked = {"domain": [], "specification": {"state": {}, "locked": {}}}
    _, older, restored = translated(18, "purchase.order", "web_search_read", asked)
    assert older["specification"] == {"state": {}}
    (record,) = restored({"length": 1, "records": [{"id": 1, "state": state}]})["records"]
    assert (record["state"], record["locked"]) == told
