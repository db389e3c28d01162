"""Run by Alembic. The connection, its transaction and the lock around it come from state/migrate.py."""

from alembic import context

from mlconnector_assets.state.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
