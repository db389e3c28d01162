from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.allowed import FUNCTIONS
from mlconnector_assets.layouts.compile import compile_condition, expression_schema
from mlconnector_assets.layouts.expressions import compile_expression, names_of, result_type
from mlconnector_assets.records import RECORDS
from tests.layouts.frames import invoice, invoices

ROW = pl.DataFrame(
    {
        "amount": [Decimal("12.3450")],
        "share": [Decimal("0.1")],
        "name": ["Ünï x"],
        "code": [" 7 "],
        "empty": [None],
        "paid": [True],
        "day": [date(2026, 1, 31)],
        "at": [datetime(2026, 1, 31, 23, 59, tzinfo=UTC)],
        "party": [{"name": "Deco", "country": "BE"}],
    },
    schema_overrides={"amount": pl.Decimal(20, 4), "share": pl.Decimal(20, 4), "empty": pl.String},
)

GOOD = {
    "abs(-amount)": Decimal("12.3450"),
    "ceil(amount)": Decimal("13"),
    "coalesce(empty, 'none')": "none",
    "concat(name, empty, '!')": "Ünï x!",
    "concat_ws('-', party.country, party.name)": "BE-Deco",
    "ends_with(name, 'x')": True,
    "floor(amount)": Decimal("12"),
    "greatest(amount, 100)": Decimal("100"),
    "if(paid, 'yes', 'no')": "yes",
    "initcap('deco addict')": "Deco Addict",
    "least(amount, 100)": Decimal("12.345"),
    "left(name, 3)": "Ünï",
    "length(name) = 5": True,
    "lower(name)": "ünï x",
    "lpad(trim(code), 4, '0')": "0007",
    "ltrim(code)": "7 ",
    "mod(amount, 5)": Decimal("2.345"),
    "nullif(name, 'Ünï x')": None,
    "regexp_like(name, '^Ü')": True,
    "replace(name, ' ', '_')": "Ünï_x",
    "round(amount, 2)": Decimal("12.35"),
    "round(-amount, 2)": Decimal("-12.35"),
    "rpad('7', 3, '0')": "700",
    "rtrim(code)": " 7",
    "sign(-amount)": Decimal("-1"),
    "split_part('a|b', '|', 2)": "b",
    "starts_with(name, 'Ü')": True,
    "strftime(day, '%d.%m.%Y')": "31.01.2026",
    "strftime(at, '%H:%M')": "23:59",
    "substr(name, 1, 2)": "Ün",
    "trim(code)": "7",
    "upper(name)": "ÜNÏ X",
    "party.name": "Deco",
    "party.name || '/' || party.country": "Deco/BE",
    "name || empty": None,
    "CASE WHEN amount > 10 THEN 'high' ELSE 'low' END": "high",
    "CASE party.country WHEN 'BE' THEN '1' WHEN 'NL' THEN '2' END": "1",
    "amount + 1": Decimal("13.345"),
    "amount - 0.005": Decimal("12.34"),
    "amount * 1.21": Decimal("14.93745"),
    "amount / 4": Decimal("3.08625"),
    "-amount": Decimal("-12.345"),
    "0.1 + 0.2": Decimal("0.3"),
    "share + 0.2 = 0.3": True,
    "amount * 1.00000000000000001": Decimal("12.34500000000000012345"),
    "coalesce(empty, cast(amount as varchar))": "12.3450",
    "cast(at as date)": date(2026, 1, 31),
    "day + interval '30 days'": date(2026, 3, 2),
    "day >= date '2026-01-31'": True,
    "amount BETWEEN 12 AND 13": True,
    "name IN ('a', 'Ünï x') AND NOT name LIKE '%y' AND name ILIKE 'ÜNÏ%'": True,
    "empty IS NULL OR empty IS NOT NULL": True,
    "empty IS DISTINCT FROM 'a'": True,
    "length(name) * 2.0": Decimal("10"),
    "'it''s'": "it's",
    '"name"': "Ünï x",
}


@pytest.mark.parametrize(("text", "value"), GOOD.items())
def test_good_expression(text, value):
    compiled = compile_expression(text, ROW.schema, where="")
    found = ROW.select(compiled.alias("value"))["value"][0]
    assert found == value
    assert type(found) is type(value)


def test_every_allowed_function_has_an_example():
    used = " ".join(GOOD)
    assert [name for name in FUNCTIONS if f"{name}(" not in used] == []


