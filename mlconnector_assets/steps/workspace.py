"""Everything a step needs of a project, opened once and lazily: state, secrets, stores, sources,
the warehouse. Whoever opens it closes it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mlconnector_assets.clock import Clock, system_clock
from mlconnector_assets.configuration.project import Project, load_project
from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConfigurationError, StateError
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.state import journal
from mlconnector_assets.state.database import State
from mlconnector_assets.state.processes import this_process
from mlconnector_assets.state.vault import Vault
from mlconnector_assets.steps.progress import Progress, Silent
from mlconnector_assets.store.files import FileStore
from mlconnector_assets.store.records import RecordStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mlconnector_assets.systems.source import Source
    from mlconnector_assets.warehouse.interface import Warehouse

T = TypeVar("T")


@dataclass
class Workspace:
    """A project with its parts. `owner` names this process in leases and deliveries, `run_id` is Dagster's run."""

    project: Project
    clock: Clock = system_clock
    progress: Progress = field(default_factory=Silent)
    run_id: str | None = None
    environment: MutableMapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    owner: str = field(default_factory=this_process)
    _sources: dict[str, Source] = field(default_factory=dict)

    @cached_property
    def state(self) -> State:
        """The state database, migrated. Raises StateError."""
        return State.open(self.project.state_url, clock=self.clock)

    @cached_property
    def vault(self) -> Vault:
        """The secrets. Raises CredentialsError when the key-encryption key is missing or wrong."""
        return Vault.open(self.state, self.project.home, environment=self.environment)

    @cached_property
    def records(self) -> RecordStore:
        """Records at rest."""
        return RecordStore(self.project.home / "records")

    @cached_property
    def files(self) -> FileStore:
        """Rendered files."""
        return FileStore(self.project.home / "files")

    @cached_property
    def audit_folder(self) -> Path:
        """Where audit segments lie."""
        return self.project.home / "audit"

    @cached_property
    def warehouse(self) -> Warehouse:
        """The warehouse; it opens its file only while it works."""
        from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(self.project.warehouse_path)

    @cached_property
    def warehouse_identity(self) -> str:
        """Which warehouse this is: another one has to be loaded from the beginning."""
        return self.warehouse.identity()

    def source(self, connection: str) -> Source:
        """The connection's system, logged in lazily. Raises ConfigurationError, CredentialsError."""
        if connection not in self._sources:
            from mlconnector_assets.systems.odoo.source import OdooSource

            settings = one_of(self.project.connections, connection, "connection")
            self._sources[connection] = OdooSource(
                connection,
                url=settings.url,
                database=settings.database,
                api_key=self.vault.get(settings.api_key),
                user=settings.user,
                secret=settings.api_key,
                companies=settings.companies,
                records=settings.records,
                optional=settings.optional_records,
                private_employee_fields=settings.private_employee_fields,
                vendor_tags=settings.vendor_tags,
                page_size=settings.page_size,
                timeout=settings.timeout.total_seconds(),
            )
        return self._sources[connection]

    def check_not_restored(self) -> None:
        """Raises StateError while an older state database was restored and nobody reconciled it."""
        with self.state.reading() as tx:
            found = journal.restored(tx, self.audit_folder)
        if found is not None:
            raise StateError(
                f"the state database is older than its audit (it has entry {found.database}, the journal {found.journal}): "
                "a backup was restored, and it does not know what was sent since; nothing leaves until that is settled",
                where=str(self.audit_folder / journal.NAME),
                mend="look at `mlconnector outbox reconcile`, then run it with --yes --reason TEXT",
            )

    @contextmanager
    def recorded(self) -> Iterator[Connection]:
        """A writing transaction that chains audit entries: the journal beside the segments follows its commit. Raises
        StateError after a restore that nobody reconciled."""
        self.check_not_restored()
        with self.state.transaction() as tx:
            yield tx
        reached(CrashPoint.AUDIT_COMMITTED)
        journal.catch_up(self.state, self.audit_folder)

    def link(self, connection: str, record: str, source_id: str) -> str | None:
        """The address at which a person sees this record in its own system; None when there is none."""
        from mlconnector_assets.systems.odoo.links import record_link

        settings = self.project.connections.get(connection)
        return record_link(settings.url, record, source_id) if settings else None

    def partner(self, partner: str) -> Partner:
        """The partner of this id. Raises ConfigurationError."""
        return one_of(self.project.partners, partner, "partner")

    def flow(self, partner: str, flow: str) -> Flow:
        """A partner's flow. Raises ConfigurationError."""
        return one_of(self.partner(partner).flows, flow, f"flow of partner {partner}")

    def close(self) -> None:
        """Release connections and files."""
        for source in self._sources.values():
            source.close()
        self._sources.clear()
        if "state" in self.__dict__:
            self.state.close()


@contextmanager
def open_workspace(
    root: Path,
    *,
    progress: Progress | None = None,
    run_id: str | None = None,
    clock: Clock = system_clock,
    environment: MutableMapping[str, str] = os.environ,
) -> Iterator[Workspace]:
    """The workspace of the project in `root`, closed at the end. Raises ConfigurationError."""
    workspace = Workspace(load_project(root), clock, progress or Silent(), run_id, environment)
    try:
        yield workspace
    finally:
        workspace.close()


def one_of(known: Mapping[str, T], name: str, kind: str) -> T:
    """The entry of this name. Raises ConfigurationError that lists the known ones."""
    try:
        return known[name]
    except KeyError:
        listed = ", ".join(sorted(known)) or "none"
        raise ConfigurationError(f"there is no {kind} {name!r}", mend=f"use one of: {listed}") from None
