"""Find what vanished at the source: list all its keys, compare them with the store's, ask once more by id for those
that are missing, and record what is gone. Between two sweeps only suspects are asked for: records that a read did
not meet again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConfigurationError, ConnectorError
from mlconnector_assets.records import RECORDS, Column, Record
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.state import audit, deletions, journal, reads, set_aside, sweep_stops
from mlconnector_assets.state.audit import Decision
from mlconnector_assets.state.deletions import Vanished
from mlconnector_assets.state.sweep_stops import SweepStop
from mlconnector_assets.steps.rows import current_keys, stored_rows
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import key_text, newest_versions

LEASE = timedelta(minutes=2)
FEWEST_TO_STOP = 20
"""Fewer than this many are never a mass deletion, however few records there are."""
SAMPLE = 10


@dataclass(frozen=True)
class SweepOutcome:
    """What a look at the source found. `listed`: keys at the source, None when only suspects were asked for. `left`
    records exist, but are not among this record's any more. `stop`: nothing was recorded, because too much is gone."""

    connection: str
    record: str
    listed: int | None = None
    deleted: tuple[Vanished, ...] = ()
    left: tuple[Vanished, ...] = ()
    returned: int = 0
    stop: SweepStop | None = None

    def failure(self) -> MassDeletion | None:
        """A stop as an error that names counts and mend."""
        return MassDeletion(self.stop) if self.stop else None


class MassDeletion(ConnectorError):
    """So much is gone that it is rather a mistake (rights, companies, another database) than deletions."""

    def __init__(self, stop: SweepStop) -> None:
        percent = 100 * stop.missing / stop.stored
        super().__init__(
            f"{stop.missing} of {stop.stored} records ({percent:.0f} %) are not at the source any more, such as "
            f"{', '.join(stop.sample)}; nothing was recorded as deleted",
            where=f"{stop.connection} {stop.record}",
            mend="check that the connection still reads the right database, that its user kept its rights, and that "
            "`companies` are right; if the records were really deleted, run "
            f"`mlconnector deletions confirm {stop.connection} {stop.record} --reason …`",
        )


@dataclass(frozen=True)
class DueSweeps:
    """Records of a connection: those all of whose keys are to be compared again (`everything`), and those of which a
    read did not meet some again and nobody asked for these yet (`suspects`). `stops` wait for a person, and with a stop
    the suspects of its record."""

    everything: frozenset[str]
    suspects: frozenset[str]
    stops: tuple[SweepStop, ...]


def due_sweeps(workspace: Workspace, connection: str) -> DueSweeps:
    """What has to be looked for. Asks no source."""
    settings, now = workspace.project.connections[connection], workspace.clock()
    with workspace.state.reading() as tx:
        was_read, swept = reads.progress(tx, connection), deletions.swept_at(tx, connection)
        suspected, stops = deletions.suspected(tx, connection), sweep_stops.open_stops(tx, connection)
    return DueSweeps(
        frozenset(record for record in was_read if record not in swept or now - swept[record] >= settings.sweep),
        frozenset(suspected - {stop.record for stop in stops}),
        tuple(stops),
    )


def sweep(workspace: Workspace, connection: str, record_name: str) -> SweepOutcome:
    """Compare all keys. Repeated, it finds nothing new. Raises LeaseHeld, AccessDenied, CredentialsError, Unavailable,
    SourceError."""
    return _look(workspace, connection, RECORDS[record_name], everything=True)


def ask_for_suspects(workspace: Workspace, connection: str, record_name: str) -> SweepOutcome:
    """Ask only for records that a read did not meet again; two cheap requests. Raises as `sweep`."""
    return _look(workspace, connection, RECORDS[record_name], everything=False)


DELETIONS_COLUMNS: dict[str, Column] = {
    "connection": Column(pl.String(), "id of the connection"),
    "company": Column(pl.String(), "our code of the company it belonged to"),
    "source_id": Column(pl.String(), "the system's own key of the record"),
    "record": Column(pl.String(), "kind of record"),
    "number": Column(pl.String(), "the last known number"),
    "modified_at": Column(INSTANT, "last known modification at the source, UTC"),
    "state": Column(pl.String(), "deleted, left (there, but not among these records any more) or returned"),
    "deleted_at": Column(INSTANT, "when a sweep found it gone, UTC"),
    "ended_at": Column(INSTANT, "when it was found to be there again, UTC"),
    "confirmed_by": Column(pl.String(), "who confirmed the mass deletion that it was part of"),
}
"""What a `<connection>_<record>_deleted` asset holds."""


