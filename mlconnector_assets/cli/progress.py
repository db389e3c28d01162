"""Progress on a terminal: a bar for each running task, one line for each finished one; plain lines
where no terminal listens, as under cron."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from mlconnector_assets.cli.options import err


class TerminalProgress:
    """`steps.progress.Progress` on standard error. A context manager."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def started(self, task: str, total: int | None = None) -> None:
        """Show a bar."""
        self._tasks[task] = self._bars.add_task(task, total=total)

    def advanced(self, task: str, units: int) -> None:
        """Move the bar."""
        self._bars.advance(self._tasks[task], units)

    def finished(self, task: str, summary: str) -> None:
        """Replace the bar by a line."""
        if task in self._tasks:
            self._bars.remove_task(self._tasks.pop(task))
        err.print(f"[green]✓[/] {escape(task)}: {escape(summary)}")

    def note(self, text: str) -> None:
        """A line that wants attention."""
        err.print(f"[yellow]![/] {escape(text)}")
