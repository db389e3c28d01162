"""How an asset gets at the project: a workspace, opened for one step and closed after it. Its
configuration is a folder; secrets are opened by the step that needs them, never by Dagster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from mlconnector_assets.errors import ConnectorError, Unavailable
from mlconnector_assets.steps.workspace import Workspace, open_workspace


class LogProgress:
    """`steps.progress.Progress` into a Dagster log."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def started(self, task: str, total: int | None = None) -> None:
        """One line at the start."""
        self._log.info(f"{task}: {total} expected" if total is not None else task)

    def advanced(self, task: str, units: int) -> None:
        """Not logged: an event a page would fill Dagster's storage."""

    def finished(self, task: str, summary: str) -> None:
        """One line at the end."""
        self._log.info(f"{task}: {summary}")

    def note(self, text: str) -> None:
        """A warning."""
        self._log.warning(text)


class ProjectResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The project's folder."""

    root: str

    @contextmanager
    def workspace(self, log: Any, run_id: str | None = None) -> Iterator[Workspace]:
        """The workspace for one step. A failure that a person can act on becomes one clear message without a
        traceback through our code; only what time may mend is worth a retry."""
        try:
            with open_workspace(Path(self.root), progress=LogProgress(log), run_id=run_id) as workspace:
                yield workspace
        except ConnectorError as error:
            raise dg.Failure(str(error), allow_retries=isinstance(error, Unavailable)) from None
