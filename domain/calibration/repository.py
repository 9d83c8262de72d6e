"""Labels of answers, and the calibration that was fitted on them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select

from domain.analytics.recording import note_labels
from domain.models import Calibration, Message, Workspace
from domain.scope import TenantRepository, mine
from retrieval.scaling import AS_IT_IS, Scaling

MOST_LABELS = 20_000  # the latest ones; more change nothing


class CalibrationRepository(TenantRepository):
    def get(self) -> Calibration | None:
        return self.session.scalar(self.select(Calibration))

    def scaling(self) -> Scaling:
        """What the workspace's confidences go through."""
        row = self.get()
        return Scaling(row.scale, row.bias) if row else AS_IT_IS

    def replace(self, scaling: Scaling, labels: int) -> None:
        """Two at once go one after the other."""
        self.session.execute(select(Workspace.id).where(Workspace.id == self.who.workspace_id).with_for_update())
        self.remove()
        self.session.add(
            Calibration(workspace_id=self.who.workspace_id, scale=scaling.scale, bias=scaling.bias, labels=labels)
        )

    def remove(self) -> None:
        self.session.execute(delete(Calibration).where(mine(Calibration, self.who)))

    def answers(self, message_ids: Sequence[str]) -> dict[str, Message]:
        """Messages by id, in one query; of other workspaces none."""
        rows = self.session.scalars(self.select(Message).where(Message.id.in_(message_ids)))
        return {row.id: row for row in rows}

    def label(self, messages: Mapping[str, Message], labels: Mapping[str, bool]) -> None:
        for message_id, right in labels.items():
            messages[message_id].is_right = right
        note_labels(self.session, self.who.workspace_id, labels)

    def labelled(self) -> list[tuple[float, bool]]:
        """Confidence before calibration and label of each labelled answer, the latest first."""
        query = (
            select(Message.raw_confidence, Message.is_right)
            .where(mine(Message, self.who), Message.is_right.is_not(None), Message.raw_confidence.is_not(None))
            .order_by(Message.id.desc())
            .limit(MOST_LABELS)
        )
        return [(raw, bool(right)) for raw, right in self.session.execute(query) if raw is not None]

    def counts(self) -> tuple[int, int]:
        """Labelled answers, and how many of them are right."""
        query = select(Message.is_right, func.count()).where(mine(Message, self.who), Message.is_right.is_not(None))
        found = {bool(right): count for right, count in self.session.execute(query.group_by(Message.is_right))}
        return sum(found.values()), found.get(True, 0)
