"""Processes that tests start, and kill. They are forked from a server that has imported everything once, so that one
starts in milliseconds where a fresh interpreter needs seconds."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    [
        "pytest",
        "mlconnector_assets.exchange.sftp",
        "mlconnector_assets.systems.odoo.source",
        "mlconnector_assets.warehouse.duckdb",
        "mlconnector_assets.cli.app",
        "httpcore",
        "sqlglot.dialects.duckdb",
        "tests.chaos.workers",
        "tests.chaos.cycle",
        "tests.state.workers",
    ]
)
"""There is one fork server, and what it imports is settled when the first process starts: everything is named here."""


@dataclass(frozen=True)
class Finished:
    """How a process ended: its exit code, negative for a signal, and what it wrote to standard error."""

    code: int
    said: str


def run_apart(target: Callable[..., object], *arguments: object, environment: Mapping[str, str | None] | None = None) -> Finished:
    """Run `target` in a process of its own to its end; None takes a variable away. What `target` returns is the exit code."""
    reader, writer = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=_told_apart, args=(writer, dict(environment or {}), target, arguments))
    process.start()
    writer.close()
    with open(reader.fileno(), closefd=False) as said, reader:
        told = said.read()
    process.join()
    assert process.exitcode is not None
    return Finished(process.exitcode, told)


def _told_apart(
    stderr: Connection, environment: Mapping[str, str | None], target: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    os.dup2(stderr.fileno(), 2)
    stderr.close()
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    sys.exit(target(*arguments))
