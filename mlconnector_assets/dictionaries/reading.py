"""Dictionaries from YAML. A file may extend another: its entries stand over those of the other, whole entry by whole entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from mlconnector_assets.dictionaries.models import Composite, Dictionary, Element, Kind, Message, Place, Rule, Segment, Use
from mlconnector_assets.errors import ConfigurationError

_X12 = re.compile(r"(AN|ID|DT|TM|R|B|N(\d)) (\d+)/(\d+)")
_EDIFACT = re.compile(r"(an|a|n)(\.\.)?(\d+)")
_X12_KINDS: dict[str, Kind] = {"AN": "text", "ID": "code", "DT": "date", "TM": "time", "R": "number", "B": "binary"}
_EDIFACT_KINDS: dict[str, Kind] = {"an": "text", "a": "letters", "n": "number"}
_USE = re.compile(r"(\w+)(!?)(?:\*(\d+))?")
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_RULE = re.compile(r"([PRECL])((?:\d\d){2,})")
MOST_TAGS = 240
"""Segments and messages of a dictionary; each has a number of one byte."""
LONGEST = 1_000_000


def read_dictionary(text: str, *, where: str) -> Dictionary:
    """The dictionary that a YAML text describes. Raises ConfigurationError, naming the entry at fault."""
    return _Reading(_merged(text, where), where).dictionary()


@cache
def shipped(name: str) -> Dictionary:
    """A dictionary of the package by its file's name, such as `x12_004010`."""
    return read_dictionary(_shipped_text(name), where=f"{name}.yaml")


