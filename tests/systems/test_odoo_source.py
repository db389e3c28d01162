import json
import threading
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import httpx
import pytest

from mlconnector_assets.errors import AccessDenied, ConfigurationError, SourceError, Unavailable
from mlconnector_assets.systems.odoo.changes import window_domain
from mlconnector_assets.systems.odoo.failures import UnreadableRecordError
from mlconnector_assets.systems.odoo.paging import prefetched
from mlconnector_assets.systems.source import Window
from tests.systems.odoo_records import bill, entry, odoo_error, source, vendor_record

ALL = Window(None, datetime(2026, 11, 22, tzinfo=UTC))


class Odoo:
    """A small Odoo: records by model, pages by id, and a list of the requests it got."""

    def __init__(self, **records):
        self.records = {name.replace("_", "."): rows for name, rows in records.items()}
        self.calls = []
        self.refuse = lambda model, arguments, found: None

    @property
    def pages(self):
        """The requests for documents."""
        return [call for call in self.calls if call.method == "web_search_read" and call.model != "account.analytic.account"]

    def __call__(self, request):
        model, method = request.url.path.split("/")[-2:]
        arguments = json.loads(request.content)
        if method == "has_access":
            return httpx.Response(200, json=False)
        self.calls.append(SimpleNamespace(model=model, method=method, arguments=arguments))
        found = [row for row in self.records.get(model, []) if self._in_domain(row, arguments["domain"])][
            : arguments.get("limit")
        ]
        if method == "search":
            return httpx.Response(200, json=[row["id"] for row in found])
        refusal = self.refuse(model, arguments, found)
        if refusal is not None:
            return refusal
        shown = [{name: row[name] for name in ("id", *arguments["specification"]) if name in row} for row in found]
        return httpx.Response(200, json={"length": len(shown), "records": shown})

    @staticmethod
    def _in_domain(row, domain):
        company = row.get("company_id")
        company = company["id"] if isinstance(company, dict) else company
        for name, operator, value in (condition for condition in domain if condition[0] in ("id", "company_id")):
            held = company if name == "company_id" else row["id"]
            holds = {"=": held == value, "in": held in value if operator == "in" else None}.get(operator)
            if operator in (">", ">=", "<="):
                holds = {">": held > value, ">=": held >= value, "<=": held <= value}[operator]
            if not holds:
                return False
        return True


def read(made, record="invoices", window=ALL):
    pages = list(made.pages(record, window))
    made.close()
    return [key for page in pages for key in page.frame["source_id"]], [aside for page in pages for aside in page.set_aside]


def test_pages_walk_by_id_inside_a_frozen_window():
    odoo = Odoo(account_move=[bill(id=number) for number in (3, 5, 8, 13, 21)])
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, 12, 30, 15, 999_999, tzinfo=UTC))
    assert read(source(odoo, page_size=2), window=window) == (["3", "5", "8", "13", "21"], [])
    in_window = [["write_date", ">=", "2026-11-20 00:00:00"], ["write_date", "<", "2026-11-21 12:30:15"]]
    assert [call.arguments["domain"][-4:] for call in odoo.pages] == [
        [*in_window, ["id", ">=", first], ["id", "<=", last]] for first, last in ((3, 5), (8, 13), (21, 21))
    ]
    assert [call.arguments["domain"][-3:] for call in odoo.calls if call.method == "search"] == [[*in_window, ["id", ">", 0]]]
    for call in odoo.pages:
        assert call.model == "account.move" and call.arguments["order"] == "id asc"
        assert call.arguments["context"] == {"allowed_company_ids": [1], "active_test": False, "tz": "UTC", "lang": "en_US"}


def test_ids_are_listed_in_portions(monkeypatch):
    monkeypatch.setattr("mlconnector_assets.systems.odoo.paging._LISTING", 2)
    odoo = Odoo(account_move=[entry(id=number) for number in (3, 5, 8, 13)])
    assert read(source(odoo, page_size=50), "gl_entries") == (["3", "5", "8", "13"], [])
    assert [call.arguments["domain"][-1] for call in odoo.calls if call.method == "search"] == [
        ["id", ">", last] for last in (0, 5, 13)
    ]


def test_nothing_changed_is_one_request_a_company():
    odoo = Odoo()
    assert read(source(odoo, companies={"us": 1, "be": 2})) == ([], [])
    assert [call.method for call in odoo.calls] == ["search", "search"]


