"""What is done for clusters by the clock."""

from contextlib import closing

from core.database import Database
from core.queue.turns import Turn
from domain.principal import system
from domain.unanswered.categories import Subject, categories
from domain.unanswered.upkeep_repository import CategoryRepository, unnamed_workspaces
from domain.unanswered.vectors import unpacked

WORKSPACES = 100  # that one pass names
SUBJECTS = 1_500  # clusters of a workspace, the most asked for, that categories are made of
FEW = 500  # clusters, up to which a new one is named at once
ENOUGH = 0.02  # of more, that have to be without a name


def name_categories(database: Database) -> None:
    """Of workspaces with clusters that have none, all of them anew: what a category is depends on all its questions."""
    with database.read() as session:
        found = unnamed_workspaces(session, WORKSPACES)
    for workspace_id in found:
        with closing(Turn(database, f"name_{workspace_id}")) as turn:
            if turn.go_on():
                _name(database, workspace_id)


def _name(database: Database, workspace_id: str) -> None:
    with database.read() as session:
        rows = CategoryRepository(session, system(workspace_id))
        unnamed, all_ = rows.counts()
        if all_ > FEW and unnamed < ENOUGH * all_:
            return
        most_asked = rows.most_asked(SUBJECTS)
        subjects = [Subject(row.id, row.question, unpacked(vector), asked) for row, vector, asked in most_asked]
    named = categories([one for one in subjects if len(one.vector) == len(subjects[0].vector)])
    with database.write() as session:
        CategoryRepository(session, system(workspace_id)).name(named)
