"""Deliveries remember which attempt was about to give the file its final name."""

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; deliveries made before have none."""
    op.add_column("deliveries", sa.Column("publishing", sa.Integer, nullable=True))