def test_the_first_window_has_no_lower_bound_and_takes_records_without_a_stamp():
    assert window_domain(ALL) == ["|", ["write_date", "=", False], ["write_date", "<", "2026-11-22 00:00:00"]]


def test_documents_are_read_company_by_company():
    odoo = Odoo(account_move=[entry(id=1), entry(id=2, company_id={"id": 2, "currency_id": {"id": 2, "name": "EUR"}})])
    made = source(odoo, companies={"us": 1, "be": 2})
    frames = [page.frame for page in made.pages("gl_entries", ALL)]
    assert [frame.select("source_id", "company", "company_currency").row(0) for frame in frames] == [
        ("1", "us", "USD"),
        ("2", "be", "EUR"),
    ]
    assert [call.arguments["context"]["allowed_company_ids"] for call in odoo.pages] == [[1], [2]]
    made.close()


def test_shared_vendors_are_read_from_the_first_company_and_others_from_their_own():
    odoo = Odoo(res_partner=[vendor_record(id=1), vendor_record(id=2, company_id=2)])
    made = source(odoo, companies={"us": 1, "be": 2})
    odoo.records["res.partner"] = [vendor_record(id=1), vendor_record(id=2, company_id=2)]
    pages = list(made.pages("vendors", ALL))
    made.close()
    assert [call.arguments["context"]["allowed_company_ids"] for call in odoo.pages] == [[1, 2], [2]]
    assert ["company_id", "in", [False, 1]] in odoo.calls[0].arguments["domain"]
    assert pages[-1].frame["company"].to_list()[-1] == "be"


def test_a_record_that_cannot_be_mapped_stops_no_other():
    odd = bill(id=2, state="frozen")
    too_fine = bill(id=3, amount_residual=0.123456)
    lacking = {name: value for name, value in bill(id=4).items() if name != "journal_id"}
    undated = bill(id=5, write_date="yesterday")
    keys, aside = read(source(Odoo(account_move=[bill(id=1), odd, too_fine, lacking, undated, bill(id=6)])))
    assert keys == ["1", "6"]
    reasons = {item.source_id: item.reason for item in aside}
    assert set(reasons) == {"2", "3", "4", "5"}
    assert "state is 'frozen'" in reasons["2"] and "open_amount" in reasons["3"] and "journal_id" in reasons["4"]
    first = next(item for item in aside if item.source_id == "2")
    assert first.company == "us" and first.modified_at == datetime(2026, 11, 21, 5, 43, 35, tzinfo=UTC)
    assert json.loads(first.source_record)["state"] == "frozen"
    assert next(item for item in aside if item.source_id == "5").modified_at is None


def test_a_record_that_odoo_cannot_read_stops_no_other():
    odoo = Odoo(account_move=[bill(id=number) for number in range(1, 40)])

    def refuse(model, arguments, found):
        if "name" in arguments["specification"] and any(row["id"] == 17 for row in found):
            return odoo_error(
                404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.\n(Record: res.partner(9,))"
            )
        return None

    odoo.refuse = refuse
    keys, aside = read(source(odoo, page_size=20))
    assert keys == [str(number) for number in range(1, 40) if number != 17]
    assert [(item.source_id, item.company) for item in aside] == [("17", "us")] and "res.partner(9,)" in aside[0].reason


def test_when_no_record_can_be_read_the_read_fails():
    odoo = Odoo(account_move=[bill(id=number) for number in range(1, 60)])
    odoo.refuse = lambda model, arguments, found: (
        odoo_error(403, "odoo.exceptions.AccessError", "top-secret records") if "name" in arguments["specification"] else None
    )
    with pytest.raises(UnreadableRecordError, match="top-secret"):
        read(source(odoo))


def test_fields_of_modules_that_are_not_installed_are_left_out():
    odoo = Odoo(account_move=[bill()])

    def refuse(model, arguments, found):
        for name in ("purchase_line_id", "global_location_number"):
            if name in json.dumps(arguments["specification"]):
                return odoo_error(500, "builtins.ValueError", f"Invalid field '{name}' on 'account.move.line'")
        return None

    odoo.refuse = refuse
    made = source(odoo)
    assert read(made) == (["57"], [])
    assert len(odoo.pages) == 3
    assert read(made) == (["57"], []) and len(odoo.pages) == 4


