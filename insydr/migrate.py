"""The schema: Alembic's migrations, run at start. Several processes starting at once wait for one another."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from core.database import Database, translated

_LOCK = 7_261_915  # any number, the same everywhere: pg_advisory_xact_lock
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = database
    return config


def ensure_schema(database: Database) -> None:
    """Bring the schema to the newest revision; quick when it is there already."""
    config = alembic_config(database)
    with translated(), database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == ScriptDirectory.from_config(config).get_current_head():
        return
    with translated(), database.engine.execution_options(insydr_writes=True).begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
