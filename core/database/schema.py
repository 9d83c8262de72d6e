"""The schema: Alembic's migrations, run at start. Several processes starting at once wait for one another."""

from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database.engine import Database, translated

_LOCK = 7_261_915  # any number, the same everywhere: pg_advisory_xact_lock
MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


def alembic_config(database: Database) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = database
    return config


def ensure_schema(database: Database) -> None:
    """Bring the schema to the newest revision; one query, and no Alembic, when it is there already."""
    if current_revision(database) == newest_revision():
        return
    from alembic import command

    config = alembic_config(database)
    with translated(), database.engine.execution_options(insydr_writes=True).begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("set local lock_timeout = 0"))
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest_revision() -> str:
    """Files are named `v0001_…`: the highest number is the head (a test holds this against Alembic)."""
    return max(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v[0-9]*.py"))


def current_revision(database: Database) -> str | None:
    """None for an empty database; raises `Unavailable` when it does not answer."""
    database.check()
    try:
        with database.engine.connect() as connection:
            return connection.execute(text("select version_num from alembic_version")).scalar()
    except DBAPIError:
        return None