def test_a_standard_field_that_is_missing_is_an_error():
    odoo = Odoo(account_move=[bill()])
    odoo.refuse = lambda *_: odoo_error(500, "builtins.ValueError", "Invalid field 'state' on 'account.move'")
    with pytest.raises(SourceError, match="no field 'state' on account"):
        read(source(odoo))


@pytest.mark.parametrize(
    "answer",
    [
        {"length": 1},
        [],
        {"records": [{"id": 2}]},
        {"records": [{"id": 10}]},
        {"records": [{"id": 9}, {"id": 3}]},
        {"records": [{"name": "x"}]},
        {"records": [7]},
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(answer):
    def odoo(request):
        return httpx.Response(200, json=[3, 9] if request.url.path.endswith("/search") else answer)

    with pytest.raises(SourceError, match="something else than records 3 to 9"):
        read(source(odoo))


@pytest.mark.parametrize("answer", [{"a": 1}, [3, 2], [0], ["1"], [{"id": 1}], 7])
def test_a_listing_that_is_not_what_was_asked_for_is_refused(answer):
    with pytest.raises(SourceError, match="something else than ids above 0"):
        read(source(lambda request: httpx.Response(200, json=answer)))


def test_no_rights_on_the_model_fails_the_read():
    odoo = Odoo(account_move=[bill()])
    odoo.refuse = lambda *_: odoo_error(
        403,
        "odoo.exceptions.AccessError",
        "You are not allowed to access 'Journal Entry' (account.move) records.\n\n\t- Accounting/Invoicing\n",
    )
    with pytest.raises(AccessDenied, match="Accounting/Invoicing"):
        read(source(odoo))


def test_a_read_that_fails_between_pages_raises():
    odoo = Odoo(account_move=[entry(id=number) for number in range(1, 5)])
    odoo.refuse = lambda model, arguments, found: httpx.Response(503) if found[0]["id"] > 1 else None
    pages = source(odoo, page_size=2).pages("gl_entries", ALL)
    assert next(pages).frame["source_id"].to_list() == ["1", "2"]
    with pytest.raises(Unavailable):
        next(pages)


def test_cost_centers_are_read_once_and_a_new_one_by_itself():
    odoo = Odoo(account_move=[bill(id=1), bill(id=2), bill(id=3)])
    centers = [
        {"id": key, "code": f"C{key}", "name": f"n{key}", "root_plan_id": {"id": 1, "name": "Projects"}} for key in (22, 23)
    ]
    odoo.records["account.analytic.account"] = centers
    made = source(odoo, page_size=1)
    pages = made.pages("invoices", ALL)
    first = next(pages).frame["lines"][0][0]["cost_centers"]
    assert [(share["code"], share["plan"], share["percent"]) for share in first] == [
        ("C22", "Projects", Decimal(40)),
        ("C23", "Projects", Decimal(60)),
        (None, None, Decimal(60)),
    ]
    list(pages)
    made.close()
    asked = [call.arguments["domain"] for call in odoo.calls if call.model == "account.analytic.account"]
    assert asked == [[["id", ">", 0]], [["id", "=", 31]]]


def test_an_unknown_record_is_named():
    with pytest.raises(ConfigurationError, match="invoices, gl_entries, purchase_orders"):
        next(source(Odoo()).pages("spaceships", ALL))


def test_the_next_items_are_made_while_one_is_used():
    made = []
    third = threading.Event()

    def items():
        for number in range(6):
            made.append(number)
            if number == 2:
                third.set()
            yield number

    run = prefetched(items(), ahead=2)
    assert next(run) == 0
    assert third.wait(5)
    assert made == [0, 1, 2]
    assert list(run) == [1, 2, 3, 4, 5]


def test_what_is_made_ahead_is_given_up_with_the_rest():
    run = prefetched(iter(range(100)))
    assert next(run) == 0
    run.close()
    assert list(run) == []


def test_what_fails_in_the_thread_is_raised_where_the_items_are_used():
    def items():
        yield 1
        raise Unavailable("gone")

    run = prefetched(items())
    assert next(run) == 1
    with pytest.raises(Unavailable, match="gone"):
        next(run)


def grouped(answer, date="Sat, 21 Nov 2026 06:00:00 GMT"):
    calls = []

    def handler(request):
        calls.append((str(request.url.path).removeprefix("/json/2/"), json.loads(request.content)))
        return httpx.Response(200, json=answer(len(calls)) if callable(answer) else answer, headers={"date": date})

    return handler, calls


def test_totals_of_invoices():
    handler, calls = grouped([
        {"currency_id": [1, "USD"], "__count": 2, "amount_tax:sum": 30.000000000000004, "amount_total:sum": 330.5},
        {"currency_id": [2, "EUR"], "__count": 1, "amount_tax:sum": 0, "amount_total:sum": 9.99},
    ])  # fmt: skip
    found = source(handler, companies={"us": 1, "be": 2}).totals("invoices", ALL)
    assert found.rows == 3
    assert found.money == {
        ("tax_amount", "USD"): Decimal(30), ("total_amount", "USD"): Decimal("330.5"),
        ("tax_amount", "EUR"): Decimal(0), ("total_amount", "EUR"): Decimal("9.99"),
    }  # fmt: skip
    ((path, arguments),) = calls
    assert path == "account.move/formatted_read_group" and arguments["context"]["allowed_company_ids"] == [1, 2]
    assert arguments["domain"][1:4] == ["|", ["company_id", "=", 1], ["company_id", "=", 2]]


def test_totals_of_entries_come_from_their_lines():
    answers = [[{"__count": 4}], [{"company_currency_id": [1, "USD"], "__count": 9, "debit:sum": 5.5, "credit:sum": 5.5}]]
    handler, calls = grouped(lambda number: answers[number - 1])
    found = source(handler).totals("gl_entries", Window(datetime(2026, 11, 20, tzinfo=UTC), ALL.end))
    assert found.rows == 4 and found.money == {("debit_amount", "USD"): Decimal("5.5"), ("credit_amount", "USD"): Decimal("5.5")}
    assert ["move_id.write_date", ">=", "2026-11-20 00:00:00"] in calls[1][1]["domain"]
    assert ["account_id", "!=", False] in calls[1][1]["domain"]


def test_totals_of_vendors_count_those_on_bills_and_those_on_orders_only():
    handler, calls = grouped(lambda number: True if number == 1 else [{"__count": 10 + number}])
    found = source(handler).totals("vendors", ALL)
    assert found.rows == 12 + 13 and not found.money
    assert [path for path, _ in calls] == [
        "purchase.order.line/has_access",
        "res.partner/formatted_read_group",
        "res.partner/formatted_read_group",
    ]


def test_accounts_are_counted_once_for_each_company_that_sees_them():
    handler, calls = grouped([{"__count": 12}])
    assert source(handler, companies={"us": 1, "be": 2}).totals("gl_accounts", ALL).rows == 24
    assert [call["context"]["allowed_company_ids"] for _, call in calls] == [[1], [2]]


SINCE = datetime(2026, 11, 21, 4, tzinfo=UTC)


def probed(rows, date="Sat, 21 Nov 2026 06:00:00 GMT"):
    handler, calls = grouped(rows, date)
    fingerprint = source(handler).probe("invoices", SINCE)
    assert len(calls) == 1
    return fingerprint


def test_a_probe_is_equal_exactly_when_nothing_visible_changed():
    rows = [{"id": 5, "write_date": "2026-11-21 04:30:00"}, {"id": 9, "write_date": "2026-11-21 05:00:00"}]
    assert probed(rows) == probed(rows, date="Sat, 21 Nov 2026 06:15:00 GMT")
    late = [{"id": 5, "write_date": "2026-11-21 04:45:00"}, rows[1]]
    assert len({probed(rows), probed(late), probed(rows[:1]), probed([])}) == 4


def test_a_probe_in_the_second_of_a_change_is_equal_to_no_other():
    rows = [{"id": 5, "write_date": "2026-11-21 05:59:58"}]
    assert probed(rows) != probed(rows, date="Sat, 21 Nov 2026 06:15:00 GMT")


def test_a_probe_of_everything_is_one_grouped_read():
    handler, calls = grouped([{"__count": 2, "write_date:max": "2026-11-21 05:00:00", "id:max": 9}])
    assert source(handler).probe("invoices", None) == source(handler).probe("invoices", None)
    assert calls[0][0] == "account.move/formatted_read_group" and calls[0][1]["groupby"] == []


def test_a_probe_of_an_empty_odoo():
    handler, _ = grouped([{"__count": 0, "write_date:max": False, "id:max": False}])
    assert source(handler).probe("invoices", None)
