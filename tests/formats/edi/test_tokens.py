"""Tokens beside a plain reading of the same bytes, character by character."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlconnector_assets.formats.edi.tokens import Separators, Tokens, pack, tokenise

EDIFACT = Separators(b"+", b":", b"'", b"*", b"?")
X12 = Separators(b"*", b">", b"~", b"^")
REPERTOIRE = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))


def plainly(text: str, separators: Separators) -> list[list[list[str]]]:
    """Segments, elements, components (repetitions as further components), by a reader that knows one rule: what stands behind
    a release character is data."""
    element, component, terminator, repetition, release = (
        one.decode("latin-1")
        for one in (separators.element, separators.component, separators.terminator, separators.repetition, separators.release)
    )
    segments, row, cell, own, place = [], [], [], "", 0
    while place < len(text):
        character = text[place]
        if release and character == release and place + 1 < len(text):
            own, place = own + text[place + 1], place + 1
        elif character in (component, repetition) and character:
            cell, own = [*cell, own], ""
        elif character in (element, terminator):
            row, cell, own = [*row, [*cell, own]], [], ""
            if character == terminator:
                segments, row = [*segments, row], []
        else:
            own += character
        place += 1
    return segments


def rows(tokens: Tokens) -> list[list[list[str]]]:
    return [tokens.segment(index) for index in range(tokens.segments)]


def texts(alphabet: str) -> st.SearchStrategy[str]:
    return st.text(alphabet, max_size=40).map(lambda text: text + "x" + alphabet[0])


@given(texts("'+:*?AB1é€"))
@example("???''")
@example("????'x'")
@example("AB++:':?''")
@example("?é?€'")
def test_edifact_as_a_plain_reader_reads_it(text: str) -> None:
    assert rows(tokenise(text.encode(), EDIFACT, REPERTOIRE)) == plainly(text, EDIFACT)


@given(texts("~*>^?AB1é"))
def test_x12_as_a_plain_reader_reads_it(text: str) -> None:
    assert rows(tokenise(text.encode(), X12, REPERTOIRE)) == plainly(text, X12)


@given(texts("'+:*?A1é-."))
def test_numbers_about_components_are_those_of_their_texts(text: str) -> None:
    tokens = tokenise(text.encode(), EDIFACT, REPERTOIRE)
    flat = [component for segment in plainly(text, EDIFACT) for cell in segment for component in cell]
    assert tokens.texts.to_list() == [component or None for component in flat] + [None]
    assert tokens.lengths.tolist() == [len(component) for component in flat] + [0]
    odd = [sum(byte not in b"0123456789" for byte in component.encode()) for component in flat]
    assert tokens.not_digits.tolist() == [*odd, 0]


@given(texts("'+:?AB"))
def test_find_gives_what_stands_there_or_nothing(text: str) -> None:
    tokens = tokenise(text.encode(), EDIFACT, REPERTOIRE)
    segments = np.arange(tokens.segments)
    for element in range(4):
        for component in range(3):
            expected = [
                (row[element][component] or None) if element < len(row) and component < len(row[element]) else None
                for row in plainly(text, EDIFACT)
            ]
            assert tokens.column(segments, element, component).to_list() == expected


@given(st.text("AB?\x01\x02+'", max_size=30).map(lambda text: text + "x'"))
def test_characters_outside_of_the_repertoire_are_found(text: str) -> None:
    tokens = tokenise(text.encode(), EDIFACT, REPERTOIRE)
    flat = [component for segment in plainly(text, EDIFACT) for cell in segment for component in cell]
    assert tokens.outside.tolist() == [
        index for index, component in enumerate(flat) if any(character in "\x01\x02" for character in component)
    ]


@pytest.mark.parametrize(("text", "tag"), [("ST*1~", "ST"), ("IT1*1~", "IT1"), ("TDS~", "TDS"), ("N1*~", "N1")])
def test_a_tag_is_packed_whatever_follows_it(text: str, tag: str) -> None:
    assert tokenise(text.encode(), X12, REPERTOIRE).tags.tolist() == [pack(tag)]


@pytest.mark.parametrize("text", ["*1~", "A*1~", "ABCD*1~", "~"])
def test_a_tag_of_another_length_is_none(text: str) -> None:
    assert tokenise(text.encode(), X12, REPERTOIRE).tags.tolist() == [0]


def test_components_before_a_repetition_are_told() -> None:
    tokens = tokenise(b"AB*1^2^3*4~AB*5~", X12, REPERTOIRE)
    assert [tokens.texts[index] for index in tokens.repeated.tolist()] == ["1", "2"]
