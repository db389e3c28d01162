from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from mlconnector_assets.layouts import compile_condition
from mlconnector_assets.partners import Flow, Partner
from mlconnector_assets.partners.file_names import NameFacts
from mlconnector_assets.partners.specification import DEFAULT_WHERE
from mlconnector_assets.records import RECORDS
from tests.layouts.frames import frame_of
from tests.partners.samples import HOST_KEY, flow, target


def test_defaults_of_a_target():
    made = target()
    assert (made.port, made.root, made.connect_timeout, made.channel_timeout) == (
        22,
        ".",
        timedelta(seconds=10),
        timedelta(seconds=30),
    )
    names = ("outbound", "inbound", "processing", "processed", "error", "acks", "test")
    assert made.folders.model_dump() == {name: name for name in names}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"password": "acme-password"}, "exactly one of `password` and `private_key`"),
        ({"private_key": None}, "exactly one of `password` and `private_key`"),
        ({"host_keys": []}, "exactly one of `host_keys` and `host_keys_file`"),
        ({"host_keys_file": "keys"}, "exactly one of `host_keys` and `host_keys_file`"),
        ({"port": "70000"}, "less than or equal to 65535"),
        ({"folders": {"inbound": "outbound"}}, "two folders have the same path"),
        ({"folders": {"inbound": "/in"}}, "below `root`"),
        ({"root": "../other"}, "without `..`"),
        ({"host": ""}, "at least 1 character"),
    ],
)
def test_bad_target(keys, message):
    with pytest.raises(ValidationError, match=message):
        target(**keys)


def test_pinned_keys_come_from_the_list_or_the_file(tmp_path):
    assert target().pinned(tmp_path) == (HOST_KEY,)
    (tmp_path / "keys").write_text(HOST_KEY)
    assert target(host_keys=[], host_keys_file="keys").pinned(tmp_path) == (HOST_KEY,)


def test_values_of_a_flow():
    made = flow(since="2026-01-31", documents_per_file="500", companies=["nl"])
    assert (made.since, made.documents_per_file, made.companies, made.counterparties) == (date(2026, 1, 31), 500, ("nl",), "all")
    assert made.layout.extends == "csv/invoices"
    assert made.remote_name(NameFacts("acme", "bills", 12, 0, datetime(2026, 1, 31, tzinfo=UTC))) == "acme_bills_000012.csv"


@pytest.mark.parametrize("key", ["companies", "counterparties", "since", "layout", "connection", "record"])
def test_what_a_flow_sends_is_never_left_to_a_default(key):
    given = flow().model_dump(exclude={key})
    with pytest.raises(ValidationError, match="Field required"):
        Partner.model_validate(
            {"id": "acme", "name": "ACME", "mode": "live", "sftp": target().model_dump(), "flows": {"bills": given}}
        )


@pytest.mark.parametrize(
    ("record", "leaves", "stays"),
    [
        ("invoices", {"state": "posted"}, {"state": "draft"}),
        ("gl_entries", {"state": "posted"}, {"state": "cancelled"}),
        ("vendors", {"active": True}, {"active": False}),
    ],
)
def test_what_leaves_by_default(record, leaves, stays):
    condition = compile_condition(flow(record=record).condition, RECORDS[record])
    assert frame_of(record, **leaves).filter(condition).height == 1
    assert frame_of(record, **stays).filter(condition).height == 0


def test_every_record_says_what_leaves_by_default():
    neither_states_nor_archives = {"cost_center_plans", "exchange_rates"}
    assert RECORDS.keys() - neither_states_nor_archives == DEFAULT_WHERE.keys()


def test_where_replaces_the_default():
    assert flow(where="total_amount > 0").condition == "total_amount > 0"


def test_the_time_zone_is_the_partners_unless_the_flow_names_one():
    flows = {name: flow(name=name).model_dump() | keys for name, keys in (("a", {}), ("b", {"timezone": "Asia/Tokyo"}))}
    given = {"id": "acme", "name": "ACME", "mode": "live", "sftp": target().model_dump(), "flows": flows}
    made = Partner.model_validate(given | {"timezone": "Europe/Brussels"})
    assert {name: one.zone.key for name, one in made.flows.items()} == {"a": "Europe/Brussels", "b": "Asia/Tokyo"}
    assert Partner.model_validate(given).flows["a"].zone.key == "UTC"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"file_name": "{number}.csv"}, "needs `documents_per_file: 1`"),
        ({"file_name": "{company}_{control_number}.csv"}, "needs `split_by: company`"),
        ({"largest_file": "5 mebibytes"}, "must be a size such as 500KB"),
        ({"largest_file": "0MB"}, "greater than or equal to 1"),
        ({"split_by": "counterparty"}, "Input should be 'company'"),
        ({"compress": "zip"}, "Input should be 'gzip'"),
    ],
)
def test_refused_keys_of_a_file(keys, message):
    with pytest.raises(ValidationError, match=message):
        flow(**keys)


@pytest.mark.parametrize(("text", "size"), [("1B", 1), ("500KB", 500_000), ("5 MB", 5_000_000), ("5MiB", 5 * 1024 * 1024)])
def test_sizes(text, size):
    assert flow(largest_file=text).largest_file == size


def test_the_ending_follows_the_format_and_what_is_done_to_the_file():
    facts = NameFacts("acme", "bills", 12, 0, datetime(2026, 1, 31, tzinfo=UTC), "INV/1", "nl")
    assert flow(compress="gzip").remote_name(facts) == "acme_bills_000012.csv.gz"
    assert flow(compress="gzip", file_name="{company}-{number}", documents_per_file=1).remote_name(facts) == "nl-INV-1.gz"


def partner(**keys):
    return Partner.model_validate(
        {"id": "acme", "name": "ACME", "mode": "live", "sftp": target().model_dump(exclude_defaults=True)} | keys
    )


def test_a_partner_that_only_sends_needs_no_flows():
    assert partner(inbox={"files": {"any": {"pattern": "*"}}}).flows == {}
    with pytest.raises(ValidationError, match="nothing to do"):
        partner()


def test_we_do_not_take_our_own_files():
    with pytest.raises(ValidationError, match="one of the other folders"):
        partner(inbox={"files": {"any": {"pattern": "*", "folder": "outbound"}}})


@pytest.mark.parametrize(
    ("record", "kind"),
    [("invoices", "documents"), ("payments", "documents"), ("vendors", "snapshot"), ("gl_accounts", "snapshot")],
)
def test_what_a_record_is_sent_as(record, kind):
    assert flow(record=record).kind == kind
    assert flow(record=record, kind="snapshot").kind == "snapshot"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"snapshot": {"send": "changes"}}, "needs `kind: snapshot`"),
        ({"kind": "snapshot", "documents_per_file": 5}, "`documents_per_file` would cut a full snapshot in pieces"),
        ({"kind": "snapshot", "snapshot": {"always": True}}, "needs a `schedule:`"),
        ({"kind": "snapshot", "snapshot": {"always": True, "send": "changes"}}, "needs `send: full`"),
        ({"kind": "snapshot", "snapshot": {"hold_below": 101}}, "less than or equal to 100"),
    ],
)
def test_refused_keys_of_a_snapshot(keys, message):
    with pytest.raises(ValidationError, match=message):
        flow(**keys)


def test_a_snapshot_needs_no_first_day():
    given = {"name": "v", "connection": "odoo", "record": "vendors", "layout": "csv/vendors"}
    made = Flow.model_validate(given | {"companies": "all", "counterparties": "all"})
    assert made.since is None
