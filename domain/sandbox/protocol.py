"""How a noun takes what a provider reports of it."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy.orm import Session


class Apply(Protocol):
    """Apply report number `sequence` of the thing. One that is gone, and a report older than what is known, change
    nothing."""

    def __call__(self, session: Session, target_id: str, sequence: int, report: Mapping[str, Any], /) -> None: ...
