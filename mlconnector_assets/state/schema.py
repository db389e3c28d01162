"""The tables of the state database as the code sees them today. How a database gets there is in
migrations/; a test proves that both agree, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

HEAD = "r0013"
"""The newest migration. A database that carries it is used as it is, without loading Alembic."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

METADATA = sa.MetaData(naming_convention=NAMING)
LEASES_METADATA = sa.MetaData(naming_convention=NAMING)
"""Leases are apart: on SQLite they live in a file of their own, so that taking one never waits for a long
transaction. That file holds nothing worth keeping, so it has no migrations."""


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite keeps it as sortable text, PostgreSQL as timestamptz."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse an instant without a zone: it would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give the instant back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


ColumnType = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite counts up only an INTEGER primary key."""


def _row_id() -> sa.Column[Any]:
    return sa.Column("id", ROW_ID, primary_key=True, autoincrement=True)


def _key(name: str, kind: ColumnType = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _needed(name: str, kind: ColumnType = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _optional(name: str, kind: ColumnType = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


KEY_CHECKS = sa.Table("key_checks", METADATA, _key("kid"), _needed("sealed", sa.LargeBinary))

SECRETS = sa.Table(
    "secrets",
    METADATA,
    _key("name"),
    _needed("version", sa.Integer),
    _needed("kid"),
    _needed("sealed", sa.LargeBinary),
    _needed("updated_at", Instant),
    _optional("expires_on", sa.Date),
)

CONNECTIONS = sa.Table("connections", METADATA, _key("connection"), _needed("first_day", sa.Date))

READ_PROGRESS = sa.Table("read_progress", METADATA, _key("connection"), _key("record"), _needed("until", Instant))

PROBES = sa.Table(
    "probes",
    METADATA,
    _key("connection"),
    _key("record"),
    _optional("since", Instant),
    _needed("fingerprint"),
    _optional("looked_at", Instant),
)

READS = sa.Table(
    "reads",
    METADATA,
    _row_id(),
    _needed("connection"),
    _needed("record"),
    _needed("day", sa.Date),
    _needed("read_at", Instant),
    _needed("rows", sa.BigInteger),
    _needed("sha256"),
    _needed("path"),
    _needed("totals", sa.JSON),
    _needed("set_aside", sa.BigInteger),
    _needed("run_id"),
    sa.Index(None, "connection", "record", "day", "read_at", "id"),
    sqlite_autoincrement=True,
)

CONSUMPTIONS = sa.Table(
    "consumptions",
    METADATA,
    _key("consumer"),
    _key("connection"),
    _key("record"),
    _key("day", sa.Date),
    _needed("version"),
    _needed("sha256"),
)

UPKEEP = sa.Table(
    "upkeep",
    METADATA,
    _key("connection"),
    _key("record"),
    _optional("swept_at", Instant),
    _optional("keys", sa.BigInteger),
    _needed("revision", sa.BigInteger),
    _optional("reread_at", Instant),
)
"""What is done to a record besides reading its changes: when all its keys were compared, and the last revision of its
deletions; when closed days were last read again."""

DELETIONS = sa.Table(
    "deletions",
    METADATA,
    _key("connection"),
    _key("record"),
    _key("key"),
    _needed("source_id"),
    _optional("company"),
    _optional("number"),
    _optional("modified_at", Instant),
    _needed("state"),
    _optional("deleted_at", Instant),
    _optional("ended_at", Instant),
    _optional("confirmed_by"),
    _needed("revision", sa.BigInteger),
    _needed("run_id"),
    sa.Index(None, "connection", "record", "revision"),
)

DELETIONS_CONSUMED = sa.Table(
    "deletions_consumed",
    METADATA,
    _key("consumer"),
    _key("connection"),
    _key("record"),
    _needed("version"),
    _needed("revision", sa.BigInteger),
)

SWEEP_STOPS = sa.Table(
    "sweep_stops",
    METADATA,
    _row_id(),
    _needed("connection"),
    _needed("record"),
    _needed("stopped_at", Instant),
    _needed("missing", sa.BigInteger),
    _needed("stored", sa.BigInteger),
    _needed("sample", sa.JSON),
    _optional("confirmed_at", Instant),
    _optional("confirmed_by"),
    _optional("reason"),
    _optional("ended_at", Instant),
    sqlite_autoincrement=True,
)

MISSED = sa.Table(
    "missed",
    METADATA,
    _key("connection"),
    _key("record"),
    _key("day", sa.Date),
    _key("key"),
    _key("found_at", Instant),
    _needed("why"),
    _optional("number"),
)
"""What the incremental read missed: found when closed days were read again."""

SET_ASIDE = sa.Table(
    "set_aside",
    METADATA,
    _key("connection"),
    _key("record"),
    _key("source_id"),
    _optional("company"),
    _optional("modified_at", Instant),
    _needed("reason"),
    _needed("source_record"),
    _needed("first_seen_at", Instant),
    _needed("seen_at", Instant),
    _optional("resolved_at", Instant),
)

DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    _row_id(),
    _needed("partner"),
    _needed("flow"),
    _needed("remote_name"),
    _needed("folder"),
    _needed("sha256"),
    _needed("size", sa.BigInteger),
    _needed("documents", sa.BigInteger),
    _needed("totals", sa.JSON),
    _needed("control_number", sa.BigInteger),
    _needed("state"),
    _needed("attempts", sa.Integer),
    _needed("next_attempt_at", Instant),
    _optional("last_error"),
    _needed("created_at", Instant),
    _optional("delivered_at", Instant),
    _optional("how"),
    _optional("owner"),
    _optional("owned_until", Instant),
    _optional("publishing", sa.Integer),
    _optional("plain_sha256"),
    _optional("queued_at", Instant),
    sa.UniqueConstraint("partner", "folder", "remote_name"),
    sa.Index(None, "state", "partner", "next_attempt_at"),
    sqlite_autoincrement=True,
)

DOCUMENTS = sa.Table(
    "documents",
    METADATA,
    _key("partner"),
    _key("flow"),
    _key("connection"),
    _key("source_id"),
    _optional("number"),
    _optional("modified_at", Instant),
    _needed("read_at", Instant),
    _needed("business_hash"),
    _optional("rendered_hash"),
    _needed("state"),
    _optional("reason"),
    sa.Column("delivery_id", ROW_ID, sa.ForeignKey("deliveries.id"), nullable=True),
    _optional("company"),
    _optional("hold_id", ROW_ID),
    _optional("seen_hash"),
    sa.Index(None, "delivery_id"),
    sa.Index(None, "hold_id"),
    sa.Index(None, "partner", "flow", "number"),
)

HOLDS = sa.Table(
    "holds",
    METADATA,
    _row_id(),
    _needed("partner"),
    _needed("flow"),
    _needed("connection"),
    _needed("kind"),
    _optional("source_id"),
    _needed("about"),
    _needed("documents", sa.BigInteger),
    _needed("totals", sa.JSON),
    _optional("rules", sa.JSON(none_as_null=True)),
    _needed("opened_at", Instant),
    _needed("state"),
    _optional("decided_at", Instant),
    _optional("decided_by"),
    _optional("reason"),
    sa.Index(None, "state", "partner", "flow"),
    sqlite_autoincrement=True,
)

FLOW_RULES = sa.Table(
    "flow_rules", METADATA, _key("partner"), _key("flow"), _needed("rules", sa.JSON), _optional("confirmed_at", Instant)
)

PARTNER_MODES = sa.Table("partner_modes", METADATA, _key("partner"), _needed("mode"), _needed("since", Instant))

RENDER_RUNS = sa.Table(
    "render_runs",
    METADATA,
    _row_id(),
    _needed("partner"),
    _needed("flow"),
    _needed("finished_at", Instant),
    _needed("documents", sa.BigInteger),
    sa.Index(None, "partner", "flow", "id"),
)

REPLACEMENTS = sa.Table(
    "replacements",
    METADATA,
    sa.Column("delivery_id", ROW_ID, sa.ForeignKey("deliveries.id"), primary_key=True, autoincrement=False),
    _key("connection"),
    _key("source_id"),
    sa.Column("replaces", ROW_ID, sa.ForeignKey("deliveries.id"), nullable=False),
    _optional("hold_id", ROW_ID),
    sa.Index(None, "replaces"),
)
"""A document that left again: the new delivery, the one it replaces, and the decision behind it, if a person made it."""


SNAPSHOT_ROWS = sa.Table(
    "snapshot_rows",
    METADATA,
    _key("partner"),
    _key("flow"),
    _key("key"),
    _needed("hash"),
    sa.Column("delivery_id", ROW_ID, sa.ForeignKey("deliveries.id"), nullable=False),
    sa.Index(None, "delivery_id"),
)

CONTROL_NUMBERS = sa.Table("control_numbers", METADATA, _key("scope"), _needed("last", sa.BigInteger))

INBOX = sa.Table(
    "inbox",
    METADATA,
    _row_id(),
    _needed("partner"),
    _needed("kind"),
    _needed("path"),
    _optional("size", sa.BigInteger),
    _optional("mtime", sa.BigInteger),
    _needed("state"),
    _optional("reason"),
    _needed("seen_at", Instant),
    _optional("due_at", Instant),
    _needed("attempts", sa.Integer),
    _optional("owner"),
    _optional("owned_until", Instant),
    _optional("lies_at"),
    _optional("sha256"),
    _optional("received_at", Instant),
    _optional("duplicate_of", ROW_ID),
    _optional("handled_at", Instant),
    _optional("result"),
    _optional("filed_at", Instant),
    sa.Index(None, "partner", "state", "due_at"),
    sa.Index(None, "partner", "sha256"),
    sqlite_autoincrement=True,
)
_ONCE = INBOX.c.state != sa.literal_column("'duplicate'")
sa.Index(
    "uq_inbox_partner_path_sha256",
    INBOX.c.partner,
    INBOX.c.path,
    INBOX.c.sha256,
    unique=True,
    sqlite_where=_ONCE,
    postgresql_where=_ONCE,
)
_PASSING = INBOX.c.state.in_([sa.literal_column("'seen'"), sa.literal_column("'untouched'")])
sa.Index(
    "uq_inbox_partner_path",
    INBOX.c.partner,
    INBOX.c.path,
    unique=True,
    sqlite_where=_PASSING,
    postgresql_where=_PASSING,
)

AUDIT_LOG = sa.Table(
    "audit_log",
    METADATA,
    _key("seq", ROW_ID),
    _needed("kind"),
    _needed("reference"),
    _needed("segment"),
    _needed("sha256"),
    _needed("rows", sa.BigInteger),
    _needed("prev_hash"),
    _needed("hash"),
    _optional("fingerprints", sa.LargeBinary),
    sa.Index(None, "kind", "reference"),
)
"""Append-only: triggers refuse UPDATE and DELETE. `fingerprints` are for searching, and null in entries of an early version."""

AUDIT_HEAD = sa.Table("audit_head", METADATA, _key("id", sa.Integer), _needed("seq", sa.BigInteger), _needed("hash"))
"""One row: the end of the chain. It tells when the newest entries were cut off, and is what appenders queue on."""

AUDIT_CHECKS = sa.Table(
    "audit_checks",
    METADATA,
    _key("id", sa.Integer),
    _needed("checked_at", Instant),
    _needed("entries", sa.BigInteger),
    _needed("problems", sa.JSON),
)
"""One row: what the last check of the whole audit found."""

INCIDENTS = sa.Table(
    "incidents",
    METADATA,
    _row_id(),
    _needed("kind"),
    _needed("subject"),
    _needed("what"),
    _needed("mend"),
    _needed("count", sa.BigInteger),
    _needed("examples", sa.JSON),
    _needed("opened_at", Instant),
    _needed("last_seen_at", Instant),
    _optional("resolved_at", Instant),
    sqlite_autoincrement=True,
)
sa.Index(
    "uq_incidents_open",
    INCIDENTS.c.kind,
    INCIDENTS.c.subject,
    unique=True,
    sqlite_where=INCIDENTS.c.resolved_at.is_(None),
    postgresql_where=INCIDENTS.c.resolved_at.is_(None),
)

INCIDENT_NOTICES = sa.Table(
    "incident_notices",
    METADATA,
    sa.Column("incident_id", ROW_ID, sa.ForeignKey("incidents.id"), primary_key=True, autoincrement=False),
    _key("channel"),
    _needed("told_at", Instant),
    _optional("end_told_at", Instant),
)

ALERT_CHANNELS = sa.Table(
    "alert_channels",
    METADATA,
    _key("channel"),
    _needed("failures", sa.Integer),
    _optional("next_attempt_at", Instant),
    _optional("last_error"),
    _optional("last_sent_at", Instant),
)

LEASES = sa.Table(
    "leases",
    LEASES_METADATA,
    _key("name"),
    _optional("owner"),
    _needed("fence", sa.BigInteger),
    _needed("expires_at", Instant),
)


def upsert(tx: sa.Connection, target: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say ON CONFLICT, in the dialect of this connection."""
    return sqlite.insert(target) if tx.dialect.name == "sqlite" else postgresql.insert(target)
