"""Numbers that nobody calls: whoever wants no more calls has none, whichever campaign or program would make them."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from core.errors import Conflict
from core.phone_numbers import e164
from domain.calls.repository import DoNotCallRepository
from domain.front_office.service import settings_of
from domain.models import DoNotCall
from domain.principal import Permission, Principal


class DoNotCallList:
    def __init__(self, session: Session, who: Principal) -> None:
        self._session, self._who = session, who
        self._rows = DoNotCallRepository(session, who)

    def page(self, limit: int, offset: int) -> tuple[list[DoNotCall], int]:
        self._who.require(Permission.CALLS_READ)
        return self._rows.page(limit, offset)

    def put(self, number: str, *, listed: bool) -> tuple[str, DoNotCall | None]:
        """As somebody said it: the number in E.164, and how it stands on the list. Raises `InvalidInput`."""
        self._who.require(Permission.CALLS_WRITE)
        number = e164(number, settings_of(self._session, self._who).default_region, "number")
        if listed:
            self._rows.add(number, None)
        else:
            self._rows.remove(number)
        return number, self._rows.get(number)

    def of(self, numbers: Iterable[str]) -> set[str]:
        """Those that nobody calls."""
        return self._rows.listed(numbers)

    def check(self, number: str) -> None:
        """Raises `Conflict`."""
        if self._rows.get(number) is not None:
            raise Conflict(
                f"{number} wants no calls. Who has agreed to them since is taken off the do-not-call list.",
                code="DO_NOT_CALL", field="to",
            )  # fmt: skip
