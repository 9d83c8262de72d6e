"""A workspace's own calibration; without a row its confidence is as the installation's is."""

from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Created, Id, Tenancy


class Calibration(Created, Base):
    """`scale` and `bias` are of the log-odds (Platt scaling); `labels` is how many answers it was fitted on."""

    __tablename__ = "calibrations"
    tenancy = Tenancy.OWN

    workspace_id: Mapped[str] = mapped_column(Id, primary_key=True)
    scale: Mapped[float]
    bias: Mapped[float]
    labels: Mapped[int]
