"""Each table says in its model how it belongs to a workspace and whether a backup skips it; removal and backup go by
that, so it must be true."""

from core.database import Base, Tenancy, models_by_table
from domain.models import Workspace

MODELS = models_by_table()


class TestTenancy:
    def test_every_table_says_it(self) -> None:
        assert set(MODELS) == set(Base.metadata.tables.values())
        assert Workspace in MODELS.values()
        assert [model for model in MODELS.values() if "tenancy" not in vars(model)] == []

    def test_what_names_a_workspace_belongs_to_it(self) -> None:
        named = [table for table in MODELS if "workspace_id" in table.c]
        assert [table.name for table in named if MODELS[table].tenancy is Tenancy.NONE] == []

    def test_its_own_rows_are_found_by_an_index(self) -> None:
        """Or a removal would read the rows of all workspaces."""
        for table, model in MODELS.items():
            if model.tenancy is Tenancy.OWN:
                keys = [table.primary_key, *table.indexes]
                assert any(next(iter(key.columns)).name == "workspace_id" for key in keys), table.name

    def test_a_parent_that_belongs_to_it_takes_its_rows_along(self) -> None:
        for table, model in MODELS.items():
            if model.tenancy is Tenancy.PARENT:
                parents = [key.column.table for key in table.foreign_keys if key.ondelete == "CASCADE"]
                assert any(MODELS[parent].tenancy is not Tenancy.NONE for parent in parents), table.name


class TestTransient:
    def test_nothing_that_is_kept_refers_to_it(self) -> None:
        """Or a backup could not be restored."""
        kept = [table for table, model in MODELS.items() if not model.transient]
        assert {key.column.table for table in kept for key in table.foreign_keys} <= set(kept)
