"""What vanished at its source, who has taken it in, stopped sweeps, and what incremental reads missed."""

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty: the first sweep fills them."""
    op.create_table(
        "upkeep",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("swept_at", INSTANT, nullable=True),
        sa.Column("keys", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("reread_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("connection", "record", name="pk_upkeep"),
    )
    op.create_table(
        "deletions",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("modified_at", INSTANT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "record", "key", name="pk_deletions"),
    )
    op.create_index("ix_deletions_connection_record_revision", "deletions", ["connection", "record", "revision"])
    op.create_table(
        "deletions_consumed",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "connection", "record", name="pk_deletions_consumed"),
    )
    op.create_table(
        "sweep_stops",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("stopped_at", INSTANT, nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("sample", sa.JSON(), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sweep_stops"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "missed",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "record", "day", "key", "found_at", name="pk_missed"),
    )
