"""How the command line ends when something went wrong: one clear message with the mend, and an exit code. No
message shows a known secret, and no core dump can hold one."""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from mlconnector_assets.cli.options import err
from mlconnector_assets.durable import disk_errors
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.state import redaction

if TYPE_CHECKING:
    from mlconnector_assets.steps.cycle import Failure

LOG = logging.getLogger("mlconnector_assets.cli")
DEBUG_VARIABLE = "MLCONNECTOR_DEBUG"


def protect() -> None:
    """Before anything else: no core dumps, and warnings go to standard error without secrets."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    redaction.install(root)
    # it says only that something is tried again; the last failure is told in full
    logging.getLogger("stamina").setLevel(logging.ERROR)


def show_details(wanted: bool) -> None:
    """Let our own debug messages, tracebacks among them, through to standard error."""
    logging.getLogger("mlconnector_assets").setLevel(logging.DEBUG if wanted else logging.NOTSET)


def complain(error: ConnectorError) -> None:
    """Print a failure: what, where, and the mend."""
    place = f"{error.where}: " if error.where else ""
    err.print(f"[bold red]error[/] {_safe(place + error.what)}")
    if error.mend:
        err.print(f"[bold]mend[/]  {_safe(error.mend)}")


def complain_of_steps(failures: Sequence[Failure]) -> None:
    """Print what failed in a cycle, each cause once with all the steps it stopped and all the places it was met."""
    causes: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        causes.setdefault((failure.error.what, failure.error.mend), []).append(failure)
    for (what, mend), stopped in causes.items():
        err.print(f"[bold red]failed[/] {_safe(', '.join(failure.step for failure in stopped))}")
        places = dict.fromkeys(failure.error.where for failure in stopped if failure.error.where)
        complain(ConnectorError(what, where=", ".join(places), mend=mend))


def explain(error: Exception) -> ConnectorError:
    """Any exception in our words. What is no failure that a person can act on is a bug, and said to be one."""
    if isinstance(error, ConnectorError):
        return error
    LOG.debug("this ended the command", exc_info=error)
    if isinstance(error, OSError) and error.strerror:
        return _of_the_system(error)
    return ConnectorError(
        f"a bug in mlconnector was met ({type(error).__name__}); what was committed before it stays",
        mend="run `mlconnector --debug …` to see where, and report that; the next run goes on where this one stopped",
    )


def _of_the_system(error: OSError) -> ConnectorError:
    place = str(error.filename or "")
    try:
        with disk_errors(place or "a file"):
            raise error
    except ConnectorError as full:
        return full
    except PermissionError:
        return ConnectorError(
            f"this user may not read or write here: {error.strerror}", where=place, mend="correct the permissions or the owner"
        )
    except OSError:
        return ConnectorError(
            f"the system refused: {error.strerror}",
            where=place,
            mend="see that this file or folder can be used, then run it again",
        )


def stop(error: Exception) -> None:
    """Complain and exit with code 1."""
    complain(explain(error))
    sys.exit(1)


def _safe(text: str) -> str:
    return escape(redaction.redact(text))
