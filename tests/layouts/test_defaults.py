import pytest
from pydantic import ValidationError

from mlconnector_assets.layouts import Delimited, Layout, shipped_layouts
from mlconnector_assets.layouts.defaults import resolve
from mlconnector_assets.layouts.models import short_layout


def extending(**keys):
    return resolve(Layout.model_validate({"extends": "csv/invoices", **keys}))


def columns_of(layout):
    (part,) = layout.parts
    return part.columns


def names(layout):
    return [column.name for column in columns_of(layout)]


def test_extends_alone_is_the_shipped_layout():
    layout, shipped = extending(), shipped_layouts()["csv/invoices"]
    assert (columns_of(layout), layout.delimited, layout.parts[0].rows) == (shipped.columns, shipped.delimited, "documents")


def test_columns_replace_all_inherited_ones():
    assert names(extending(columns=["number", "total_amount"])) == ["number", "total_amount"]


def test_delimited_keys_override_one_by_one():
    layout = extending(delimited={"delimiter": ";"})
    assert layout.delimited == Delimited(delimiter=";")


def test_change_overrides_single_keys_and_keeps_the_order():
    inherited = names(extending())
    layout = extending(
        change={"due_date": {"date_format": "%Y%m%d"}, "counterparty_name": {"name": "Vendor"}, "total_amount": {"decimals": 2}}
    )
    by_name = {column.name: column for column in columns_of(layout)}
    assert names(layout) == ["Vendor" if name == "counterparty_name" else name for name in inherited]
    assert by_name["due_date"].date_format == "%Y%m%d"
    assert (by_name["Vendor"].value, by_name["Vendor"].required) == ("counterparty.name", True)
    assert by_name["total_amount"].required


def test_renamed_bare_column_keeps_its_value():
    layout = extending(change={"due_date": {"name": "Due"}})
    assert next(column for column in columns_of(layout) if column.name == "Due").value == "due_date"


def test_short_form_of_a_layout():
    assert short_layout("csv/invoices") == {"extends": "csv/invoices"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ";;"}, "must be one ASCII character"),
        ({"delimiter": "§"}, "must be one ASCII character"),
        ({"delimiter": "\n"}, "must be one ASCII character"),
        ({"delimiter": '"'}, "could not tell them apart"),
        ({"quoting": "never", "decimal_mark": ","}, "numbers would fall apart"),
        ({"null": "a,b"}, "without the delimiter"),
        ({"null": "∅"}, "must be ASCII"),
    ],
)
def test_options_that_make_unreadable_files_are_refused(options, message):
    with pytest.raises(ValidationError, match=message):
        Delimited.model_validate(options)


@pytest.mark.parametrize("decimals", ["4-2", "-1", "2.5", "99", "two", ""])
def test_decimals_must_be_a_number_or_a_range(decimals):
    with pytest.raises(ValidationError, match="must be a number of decimals such as `2`, or a range such as `2-4`"):
        Layout.model_validate({"columns": [{"name": "net_amount", "decimals": decimals}]})
