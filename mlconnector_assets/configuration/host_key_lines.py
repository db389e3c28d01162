"""Writing pinned host keys into a partner's file: the smallest edit of its text that says so, with comments and
formatting kept. Whatever is not certain to be right is refused, never tried."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

ACTIVE, NEXT = "host_keys", "next_host_keys"
_BEFORE = ("private_key", "password", "user", "port", "host")
"""Keys after which a new list may stand, the best place first."""


class UnsafeEdit(Exception):
    """The text cannot be edited with certainty; the message says why."""


def pinned_in(text: str, path: Sequence[str], keys: Sequence[str]) -> str:
    """The text of a partner's file with these keys in `host_keys` of the mapping at `path` (`sftp`, or `sftp` and
    `jump`), and no longer in its `next_host_keys`.

    Raises UnsafeEdit, also when the result would differ in anything else than those two lists.
    """
    if any(char in text.replace("\r\n", "\n") for char in "\r\x85\u2028\u2029\ufeff"):
        raise UnsafeEdit("it has line ends or a byte order mark that are easily miscounted")
    wanted = _expected(_plain(text), path, keys)
    edited = text
    for key in keys:
        edited = _Edit(edited, path).promoted(key)
    if _plain(edited) != wanted:
        raise UnsafeEdit("the edited file would not say what it should")
    return edited


def _expected(data: Any, path: Sequence[str], keys: Sequence[str]) -> Any:  # noqa: ANN401 - whatever YAML holds
    try:
        host = wanted = json.loads(json.dumps(data))  # a copy in which nothing is shared through an alias
        for name in path:
            host = host[name]
        present = host.get(ACTIVE) or []
        host[ACTIVE] = [*present, *(key for key in keys if not _among(present, key))]
        if NEXT in host:
            host[NEXT] = [key for key in host[NEXT] or [] if not _among(keys, key)]
            if not host[NEXT]:
                del host[NEXT]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UnsafeEdit(f"there is no mapping {'.'.join(path)}") from None
    return wanted


def _plain(text: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - only texts, lists and mappings
    except yaml.YAMLError:
        raise UnsafeEdit("it is not valid YAML") from None


@dataclass
class _Edit:
    """One key moved into the list."""

    text: str
    path: Sequence[str]

    def promoted(self, key: str) -> str:
        if _value_of(self._host(), NEXT) is not None:
            self._remove_next(key)
        self._add(key)
        return self.text

    def _host(self) -> yaml.MappingNode:
        node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        for name in self.path:
            node = _value_of(node, name)
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise UnsafeEdit(f"{'.'.join(self.path)} is not written as an indented mapping")
        return node

    def _add(self, key: str) -> None:
        host = self._host()
        present = _value_of(host, ACTIVE)
        if present is None:
            self._add_list(host, key)
            return
        if isinstance(present, yaml.SequenceNode) and present.flow_style:
            self._add_to_flow(present, key)
            return
        if not isinstance(present, yaml.SequenceNode) or not present.value:
            raise UnsafeEdit(f"{ACTIVE} is not a list")
        if _among([item.value for item in present.value], key):
            return
        last = present.value[-1]
        if last.start_mark.line != last.end_mark.line:
            raise UnsafeEdit(f"an entry of {ACTIVE} goes over several lines")
        dash = self._lines()[last.start_mark.line].index("-")
        self._insert_after(last.start_mark.line, [" " * dash + f"- {key}"])

    def _add_list(self, host: yaml.MappingNode, key: str) -> None:
        by_name = {name.value: (name, value) for name, value in host.value}
        for before in _BEFORE:
            if before in by_name and (found := by_name[before])[0].start_mark.line == found[1].end_mark.line:
                indent = " " * found[0].start_mark.column
                self._insert_after(found[0].start_mark.line, [f"{indent}{ACTIVE}:", f"{indent}  - {key}"])
                return
        raise UnsafeEdit(f"there is no place for {ACTIVE}")

    def _add_to_flow(self, present: yaml.SequenceNode, key: str) -> None:
        if _among([item.value for item in present.value], key):
            return
        end = present.end_mark.index - 1
        after = present.value[-1].end_mark.index if present.value else present.start_mark.index + 1
        if self.text[end] != "]" or self.text[after:end].strip():
            raise UnsafeEdit(f"{ACTIVE} is a list in brackets with something after its last entry")
        self.text = self.text[:after] + (", " if present.value else "") + key + self.text[after:]

    def _remove_next(self, key: str) -> None:
        host = self._host()
        name, present = next((name, value) for name, value in host.value if name.value == NEXT)
        if not isinstance(present, yaml.SequenceNode):
            return
        places = [item.start_mark.line for item in present.value if _among([key], item.value)]
        if not places:
            return
        if present.flow_style or name.start_mark.line == present.start_mark.line:
            raise UnsafeEdit(f"{NEXT} is not written with an entry a line")
        lines = self._lines()
        gone = {*places, name.start_mark.line} if len(present.value) == len(places) else set(places)
        self.text = "".join(line for number, line in enumerate(lines) if number not in gone)

    def _insert_after(self, line: int, added: list[str]) -> None:
        lines = self._lines()
        end = "\r\n" if lines[line].endswith("\r\n") else "\n"
        if not lines[line].endswith("\n"):
            lines[line] += end
        lines[line + 1 : line + 1] = [text + end for text in added]
        self.text = "".join(lines)

    def _lines(self) -> list[str]:
        """As YAML's marks count them: by line feeds only."""
        return [line for line in self.text.replace("\n", "\n\0").split("\0") if line]


def _value_of(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _among(keys: Sequence[str], key: str) -> bool:
    """Whether a key is in a list; what follows type and base64 is a comment."""
    return key.split()[:2] in [other.split()[:2] for other in keys]
