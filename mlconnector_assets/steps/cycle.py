"""One full cycle: read what changed, render what is due, load what is due, deliver what is queued, take in what partners
sent. One system that fails stops neither the others nor what was read before; the failures are told at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import TypeVar

from mlconnector_assets.errors import ConnectorError, CredentialsError, Unavailable
from mlconnector_assets.state import sweep_stops
from mlconnector_assets.steps.collect import CollectOutcome, collect_partner
from mlconnector_assets.steps.deliver import DeliverOutcome, deliver_partner
from mlconnector_assets.steps.flow_kinds import render_flow
from mlconnector_assets.steps.load import LoadOutcome, load_records
from mlconnector_assets.steps.read import Days, ReadOutcome, needs_read, read_changes, read_days
from mlconnector_assets.steps.render import RenderOutcome
from mlconnector_assets.steps.reread import days_to_reread, reread
from mlconnector_assets.steps.sweep import MassDeletion, SweepOutcome, ask_for_suspects, has_suspects, is_sweep_due, sweep
from mlconnector_assets.steps.workspace import Workspace, one_of

T = TypeVar("T")


@dataclass(frozen=True)
class Failure:
    """A step that failed; the others went on."""

    step: str
    error: ConnectorError


@dataclass
class CycleOutcome:
    """What every step of a cycle did, and what failed. `unchanged` lists records where the source had nothing new."""

    reads: list[ReadOutcome] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    sweeps: list[SweepOutcome] = field(default_factory=list)
    renders: list[RenderOutcome] = field(default_factory=list)
    loads: list[LoadOutcome] = field(default_factory=list)
    deliveries: list[DeliverOutcome] = field(default_factory=list)
    collections: list[CollectOutcome] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def run_cycle(
    workspace: Workspace, connection: str | None = None, days: Days | None = None, *, sweep_now: bool = False
) -> CycleOutcome:
    """Run one cycle for a connection, or for all. With `days`, those partition days are read whole instead of
    the changes; with `sweep_now`, deletions are looked for although no sweep is due. Raises ConfigurationError for an
    unknown connection; other failures are in the outcome."""
    if connection is not None:
        one_of(workspace.project.connections, connection, "connection")
    connections = [connection] if connection else list(workspace.project.connections)
    outcome = CycleOutcome()

    def attempt(step: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except ConnectorError as error:
            outcome.failures.append(Failure(step, error))
            return None

    records = [(name, record) for name in connections for record in workspace.project.connections[name].records]
    flows = [(partner.id, flow.name) for partner, flow in workspace.project.flows() if flow.connection in connections]
    for name in connections:
        _read_connection(workspace, name, days, outcome, sweep_now=sweep_now)
    for partner, flow_name in flows:
        rendered = attempt(f"render {partner} {flow_name}", partial(render_flow, workspace, partner, flow_name))
        outcome.renders.extend([rendered] if rendered else [])
    for name, record in records:
        loaded = attempt(f"load {name} {record}", partial(load_records, workspace, name, record))
        outcome.loads.extend([loaded] if loaded else [])
    for partner in dict.fromkeys(partner for partner, _ in flows):
        delivered = attempt(f"deliver {partner}", partial(deliver_partner, workspace, partner))
        if delivered:
            outcome.deliveries.append(delivered)
            if failure := delivered.failure():
                outcome.failures.append(Failure(f"deliver {partner}", failure))
    partners = {partner for partner, _ in flows} if connection else set(workspace.project.partners)
    for inbox in (partner.id for partner in workspace.project.partners.values() if partner.inbox and partner.id in partners):
        if collected := attempt(f"collect {inbox}", partial(collect_partner, workspace, inbox)):
            outcome.collections.append(collected)
            if not_taken := collected.failure():
                outcome.failures.append(Failure(f"collect {inbox}", not_taken))
    return outcome


def _read_connection(workspace: Workspace, connection: str, days: Days | None, outcome: CycleOutcome, *, sweep_now: bool) -> None:
    """Read and sweep every record. What concerns the whole connection, such as a server that does not answer, is met
    once: trying each record would only wait as often."""
    records = workspace.project.connections[connection].records
    now = cache(lambda: workspace.source(connection).now())
    for place, record in enumerate(records):
        step = "read"
        try:
            _read(workspace, connection, record, days, outcome, now=now)
            step = "read again"
            _reread(workspace, connection, record, outcome)
            step = "sweep"
            _sweep(workspace, connection, record, outcome, sweep_now=sweep_now)
        except (Unavailable, CredentialsError) as error:
            rest = f" and {len(records) - place - 1} more records" if place + 1 < len(records) else ""
            outcome.failures.append(Failure(f"{step} {connection} {record}{rest}", error))
            return
        except ConnectorError as error:
            outcome.failures.append(Failure(f"{step} {connection} {record}", error))


def _read(
    workspace: Workspace, connection: str, record: str, days: Days | None, outcome: CycleOutcome, *, now: Callable[[], datetime]
) -> None:
    if days is not None:
        outcome.reads.append(read_days(workspace, connection, record, days))
    elif needs_read(workspace, connection, record, now=now):
        outcome.reads.append(read_changes(workspace, connection, record))
    else:
        outcome.unchanged.append(f"{connection} {record}")


def _reread(workspace: Workspace, connection: str, record: str, outcome: CycleOutcome) -> None:
    if (due := days_to_reread(workspace, connection, record)) is not None:
        outcome.reads.append(reread(workspace, connection, record, due))


def _sweep(workspace: Workspace, connection: str, record: str, outcome: CycleOutcome, *, sweep_now: bool) -> None:
    if sweep_now or is_sweep_due(workspace, connection, record):
        done = sweep(workspace, connection, record)
    elif has_suspects(workspace, connection, record):
        done = ask_for_suspects(workspace, connection, record)
    else:
        _remind(workspace, connection, record)
        return
    outcome.sweeps.append(done)
    if failure := done.failure():
        raise failure


def _remind(workspace: Workspace, connection: str, record: str) -> None:
    with workspace.state.reading() as tx:
        waiting = sweep_stops.open_stops(tx, connection, record)
    for stop in waiting:
        workspace.progress.note(str(MassDeletion(stop)))
