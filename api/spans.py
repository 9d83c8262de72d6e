"""Filters of lists by plain days of the workspace's zone, or by moments."""

from typing import Annotated

from fastapi import Query

from api.fields import DayOrMoment

MadeFrom = Annotated[
    DayOrMoment | None, Query(alias="from", description="Made on this day or later, or at this moment or later.")
]
MadeUntil = Annotated[
    DayOrMoment | None, Query(alias="to", description="Made on this day at the latest, or before this moment.")
]
StartsFrom = Annotated[
    DayOrMoment | None, Query(alias="from", description="Starts on this day or later, or at this moment or later.")
]
StartsUntil = Annotated[
    DayOrMoment | None, Query(alias="to", description="Starts on this day at the latest, or before this moment.")
]
