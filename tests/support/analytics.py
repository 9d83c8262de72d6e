"""Waiting until what was asked is grouped and counted."""

import time

from sqlalchemy import exists, select

from domain.analytics.counting import count_all
from domain.models import Question, StaleDay
from domain.principal import system
from domain.unanswered.grouping import Grouper
from domain.unanswered.upkeep import name_categories
from tests.support.client import PATIENCE_S, POLL_S, Workspace


def settle(workspace: Workspace) -> None:
    """Do what the clock would, until nothing is left to do; the installation's own clock may be at it, too."""
    parts, who = workspace.shape.parts, system(workspace.id)
    timezone = workspace.get("").json()["timezone"]
    grouper, deadline = Grouper(parts.database, lambda: parts.model), time.monotonic() + PATIENCE_S
    while True:
        grouper.group_pending()
        count_all(parts.database, who, timezone)
        with parts.database.read() as session:
            pending = exists().where(Question.workspace_id == workspace.id, Question.pending)
            stale = exists().where(StaleDay.workspace_id == workspace.id)
            if not session.scalar(select(pending)) and not session.scalar(select(stale)):
                break
        assert time.monotonic() < deadline, "questions were not grouped and counted in time"
        time.sleep(POLL_S)
    name_categories(parts.database)
