"""In which mode each partner was last sent to."""

import sqlalchemy as sa
from alembic import op

revision = "r0013"
down_revision = "r0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the next cycle fills it."""
    op.create_table(
        "partner_modes",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner", name="pk_partner_modes"),
    )
