"""The front office's settings: read by whatever calls, writes or books; changed by admins."""

from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.phone_numbers import e164
from core.strict_model import first_fault
from domain.audit.actions import Action, TargetType
from domain.audit.facts import changes
from domain.audit.recording import Target, audit
from domain.front_office.repository import FrontOfficeRepository
from domain.front_office.settings import FrontOfficeSettings
from domain.models import FrontOffice
from domain.principal import Permission, Principal
from domain.workspaces.repository import WorkspaceRepository


def settings_of(session: Session, who: Principal) -> FrontOfficeSettings:
    """As they hold now; whoever asks has required a permission of its own."""
    row = FrontOfficeRepository(session, who).row()
    return FrontOfficeSettings.model_validate(row.settings if row else {})


def zone_of(session: Session, who: Principal) -> ZoneInfo:
    return ZoneInfo(FrontOfficeRepository(session, who).zone())


class FrontOfficeService:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who

    def get(self) -> FrontOfficeSettings:
        self._who.require(Permission.WORKSPACE_READ)
        return settings_of(self._session, self._who)

    def change(self, given: dict[str, Any]) -> FrontOfficeSettings:
        """What was given replaces what was set, objects as a whole. Raises `InvalidInput`."""
        self._who.require(Permission.WORKSPACE_WRITE)
        WorkspaceRepository(self._session).lock(self._who.workspace_id)  # two changes at once are two, also the first
        before = settings_of(self._session, self._who)
        after = self._checked(before.model_dump(mode="json") | given)
        row = FrontOfficeRepository(self._session, self._who).row()
        if row is None:
            row = FrontOffice(workspace_id=self._who.workspace_id, settings={})
            self._session.add(row)
        row.settings, row.updated_at = after.model_dump(mode="json"), utc_now()
        old, new = changes(before.model_dump(mode="json"), row.settings)
        if old or new:
            target = Target(TargetType.WORKSPACE, self._who.workspace_id)
            audit(self._session, self._who, Action.FRONT_OFFICE_UPDATED, target, old, new)
        return after

    def _checked(self, values: dict[str, Any]) -> FrontOfficeSettings:
        try:
            found = FrontOfficeSettings.model_validate(values)
        except ValidationError as error:
            raise first_fault(error.errors()) from None
        found.number = e164(found.number, found.default_region, "number")
        return found
