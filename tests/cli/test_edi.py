"""`mlconnector edi`: files explained, validated and acknowledged, in any folder."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
from pathlib import Path

import pytest

from mlconnector_assets.cli.edi_tree import Tree
from mlconnector_assets.formats.edi.standard import Unreadable
from mlconnector_assets.formats.standards import standards
from mlconnector_assets.formats.validation import validate
from tests.cli.command import Command, Ended

GUIDE = Path(__file__).parents[2] / "docs/guides/edi.md"
ISA = "ISA*00*          *00*          *ZZ*SELLER         *14*4012345000009  *261128*0930*U*00401*000000020*0*T*>~"
INVOICE = (
    "BIG*20261128*INV-1*20261101*PO-7***DI~N1*ST*STORE 12*92*0012~N3*1 MAIN STREET~"
    "IT1*1*10*EA*147.36**BP*B1~PID*F****BOLT~TDS*147360~CTT*1~"
)


def x12(*bodies: str, kind: str = "810", version: str = "004010", group: str = "IN") -> str:
    """One interchange of messages, with right envelopes."""
    text = f"{ISA}GS*{group}*SELLER*BUYER*20261128*0930*7*X*{version}~"
    for number, body in enumerate(bodies, 1):
        text += f"ST*{kind}*{number:04d}~{body}SE*{body.count('~') + 2}*{number:04d}~"
    return f"{text}GE*{len(bodies)}*7~IEA*1*000000020~"


ORDER = (
    "UNA:+.? 'UNB+UNOC:3+4012345000009:14+SUPPLIER:ZZ+261128:0930+REF1'UNH+M1+ORDERS:D:96A:UN'"
    "BGM+220+PO?+7+9'DTM+137:20261128:102'NAD+BY+4012345000009::9'LIN+1++4000001:EN'QTY+21:1200'UNS+S'UNT+8+M1'UNZ+1+REF1'"
)


@pytest.fixture
def folder(mlconnector: Command) -> Path:
    """The current folder, which has no project."""
    return Path.cwd()


def validated(ended: Ended) -> list[dict]:
    return [json.loads(line) for line in ended.out.splitlines()]


def test_a_message_is_explained(mlconnector: Command, folder: Path) -> None:
    (folder / "invoice.edi").write_text(x12(INVOICE))
    ended = mlconnector("edi", "inspect", "invoice.edi")
    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "X12 interchange 000000020 from ZZ SELLER to 14 4012345000009, version 00401, test"
    assert "message 1, 810 Invoice, reference 0001: number INV-1, of 2026-11-28, total 1,473.60" in lines
    for line in (
        "│ BIG01 373 Date 20261128 2026-11-28",
        "├── N1 Party segment 3, loop N1 (1)",
        "│ N101 98 Party ST ship to",
        "│ └── N3 Street address segment 4",
        "│ TDS01 610 Amount 147360 1,473.60",
        "1 message in the file: 1 × 810",
    ):
        assert line in lines


def test_an_edifact_message_is_explained(mlconnector: Command, folder: Path) -> None:
    ended = mlconnector("edi", "inspect", "-", stdin=ORDER.encode())
    words = " ".join(ended.out.split())
    assert "EDIFACT interchange REF1 from 14 4012345000009 to ZZ SUPPLIER" in words
    assert "message 1, ORDERS Purchase order, reference M1: number PO+7, of 2026-11-28" in words
    assert "DTM01-2 2380 Date or period 20261128 2026-11-28" in words
    assert "QTY01-2 6060 Quantity 1200 1,200" in words


def test_one_message_of_many(mlconnector: Command, folder: Path) -> None:
    (folder / "many.edi").write_text(x12(*(INVOICE.replace("INV-1", f"INV-{number}") for number in range(1, 8))))
    few = mlconnector("edi", "inspect", "many.edi").out
    assert few.count("BIG Beginning") == 3
    assert "4 of them not shown" in few
    one = mlconnector("edi", "inspect", "many.edi", "--message", "6").out
    assert "number INV-6" in one
    assert one.count("BIG Beginning") == 1
    assert mlconnector("edi", "inspect", "many.edi", "--all").out.count("BIG Beginning") == 7
    missing = mlconnector("edi", "inspect", "many.edi", "--message", "8")
    assert missing.code == 1
    assert "the file has 7 messages, and no message 8" in missing.errors[0]


def test_faults_stand_at_their_segment(mlconnector: Command, folder: Path) -> None:
    (folder / "bad.edi").write_text(x12(INVOICE, INVOICE.replace("20261128", "20261340").replace("N3*1", "FOO*1~N3*1")))
    lines = mlconnector("edi", "inspect", "bad.edi", "--message", "2").out.splitlines()
    place = next(number for number, line in enumerate(lines) if "BIG Beginning" in line)
    below = "\n".join(lines[place : place + 8])
    assert "✗ BIG01 (Date) is no date: '20261340' [AK403 8]" in below
    assert any("✗ segment FOO is no segment of this version [AK304 1]" in line for line in lines)
    assert lines[-1] == "✗ 1 message at fault: 2"


def test_control_characters_are_escaped(mlconnector: Command, folder: Path) -> None:
    (folder / "evil.edi").write_text(x12(INVOICE.replace("BOLT", "BO\x1b[31mLT\x07\u202e")))
    for command in ("inspect", "validate"):
        out = mlconnector("edi", command, "evil.edi").out
        assert "BO\\x1b[31mLT\\x07\\u202e" in out
        assert not set("\x1b\x07\u202e") & set(out)


def test_markup_in_data_stays_data(mlconnector: Command, folder: Path) -> None:
    (folder / "[red]x.edi").write_text(x12(INVOICE.replace("BOLT", "[bold]B[/]").replace("DI~", "[b]TOO LONG~")))
    assert "[bold]B[/]" in mlconnector("edi", "inspect", "[red]x.edi").out
    out = mlconnector("edi", "validate", "[red]x.edi").out
    assert "✗ [red]x.edi: x12, 1 message, 1 error" in out
    assert "'[b]TOO LONG'" in out


def test_validation_of_good_files(mlconnector: Command, folder: Path) -> None:
    (folder / "a.edi").write_text(x12(INVOICE, INVOICE))
    (folder / "b.edi").write_text(ORDER)
    ended = mlconnector("edi", "validate", "a.edi", "b.edi")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "✓ a.edi: x12, 2 messages",
        "✓ b.edi: edifact, 1 message",
        "2 of 2 files valid, 3 messages",
    ]
    first, second = validated(mlconnector("edi", "validate", "a.edi", "-", "--json", stdin=ORDER.encode()))
    assert first == {"file": "a.edi", "valid": True, "standard": "x12", "messages": 2, "errors": [], "warnings": []}
    assert (second["file"], second["valid"], second["standard"], second["messages"]) == ("-", True, "edifact", 1)


def test_every_error_has_its_place_and_code(mlconnector: Command, folder: Path) -> None:
    (folder / "bad.edi").write_text(x12(INVOICE.replace("***DI~", "***DIX~")).replace("GE*1", "GE*2"))
    ended = mlconnector("edi", "validate", "bad.edi", "--json")
    (result,) = validated(ended)
    assert ended.code == 1
    assert (result["valid"], result["messages"]) == (False, 1)
    inside, around = result["errors"]
    assert inside == {
        "interchange": "000000020",
        "reference": "0001",
        "position": 2,
        "segment": "BIG",
        "element": 7,
        "component": None,
        "code": "5",
        "code_of": "AK403",
        "message": "BIG07 (Transaction type) is too long: 'DIX' (at most 2, here 3)",
        "text": "DIX",
    }
    assert (around["position"], around["segment"], around["code"], around["code_of"]) == (None, "GE", "5", "AK905")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("UNT+8", "UNT+9"), (8, "UNT", None, "29")),
        (("+REF1'UNH", "+REF2'UNH"), (None, "UNZ", None, "28")),
        (("BGM+220+", "BGM+2200+"), (2, "BGM", 1, "39")),
        (("QTY+21:1200", "QTY+21:12x"), (6, "QTY", 1, "37")),
    ],
)
def test_errors_of_edifact(mlconnector: Command, folder: Path, change: tuple[str, str], expected: tuple) -> None:
    (result,) = validated(mlconnector("edi", "validate", "-", "--json", stdin=ORDER.replace(*change).encode()))
    (error,) = result["errors"]
    assert (error["position"], error["segment"], error["element"], error["code"]) == expected


def test_files_that_cannot_be_read(mlconnector: Command, folder: Path) -> None:
    (folder / "empty.edi").touch()
    (folder / "text.edi").write_text("number,amount\n")
    (folder / "cut.edi").write_text(x12(INVOICE) + "something else")
    ended = mlconnector("edi", "validate", "empty.edi", "text.edi", "none.edi", ".", "cut.edi", "--json")
    assert ended.code == 1
    results = validated(ended)
    assert [result["errors"][-1]["message"] for result in results] == [
        "the file is empty",
        "no interchange begins with 'number,amount\\n'",
        "No such file or directory",
        "Is a directory",
        "no interchange begins with 'something else'",
    ]
    assert [(result["standard"], result["messages"]) for result in results] == [(None, 0)] * 4 + [("x12", 1)]
    assert not any(result["valid"] for result in results)
    ended = mlconnector("edi", "inspect", "cut.edi")
    assert (ended.code, len(ended.errors)) == (1, 1)
    assert "number INV-1" in ended.out


def test_a_version_without_a_dictionary_is_said_so(mlconnector: Command, folder: Path) -> None:
    (folder / "a.edi").write_text(x12(INVOICE, version="004030VICS"))
    ended = mlconnector("edi", "validate", "a.edi")
    assert ended.code == 0
    assert "version 004030 has no dictionary of its own and is read with the nearest, x12_004010" in ended.out
    assert "read with the nearest dictionary that there is, x12_004010" in mlconnector("edi", "inspect", "a.edi").out


def test_many_errors_are_cut_in_the_table_only(mlconnector: Command, folder: Path) -> None:
    (folder / "bad.edi").write_text(x12(*[INVOICE.replace("BIG*", "BIG*x")] * 5))
    ended = mlconnector("edi", "validate", "bad.edi", "--limit", "2")
    assert ended.out.count("is no date") == 2
    assert "3 more errors; --limit" in ended.out
    assert len(validated(mlconnector("edi", "validate", "bad.edi", "--json"))[0]["errors"]) == 5


def test_the_dictionary_of_the_guide(mlconnector: Command, folder: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (folder / "acme.yaml").write_text(example)
    answer = x12("BAK*00*AC*PO-7*20261128~PO1*1*10*EA~ZB*R*10~CTT*1~", kind="855", group="PR")
    (folder / "answer.edi").write_text(answer)
    ended = mlconnector("edi", "validate", "answer.edi", "--dictionary", "acme.yaml")
    assert (ended.code, ended.out) == (0, "✓ answer.edi: x12, 1 message\n")


OWN_X12 = """
extends: x12_004010
elements:
  9999: {name: Color of the box, format: ID 1/2, codes: {R: red, G: green}}
