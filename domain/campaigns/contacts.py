"""Whom a campaign is to call, as clients name them, and what of that could not be taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_PROBLEMS = 10_000  # told one by one


@dataclass(frozen=True, slots=True)
class NewContact:
    """`row` is its place in what the client sent, from 1 on. Without a number it is the lead's that `contact_id` names;
    any other `contact_id` is kept as the client's own reference."""

    row: int
    to: str | None = None
    contact_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    company: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    script: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the contact in that row was not taken."""

    row: int
    code: str
    message: str


@dataclass(slots=True)
class Report:
    """What became of the contacts of one request. Who was in the campaign already, or stood there twice, is a
    duplicate; the first problems are told."""

    added: int = 0
    duplicates: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, problem: Problem) -> None:
        self.failed += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    @property
    def total(self) -> int:
        return self.added + self.duplicates + self.failed
