import pytest

from mlconnector_assets.records import VENDORS
from mlconnector_assets.systems.odoo.frames import frame
from mlconnector_assets.systems.odoo.values import MappingError
from mlconnector_assets.systems.odoo.vendors import vendor
from tests.systems.odoo_records import received, setting, vendor_record


def mapped(**values):
    record, text = received(vendor_record(**values))
    return vendor(record, text, setting(company=None))


def test_a_vendor_becomes_one_canonical_row():
    row = frame(VENDORS, [mapped()]).row(0, named=True)
    assert (row["source_id"], row["company"], row["reference"], row["name"]) == ("71", None, "PV-001", "Probe Vendor")
    assert (row["country"], row["state"], row["postal_code"], row["street2"]) == ("BE", "VOV", "9000", None)
    assert (row["payment_term"], row["payable_account"], row["active"], row["problem"]) == ("30 Days", "211000", True, None)


def test_a_vendor_of_one_company_carries_our_code_of_it():
    assert mapped(company_id=2)["company"] == "be"


def test_a_vendor_of_a_company_that_is_not_read_is_refused():
    with pytest.raises(MappingError, match="company 7"):
        mapped(company_id=7)


def test_archived_vendors_are_vendors():
    assert mapped(active=False)["active"] is False


def test_a_vendor_without_name_is_a_problem():
    assert mapped(name=False)["problem"] == "it has no name"