def deletions_frame(workspace: Workspace, connection: str, record_name: str) -> pl.DataFrame:
    """Everything that ever went, newest first; columns as DELETIONS_COLUMNS."""
    with workspace.state.reading() as tx:
        rows = deletions.listing(tx, connection, record_name)
    schema = {name: column.type for name, column in DELETIONS_COLUMNS.items()}
    return pl.DataFrame([{name: getattr(row, name) for name in schema} for row in rows], schema=schema)


def confirm(workspace: Workspace, connection: str, record_name: str, *, by: str, reason: str) -> SweepOutcome:
    """Let the mass deletion of an open stop pass, and sweep at once. If by now even more is gone than was seen then
    and may vanish anyway, it stops again. Raises ConfigurationError when no stop is open."""
    with workspace.state.reading() as tx:
        stops = sweep_stops.open_stops(tx, connection, record_name)
    if not stops:
        raise ConfigurationError(
            f"no mass deletion of {connection} {record_name} waits for a confirmation",
            mend="see `mlconnector deletions list`; sweep with `mlconnector sync --sweep`",
        )
    return _look(workspace, connection, RECORDS[record_name], everything=True, confirmed=_Confirmed(stops[0].missing, by, reason))


@dataclass(frozen=True)
class _Confirmed:
    missing: int
    by: str
    reason: str


@dataclass(frozen=True)
class _Found:
    """Keys by what became of them (with their source ids, where they are gone), and how many records the store has."""

    stored: int
    listed: int | None
    deleted: dict[str, str]
    left: dict[str, str]
    returned: set[str]
    cleared: set[str]


def _look(
    workspace: Workspace, connection: str, record: Record, *, everything: bool, confirmed: _Confirmed | None = None
) -> SweepOutcome:
    with workspace.state.leases.hold(f"read:{connection}", workspace.owner, LEASE) as lease:
        reached(CrashPoint.SWEEP_STARTED)
        found = _compare(workspace, connection, record, everything=everything)
        reached(CrashPoint.SWEEP_VERIFIED)
        workspace.state.leases.check(lease)
        stop = _stop(workspace, connection, record, found, confirmed)
        if stop is not None:
            return SweepOutcome(connection, record.name, found.listed, stop=stop)
        deleted, left = (_described(workspace, connection, record, keys) for keys in (found.deleted, found.left))
        now = workspace.clock()
        with workspace.state.transaction() as tx:
            deletions.commit_sweep(
                tx,
                connection=connection,
                record=record.name,
                deleted=deleted,
                left=left,
                returned=found.returned,
                cleared=found.cleared,
                at=now,
                listed=found.listed,
                confirmed_by=confirmed.by if confirmed else None,
                run_id=workspace.run_id or workspace.owner,
            )
            if everything:
                by, reason = (confirmed.by, confirmed.reason) if confirmed else (None, None)
                sweep_stops.end(tx, connection, record.name, now, by=by, reason=reason)
            if confirmed:
                _chain(workspace, tx, connection, record, gone=(*deleted, *left), confirmed=confirmed)
            set_aside.resolve(tx, connection, record.name, [item.source_id for item in (*deleted, *left)], now)
        reached(CrashPoint.SWEEP_COMMITTED)
        if confirmed:
            journal.catch_up(workspace.state, workspace.audit_folder)
    outcome = SweepOutcome(connection, record.name, found.listed, deleted, left, len(found.returned))
    _tell(workspace, outcome)
    return outcome


