"""How the workspace's front office calls, writes and books: one set of settings for every surface."""

from typing import Any

from api.fields import Input, ShortText
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.front_office.service import FrontOfficeService
from domain.front_office.settings import FrontOfficeSettings, QuietHours, Reminder, SandboxPace

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/front-office", tag="Front office")


class FrontOfficePatch(Input):
    """What is given replaces what was set, objects and lists as a whole."""

    default_region: ShortText | None = None
    number: ShortText | None = None
    address: ShortText | None = None
    quiet_hours: QuietHours | None = None
    opt_in_required: bool | None = None
    reminders: list[Reminder] | None = None
    sandbox: SandboxPace | None = None

    def given(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True)


@router.get("")
def get(who: Who, state: State) -> FrontOfficeSettings:
    with state.database.read() as session:
        return FrontOfficeService(session, who).get()


@router.patch("")
def update(body: FrontOfficePatch, who: Who, state: State) -> FrontOfficeSettings:
    with state.database.write() as session:
        return FrontOfficeService(session, who).change(body.given())
