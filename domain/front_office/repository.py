"""The row of a workspace's settings."""

from sqlalchemy.orm import Session

from domain.models import FrontOffice, Workspace
from domain.principal import Principal


class FrontOfficeRepository:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who

    def row(self) -> FrontOffice | None:
        return self._session.get(FrontOffice, self._who.workspace_id)

    def zone(self) -> str:
        """The workspace's own."""
        return self._session.get_one(Workspace, self._who.workspace_id).timezone
