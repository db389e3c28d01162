"""The inbox: files that partners send."""

import sqlalchemy as sa
from alembic import op

revision = "r0010"
down_revision = "r0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table, with one row for each content that a path ever had."""
    op.create_table(
        "inbox",
        sa.Column("id", ROW_ID, nullable=False, autoincrement=True),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("mtime", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owned_until", INSTANT, nullable=True),
        sa.Column("lies_at", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("received_at", INSTANT, nullable=True),
        sa.Column("duplicate_of", ROW_ID, nullable=True),
        sa.Column("handled_at", INSTANT, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("filed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_partner_state_due_at", "inbox", ["partner", "state", "due_at"])
    op.create_index("ix_inbox_partner_sha256", "inbox", ["partner", "sha256"])
    once = sa.text("state != 'duplicate'")
    op.create_index(
        "uq_inbox_partner_path_sha256",
        "inbox",
        ["partner", "path", "sha256"],
        unique=True,
        sqlite_where=once,
        postgresql_where=once,
    )
    passing = sa.text("state in ('seen', 'untouched')")
    op.create_index(
        "uq_inbox_partner_path",
        "inbox",
        ["partner", "path"],
        unique=True,
        sqlite_where=passing,
        postgresql_where=passing,
    )
