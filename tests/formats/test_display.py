"""What people see of a file on a screen, and that the guides' layouts are layouts."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from mlconnector_assets.formats.display import as_lines, places, readable, ruler
from mlconnector_assets.layouts import Layout, compile_layout
from mlconnector_assets.records import INVOICES, RECORDS

GUIDES = Path(__file__).parents[2] / "docs/guides"


def compiled(file_format: str, **layout):
    return compile_layout(Layout.model_validate(layout), INVOICES, file_format=file_format)


FIXED = {
    "header": [{"name": "n", "value": "control_number", "positions": "1-3"}],
    "parts": [{"name": "bill", "columns": [{"name": "type", "value": "'B'", "width": 1}, {"name": "number", "width": 22}]}],
}


def test_a_ruler_counts_the_positions_of_the_longest_line() -> None:
    tens, below = ruler(compiled("fixed_width", **FIXED))
    assert (tens, below) == ("        10        20", "....:....|....:....|...")
    assert all(tens[place - 2 : place] == str(place) and below[place - 1] == "|" for place in (10, 20))
    assert len(ruler(compiled("fixed_width", **FIXED, fixed_width={"line_length": 30}))[1]) == 30


def test_the_columns_and_their_positions() -> None:
    assert list(places(compiled("fixed_width", **FIXED))) == [
        ("header", "1-3", "n", "control_number"),
        ("bill", "1", "type", "'B'"),
        ("bill", "2-23", "number", "number"),
    ]


def test_what_has_no_lines_is_shown_in_lines() -> None:
    endless = compiled(
        "fixed_width", columns=[{"name": "number", "width": 4}], fixed_width={"line_end": "none", "line_length": 4}
    )
    assert readable("INV1INV2IN", endless).split("\n")[-3:] == ["INV1", "INV2", "IN"]
    flat = compiled("xml", columns=["number"], xml={"indent": False})
    assert readable("<A><B>x > y</B><C/></A>", flat) == "<A>\n<B>x > y</B>\n<C/>\n</A>"
    indented = compiled("xml", columns=["number"])
    assert readable("<A>\n  <B/></A>", indented) == "<A>\n  <B/></A>"
    assert readable("a,b\n", compiled("csv", columns=["number"])) == "a,b\n"


ISA = "ISA*00*          *00*          *ZZ*SELLER         *ZZ*BUYER          *261128*0930*U*00401*000000020*0*T*>~"


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (f"\ufeff{ISA}GS*IN~ST*810", [ISA, "GS*IN~", "ST*810"]),
        (f"{ISA}\r\nGS*IN~\r\n", [ISA, "GS*IN~"]),
        (f"{ISA[:80]}\n{ISA[80:]}{'GS*IN~' * 4}\n{'ST*1~' * 4}", [ISA, *["GS*IN~"] * 4, *["ST*1~"] * 4]),
        (ISA.replace("~", "\n") + "GS*IN\n", [ISA[:-1], "GS*IN"]),
        ("UNA:+.? 'UNB+UNOC:3+A?'B??'UNH+1'", ["UNA:+.? '", "UNB+UNOC:3+A?'B??'", "UNH+1'"]),
        ("UNB+UNOY:4+Zoë\x1b[1m\nB'UNH+1'", ["UNB+UNOY:4+Zoë\\x1b[1m\\nB'", "UNH+1'"]),
        ("UNHAPPY 'ONES'\nISA", ["UNHAPPY 'ONES'", "ISA"]),
        ("ISA,UNA\n1,2", ["ISA,UNA", "1,2"]),
        ("UNA", ["UNA"]),
    ],
)
def test_edi_is_shown_a_line_a_segment(sent: str, lines: list[str]) -> None:
    assert as_lines(sent.encode()).split("\n") == lines


def test_a_rendered_edi_file_is_shown_a_line_a_segment() -> None:
    layout = SimpleNamespace(format="edifact", options=None)
    assert readable("UNB+UNOC:3+Zoë?''UNH+1'", layout).split("\n") == ["UNB+UNOC:3+Zoë?''", "UNH+1'"]
    assert readable("nothing", layout) == "nothing"


def layouts_of(guide: str) -> list[dict]:
    """Every `format:` with a written-out layout in the YAML examples of a guide."""
    blocks = re.findall(r"```yaml\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL)
    parsed = [yaml.load(block, yaml.BaseLoader) for block in blocks]
    flows = [flow for block in parsed for flow in (block, *block.values()) if isinstance(flow, dict)]
    return [flow for flow in flows if "format" in flow and isinstance(flow.get("layout"), dict)]


@pytest.mark.parametrize(
    "flow", [*layouts_of("configuration.md"), *layouts_of("adding-a-partner.md")], ids=lambda flow: flow["format"]
)
def test_the_examples_of_the_guides_are_true(flow) -> None:
    record = RECORDS[flow.get("record", "invoices")]
    compile_layout(Layout.model_validate(flow["layout"]), record, file_format=flow["format"])


def test_the_guides_have_an_example_for_each_format() -> None:
    assert {flow["format"] for flow in layouts_of("adding-a-partner.md")} == {"fixed_width", "xml"}
