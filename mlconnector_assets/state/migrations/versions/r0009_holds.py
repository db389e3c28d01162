"""Holds: what waits for a person, the rules of a flow that a person confirmed, and who replaced what."""

import sqlalchemy as sa
from alembic import op

from mlconnector_assets.state.schema import Instant

revision = "r0009"
down_revision = "r0008"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Flows that have sent something already go on without a first-run hold: their present rules are taken as confirmed."""
    op.create_table(
        "holds",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_holds_state_partner_flow", "holds", ["state", "partner", "flow"])
    op.create_table(
        "flow_rules",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("partner", "flow", name="pk_flow_rules"),
    )
    op.create_table(
        "render_runs",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_render_runs"),
    )
    op.create_index("ix_render_runs_partner_flow_id", "render_runs", ["partner", "flow", "id"])
    op.create_table(
        "replacements",
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("replaces", ROW_ID, nullable=False),
        sa.Column("hold_id", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "connection", "source_id", name="pk_replacements"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_replacements_delivery_id"),
        sa.ForeignKeyConstraint(["replaces"], ["deliveries.id"], name="fk_replacements_replaces"),
    )
    op.create_index("ix_replacements_replaces", "replacements", ["replaces"])
    op.add_column("documents", sa.Column("company", sa.Text(), nullable=True))
    op.add_column("documents", sa.Column("hold_id", ROW_ID, nullable=True))
    op.add_column("documents", sa.Column("seen_hash", sa.Text(), nullable=True))
    op.create_index("ix_documents_hold_id", "documents", ["hold_id"])
    op.create_index("ix_documents_partner_flow_number", "documents", ["partner", "flow", "number"])
    empty = "cast('{}' as json)" if op.get_bind().dialect.name == "postgresql" else "'{}'"
    known = "select distinct partner, flow from deliveries"
    op.execute(f"insert into flow_rules (partner, flow, rules) select partner, flow, {empty} from ({known}) as known")
