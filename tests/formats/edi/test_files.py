"""Every way a real file looks, read in blocks so small that they are cut everywhere, and in one."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.formats.edi import blocks
from mlconnector_assets.formats.edi.reading import read
from mlconnector_assets.formats.edi.standard import Unreadable
from tests.formats.edi.files import (
    STANDARDS,
    X12File,
    contents,
    edifact_file,
    edifact_message,
    encoded,
    x12_file,
    x12_message,
)

INVOICES, INVOICS = x12_file("810", 3), edifact_file("INVOIC", 3)
BOM = b"\xef\xbb\xbf"
UNA = b"UNA:+.? '"


def wrapped(data: bytes, width: int = 80, after: bytes = b"\r\n") -> bytes:
    return after.join(data[place : place + width] for place in range(0, len(data), width))


def swapped(data: bytes, before: bytes, after: bytes) -> bytes:
    return data.translate(bytes.maketrans(before, after))


X12_LOOKS: dict[str, bytes] = {
    "plain": encoded(INVOICES),
    "line feeds after terminators": encoded(INVOICES, after="\n"),
    "line ends after terminators": encoded(INVOICES, after="\r\n"),
    "empty lines between segments": encoded(INVOICES, after="\r\n\r\n"),
    "byte order mark": BOM + encoded(INVOICES),
    "blank lines around": b"\r\n \r\n" + encoded(INVOICES, after="\n") + b"\r\n\x1a\x00",
    "line feed ends segments": encoded(INVOICES, "\n"),
    "two line feeds end segments": encoded(INVOICES, "\n\n"),
    "carriage return ends segments": encoded(INVOICES, "\r"),
    "line end ends segments": encoded(INVOICES, "\r\n"),
    "next line of EBCDIC ends segments": encoded(INVOICES, "\x85"),
    "apostrophe ends segments": encoded(INVOICES, "'", "\n"),
    "wrapped at 80": wrapped(encoded(INVOICES)),
    "wrapped at 120": wrapped(encoded(INVOICES), 120, b"\n"),
    "no last terminator": encoded(INVOICES)[:-1],
    "other separators": swapped(encoded(INVOICES), b"*>~", b"|^\x1c"),
    "repetition separator announced": encoded([INVOICES[0].replace("*U*00401", "*^*00501"), *INVOICES[1:]]),
    "repetition separator in 00401": encoded([INVOICES[0].replace("*U*", "*^*"), *INVOICES[1:]]),
}
EDIFACT_LOOKS: dict[str, bytes] = {
    "plain": encoded(INVOICS),
    "UNA": UNA + encoded(INVOICS),
    "UNA on its own line": UNA + b"\r\n" + encoded(INVOICS, after="\r\n"),
    "UNA twice": UNA + b"\n" + UNA + b"\n" + encoded(INVOICS, after="\n"),
    "byte order mark": BOM + encoded(INVOICS, after="\n"),
    "line feed ends segments": b"UNA:+.? \n" + encoded(INVOICS, "\n"),
    "wrapped at 80": wrapped(encoded(INVOICS)),
    "wrapped at 80 after UNA": wrapped(UNA + encoded(INVOICS), 80, b"\n"),
    "wrapped in UNB": wrapped(encoded(INVOICS), 40),
    "no last terminator": encoded(INVOICS)[:-1],
    "other separators": b"UNA=*.! ~" + swapped(encoded(INVOICS), b":+?'", b"=*!~").replace(b"O!~B", b"O'B").replace(b"!*", b"+"),
}


def rows(data: bytes) -> list[list[list[str]]]:
    return contents(data).rows


PLAIN = {"810": rows(encoded(INVOICES)), "INVOIC": rows(encoded(INVOICS))}


@pytest.fixture(params=[7, 100, 2 << 20])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(blocks, "BLOCK", request.param)
    size: int = request.param
    return size


@pytest.mark.parametrize("look", X12_LOOKS)
def test_x12_however_it_looks(look: str, block: int) -> None:
    found = contents(X12_LOOKS[look])
    assert found.wrong == [] and found.reports == []
    assert found.sound == [("810", f"{number:09d}") for number in (1, 2, 3)]
    assert found.rows[1:] == PLAIN["810"][1:]


@pytest.mark.parametrize("look", EDIFACT_LOOKS)
def test_edifact_however_it_looks(look: str, block: int) -> None:
    found = contents(EDIFACT_LOOKS[look])
    assert found.wrong == [] and found.reports == []
    assert found.sound == [("INVOIC", f"ME{number:06d}") for number in (1, 2, 3)]
    assert found.rows == PLAIN["INVOIC"]


def test_interchanges_with_other_separators_after_each_other(block: int) -> None:
    looks = (
        "plain",
        "other separators",
        "line feed ends segments",
        "byte order mark",
        "next line of EBCDIC ends segments",
        "plain",
    )
    data = b"\n".join([X12_LOOKS[look] for look in looks] + [EDIFACT_LOOKS["UNA"], EDIFACT_LOOKS["other separators"]])
    found = contents(data)
    assert [one.standard for one in found.interchanges] == ["x12"] * 6 + ["edifact"] * 2
    assert found.wrong == [] and found.reports == []
    assert len(found.sound) == 24


@pytest.mark.parametrize("advice", [b"", UNA, UNA + b"\r\n"])
def test_an_interchange_without_end_ends_where_the_next_begins(advice: bytes, block: int) -> None:
    one = encoded(INVOICS[:-1])
    found = contents(one + advice + encoded(INVOICS))
    assert [name for _, name, _, _ in found.wrong] == ["NO_TRAILER"]
    assert len(found.interchanges) == 2 and len(found.sound) == 6 and found.reports == []


def test_an_interchange_of_acknowledgments_alone(block: int) -> None:
    ta1 = "TA1*000000901*261121*0527*A*000"
    found = contents(encoded([INVOICES[0], ta1, "IEA*0*000000901"]))
    assert found.wrong == [] and found.sound == [] and found.rows[1][0] == ["TA1"]


def test_an_acknowledgment_before_the_groups(block: int) -> None:
    ta1 = "TA1*000000901*261121*0527*A*000"
    found = contents(encoded([INVOICES[0], ta1, *INVOICES[1:]]))
    assert found.wrong == [] and len(found.sound) == 3


def test_groups_of_edifact(block: int) -> None:
    group = "UNG+INVOIC+5412345000013:14+4012345500004:14+261121:0527+{}+UN+D:96A"
    body = [line for number in (1, 2) for line in (group.format(number), *edifact_message("INVOIC", number), f"UNE+1+{number}")]
    found = contents(encoded([INVOICS[0], *body, "UNZ+2+IC901"]))
    assert found.wrong == [] and found.reports == [] and len(found.sound) == 2
    assert [(group.kind, group.reference, group.messages) for group in found.interchanges[0].groups] == [
        ("INVOIC", "1", 1),
        ("INVOIC", "2", 1),
    ]


def test_messages_without_an_interchange_are_read_with_a_warning(block: int) -> None:
    found = contents(encoded([*edifact_message("INVOIC", 1), *edifact_message("ORDERS", 2)], "'"))
    assert found.wrong == [] and found.reports == []
    assert [one.fault.name for one in found.interchanges[0].warnings] == ["NO_HEADER"]
    assert found.sound == [("INVOIC", "ME000001"), ("ORDERS", "ME000002")]


@pytest.mark.parametrize("text", ["ISA*00", "ISA", "IEA*1*2", "SE*3", "ST*810"])
def test_x12_data_that_looks_like_an_envelope(text: str, block: int) -> None:
    inside = [segment.replace("BOLT NUT", f"SEE {text}") for segment in x12_message("810")]
    found = contents(encoded(X12File(tuple(inside)).segments, after="\n"))
    assert found.wrong == [] and len(found.interchanges) == 1
    assert len(found.sound) + len(found.reports) == 1


@pytest.mark.parametrize("text", ["UNB?+UNOC", "?'UNZ?+1?+IC901?'", "?'\nUNB?+", "??", "A???'", "?'UNT?+1"])
def test_edifact_data_that_looks_like_an_envelope(text: str, block: int) -> None:
    segments = [segment.replace("KOELN", text) for segment in INVOICS]
    found = contents(encoded(segments, after="\n"))
    assert found.wrong == [] and ([] if "\n" in text else found.reports) == []
    plain = text.replace("??", "\0").replace("?", "").replace("\0", "?")
    assert [row[6] for row in found.rows if row[0] == ["NAD"] and row[1] == ["BY"]] == [[plain]] * 3


def test_a_message_longer_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 64)
    lines = [f"IT1*{number}*1*EA*2" for number in range(1, 2001)]
    inside = ["BIG*20261101*1", *lines, "TDS*400000", "CTT*2000"]
    found = contents(encoded(X12File(tuple(x12_message("810", 1, inside) + x12_message("810", 2))).segments))
    assert found.wrong == [] and found.reports == [] and len(found.sound) == 2


def test_characters_of_every_repertoire() -> None:
    for syntax, encoding, name in (("UNOC", "latin-1", "Müller"), ("UNOE", "iso8859-5", "Завод"), ("UNOY", "utf-8", "Złoty €")):
        text = "'".join(INVOICS).replace("UNOC", syntax).replace("BUYER GMBH", name) + "'"
        found = contents(text.encode(encoding))
        assert found.reports == [] and found.wrong == []
        assert [row[4] for row in found.rows if row[0] == ["NAD"] and row[1] == ["BY"]] == [[name]] * 3


def test_x12_in_latin_1_and_in_utf_8() -> None:
    for encoding in ("latin-1", "utf-8"):
        found = contents(encoded(INVOICES).decode().replace("SPRINGFIELD", "MÜNCHEN").encode(encoding))
        assert found.reports == [] and sum(row[1] == ["MÜNCHEN"] for row in found.rows) == 3


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: b"hello", "no interchange begins with 'hello'"),
        (lambda: encoded(INVOICES)[:80], "the ISA segment has 80 characters"),
        (lambda: encoded(INVOICES).replace(b"*ZZ*", b"*Z*", 1), "does not begin at character"),
        (lambda: swapped(encoded(INVOICES), b">", b"*"), "same character"),
        (lambda: swapped(encoded(INVOICES), b"~", b"\xe9"), "separates nothing"),
        (lambda: b"UNA:+.?", "the UNA segment is cut off"),
        (lambda: b"UNA++.? 'UNB", "same character"),
        (lambda: b"UNA:+.? AUNB", "separates nothing"),
        (lambda: encoded(INVOICES) + b"and more", "no interchange begins with 'and more'"),
    ],
)
def test_bytes_that_are_no_interchange(make: Callable[[], bytes], says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        list(read(BytesIO(make()), STANDARDS))
    assert isinstance(caught.value, ConnectorError) and says in caught.value.what


def test_an_empty_file_has_no_interchanges() -> None:
    assert contents(b"").batches == [] and contents(BOM + b"\r\n").batches == []
