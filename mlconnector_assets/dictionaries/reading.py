"""Dictionaries from YAML. A file may extend another: its entries stand over those of the other, whole entry by whole entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from mlconnector_assets.dictionaries.models import Composite, Dictionary, Element, Kind, Message, Place, Rule, Segment, Use
from mlconnector_assets.errors import ConfigurationError

_X12 = re.compile(r"(AN|ID|DT|TM|R|B|N(\d)) (\d+)/(\d+)")
_EDIFACT = re.compile(r"(an|a|n)(\.\.)?(\d+)")
_X12_KINDS: dict[str, Kind] = {"AN": "text", "ID": "code", "DT": "date", "TM": "time", "R": "number", "B": "binary"}
_EDIFACT_KINDS: dict[str, Kind] = {"an": "text", "a": "letters", "n": "number"}
_USE = re.compile(r"(\w+)(!?)(?:\*(\d+))?")
_RULE = re.compile(r"([PRECL])((?:\d\d){2,})")


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


_SECTIONS = ("elements", "composites", "segments", "messages")


def _merged(text: str, where: str) -> dict[str, Any]:
    """The entries, over those of the dictionary that it extends."""
    own = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader, written in C where there is one
    if not isinstance(own, dict) or unknown_keys(own):
        raise ConfigurationError(f"has other keys than version, extends, {', '.join(_SECTIONS)}", where=where)
    base: dict[str, Any] = {section: {} for section in _SECTIONS}
    if name := own.get("extends"):
        if name not in shipped_names():
            raise ConfigurationError(f"extends {name!r}; there are: {', '.join(shipped_names())}", where=where)
        base = _merged(_shipped_text(name), f"{name}.yaml")
    merged = {
        section: {**base[section], **{str(key): value for key, value in (own.get(section) or {}).items()}}
        for section in _SECTIONS
    }
    return {"version": str(own.get("version") or base.get("version") or ""), **merged}


def unknown_keys(own: Mapping[str, Any]) -> set[str]:
    """Keys that a dictionary does not have."""
    return set(own) - {"version", "extends", *_SECTIONS}


class _Reading:
    """One dictionary while it is read."""

    def __init__(self, written: dict[str, Any], where: str) -> None:
        self.written, self.where = written, where
        self.elements = {number: self._element(number, entry) for number, entry in written["elements"].items()}
        self.composites = {number: self._composite(number, entry) for number, entry in written["composites"].items()}
        self.segments = {tag: self._segment(tag, entry) for tag, entry in written["segments"].items()}

    def dictionary(self) -> Dictionary:
        messages = {code: self._message(code, entry) for code, entry in self.written["messages"].items()}
        return Dictionary(self.written["version"], self.elements, self.segments, messages)

    def _fault(self, what: str) -> ConfigurationError:
        return ConfigurationError(what, where=f"dictionary {self.where}")

    def _element(self, number: str, entry: dict[str, Any]) -> Element:
        written = entry["format"]
        codes = {str(code): text for code, text in (entry.get("codes") or {}).items()}
        known = {str(code): text for code, text in (entry.get("known") or {}).items()}
        if x12 := _X12.fullmatch(written):
            name, decimals, least, most = x12.groups()
            return Element(
                number, entry["name"], _X12_KINDS.get(name, "implied"), int(least), int(most), int(decimals or 0), codes, known
            )
        if edifact := _EDIFACT.fullmatch(written):
            name, up_to, most = edifact.groups()
            kind = "code" if codes else _EDIFACT_KINDS[name]
            return Element(number, entry["name"], kind, 1 if up_to else int(most), int(most), 0, codes, known)
        raise self._fault(f"element {number}: format {written!r} is neither X12 (`AN 1/30`) nor EDIFACT (`an..35`)")

    def _composite(self, number: str, entry: dict[str, Any]) -> Composite:
        return Composite(number, entry["name"], tuple(self._uses(f"composite {number}", entry["parts"], self.elements)))

    def _segment(self, tag: str, entry: dict[str, Any]) -> Segment:
        uses = tuple(self._uses(f"segment {tag}", entry["elements"], {**self.elements, **self.composites}))
        return Segment(tag, entry["name"], uses, tuple(self._rule(tag, rule, len(uses)) for rule in entry.get("rules", ())))

    def _uses(self, about: str, written: list[object], known: Mapping[str, Element | Composite]) -> Iterator[Use]:
        for text in map(str, written):
            match = _USE.fullmatch(text)
            if match is None or match[1] not in known:
                mend = "write its number, `!` where mandatory, `*3` for three in a row"
                raise self._fault(f"{about}: {text!r} is no element of this dictionary; {mend}")
            yield from [Use(known[match[1]], bool(match[2]))] + [Use(known[match[1]], False)] * (int(match[3] or 1) - 1)

    def _rule(self, tag: str, written: str, elements: int) -> Rule:
        match = _RULE.fullmatch(written)
        positions = tuple(int(pair) for pair in re.findall(r"\d\d", match[2])) if match else ()
        if not match or max(positions) > elements:
            raise self._fault(f"segment {tag}: {written!r} is no rule over its elements, such as P0304")
        return Rule(match[1], positions)  # type: ignore[arg-type]

    def _message(self, code: str, entry: dict[str, Any]) -> Message:
        return Message(code, entry["name"], entry.get("group", ""), tuple(self._places(code, entry["segments"])))

    def _places(self, code: str, written: list[object]) -> Iterator[Place]:
        for one in written:
            text, inside = next(iter(one.items())) if isinstance(one, dict) else (one, None)
            match = _USE.fullmatch(str(text))
            if match is None or match[1] not in self.segments:
                mend = "write its tag, `!` where mandatory, `*10` for up to ten"
                raise self._fault(f"message {code}: {text!r} is no segment of this dictionary; {mend}")
            yield Place(match[1], int(bool(match[2])), int(match[3] or 1), tuple(self._places(code, inside or [])))