segments:
  ZB: {name: Box, elements: [9999!]}
messages:
  "810": {name: Invoice with boxes, group: IN, segments: [BIG!, N1*200: [N3*2], IT1*9: [PID*9], TDS!, CTT, ZB*9]}
"""


def test_a_partners_dictionary(mlconnector: Command, folder: Path) -> None:
    (folder / "acme.yaml").write_text(OWN_X12)
    (folder / "good.edi").write_text(x12(INVOICE + "ZB*R~"))
    (folder / "bad.edi").write_text(x12(INVOICE + "ZB*B~"))
    assert mlconnector("edi", "validate", "good.edi").code == 1
    assert mlconnector("edi", "validate", "good.edi", "--dictionary", "acme.yaml").code == 0
    (result,) = validated(mlconnector("edi", "validate", "bad.edi", "--json", "--dictionary", "acme.yaml"))
    assert [(error["segment"], error["code"], error["message"]) for error in result["errors"]] == [
        ("ZB", "7", "ZB01 (Color of the box) is no value of its list: 'B' (allowed: R, G)")
    ]
    shown = mlconnector("edi", "inspect", "good.edi", "--dictionary", "acme.yaml").out
    assert "message 1, 810 Invoice with boxes" in shown
    assert "ZB01  9999  Color of the box  R  red" in shown


def test_a_partners_dictionary_of_edifact(mlconnector: Command, folder: Path) -> None:
    own = 'extends: edifact_d96a\nversion: "{}"\nelements: {{1225: {{name: Function, format: an..3, codes: {{31: copy}}}}}}\n'
    (folder / "96a.yaml").write_text(own.format("D.96A"))
    (folder / "01b.yaml").write_text(own.format("D.01B"))
    (folder / "order.edi").write_text(ORDER)
    assert mlconnector("edi", "validate", "order.edi", "--dictionary", "01b.yaml").code == 0
    (result,) = validated(mlconnector("edi", "validate", "order.edi", "--json", "--dictionary", "96a.yaml"))
    assert [(error["segment"], error["code"]) for error in result["errors"]] == [("BGM", "12")]


def test_the_acknowledgment_of_a_file(mlconnector: Command, folder: Path) -> None:
    (folder / "mixed.edi").write_text(x12(INVOICE, INVOICE.replace("DI~", "DIX~")))
    options = ("--control-number", "41", "--date", "2026-01-31T12:05", "--lines")
    ended = mlconnector("edi", "ack", "mixed.edi", *options)
    assert (ended.code, ended.err) == (0, "interchange 000000020: 1 of 2 messages accepted\n")
    assert ended.out.splitlines() == [
        "ISA*00*          *00*          *14*4012345000009  *ZZ*SELLER         *260131*1205*U*00401*000000041*0*T*>~",
        "GS*FA*BUYER*SELLER*20260131*1205*41*X*004010~",
        "ST*997*0001~",
        "AK1*IN*7~",
        "AK2*810*0002~",
        "AK3*BIG*2**8~",
        "AK4*7*640*5*DIX~",
        "AK5*R*5~",
        "AK9*P*2*2*1~",
        "SE*8*0001~",
        "GE*1*41~",
        "IEA*1*000000041~",
    ]
    written = mlconnector("edi", "ack", "mixed.edi", *options, "-o", "mixed.997")
    assert (written.code, written.out) == (0, "")
    assert (folder / "mixed.997").read_text() == ended.out
    assert "AK2*810*0001~" in mlconnector("edi", "ack", "mixed.edi", "--list-accepted").out
    assert "TA1*000000020*261128*0930*A*000~" in mlconnector("edi", "ack", "mixed.edi", "--ta1", "always").out
    assert "*X*005010~" in mlconnector("edi", "ack", "mixed.edi", "--version", "005010").out
    assert mlconnector("edi", "ack", "mixed.edi", "--version", "5010").code == 2


def test_the_acknowledgment_of_edifact(mlconnector: Command, folder: Path) -> None:
    ended = mlconnector("edi", "ack", "-", "--control-number", "9", stdin=ORDER.replace("BGM+220", "BGM+2200").encode())
    assert (ended.code, ended.err) == (0, "interchange REF1: 0 of 1 message accepted\n")
    for segment in ("UNB+UNOC:3+SUPPLIER:ZZ+4012345000009:14+", "UCM+M1+ORDERS:D:96A:UN+4'UCS+2'UCD+39+2:1'UNT+6+1'UNZ+1+9'"):
        assert segment in ended.out
    assert mlconnector("edi", "validate", "-", stdin=ended.out.encode()).code == 0


def test_nothing_to_acknowledge(mlconnector: Command, folder: Path) -> None:
    (folder / "order.edi").write_text(ORDER + ORDER.replace("REF1", "REF2"))
    answer = mlconnector("edi", "ack", "order.edi", "-o", "answer.edi")
    assert answer.err.splitlines() == [f"interchange REF{number}: 1 of 1 message accepted" for number in (1, 2)]
    ended = mlconnector("edi", "ack", "answer.edi", "-o", "none.edi")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.splitlines() == [f"interchange {number}: nothing to acknowledge" for number in (1, 2)]
    assert not (folder / "none.edi").exists()
    assert mlconnector("edi", "ack", "-").err == "the file is empty: nothing to acknowledge\n"
    cut = mlconnector("edi", "ack", "-", stdin=b"no file of this kind")
    assert (cut.code, cut.out, len(cut.errors)) == (1, "", 1)
    cut = mlconnector("edi", "ack", "-", stdin=(ORDER + "no file").encode())
    assert (cut.code, "UCI+REF1" in cut.out, len(cut.errors)) == (1, True, 1)


@pytest.mark.parametrize(
    "text",
    [
        x12(INVOICE.replace("DI~", "DIX~")),
        x12(INVOICE.replace("BIG*2026", "BIG*x026")),
        x12(INVOICE.replace("N3*1", "FOO*1~N3*1")),
        x12(INVOICE.replace("TDS*147360~", "")),
        x12(INVOICE).replace("GE*1*7", "GE*3*8"),
        x12(INVOICE).replace("IEA*1", "IEA*5"),
        x12(INVOICE).replace("SE*9*0001", "SE*8*0002"),
        x12(INVOICE).replace("*0*T*", "*7*T*"),
    ],
)
def test_codes_are_those_of_the_acknowledgment(mlconnector: Command, folder: Path, text: str) -> None:
    (folder / "bad.edi").write_text(text)
    ack = mlconnector("edi", "ack", "bad.edi").out.split("~")
    places = {"AK304": ("AK3", 4), "AK403": ("AK4", 3), "AK502": ("AK5", 2), "AK905": ("AK9", 5), "TA105": ("TA1", 5)}
    (result,) = validated(mlconnector("edi", "validate", "bad.edi", "--json"))
    assert result["errors"]
    for error in result["errors"]:
        tag, place = places[error["code_of"]]
        said = [code for line in ack if line.startswith(f"{tag}*") for code in line.split("*")[place:]]
        assert error["code"] in said, (error, ack)


def test_warnings_are_no_errors(mlconnector: Command, folder: Path) -> None:
    (folder / "odd.edi").write_text(x12(INVOICE.replace("TDS*147360", "TDS*150000"), group="PO"))
    (result,) = validated(mlconnector("edi", "validate", "odd.edi", "--json"))
    assert (result["valid"], result["messages"]) == (True, 1)
    of_message, of_group = result["warnings"]
    assert of_message.startswith("message 0001: TDS01 (Amount) is not what it should be the total of: '150000' (")
    assert of_group == "group 7 stands in a group for another type: PO, where its messages stand in IN"
    shown = mlconnector("edi", "inspect", "odd.edi").out
    assert "✗" not in shown
    assert "! TDS01 (Amount) is not what it should be" in shown
    assert f"! {of_group}" in shown.splitlines()
    assert "! group 7 stands" in mlconnector("edi", "validate", "odd.edi").out


@pytest.mark.parametrize("text", [x12(INVOICE, INVOICE, version="005010"), ORDER], ids=["x12", "edifact"])
def test_no_damage_is_a_bug_of_ours(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever happened to a file, it is explained and validated, or said to be none."""
    chance = random.Random(text)
    for _ in range(60):
        data = bytearray(text.encode())
        for _ in range(chance.randint(1, 12)):
            place = chance.randrange(len(data))
            data[place : place + chance.randint(0, 3)] = chance.choice([b"", b"~", b"'", b"*+:?", bytes([chance.randrange(256)])])
        result = validate(io.BytesIO(data), standards())
        with contextlib.suppress(Unreadable):
            Tree(standards(), range(9)).show(io.BytesIO(data))
        assert ("✗" in capsys.readouterr().out) <= (not result.valid)
