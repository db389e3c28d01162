"""One full cycle: read what changed, render what is due, load what is due, deliver what is queued, take in what partners
sent. One system that fails stops neither the others nor what was read before; the failures are told at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from mlconnector_assets.errors import ConnectorError, CredentialsError, Unavailable
from mlconnector_assets.steps.collect import CollectOutcome, collect_partner
from mlconnector_assets.steps.deliver import DeliverOutcome, deliver_partner
from mlconnector_assets.steps.due import due_flows, due_tables
from mlconnector_assets.steps.flow_kinds import render_flow
from mlconnector_assets.steps.load import LoadOutcome, load_records
from mlconnector_assets.steps.read import Days, ReadOutcome, looking, read_changes, read_days
from mlconnector_assets.steps.render import RenderOutcome
from mlconnector_assets.steps.reread import days_to_reread, reread
from mlconnector_assets.steps.sweep import MassDeletion, SweepOutcome, ask_for_suspects, due_sweeps, sweep
from mlconnector_assets.steps.workspace import Workspace, one_of

T = TypeVar("T")


@dataclass(frozen=True)
class Failure:
    """A step that failed; the others went on."""

    step: str
    error: ConnectorError


@dataclass
class CycleOutcome:
    """What every step of a cycle did, and what failed. `unchanged` lists records where the source had nothing new; flows
    and tables for which nothing was due are left out."""

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

    for name in connections:
        attempt(f"read {name}", partial(_read_connection, workspace, name, days, outcome, sweep_now=sweep_now))
    for name in connections:
        for partner, flow in attempt(f"render from {name}", partial(due_flows, workspace, name, again=True)) or ():
            rendered = attempt(f"render {partner} {flow}", partial(render_flow, workspace, partner, flow))
            outcome.renders.extend([rendered] if rendered else [])
    for name in connections:
        for record in attempt(f"load {name}", partial(_tables_to_load, workspace, name)) or ():
            loaded = attempt(f"load {name} {record}", partial(load_records, workspace, name, record))
            outcome.loads.extend([loaded] if loaded else [])
    flows = [(partner.id, flow.name) for partner, flow in workspace.project.flows() if flow.connection in connections]
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


def _tables_to_load(workspace: Workspace, connection: str) -> list[str]:
    return due_tables(workspace, connection, workspace.warehouse_identity)


def _read_connection(workspace: Workspace, connection: str, days: Days | None, outcome: CycleOutcome, *, sweep_now: bool) -> None:
    """Look at every record, read those that need it, and sweep. What is known of the records is asked for all at once."""
    work = _Work(connection, list(workspace.project.connections[connection].records), outcome.failures)
    if days is None:
        with looking(workspace, connection) as needs_read:
            answers = work.each("read", work.records, needs_read)
        outcome.unchanged += [f"{connection} {record}" for record, needed in answers.items() if not needed]
        changed = [record for record, needed in answers.items() if needed]
        outcome.reads += work.each("read", changed, partial(read_changes, workspace, connection)).values()
    else:
        outcome.reads += work.each("read", work.records, lambda record: read_days(workspace, connection, record, days)).values()
    again = days_to_reread(workspace, connection)
    outcome.reads += work.each("read again", again, lambda record: reread(workspace, connection, record, again[record])).values()
    _sweep(workspace, work, outcome, sweep_now=sweep_now)


def _sweep(workspace: Workspace, work: _Work, outcome: CycleOutcome, *, sweep_now: bool) -> None:
    due = due_sweeps(workspace, work.connection)
    everything = work.records if sweep_now else due.everything

    def look(record: str) -> None:
        done = (sweep if record in everything else ask_for_suspects)(workspace, work.connection, record)
        outcome.sweeps.append(done)
        if failure := done.failure():
            raise failure

    for stop in due.stops:
        if stop.record not in everything and stop.record in work.records:
            workspace.progress.note(str(MassDeletion(stop)))
    work.each("sweep", [*everything, *due.suspects.difference(everything)], look)


@dataclass
class _Work:
    """What is still worth trying in this cycle: `records` of a connection, without those that failed. A failure that
    concerns the whole connection, such as a server that does not answer, leaves none: trying each record would only
    wait as often."""

    connection: str
    records: list[str]
    failures: list[Failure]

    def each(self, step: str, among: Collection[str], do: Callable[[str], T]) -> dict[str, T]:
        """Do this for those of the records that are `among` these; what came of it for those that did not fail."""
        done = {}
        tried = [record for record in self.records if record in among]
        for place, record in enumerate(tried, start=1):
            try:
                done[record] = do(record)
            except (Unavailable, CredentialsError) as error:
                rest = f" and {len(tried) - place} more records" if place < len(tried) else ""
                self.failures.append(Failure(f"{step} {self.connection} {record}{rest}", error))
                self.records = []
                break
            except ConnectorError as error:
                self.failures.append(Failure(f"{step} {self.connection} {record}", error))
                self.records = [other for other in self.records if other != record]
        return done
