"""How an asset gets at the project: a workspace, opened for one step and closed after it. Its
configuration is a folder; secrets are opened by the step that needs them, never by Dagster."""

import logging
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from mlconnector_assets.configuration.project import STATE_URL_VARIABLE
from mlconnector_assets.errors import ConnectorError, LeaseHeld, LeaseLost, Unavailable
from mlconnector_assets.state import redaction
from mlconnector_assets.steps.workspace import Workspace, open_workspace

TIME_MENDS = (Unavailable, LeaseHeld, LeaseLost)
"""Failures for which a step is tried again; a wrong key or a typo would only fail again."""
LOGGERS = ("", "dagster", "mlconnector_assets", "paramiko", "httpx", "httpcore")


class LogProgress:
    """`steps.progress.Progress` into a Dagster log, without secrets."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def started(self, task: str, total: int | None = None) -> None:
        """One line at the start."""
        self._log.info(redaction.redact(f"{task}: {total} expected" if total is not None else task))

    def advanced(self, task: str, units: int) -> None:
        """Not logged: an event a page would fill Dagster's storage."""

    def finished(self, task: str, summary: str) -> None:
        """One line at the end."""
        self._log.info(redaction.redact(f"{task}: {summary}"))

    def note(self, text: str) -> None:
        """A warning."""
        self._log.warning(redaction.redact(text))


class ProjectResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The project's folder."""

    root: str

    @contextmanager
    def workspace(self, log: logging.Logger, run_id: str | None = None) -> Iterator[Workspace]:
        """The workspace for one step. A failure that a person can act on becomes one clear message without a
        traceback; only what time may mend is tried again."""
        keep_secrets_out_of_logs()
        # a copy: runs are children of the process that evaluates the sensors, and need the keys in its environment too
        environment = dict(os.environ)
        progress = LogProgress(log)
        try:
            with open_workspace(Path(self.root), progress=progress, run_id=run_id, environment=environment) as workspace:
                yield workspace
        except dg.Failure:
            raise
        except ConnectorError as error:
            raise failure(error) from None
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            if (clean := redaction.redact(text)) == text:
                raise
            raise dg.Failure(clean, allow_retries=False) from None


def failure(error: ConnectorError, shown: Mapping[str, Any] | None = None) -> dg.Failure:
    """What Dagster shows of a failure: what, where and the mend; `shown` is metadata of what was done all the same."""
    return dg.Failure(redaction.redact(str(error)), metadata=shown, allow_retries=isinstance(error, TIME_MENDS))


def keep_secrets_out_of_logs() -> None:
    """Have every logger that could meet a secret in this process mask those that were opened, and the password of
    the state database."""
    try:
        password = make_url(os.environ.get(STATE_URL_VARIABLE) or "sqlite://").password
    except ArgumentError:
        password = None
    if password:
        redaction.register(str(password))
    for name in LOGGERS:
        redaction.install(logging.getLogger(name))
