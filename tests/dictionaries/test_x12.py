"""The package's segment dictionaries: sound in themselves, and right in what money and acknowledgments rest on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from mlconnector_assets.dictionaries import (
    Composite,
    Element,
    Place,
    Segment,
    Use,
    read_dictionary,
    shipped,
    shipped_names,
)
from mlconnector_assets.errors import ConfigurationError

NAMES = shipped_names()
X12 = ("x12_004010", "x12_005010")
ENVELOPE = {"ISA", "GS", "ST", "SE", "GE", "IEA", "TA1", "UNA", "UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"}
"""Segments around messages, which no message lists."""


def everywhere(places: tuple[Place, ...]) -> Iterator[Place]:
    for place in places:
        yield place
        yield from everywhere(place.inside)


def elements_of(uses: tuple[Use, ...]) -> Iterator[Element]:
    for use in uses:
        if isinstance(use.what, Composite):
            yield from elements_of(use.what.parts)
        else:
            yield use.what


def element(dictionary: str, tag: str, position: int) -> Element:
    what = shipped(dictionary).segments[tag].uses[position - 1].what
    assert isinstance(what, Element)
    return what


def written(found: Element) -> tuple[str, str, int, int, int]:
    """Number, kind, shortest, longest, implied decimals."""
    return found.number, found.kind, found.least, found.most, found.decimals


def tags(dictionary: str, message: str) -> list[str]:
    """The outermost segments and loops of a message, in order."""
    return [place.tag for place in shipped(dictionary).messages[message].places]


def loop(dictionary: str, message: str, *path: str) -> list[str]:
    """What follows the first segment of a loop, given the first segments of the loops around it."""
    places = shipped(dictionary).messages[message].places
    for tag in path:
        places = next(place.inside for place in places if place.tag == tag and place.inside)
    return [place.tag for place in places]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_dictionary_is_sound(name: str) -> None:
    dictionary = shipped(name)
    assert dictionary.version
    for found in dictionary.elements.values():
        assert found.name
        assert 1 <= found.least <= found.most, found.number
        too_long = [code for code in {**found.codes, **found.known} if not found.least <= len(code) <= found.most]
        assert not too_long, f"element {found.number} cannot hold {too_long}"
    for segment in dictionary.segments.values():
        assert segment.name
        assert segment.uses, segment.tag
        assert all(1 <= position <= len(segment.uses) for rule in segment.rules for position in rule.positions), segment.tag
    for message in dictionary.messages.values():
        assert message.name
        for place in everywhere(message.places):
            assert place.tag in dictionary.segments
            assert place.least <= place.most


@pytest.mark.parametrize("name", NAMES)
def test_every_segment_of_a_dictionary_has_its_place_in_a_message(name: str) -> None:
    dictionary = shipped(name)
    placed = {place.tag for message in dictionary.messages.values() for place in everywhere(message.places)}
    # the service segments of EDIFACT have one that only the messages of directories use
    assert set(dictionary.segments) - placed - ENVELOPE == ({"UNS"} if name == "edifact_syntax3" else set())


@pytest.mark.parametrize("name", NAMES)
def test_no_place_of_a_message_is_out_of_reach(name: str) -> None:
    """The first of two neighbours of one tag takes the segments of both, and reports the wrong place when there are too many."""
    for message in shipped(name).messages.values():
        for siblings in (message.places, *(place.inside for place in everywhere(message.places))):
            for place, following in pairwise(siblings):
                assert place.tag != following.tag, f"{message.code}: {place.tag} follows itself"


@pytest.mark.parametrize("name", X12)
@pytest.mark.parametrize(
    ("tag", "position", "expected"),
    [
        ("TDS", 1, ("610", "implied", 1, 15, 2)),
        ("SAC", 5, ("610", "implied", 1, 15, 2)),
        ("ITD", 8, ("362", "implied", 1, 10, 2)),
        ("ITD", 3, ("338", "number", 1, 6, 0)),
        ("IT1", 1, ("350", "text", 1, 20, 0)),
        ("IT1", 3, ("355", "code", 2, 2, 0)),
        ("IT1", 4, ("212", "number", 1, 17, 0)),
        ("IT1", 25, ("234", "text", 1, 48, 0)),
        ("PO1", 2, ("330", "number", 1, 15, 0)),
        ("PO1", 4, ("212", "number", 1, 17, 0)),
        ("PO1", 25, ("234", "text", 1, 48, 0)),
        ("TXI", 2, ("782", "number", 1, 18, 0)),
        ("TXI", 3, ("954", "number", 1, 10, 0)),
        ("AMT", 2, ("782", "number", 1, 18, 0)),
        ("CTT", 1, ("354", "implied", 1, 6, 0)),
        ("BPR", 2, ("782", "number", 1, 18, 0)),
        ("BPR", 3, ("478", "code", 1, 1, 0)),
        ("BPR", 16, ("373", "date", 8, 8, 0)),
        ("RMR", 4, ("782", "number", 1, 18, 0)),
        ("RMR", 6, ("782", "number", 1, 18, 0)),
        ("ADX", 1, ("782", "number", 1, 18, 0)),
        ("ADX", 2, ("426", "code", 2, 2, 0)),
        ("BIG", 2, ("76", "text", 1, 22, 0)),
        ("BIG", 4, ("324", "text", 1, 22, 0)),
        ("BIG", 7, ("640", "code", 2, 2, 0)),
        ("BEG", 2, ("92", "code", 2, 2, 0)),
        ("BEG", 3, ("324", "text", 1, 22, 0)),
        ("N1", 4, ("67", "text", 2, 80, 0)),
        ("N4", 3, ("116", "code", 3, 15, 0)),
        ("SE", 1, ("96", "implied", 1, 10, 0)),
        ("ST", 2, ("329", "text", 4, 9, 0)),
        ("GS", 6, ("28", "implied", 1, 9, 0)),
        ("ISA", 13, ("I12", "implied", 9, 9, 0)),
        ("AK2", 1, ("143", "code", 3, 3, 0)),
        ("AK4", 2, ("725", "implied", 1, 4, 0)),
        ("AK4", 3, ("723", "code", 1, 3, 0)),
        ("AK4", 4, ("724", "text", 1, 99, 0)),
        ("AK5", 1, ("717", "code", 1, 1, 0)),
        ("AK5", 6, ("718", "code", 1, 3, 0)),
        ("AK9", 2, ("97", "implied", 1, 6, 0)),
        ("AK9", 9, ("716", "code", 1, 3, 0)),
    ],
)
def test_x12_elements_have_the_numbers_types_and_lengths_of_the_standard(
    name: str, tag: str, position: int, expected: tuple[str, str, int, int, int]
) -> None:
    assert written(element(name, tag, position)) == expected


@pytest.mark.parametrize("name", X12)
def test_pairs_of_qualifier_and_id_alternate_to_the_end(name: str) -> None:
    for tag, first in {"IT1": 6, "PO1": 6, "LIN": 2, "SLN": 9, "IT8": 8}.items():
        segment = shipped(name).segments[tag]
        numbers = [found.number for found in elements_of(segment.uses[first - 1 :])]
        assert numbers == ["235", "234"] * (len(numbers) // 2)
        free = {rule.positions for rule in segment.rules if rule.kind == "P"}
        for position in range(first, len(segment.uses), 2):
            both = (position, position + 1)
            assert both in free or segment.uses[position - 1].required, (tag, both)


def relations(segment: Segment) -> set[str]:
    return {rule.kind + "".join(f"{position:02}" for position in rule.positions) for rule in segment.rules}


@pytest.mark.parametrize("name", X12)
def test_x12_relations_that_partners_check(name: str) -> None:
    segments = shipped(name).segments
    assert {"R0203", "P0304"} <= relations(segments["N1"])
    assert {"P0607", "C0809", "P1213", "C1415"} <= relations(segments["BPR"])
    assert "P0102" in relations(segments["RMR"])
    assert "R0203" in relations(segments["SAC"])
    assert "P020304" in relations(segments["IT1"])
    assert {number + 1 for number, use in enumerate(segments["BEG"].uses) if use.required} == {1, 2, 3, 5}


@pytest.mark.parametrize("name", X12)
def test_x12_transaction_sets_stand_in_their_groups_and_in_order(name: str) -> None:
    messages = shipped(name).messages
    assert {code: message.group for code, message in messages.items()} == {"810": "IN", "820": "RA", "850": "PO", "997": "FA"}
    assert tags(name, "810")[-7:] == ["TDS", "TXI", "CAD", "AMT", "SAC", "ISS", "CTT"]
    assert tags(name, "850")[-2:] == ["PO1", "CTT"]
    assert loop(name, "850", "CTT") == ["AMT"]
    assert loop(name, "820", "ENT") == ["NM1", "ADX", "RMR"]
    assert loop(name, "820", "ENT", "RMR") == ["NTE", "REF", "DTM", "IT1", "ADX"]
    assert loop(name, "997", "AK2") == ["AK3", "AK5"]
    line = loop(name, "810", "IT1")
    assert line.index("TXI") < line.index("PID") < line.index("REF") < line.index("SAC") < line.index("N1")


def test_x12_005010_is_004010_with_its_own_lengths_and_references() -> None:
    older, newer = map(shipped, X12)
    assert (older.version, newer.version) == ("004010", "005010")
    assert older.messages == newer.messages
    assert [element(name, "REF", 2).most for name in X12] == [30, 50]
    assert [element(name, "IT1", 2).most for name in X12] == [10, 15]
    assert [element(name, "AK3", 2).most for name in X12] == [6, 10]
    assert [element(name, "ISA", 11).number for name in X12] == ["I10", "I65"]
    assert [len(shipped(name).segments["AK1"].uses) for name in X12] == [2, 3]
    assert [len(shipped(name).segments["AK2"].uses) for name in X12] == [2, 3]
    position = [shipped(name).segments["AK4"].uses[0].what for name in X12]
    assert [[use.what.number for use in composite.parts] for composite in position if isinstance(composite, Composite)] == [
        ["722", "1528"],
        ["722", "1528", "1686"],
    ]
    assert not older.elements["723"].explain("12")
    assert newer.elements["723"].explain("12") == "too many repetitions"


def test_closed_code_lists_are_those_of_the_envelope() -> None:
    segments = shipped("x12_envelope").segments
    isa = [use.what for use in segments["ISA"].uses]
    assert [position + 1 for position, found in enumerate(isa) if isinstance(found, Element) and found.codes] == [1, 3, 14, 15]
    assert set(element("x12_envelope", "ISA", 15).codes) == {"P", "T", "I"}
    assert set(element("x12_envelope", "TA1", 4).codes) == {"A", "E", "R"}
    assert set(element("x12_envelope", "GS", 7).codes) == {"T", "X"}


@pytest.mark.parametrize("name", X12)
def test_codes_that_yaml_would_take_for_truths_or_numbers_are_codes(name: str) -> None:
    elements = shipped(name).elements
    assert elements["591"].explain("NON")
    assert elements["284"].explain("ON")
    assert elements["1073"].explain("N") == "no"
    assert elements["353"].explain("00") == "original"
    assert elements["336"].explain("08") == "basic discount offered"


def test_a_dictionary_of_a_partner_extends_one_of_the_package() -> None:
    text = """
    version: "004010"
    extends: x12_004010
    elements: {127: {name: Reference, format: AN 1/12}}
    segments: {ZA: {name: Product activity, elements: [127!]}}
    messages: {"810": {name: Invoice, group: IN, segments: [BIG!, ZA*2, TDS!]}}
    """
    dictionary = read_dictionary(text, where="partner.yaml")
    assert dictionary.elements["127"].most == 12
    reference = dictionary.segments["REF"].uses[1].what
    assert isinstance(reference, Element)
    assert reference.most == 12
    assert [place.tag for place in dictionary.messages["810"].places] == ["BIG", "ZA", "TDS"]
    assert dictionary.messages["850"] == shipped("x12_004010").messages["850"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("extends: x12_009999", "x12_009999"),
        ("surplus: 1", "surplus: is no key; there are: version, extends, elements"),
        ("extends: x12_004010\nsegments: {N1: {nam: Party, elements: [98]}}", "segments: N1: nam: is no key; there are: name"),
        ("extends: x12_004010\nsegments: {N1: {name: Party}}", "segments: N1: elements: is missing"),
        (
            "extends: x12_004010\nelements: {98: {name: A, format: ID 2/3, codes: {NO: none}}}",
            "elements: 98: codes: .*found False",
        ),
        ("extends: x12_004010\nelements: [98]", "elements: .*found"),
        ("- x12_004010", "the whole file: "),
        ("elements: {1: {", "is no YAML: .*line 2"),
        ("elements: {1: {name: One, format: AN 5/1}}", "element 1: 'AN 5/1' has no length"),
        ("extends: x12_004010\nsegments: {LONG: {name: A, elements: [127]}}", "segment 'LONG': a tag is two or three"),
        ("extends: x12_004010\nsegments: {ABC: {name: A, elements: [127], rules: [P0001]}}", "segment ABC: 'P0001'"),
        ("segments: {ABC: {name: A, elements: []}}", "has no version"),
        ("extends: x12_004010\nmessages: {'810': {name: I, segments: [{BIG: 1}]}}", "message 810: 'BIG' is no segment"),
        ("extends: x12_004010\nmessages: {'810': {name: I, segments: [{BIG: [], N1: []}]}}", "message 810: "),
        ("elements: {1: {name: One, format: AN 5}}", "element 1: format 'AN 5'"),
        ("segments: {ABC: {name: A, elements: [99!]}}", "segment ABC: '99!' is no element"),
        ("extends: x12_004010\nsegments: {ABC: {name: A, elements: [127!], rules: [P0102]}}", "segment ABC: 'P0102'"),
        ("extends: x12_004010\nmessages: {'810': {name: I, segments: [BIG!, QQQ]}}", "message 810: 'QQQ' is no segment"),
    ],
)
def test_a_faulty_dictionary_is_refused_by_entry(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_dictionary(text, where="partner.yaml")
