"""Ours: a workspace's own calibration of the confidence, from answers labelled right or wrong."""

from pydantic import Field

from api.fields import IdText, Input, Output
from api.insydr.surface import INSYDR
from api.principal import Who
from api.state import State
from domain.calibration.service import CalibrationService

router = INSYDR.router("/api/v1/workspaces/{workspace_id}/calibration", tag="Calibration")


class LabelIn(Input):
    message_id: IdText = Field(description="Of an answer, as `test` gave it.")
    right: bool


class CalibrationIn(Input):
    labels: list[LabelIn] = Field([], max_length=1_000, description="Added to those of earlier calls.")
    max_wrong: float = Field(0.1, gt=0, lt=1, description="Target: at most this share of the given answers is wrong.")
    apply: bool = Field(True, description="Whether the next answers go by it; false only reports.")


class ScalingOut(Output):
    scale: float
    bias: float


class TruthOut(Output):
    ece: float
    brier: float
    auroc: float | None


class PromiseOut(Output):
    threshold: float | None = Field(description="For `confidence_threshold`; null where the labels support none.")
    answered: int
    wrong: int
    bound: float = Field(description="With 95 % confidence at most this share is wrong (Clopper and Pearson).")
    needed: int = Field(description="Right answers in a row that the target takes at the least.")


class CalibrationOut(Output):
    labels: int
    right: int
    scaling: ScalingOut = Field(description="Log-odds become scale · log-odds + bias.")
    is_applied: bool
    before: TruthOut | None
    after: TruthOut | None = Field(description="Out of fold: of confidences whose labels the fit has not seen.")
    promise: PromiseOut | None
    words: str


@router.get("")
def get(who: Who, state: State) -> CalibrationOut:
    return CalibrationOut.model_validate(CalibrationService(state.database, who).get())


@router.post("")
def calibrate(body: CalibrationIn, who: Who, state: State) -> CalibrationOut:
    labels = {one.message_id: one.right for one in body.labels}
    report = CalibrationService(state.database, who).calibrate(labels, body.max_wrong, apply=body.apply)
    return CalibrationOut.model_validate(report)


@router.delete("")
def forget(who: Who, state: State) -> CalibrationOut:
    return CalibrationOut.model_validate(CalibrationService(state.database, who).forget())
