"""Everything that is wrong with a specification, collected, so that a person mends a file in one go."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlconnector_assets.errors import ConfigurationError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One mistake: the keys that lead to it, and what is found there against what is allowed."""

    path: KeyPath
    text: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.text}" if self.path else self.text


class LayoutError(ConfigurationError):
    """A layout does not fit its record; `problems` has paths relative to the layout."""

    def __init__(self, problems: Sequence[Problem], *, where: str) -> None:
        self.problems = tuple(problems)
        super().__init__("\n  ".join(map(str, problems)), where=where)


def dotted(path: KeyPath) -> str:
    """`("columns", 2, "value")` as people write it: `columns[2].value`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`"; did you mean `x`?"` when a known name is near, else nothing. Starts with a semicolon."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6) or [known for known in names if known.lower() == name.lower()]
    return f"; did you mean `{near[0]}`?" if near else ""


def listed(names: Iterable[str]) -> str:
    """Names in backticks, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)