def _shipped_text(name: str) -> str:
    return (files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def shipped_names() -> tuple[str, ...]:
    """Names of the package's dictionaries."""
    return tuple(sorted(path.name.removesuffix(".yaml") for path in files(__package__).iterdir() if path.name.endswith(".yaml")))


class _Entry(BaseModel):
    """Part of a file. Codes and numbers may be written without quotation marks where YAML reads them as numbers."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class _Element(_Entry):
    name: str
    format: str
    codes: dict[str, str] = {}
    known: dict[str, str] = {}


class _Composite(_Entry):
    name: str
    parts: list[str]


class _Segment(_Entry):
    name: str
    elements: list[str]
    rules: list[str] = []


class _Message(_Entry):
    name: str
    group: str = ""
    segments: list[Any]


class _File(_Entry):
    version: str = ""
    extends: str = ""
    elements: dict[str, _Element] = {}
    composites: dict[str, _Composite] = {}
    segments: dict[str, _Segment] = {}
    messages: dict[str, _Message] = {}


_ENTRIES: dict[str, type[_Entry]] = {
    "elements": _Element,
    "composites": _Composite,
    "segments": _Segment,
    "messages": _Message,
}


def _merged(text: str, where: str) -> _File:
    """The entries, over those of the dictionary that it extends."""
    own = _parsed(text, where)
    if not own.extends:
        return own
    if own.extends not in shipped_names():
        raise ConfigurationError(f"extends {own.extends!r}; there are: {', '.join(shipped_names())}", where=f"dictionary {where}")
    base = _merged(_shipped_text(own.extends), f"{own.extends}.yaml")
    return _File(
        version=own.version or base.version,
        elements=base.elements | own.elements,
        composites=base.composites | own.composites,
        segments=base.segments | own.segments,
        messages=base.messages | own.messages,
    )


def _parsed(text: str, where: str) -> _File:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _File.model_validate(yaml.load(text, Loader=loader))  # noqa: S506 - a safe loader, written in C where there is one
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise ConfigurationError(f"is no YAML: {said}", where=f"dictionary {where}") from None
    except ValidationError as error:
        raise _refused(error.errors(), where) from None


def _refused(errors: list[ErrorDetails], where: str) -> ConfigurationError:
    """What is wrong with the shape of a file: the first of it, a mistyped key before what is missing for it."""
    error = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    names = [str(part) for part in error["loc"] if part != "[key]"]
    model: type[_Entry] = _File if len(names) < 2 else _ENTRIES[names[0]]
    match error["type"]:
        case "extra_forbidden":
            says = f"is no key; there are: {', '.join(model.model_fields)}"
        case "missing":
            says = "is missing"
        case _:
            says = f"{error['msg']}, found {error['input']!r}"
    mend = "put what YAML reads as something else than text, such as NO, between quotation marks"
    return ConfigurationError(f"{': '.join(names) or 'the whole file'}: {says}", where=f"dictionary {where}", mend=mend)


class _Reading:
    """One dictionary while it is read."""

    def __init__(self, written: _File, where: str) -> None:
        self.written, self.where = written, where
        self.elements = {number: self._element(number, entry) for number, entry in written.elements.items()}
        self.composites = {number: self._composite(number, entry) for number, entry in written.composites.items()}
        self.segments = {tag: self._segment(tag, entry) for tag, entry in written.segments.items()}

    def dictionary(self) -> Dictionary:
        if not self.written.version:
            raise self._fault("has no version; write `version:`, or `extends:` one of ours")
        if len(self.segments) + len(self.written.messages) > MOST_TAGS:
            raise self._fault(f"has more than {MOST_TAGS} segments and messages")
        messages = {code: self._message(code, entry) for code, entry in self.written.messages.items()}
        return Dictionary(self.written.version, self.elements, self.segments, messages)

    def _fault(self, what: str) -> ConfigurationError:
        return ConfigurationError(what, where=f"dictionary {self.where}")

    def _element(self, number: str, entry: _Element) -> Element:
        name, written, codes, known = entry.name, entry.format, entry.codes, entry.known
        kind: Kind
        if x12 := _X12.fullmatch(written):
            letters, decimals, least, most = x12.groups()
            kind, shortest = _X12_KINDS.get(letters, "implied"), int(least)
        elif edifact := _EDIFACT.fullmatch(written):
            letters, up_to, most = edifact.groups()
            kind, shortest, decimals = "code" if codes else _EDIFACT_KINDS[letters], 1 if up_to else int(most), "0"
        else:
            raise self._fault(f"element {number}: format {written!r} is neither X12 (`AN 1/30`) nor EDIFACT (`an..35`)")
        if not shortest <= int(most) <= LONGEST:
            raise self._fault(f"element {number}: {written!r} has no length; it is at most {LONGEST}")
        return Element(number, name, kind, shortest, int(most), int(decimals or 0), codes, known)

    def _composite(self, number: str, entry: _Composite) -> Composite:
        return Composite(number, entry.name, tuple(self._uses(f"composite {number}", entry.parts, self.elements)))

    def _segment(self, tag: str, entry: _Segment) -> Segment:
        if not _TAG.fullmatch(tag):
            raise self._fault(f"segment {tag!r}: a tag is two or three capital letters and digits")
        uses = tuple(self._uses(f"segment {tag}", entry.elements, {**self.elements, **self.composites}))
        return Segment(tag, entry.name, uses, tuple(self._rule(tag, rule, len(uses)) for rule in entry.rules))

    def _uses(self, about: str, written: list[str], known: Mapping[str, Element | Composite]) -> Iterator[Use]:
        for text in written:
            match = _USE.fullmatch(text)
            if match is None or match[1] not in known:
                mend = "write its number, `!` where mandatory, `*3` for three in a row"
                raise self._fault(f"{about}: {text!r} is no element of this dictionary; {mend}")
            yield from [Use(known[match[1]], bool(match[2]))] + [Use(known[match[1]], False)] * (int(match[3] or 1) - 1)

    def _rule(self, tag: str, written: str, elements: int) -> Rule:
        match = _RULE.fullmatch(written)
        positions = tuple(int(pair) for pair in re.findall(r"\d\d", match[2])) if match else ()
        if not match or max(positions) > elements or min(positions) < 1:
            raise self._fault(f"segment {tag}: {written!r} is no rule over its elements, such as P0304")
        return Rule(match[1], positions)  # type: ignore[arg-type]

    def _message(self, code: str, entry: _Message) -> Message:
        return Message(code, entry.name, entry.group, tuple(self._places(code, entry.segments)))

    def _places(self, code: str, written: list[object]) -> Iterator[Place]:
        for one in written:
            loop = isinstance(one, dict) and len(one) == 1
            text, inside = next(iter(one.items())) if loop else (one, [])  # type: ignore[attr-defined]
            match = _USE.fullmatch(str(text))
            if match is None or match[1] not in self.segments or not isinstance(inside, list):
                mend = "write its tag, `!` where mandatory, `*10` for up to ten, and what follows in a loop as a list below it"
                raise self._fault(f"message {code}: {text!r} is no segment of this dictionary; {mend}")
            yield Place(match[1], int(bool(match[2])), int(match[3] or 1), tuple(self._places(code, inside)))
