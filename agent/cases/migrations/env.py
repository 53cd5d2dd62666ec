"""Alembic runs this to migrate the connection it was given."""

from alembic import context

from agent.cases.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
