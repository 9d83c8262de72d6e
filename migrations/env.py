"""Alembic's environment: always online, over the connection that `core.database.schema` opens."""

from alembic import context

import domain.models  # noqa: F401  fills the metadata
from core.database import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=False,
)
context.run_migrations()
