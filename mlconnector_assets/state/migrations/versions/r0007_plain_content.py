"""Deliveries name the plain content of files that leave compressed or encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; deliveries made before left as they were written."""
    op.add_column("deliveries", sa.Column("plain_sha256", sa.Text, nullable=True))