def _compare(workspace: Workspace, connection: str, record: Record, *, everything: bool) -> _Found:
    """The store is read first: what appears at the source afterwards is not in it, and so cannot be missing."""
    source = workspace.source(connection)
    with workspace.state.reading() as tx:
        gone = {row.key for row in deletions.gone(tx, connection, record.name)}
        suspects = {row.key: row.source_id for row in deletions.suspects(tx, connection, record.name)}
        aside = {item.source_id for item in set_aside.open_items(tx, connection) if item.record == record.name}
    stored = current_keys(workspace, connection, record) if everything else {}
    at_source: set[str] = set()
    if everything:
        for page in source.keys(record.name):
            at_source.update(page.select(key_text(record))["key"])
    reached(CrashPoint.SWEEP_LISTED)
    expected = suspects | stored
    if everything and "company" not in record.key:
        expected |= {source_id: source_id for source_id in aside}
    missing = {key: source_id for key, source_id in expected.items() if key not in gone and key not in at_source}
    # once more by id: one may have changed its company or kind while the others were listed
    inside: set[str] = set()
    existing: set[str] = set()
    if missing:
        for page in source.keys(record.name, missing.values()):
            inside.update(page.select(key_text(record))["key"])
        existing = source.existing(record.name, missing.values())
    absent = {key: source_id for key, source_id in missing.items() if key not in inside}
    return _Found(
        stored=len(stored.keys() - gone),
        listed=len(at_source) if everything else None,
        deleted={key: source_id for key, source_id in absent.items() if source_id not in existing},
        left={key: source_id for key, source_id in absent.items() if source_id in existing},
        returned=gone & at_source,
        cleared=suspects.keys() & (at_source | inside),
    )


def _stop(workspace: Workspace, connection: str, record: Record, found: _Found, confirmed: _Confirmed | None) -> SweepStop | None:
    missing = found.deleted | found.left
    stored = found.stored or len(current_keys(workspace, connection, record))
    share = workspace.project.connections[connection].most_deleted
    bearable = max(FEWEST_TO_STOP - 1, stored * share // 100)
    if len(missing) <= bearable + (confirmed.missing if confirmed else 0):
        return None
    some = _described(workspace, connection, record, dict(sorted(missing.items())[:SAMPLE]))
    counts = {"missing": len(missing), "stored": max(stored, len(missing))}
    with workspace.state.transaction() as tx:
        sample = [row.number or row.key for row in some]
        sweep_stops.stop(tx, connection, record.name, **counts, sample=sample, at=workspace.clock())
        if found.listed is not None:
            deletions.note_sweep(tx, connection, record.name, found.listed, workspace.clock())
        return sweep_stops.open_stops(tx, connection, record.name)[0]


def _chain(
    workspace: Workspace, tx: Connection, connection: str, record: Record, *, gone: Sequence[Vanished], confirmed: _Confirmed
) -> None:
    """Put the confirmation into the audit, with every record that is deleted by it."""
    columns = ("source_id", "company", "number", "modified_at")
    rows = pl.DataFrame([{name: getattr(item, name) for name in columns} for item in gone], infer_schema_length=None)
    decision = Decision(
        "deletions_confirmed",
        f"record {connection} {record.name}",
        confirmed.by,
        workspace.clock(),
        reason=confirmed.reason,
        connection=connection,
        record=record.name,
    )
    audit.decide(tx, workspace.audit_folder, decision, rows if gone else None)


def _described(workspace: Workspace, connection: str, record: Record, keys: Mapping[str, str]) -> tuple[Vanished, ...]:
    """The last known versions of these keys: of the store, else as they were when they became suspects."""
    if not keys:
        return ()
    with workspace.state.reading() as tx:
        known = {row.key: row for row in deletions.suspects(tx, connection, record.name)}
    names = list(dict.fromkeys([*record.key, "source_id", "company", record.number_column, "modified_at"]))
    rows = stored_rows(workspace, connection, record).select(names)
    wanted = rows.with_columns(key_text(record)).filter(pl.col("key").is_in(list(keys)))
    stored = {row["key"]: row for row in newest_versions(wanted, record).collect().iter_rows(named=True)}
    described = []
    for key in sorted(keys):
        if row := stored.get(key):
            number = row[record.number_column]
            described.append(
                Vanished(key, row["source_id"], row["company"], None if number is None else str(number), row["modified_at"])
            )
        else:
            described.append(known.get(key) or Vanished(key, keys[key], None, None, None))
    return tuple(described)


def _tell(workspace: Workspace, outcome: SweepOutcome) -> None:
    for word, found in (("deleted at the source", outcome.deleted), ("not among these any more", outcome.left)):
        if found:
            workspace.progress.note(f"{outcome.connection} {outcome.record}: {word}: {_named(found)}")


def _named(found: Sequence[Vanished]) -> str:
    names = ", ".join(item.number or item.source_id for item in found[:SAMPLE])
    return f"{names} and {len(found) - SAMPLE} more" if len(found) > SAMPLE else names