BAD = {
    "nam": ("there is no column `nam`", "did you mean `name`?"),
    "party.nme": ("there is no column `party.nme`", "did you mean `name`?"),
    "party.zip": ("`party` has the fields `name`, `country`",),
    "zzz": ("there is no column `zzz`", "columns: `amount`"),
    "line_amount": ("`rows: lines`",),
    "sum(amount)": ("`sum` is not allowed", "an aggregate", "allowed: `abs`"),
    "max(day)": ("`max` is not allowed",),
    "uper(name)": ("`uper` is not allowed", "did you mean `upper`?"),
    "random()": ("`random` is not allowed",),
    "now()": ("`now` is not allowed",),
    "current_date": ("`current_date` is not allowed",),
    "month(day) * 100": ("`month` is not allowed",),
    "row_number() over (order by amount)": ("a window (`over`) is not allowed",),
    "sum(amount) over ()": ("a window",),
    "(select 1)": ("a subquery is not allowed",),
    "amount in (select 1)": ("a subquery is not allowed",),
    "exists (select 1)": ("not allowed",),
    "1e3": ("the number 1e3 is a float",),
    "cast(amount as double)": ("`cast` to double is not allowed",),
    "cast(amount as decimal(10, 2))": ("`round(x, 2)`",),
    "cast(name as integer)": ("`cast` to int is not allowed",),
    "cast(name as date)": ("makes a date of text",),
    "1 / 3": ("gives a float", "100.0"),
    "length(name) / 2": ("gives a float",),
    "CASE WHEN amount > 1 / 3 THEN 'a' END": ("gives a float",),
    "cast(1 / 2 as varchar)": ("gives a float",),
    "length(name) - 9": ("computes with whole numbers",),
    "if(paid, 1, 2) * 2147483647": ("computes with whole numbers",),
    "lpad(name, 1001, '0')": ("the width of `lpad` and `rpad`", "found 1001"),
    "rpad(name, length(name), '0')": ("the width of `lpad` and `rpad`",),
    "lpad(name, 4, 'ab')": ("single character",),
    "strftime(day, name)": ("the format of `strftime` must be a text",),
    "strftime(day, '%H')": ("cannot format Date with format '%H'",),
    "repeat(name, 9)": ("`repeat` is not allowed",),
    "amount ** 2": ("not allowed",),
    "name AS other": ("not allowed",),
    "name; name": ("not allowed",),
    "[1, 2]": ("not allowed",),
    "x -> x": ("not allowed",),
    "day > '2026-01-01'": ("write a date as date '2026-01-31'",),
    "name > 5": ("cannot be computed",),
    "amount + name": ("cannot be computed",),
    "regexp_like(name, '(')": ("cannot be computed: regex",),
    "1.0 / 0": ("division by zero",),
    "upper(": ("cannot be read as SQL",),
    "'open": ("is a quote left open?",),
    "": ("cannot be read as SQL",),
    "name || '" + "x" * 2000 + "'": ("at most 2000 are allowed",),
}


@pytest.mark.parametrize(("text", "parts"), BAD.items())
def test_bad_expression_says_what_and_what_instead(text, parts):
    with pytest.raises(ConfigurationError) as caught:
        compile_expression(text, ROW.schema, where="partners/acme.yaml:7")
    message = str(caught.value)
    assert message.startswith("partners/acme.yaml:7: expression `")
    assert text[:40] in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("record", "rows"), [(name, "documents") for name in RECORDS] + [("invoices", "lines"), ("gl_entries", "postings")]
)
def test_every_column_of_every_record_can_be_named(record, rows):
    schema = expression_schema(RECORDS[record], rows)
    for name in names_of(schema):
        compile_expression(name, schema, where="")


def test_literals_keep_their_decimals_beside_columns():
    # a literal with more decimals than the column widens the result instead of being rounded to it
    compiled = compile_expression("coalesce(nullif(amount, amount), 0.12345)", ROW.schema, where="")
    assert ROW.select(compiled).item() == Decimal("0.12345")


def test_line_position_is_computed_exactly():
    schema = expression_schema(RECORDS["invoices"], "lines")
    assert result_type(compile_expression("line_position * 10", schema, where=""), schema).is_decimal()


def test_condition_filters():
    documents = invoices(invoice("1"), invoice("2", state="draft"), invoice("3", state=None))
    assert documents.filter(compile_condition("state = 'posted'", RECORDS["invoices"]))["source_id"].to_list() == ["1"]


def test_condition_must_yield_true_or_false():
    with pytest.raises(ConfigurationError, match="condition `number` yields String, not true or false"):
        compile_condition("number", RECORDS["invoices"])
