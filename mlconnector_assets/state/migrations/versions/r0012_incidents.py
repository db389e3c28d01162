"""What is wrong and who was told; the days of secrets, queues and looks that tell whether something is."""

import sqlalchemy as sa
from alembic import op

revision = "r0012"
down_revision = "r0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables of incidents, and add what they are judged by."""
    op.add_column("secrets", sa.Column("expires_on", sa.Date, nullable=True))
    op.add_column("probes", sa.Column("looked_at", INSTANT, nullable=True))
    op.add_column("deliveries", sa.Column("queued_at", INSTANT, nullable=True))
    op.create_table(
        "audit_checks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checked_at", INSTANT, nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_checks"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("mend", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sqlite_autoincrement=True,
    )
    still_open = sa.text("resolved_at is null")
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["kind", "subject"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "incident_notices",
        sa.Column("incident_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.Column("end_told_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("incident_id", "channel", name="pk_incident_notices"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_incident_notices_incident_id"),
    )
    op.create_table(
        "alert_channels",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_sent_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("channel", name="pk_alert_channels"),
    )
