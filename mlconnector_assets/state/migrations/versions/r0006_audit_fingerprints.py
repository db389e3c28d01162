"""The audit log gains the fingerprints by which a record is found among many segments."""

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; entries made before have none, and are always searched."""
    op.add_column("audit_log", sa.Column("fingerprints", sa.LargeBinary, nullable=True))
