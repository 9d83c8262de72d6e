"""Label answers, fit the workspace's calibration on all labels, and say what they support."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import InvalidInput, NotFound
from domain.audit.actions import Action, TargetType
from domain.audit.facts import Facts
from domain.audit.recording import Target, audit
from domain.calibration.repository import CalibrationRepository
from domain.evaluation import recalibration
from domain.evaluation.calibration import auroc, brier, ece
from domain.evaluation.recalibration import Promise
from domain.principal import Permission, Principal
from retrieval.scaling import AS_IT_IS, Scaling

Floats = npt.NDArray[np.float64]
LEAST_LABELS = 20
LEAST_OF_EACH = 3  # right and wrong ones


@dataclass(frozen=True, slots=True)
class Truth:
    """How true confidences are on the labelled answers."""

    ece: float
    brier: float
    auroc: float | None  # None where all are right, or all wrong


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """`is_applied` says whether answers go by `scaling`; `after` is out of fold: of confidences whose labels the
    calibration has not seen."""

    labels: int
    right: int
    scaling: Scaling
    is_applied: bool
    before: Truth | None
    after: Truth | None
    promise: Promise | None
    words: str


class CalibrationService:
    """Fits between transactions: twenty thousand labels take a while, and nobody's write should wait for it."""

    def __init__(self, database: Database, who: Principal) -> None:
        self._database, self._who = database, who

    def get(self) -> CalibrationReport:
        self._who.require(Permission.AGENTS_READ)
        with self._database.read() as session:
            return _state(CalibrationRepository(session, self._who))

    def calibrate(self, labels: Mapping[str, bool], max_wrong: float, *, apply: bool) -> CalibrationReport:
        """Store `labels` by message, and fit on these and all earlier ones; with `apply` the next answers go by it.
        Too few to fit on are kept for later. Raises `NotFound` and `InvalidInput` for messages that are no answers of
        the workspace: then nothing is labelled."""
        self._who.require(Permission.AGENTS_WRITE)
        if labels:
            with self._database.write() as session:
                _label(CalibrationRepository(session, self._who), labels)
                self._audit(session, Action.CALIBRATION_CHANGED, {"labels": len(labels)})
        with self._database.read() as session:
            repository = CalibrationRepository(session, self._who)
            rows, scaling = repository.labelled(), repository.scaling()
        p, y = np.array([raw for raw, _ in rows]), np.array([float(right) for _, right in rows])
        right = int(y.sum())
        if len(y) < LEAST_LABELS or min(right, len(y) - right) < LEAST_OF_EACH:
            words = (
                f"{len(y)} answers are labelled, {right} of them right. A calibration takes {LEAST_LABELS} labels, "
                f"{LEAST_OF_EACH} right and {LEAST_OF_EACH} wrong ones at the least: label some more."
            )
            return CalibrationReport(len(y), right, scaling, False, None, None, None, words)
        return self._fitted(p, y, max_wrong, apply=apply)

    def forget(self) -> CalibrationReport:
        """Back to the installation's confidence; the labels stay."""
        self._who.require(Permission.AGENTS_WRITE)
        with self._database.write() as session:
            repository = CalibrationRepository(session, self._who)
            repository.remove()
            self._audit(session, Action.CALIBRATION_REMOVED, {})
            return _state(repository)

    def _fitted(self, p: Floats, y: Floats, max_wrong: float, *, apply: bool) -> CalibrationReport:
        scaling, expected = recalibration.fit(p, y), recalibration.out_of_fold(p, y)
        if apply:
            with self._database.write() as session:
                CalibrationRepository(session, self._who).replace(scaling, len(y))
                told = {"labels": len(y), "scale": scaling.scale, "bias": scaling.bias}
                self._audit(session, Action.CALIBRATION_CHANGED, told)
        promise = recalibration.promise(expected, y, max_wrong)
        words = _promised(promise, len(y), max_wrong)
        before, after = _truth(p, y), _truth(expected, y)
        return CalibrationReport(len(y), int(y.sum()), scaling, apply, before, after, promise, words)

    def _audit(self, session: Session, action: Action, told: Facts) -> None:
        audit(session, self._who, action, Target(TargetType.WORKSPACE, self._who.workspace_id), None, told)


def _state(repository: CalibrationRepository) -> CalibrationReport:
    row, (labels, right) = repository.get(), repository.counts()
    if row is None:
        words = f"The confidence is as the installation's is. {labels} answers are labelled."
        return CalibrationReport(labels, right, AS_IT_IS, False, None, None, None, words)
    words = f"Fitted on {row.labels} labelled answers; {labels} are labelled by now."
    return CalibrationReport(labels, right, Scaling(row.scale, row.bias), True, None, None, None, words)


def _label(repository: CalibrationRepository, labels: Mapping[str, bool]) -> None:
    messages = repository.answers(list(labels))
    missing = [one for one in labels if one not in messages]
    if missing:
        raise NotFound(f"There is no message {missing[0]}. Nothing was labelled.", code="MESSAGE_NOT_FOUND")
    for message in messages.values():
        if not message.answered or message.raw_confidence is None:
            raise InvalidInput(
                f"{message.id} is no answer from sources: only those are right or wrong. Nothing was labelled.",
                code="MESSAGE_NOT_ANSWERED",
                field="labels",
            )
    repository.label(messages, labels)


def _truth(p: Floats, y: Floats) -> Truth:
    area = auroc(p, y)
    return Truth(ece(p, y, equal_mass=True), brier(p, y), None if np.isnan(area) else area)


def _promised(found: Promise, labels: int, max_wrong: float) -> str:
    if found.threshold is None:
        why = f"{found.wrong} of the surest {found.answered} are wrong" if found.answered else "too few are labelled"
        return (
            f"These {labels} labels do not support a promise of at most {max_wrong:.0%} wrong ({why}). It takes "
            f"{found.needed} right answers in a row at the least."
        )
    return (
        f"With confidence_threshold {found.threshold:g}, {found.answered} of the {labels} labelled answers are given "
        f"and {found.wrong} of these are wrong: with 95 % confidence at most {found.bound:.1%} are."
    )
