"""The EDIFACT dictionaries of the package: what amounts, dates and references may hold, and the segment groups of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from mlconnector_assets import dictionaries
from mlconnector_assets.dictionaries import Composite, Dictionary, Element, Place, shipped

SYNTAX, D96A, D01B = "edifact_syntax3", "edifact_d96a", "edifact_d01b"
Format = tuple[str, int, int]


def groups(places: tuple[Place, ...]) -> Iterator[Place]:
    """The segment groups in the order in which the standard numbers them."""
    for place in places:
        if place.inside:
            yield place
            yield from groups(place.inside)


def numbered(name: str, message: str) -> dict[int, Place]:
    return dict(enumerate(groups(shipped(name).messages[message].places), start=1))


def format_of(element: Element) -> Format:
    return element.kind, element.least, element.most


def elements_of(dictionary: Dictionary, tag: str) -> list[tuple[str, bool]]:
    return [(use.what.number, use.required) for use in dictionary.segments[tag].uses]


@pytest.mark.parametrize(
    ("name", "version", "messages"),
    [
        (SYNTAX, "3", {"CONTRL"}),
        (D96A, "D.96A", {"CONTRL", "INVOIC", "ORDERS", "REMADV"}),
        (D01B, "D.01B", {"CONTRL", "INVOIC", "ORDERS", "REMADV"}),
    ],
)
def test_a_dictionary_has_its_version_and_messages(name: str, version: str, messages: set[str]) -> None:
    dictionary = shipped(name)
    assert (dictionary.version, set(dictionary.messages)) == (version, messages)
    assert all(code and meaning for element in dictionary.elements.values() for code, meaning in element.known.items())


@pytest.mark.parametrize(
    ("name", "message", "number", "some"),
    [
        (SYNTAX, "CONTRL", 5, {1: "UCM", 2: "UCS", 3: "UCF", 4: "UCM", 5: "UCS"}),
        (D96A, "INVOIC", 51, {2: "NAD", 25: "LIN", 26: "MOA", 28: "PRI", 33: "TAX", 38: "ALC", 48: "MOA", 50: "TAX", 51: "ALC"}),
        (D01B, "INVOIC", 53, {2: "NAD", 26: "LIN", 27: "MOA", 29: "PRI", 34: "TAX", 39: "ALC", 50: "MOA", 52: "TAX", 53: "ALC"}),
        (D96A, "ORDERS", 54, {2: "NAD", 18: "ALC", 25: "LIN", 28: "PRI", 34: "TAX", 39: "ALC", 53: "QTY", 54: "ALC"}),
        (D01B, "ORDERS", 60, {2: "NAD", 19: "ALC", 28: "LIN", 32: "PRI", 38: "TAX", 43: "ALC", 59: "CTA", 60: "ALC"}),
        (D96A, "REMADV", 10, {1: "NAD", 3: "CUX", 4: "DOC", 6: "AJT", 8: "DLI", 10: "AJT"}),
        (D01B, "REMADV", 14, {1: "NAD", 4: "CUX", 5: "DOC", 7: "AJT", 10: "DLI", 13: "TAX", 14: "ALC"}),
    ],
)
def test_a_message_has_the_segment_groups_of_its_standard(name: str, message: str, number: int, some: dict[int, str]) -> None:
    found = numbered(name, message)
    assert len(found) == number
    assert {group: found[group].tag for group in some} == some


@pytest.mark.parametrize("name", [SYNTAX, D96A, D01B])
def test_the_numbers_of_segment_groups_in_comments_are_right(name: str) -> None:
    text = (files(dictionaries) / f"{name}.yaml").read_text(encoding="utf-8")
    said = re.split(r"^  ([A-Z]{6}):$", text.partition("\nmessages:\n")[2], flags=re.MULTILINE)[1:]
    assert said
    for message, lines in zip(said[::2], said[1::2], strict=True):
        commented = re.findall(r"\{(\w{3})\S*: \[.*# SG(\d+)$", lines, flags=re.MULTILINE)
        assert {int(group): tag for tag, group in commented} == {g: place.tag for g, place in numbered(name, message).items()}


@pytest.mark.parametrize(
    ("number", "d96a", "d01b"),
    [
        ("5004", ("number", 1, 18), ("number", 1, 35)),  # amount
        ("5118", ("number", 1, 15), ("number", 1, 15)),  # price
        ("6060", ("number", 1, 15), ("text", 1, 35)),  # quantity
        ("5402", ("number", 1, 12), ("number", 1, 12)),  # exchange rate
        ("5482", ("number", 1, 10), ("number", 1, 10)),  # percentage
        ("5278", ("text", 1, 17), ("text", 1, 17)),  # tax rate
        ("6066", ("number", 1, 18), ("number", 1, 18)),  # control total
        ("1004", ("text", 1, 35), ("text", 1, 35)),  # document number
        ("1154", ("text", 1, 35), ("text", 1, 70)),  # reference
        ("2380", ("text", 1, 35), ("text", 1, 35)),  # date
        ("1082", ("number", 1, 6), ("text", 1, 6)),  # line number
        ("7008", ("text", 1, 35), ("text", 1, 256)),  # item description
        ("7124", None, ("number", 4, 4)),
        ("0017", ("number", 6, 6), ("number", 6, 6)),  # date in UNB
        ("0013", ("letters", 3, 3), ("letters", 3, 3)),
        ("0020", ("text", 1, 14), ("text", 1, 14)),
    ],
)
def test_an_element_holds_what_its_version_says(number: str, d96a: Format | None, d01b: Format) -> None:
    found = [shipped(name).elements.get(number) for name in (D96A, D01B)]
    assert [format_of(element) if element else None for element in found] == [d96a, d01b]


@pytest.mark.parametrize("name", [SYNTAX, D96A, D01B])
def test_only_lists_that_are_complete_are_checked(name: str) -> None:
    closed = {number: set(element.codes) for number, element in shipped(name).elements.items() if element.codes}
    assert closed == {"0031": {"1", "2"}, "0035": {"1"}, "0081": {"D", "S"}, "0083": {"4", "7", "8"}}


def test_repeated_elements_have_a_position_each() -> None:
    assert elements_of(shipped(D96A), "PIA") == [("4347", True), ("C212", True)] + [("C212", False)] * 4
    assert elements_of(shipped(D96A), "COM") == [("C076", True)]
    assert elements_of(shipped(D01B), "COM") == [("C076", True), ("C076", False), ("C076", False)]
    address = shipped(D96A).segments["NAD"].uses[2].what
    assert isinstance(address, Composite)
    assert [(part.what.number, part.required) for part in address.parts] == [("3124", True)] + [("3124", False)] * 4


def test_the_later_directory_keeps_what_it_does_not_change() -> None:
    assert elements_of(shipped(D96A), "MOA") == elements_of(shipped(D01B), "MOA") == [("C516", True)]
    assert elements_of(shipped(D96A), "BGM")[1] == ("1004", False)
    assert elements_of(shipped(D01B), "BGM")[1] == ("C106", False)
    assert shipped(D01B).elements["5025"].explain("203") == "line item amount"
    assert shipped(D96A).elements["1153"].explain("ON") == "purchase order number"  # in YAML a bare ON is a truth value


def test_what_a_message_cannot_do_without() -> None:
    def mandatory(places: tuple[Place, ...]) -> list[tuple[str, int]]:
        return [(place.tag, place.most) for place in places if place.least]

    d96a = shipped(D96A).messages
    assert mandatory(d96a["INVOIC"].places) == [("BGM", 1), ("DTM", 35), ("UNS", 1), ("MOA", 100)]
    assert mandatory(d96a["ORDERS"].places) == [("BGM", 1), ("DTM", 35), ("UNS", 1)]
    assert mandatory(d96a["REMADV"].places) == [("BGM", 1), ("DTM", 5), ("UNS", 1), ("MOA", 5)]
    assert mandatory(numbered(D96A, "REMADV")[4].inside) == [("MOA", 5)]
    assert mandatory(shipped(D01B).messages["REMADV"].places) == [("BGM", 1), ("DTM", 5), ("UNS", 1), ("MOA", 99)]
    assert mandatory(shipped(SYNTAX).messages["CONTRL"].places) == [("UCI", 1)]
