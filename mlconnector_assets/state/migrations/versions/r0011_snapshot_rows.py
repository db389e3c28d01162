"""What partners have of records whose whole state is sent."""

import sqlalchemy as sa
from alembic import op

revision = "r0011"
down_revision = "r0010"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table; nothing of this kind was sent before."""
    op.create_table(
        "snapshot_rows",
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("delivery_id", ROW_ID, sa.ForeignKey("deliveries.id", name="fk_snapshot_rows_delivery_id"), nullable=False),
        sa.PrimaryKeyConstraint("partner", "flow", "key", name="pk_snapshot_rows"),
    )
    op.create_index("ix_snapshot_rows_delivery_id", "snapshot_rows", ["delivery_id"])
