"""Tallies as the rows that keep them, and back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.analytics.tally import DOCUMENT_COUNTS, ClusterTally, Day, Tally
from domain.models import ClusterDay, DayStats, DocumentDay

COUNTS = (
    "conversations", "conversations_escalated", "questions", "answered", "below_threshold", "escalated",
    "contradicted", "thumbs_up", "thumbs_down", "confirmed", "timed",
)  # fmt: skip


Kept = DayStats | DocumentDay | ClusterDay
KEPT: tuple[type[Kept], ...] = (DayStats, DocumentDay, ClusterDay)
DayRows = dict[type[Kept], list[dict[str, Any]]]


def day_rows(day: Day) -> DayRows:
    """By table, in the order of their keys."""
    return {
        DayStats: [stats_row(*key, tally) for key, tally in sorted(day.tallies.items())],
        DocumentDay: [document_row(*one) for one in sorted(day.documents.items())],
        ClusterDay: [cluster_row(*one) for one in sorted(day.clusters.items())],
    }


def stats_row(agent_id: str, channel: str, tally: Tally) -> dict[str, Any]:
    return {name: tally.counts[name] for name in COUNTS} | {
        "agent_id": agent_id, "channel": channel, "conversation_s": tally.conversation_s,
        "response_ms": tally.response_ms, "response_bins": _by_text(tally.response_bins),
        "confidence_bins": _by_text(tally.confidence), "hours": _by_text(tally.hours),
    }  # fmt: skip


def document_row(document_id: str, counts: Mapping[str, int]) -> dict[str, Any]:
    return {name: counts.get(name, 0) for name in DOCUMENT_COUNTS} | {"document_id": document_id}


def cluster_row(cluster_id: str, tally: ClusterTally) -> dict[str, Any]:
    return asdict(tally) | {"cluster_id": cluster_id}


def tally_of(row: DayStats) -> Tally:
    return Tally(
        counts=Counter({name: getattr(row, name) for name in COUNTS}),
        conversation_s=row.conversation_s,
        response_ms=row.response_ms,
        response_bins=Counter(_by_number(row.response_bins)),
        confidence=_by_number(row.confidence_bins),
        hours=_by_number(row.hours),
    )


def _by_text(values: Mapping[int, Any]) -> dict[str, Any]:
    """JSON's keys are text."""
    return {str(key): values[key] for key in sorted(values)}


def _by_number(values: Mapping[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in values.items()}
