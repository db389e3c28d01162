"""How a step tells what it is doing: to a terminal, to a Dagster log, or to nobody."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what happens while a step runs."""

    def started(self, task: str, total: int | None = None) -> None:
        """A task begins; `total` is how many units it has, if known."""
        ...

    def advanced(self, task: str, units: int) -> None:
        """`units` more of the task are done."""
        ...

    def finished(self, task: str, summary: str) -> None:
        """The task is done; `summary` is one line."""
        ...

    def note(self, text: str) -> None:
        """Something a person should see, such as a record that was set aside."""
        ...


class Silent:
    """Progress for nobody."""

    def started(self, task: str, total: int | None = None) -> None:
        """Ignored."""

    def advanced(self, task: str, units: int) -> None:
        """Ignored."""

    def finished(self, task: str, summary: str) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""
