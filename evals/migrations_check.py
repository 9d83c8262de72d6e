"""Whether the migrations make exactly the tables that the models describe: `python -m evals.migrations_check`."""

import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import domain.models  # noqa: F401  fills the metadata
from core.database import Base, Database
from core.database.schema import ensure_schema


def differences(url: str) -> list[object]:
    """What autogenerate would still write; empty when all is well."""
    database = Database(url)
    try:
        ensure_schema(database)
        with database.engine.connect() as connection:
            return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))
    finally:
        database.close()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = differences(f"sqlite:///{Path(folder) / 'check.db'}")
    for difference in found:
        print(difference)
    print("migrations agree with the models" if not found else "write a migration for the above")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
