"""YAML with line numbers. Every scalar stays the text that was written (`NO` is Norway and `007` keeps its
zeros); the models decide what it means. Mistakes are collected and reported together, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.problems import KeyPath, Problem, dotted

_EMPTY_WORDS = ("", "~", "null", "Null", "NULL")
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)


@dataclass
class YamlFile:
    """A parsed file: its content as dicts, lists, texts and None, and the line of every key and item.

    `problems` are those that only the text shows, such as a key that stands twice.
    """

    name: str
    data: object = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest key around it that the file has; counted from 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def located(self, problems: Iterable[Problem]) -> list[str]:
        """Problems as `file:line: key.path: text`, by line."""
        ordered = sorted(problems, key=lambda problem: (self.line(problem.path), dotted(problem.path)))
        return [f"{self.name}:{self.line(problem.path)}: {problem}" for problem in ordered]


def read_yaml(path: Path, *, name: str) -> YamlFile:
    """Parse a file; `name` is how messages call it. A file that is no YAML at all has that as its only problem."""
    parsed = YamlFile(name)
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        parsed.problems.append(Problem((), f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        parsed.problems.append(Problem((), f"is not UTF-8 (byte {error.start}); save it as UTF-8"))
    except yaml.MarkedYAMLError as error:
        # the error's own text quotes the line and names in it, which may be a secret
        mark = error.problem_mark or error.context_mark
        parsed.lines[()] = mark.line + 1 if mark else 1
        said = re.sub(r" '[^'<]{4,}'", "", error.problem or error.context or "")
        parsed.problems.append(Problem((), f"is not valid YAML: {said}"))
    except yaml.YAMLError:
        parsed.problems.append(Problem((), "is not valid YAML: it holds characters that YAML does not allow"))
    else:
        if node is None:
            parsed.problems.append(Problem((), "is empty"))
        else:
            parsed.data = _plain(node, (), parsed, ())
    return parsed


def refusal(messages: Sequence[str]) -> ConfigurationError:
    """One error that lists all messages."""
    if len(messages) == 1:
        return ConfigurationError(messages[0])
    return ConfigurationError("\n  ".join([f"the configuration has {len(messages)} problems", *messages]))


def _plain(node: yaml.Node, path: KeyPath, file: YamlFile, around: tuple[yaml.Node, ...]) -> object:
    file.lines.setdefault(path, node.start_mark.line + 1)
    if node in around:
        file.problems.append(Problem(path, "contains itself through an alias; write the value out"))
        return None
    if node.tag not in _PLAIN_TAGS:
        file.problems.append(Problem(path, "has a tag (a word that begins with `!`), which is not read; put the value in quotes"))
    if isinstance(node, yaml.ScalarNode):
        empty = node.style is None and node.value in _EMPTY_WORDS
        return None if empty else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), file, (*around, node)) for index, item in enumerate(node.value)]
    found: dict[str, object] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            file.problems.append(Problem(path, "has a key that is no text"))
            continue
        key = key_node.value
        if key in found:
            first = file.lines[(*path, key)]
            file.problems.append(
                Problem(path, f"has the key `{key}` twice, in lines {first} and {key_node.start_mark.line + 1}; keep one")
            )
            continue
        file.lines[(*path, key)] = key_node.start_mark.line + 1
        found[key] = _plain(value_node, (*path, key), file, (*around, node))
    return found
